"""Requests as they are written down: a body, or `{path, headers, body}` as a client sent it. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from gateway import json_text
from gateway.pipeline.inbound import Inbound

ENDPOINT = "/v1/messages"


class BadRecording(ValueError):
    """A text that holds no request; the message says why."""


def inbound_of(raw: bytes) -> Inbound:
    """The request that a text holds. Raises `BadRecording`."""
    try:
        value = json_text.decode(raw)
    except json_text.NotJSON as error:
        raise BadRecording(f"it is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRecording("it is not an object: expected a request body, or {path, headers, body}")
    if "body" not in value or "model" in value:
        return Inbound(raw)
    body = value["body"]
    text = (
        body.encode("utf-8", "surrogatepass") if isinstance(body, str) else json_text.encode(body)
    )
    inbound = Inbound(text)
    headers = value.get("headers")
    if isinstance(headers, Mapping):
        inbound = replace(inbound, headers={str(k).lower(): str(v) for k, v in headers.items()})
    return at_path(inbound, value.get("path"))


def at_path(inbound: Inbound, path: Any) -> Inbound:
    """The request at a URL's path: what stands before the endpoint is the prefix."""
    if not isinstance(path, str):
        return inbound
    path, _, query = path.partition("?")
    prefix = path[: path.index(ENDPOINT)] if ENDPOINT in path else path.rstrip("/")
    return replace(inbound, prefix=prefix, query=query)
