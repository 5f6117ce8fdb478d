"""Reads request bodies, up to a limit."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import InvalidRequest, RequestTooLarge
from gateway.server.delivery import Client
from gateway.server.paths import HEADERS, Receive, Scope


class ClientGone(Exception):
    """The client left; there is nobody to answer."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers, names in lower case; of a repeated one the last."""
    made: dict[str, str] | None = scope.get(HEADERS)
    if made is not None:
        return made
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, client: Client | None = None
) -> bytes:
    """The whole body, at once if it is here. Raises `RequestTooLarge`, `InvalidRequest` and `ClientGone`."""
    if "content-encoding" in headers and headers["content-encoding"] != "identity":
        raise InvalidRequest(
            f"Bodies of content-encoding {headers['content-encoding']} are not read; send it plain."
        )
    whole = client.whole_body() if client is not None else None
    if whole is not None:
        if len(whole) > limit:
            raise _too_large(limit)
        return whole
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while (message := await receive())["type"] != "http.disconnect":
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join([*parts, part]) if parts else part
        parts.append(part)
    raise ClientGone


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"Request too large: over {limit} bytes, the gateway's server.max_body.")
