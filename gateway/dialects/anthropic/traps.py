"""What servers get wrong in streams of the client's format, put right event by event. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.failures import OVERFLOW, STATUS_OF, failure_in_stream
from gateway.errors import UpstreamFailure
from gateway.sse import Event


def named(event: Event) -> Event:
    """The event with the name that its data gives it: clients ignore records without one."""
    try:
        name = str(json_text.decode(event.data)["type"]).encode("ascii", "replace")
    except (json_text.NotJSON, KeyError, TypeError):
        return event
    if not name.replace(b"_", b"").isalnum():
        return event
    return Event(name, event.data, b"event: " + name + b"\n" + event.raw)


def mended(event: Event) -> Event:
    """The error that a dying server wrote into the middle of this event; the event itself if none.

    What was there of the event before is lost, as it was when the server died.
    """
    last = event.data.rpartition(b"\n")[2]
    if b'"error"' not in last:
        return event
    try:
        value = json_text.decode(last)
    except json_text.NotJSON:
        return event
    if not isinstance(value, dict) or value.get("type") != "error":
        return event
    return Event(b"error", last, b"event: error\ndata: " + last + b"\n\n")


def terminated(event: Event) -> Event:
    """The event with the blank line that ends it: without one clients pass over it."""
    if not event.data or event.raw.endswith((b"\n\n", b"\r\r", b"\r\n\r\n")):
        return event
    return event._replace(raw=event.raw.rstrip(b"\r\n") + b"\n\n")


def failure_of(data: Mapping[str, Any]) -> UpstreamFailure:
    """The error that an error event or envelope holds."""
    error = data.get("error")
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("type") or "api_error")
    message = str(error.get("message") or "The provider broke off with an error.")
    if OVERFLOW.search(message):
        return failure_in_stream({"type": kind, "message": message})
    return UpstreamFailure(message, status=STATUS_OF.get(kind, 500), type=kind)
