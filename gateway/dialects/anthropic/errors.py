"""Refusals of servers that speak the client's format. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway import json_text
from gateway.dialects.failures import (
    FORWARDED_HEADERS,
    OVERFLOW,
    STATUSES,
    UNDERSTOOD,
    failure,
    retry_after,
)
from gateway.errors import NO_RETRY, UpstreamFailure

RESTATED = frozenset({503})
"""Statuses that clients are told as for every other format, whatever type the server gives them."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> UpstreamFailure:
    """The server's own error, status and all, where it has the protocol's form and clients know what it
    says; otherwise the same as of any other server."""
    try:
        value = json_text.decode(body)
    except json_text.NotJSON:
        return failure(status, headers, body)
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or value.get("type") != "error" or "message" not in error:
        return failure(status, headers, body)
    message, kind = str(error["message"]), str(error.get("type"))
    if OVERFLOW.search(message) and (status != 400 or not UNDERSTOOD.search(message)):
        return failure(status, headers, body)
    forwarded = {name: headers[name] for name in FORWARDED_HEADERS if name in headers}
    if (wait := retry_after(status, headers, value)) is not None:
        forwarded["retry-after"] = wait
    if status == 401:  # the gateway's key is wrong; asking again will not help
        forwarded = {**NO_RETRY, **forwarded}
    if status in RESTATED:
        status, kind = STATUSES[status]
        return UpstreamFailure(message, status=status, type=kind, headers=forwarded)
    relayed = UpstreamFailure(message, status=status, type=kind, headers=forwarded)
    relayed.envelope = body
    return relayed
