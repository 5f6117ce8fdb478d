"""What servers get wrong in streams of the client's format, put right event by event. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.failures import OVERFLOW, STATUS_OF, failure_in_stream
from gateway.errors import UpstreamBroken, UpstreamFailure
from gateway.messages import encode_event
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


def object_of(event: Event) -> dict[str, Any]:
    """The object that an event holds. Raises `UpstreamBroken`."""
    try:
        data = json_text.decode(event.data)
    except json_text.NotJSON:
        raise UpstreamBroken("The provider's stream holds an event that is not JSON.") from None
    if not isinstance(data, dict):
        raise UpstreamBroken("The provider's stream holds an event that is not an object.")
    return data


def is_text(data: bytes) -> bool:
    """The bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def counted(event: Event, data: dict[str, Any], estimate: Callable[[], int]) -> Event:
    """A `message_start` with counts of tokens: some clients break where there are none."""
    message = data.get("message")
    if not isinstance(message, dict) or not uncounted(message, estimate):
        return event
    return event._replace(raw=encode_event("message_start", data))


def uncounted(message: dict[str, Any], estimate: Callable[[], int]) -> bool:
    """Gives a message the counts of tokens that it lacks; False where it has them."""
    usage = message.get("usage")
    known = usage if isinstance(usage, dict) else {}
    if all(isinstance(known.get(name), int) for name in ("input_tokens", "output_tokens")):
        return False
    said = {name: value for name, value in known.items() if value is not None}
    if "input_tokens" not in said:
        said["input_tokens"] = estimate()
    message["usage"] = {"output_tokens": 0, **said}
    return True


def spent(event: Event, data: dict[str, Any]) -> Event:
    """A `message_delta` with the count of tokens that clients read there."""
    usage = data.get("usage")
    known = usage if isinstance(usage, dict) else {}
    if isinstance(known.get("output_tokens"), int):
        return event
    data["usage"] = {**known, "output_tokens": 0}
    return event._replace(raw=encode_event("message_delta", data))


def is_message(value: Mapping[str, Any]) -> bool:
    """A whole answer, and not something else that a server says with status 200."""
    content = value.get("content")
    has_blocks = isinstance(content, list) and all(_is_block(block) for block in content)
    return has_blocks and value.get("type", "message") == "message"


def _is_block(value: Any) -> bool:
    """A block; of a call, a client has to be able to say which it answers."""
    if not isinstance(value, dict):
        return False
    is_call = value.get("type") == "tool_use"
    return not is_call or all(isinstance(value.get(name), str) for name in ("id", "name"))


def failure_of(data: Mapping[str, Any]) -> UpstreamFailure:
    """The error that an error event or envelope holds."""
    error = data.get("error")
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("type") or "api_error")
    message = str(error.get("message") or "The provider broke off with an error.")
    if OVERFLOW.search(message):
        return failure_in_stream({"type": kind, "message": message})
    return UpstreamFailure(message, status=STATUS_OF.get(kind, 500), type=kind)
