"""Relays an answer that already speaks the client's format. No IO.

A stream goes through event by event, its bytes untouched, with two exceptions: what comes before the
first useful event waits for it (an error there still becomes an HTTP status), and a tool call waits
until it is complete, so that it can be repaired; a valid one is let go exactly as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.anthropic.held import HeldCall, corrected
from gateway.dialects.base import AnswerContext
from gateway.dialects.failures import STATUS_OF
from gateway.dialects.whole import WholeBody
from gateway.errors import GatewayError, UpstreamBroken, UpstreamFailure
from gateway.messages import Usage, accumulate, encode_event, unfold
from gateway.sse import Event, EventTooLarge, Splitter


class Relay:
    """Satisfies `Answer`."""

    def __init__(self, context: AnswerContext) -> None:
        self._context = context
        self._splitter = Splitter()
        self._whole = WholeBody()
        self._events: list[dict[str, Any]] = []
        self._waiting: list[bytes] = []
        self._held: HeldCall | None = None
        self._usage: dict[str, Any] = {}
        self._started = False
        self._ended = False
        self.failure: GatewayError | None = None
        self.stop_reason: str | None = None

    @property
    def started(self) -> bool:
        return self._started

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def usage(self) -> Usage | None:
        return Usage.from_json(self._usage) if self._usage else None

    def receive(self, chunk: bytes) -> bytes:
        if not self._context.upstream_streams:
            self._whole.add(chunk)
            return b""
        try:
            out = b"".join([self._event(event) for event in self._splitter.feed(chunk)])
        except EventTooLarge as error:
            raise UpstreamBroken(f"The provider's stream makes no sense: {error}.") from None
        return out if self._context.stream else b""

    def finish(self) -> bytes:
        if not self._context.upstream_streams:
            return self._finish_whole()
        out = b"".join([self._event(event) for event in self._splitter.finish()])
        if self.failure is None and not self._ended and self.stop_reason is None:
            raise UpstreamBroken("The provider's stream ended before the answer was complete.")
        self._ended = True
        if self._context.stream:
            return out + self._left_open()
        return b"" if self.failure is not None else self._folded()

    def _folded(self) -> bytes:
        """A stream for a client that asked for a whole answer."""
        try:
            message = accumulate(self._events)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UpstreamBroken(f"The provider's stream makes no sense: {error!r}.") from None
        self._correct(message)
        return json_text.encode(message)

    def begin(self) -> bytes:
        return self._release(b"") or encode_event("ping", {"type": "ping"})

    def heartbeat(self) -> bytes:
        if self._held is not None:
            return self._held.heartbeat()
        return encode_event("ping", {"type": "ping"})

    # -- a stream -------------------------------------------------------------------------------

    def _event(self, event: Event) -> bytes:
        """The bytes for the client that one event lets go."""
        if self._ended:
            return b""
        if not event.name and event.data:
            event = named(event)
        read = _READERS.get(event.name)
        if read is None or (event.name == b"content_block_delta" and self._is_plain()):
            return self._pass(event.raw)
        try:
            data = json_text.decode(event.data)
        except json_text.NotJSON:
            raise UpstreamBroken("The provider's stream holds an event that is not JSON.") from None
        if not isinstance(data, dict):
            raise UpstreamBroken("The provider's stream holds an event that is not an object.")
        if not self._context.stream:
            self._events.append(data)
        return read(self, event, data)

    def _is_plain(self) -> bool:
        """Deltas need no look: no tool call is held, and the client wants them as they are."""
        return self._held is None and self._context.stream

    def _pass(self, raw: bytes) -> bytes:
        if self._started:
            return raw
        self._waiting.append(raw)
        return b""

    def _release(self, raw: bytes) -> bytes:
        self._started = True
        out = b"".join([*self._waiting, raw])
        self._waiting.clear()
        return out

    def _message_start(self, event: Event, data: dict[str, Any]) -> bytes:
        message = data.get("message")
        self._note_usage(message if isinstance(message, dict) else {})
        return self._pass(event.raw)

    def _block_start(self, event: Event, data: dict[str, Any]) -> bytes:
        block = data.get("content_block")
        left = self._left_open()
        correct = self._context.correct
        is_call = isinstance(block, dict) and block.get("type") == "tool_use"
        is_held = is_call and self._context.stream and isinstance(data.get("index"), int)
        if not is_held or correct is None:
            return self._release(left + event.raw)
        held = HeldCall(event, data, correct)
        self._held = held
        return self._release(left + (held.opening if self._context.holds_tool_calls else event.raw))

    def _delta(self, event: Event, data: dict[str, Any]) -> bytes:
        held = self._held
        if held is None or data.get("index") != held.index:
            return self._pass(event.raw)
        held.delta(event, data)
        return b"" if self._context.holds_tool_calls else event.raw

    def _block_stop(self, event: Event, data: dict[str, Any]) -> bytes:
        held = self._held
        if held is None or data.get("index") != held.index:
            return self._pass(event.raw)
        self._held = None
        out = held.stop(event)
        return out if self._context.holds_tool_calls else event.raw

    def _message_delta(self, event: Event, data: dict[str, Any]) -> bytes:
        self._note_usage(data)
        delta = data.get("delta")
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self.stop_reason = str(delta["stop_reason"])
        return self._release(self._left_open() + event.raw)

    def _message_stop(self, event: Event, data: dict[str, Any]) -> bytes:
        self._ended = True
        return self._release(self._left_open() + event.raw)

    def _left_open(self) -> bytes:
        """What is held of a call whose block was never stopped: it goes on as it came."""
        held, self._held = self._held, None
        return held.raw if held is not None and self._context.holds_tool_calls else b""

    def _error(self, event: Event, data: dict[str, Any]) -> bytes:
        self._ended = True
        self.failure = failure_of(data)
        return event.raw

    def _note_usage(self, carrier: dict[str, Any]) -> None:
        usage = carrier.get("usage")
        if isinstance(usage, dict):
            self._usage.update({k: v for k, v in usage.items() if v is not None})

    # -- a whole answer -------------------------------------------------------------------------

    def _finish_whole(self) -> bytes:
        message = self._whole.value()
        self._ended = True
        if message.get("type") == "error":
            self.failure = failure_of(message)
            return b""
        self._started = True
        self._note_usage(message)
        self.stop_reason = message.get("stop_reason")
        if self._context.stream:
            return self._as_stream(message)
        return json_text.encode(message) if self._correct(message) else self._whole.raw

    def _as_stream(self, message: dict[str, Any]) -> bytes:
        """A whole answer for a client that asked for a stream."""
        self._correct(message)
        try:
            events = list(unfold(message))
        except ValueError as error:
            raise UpstreamBroken(f"The provider's answer makes no sense: {error}.") from None
        return b"".join([encode_event(event["type"], event) for event in events])

    def _correct(self, message: dict[str, Any]) -> bool:
        """Corrects the tool calls of a message in place; False when none had to change."""
        correct, content = self._context.correct, message.get("content")
        if correct is None:
            return False
        changed = False
        for block in content if isinstance(content, list) else []:
            if not isinstance(block, dict) or block.get("type") != "tool_use":
                continue
            arguments = json_text.encode_text(block.get("input") or {})
            name, repaired = corrected(block, arguments, correct)
            if (name, repaired) != (block.get("name"), arguments):
                block["name"], block["input"] = name, json_text.decode(repaired)
                changed = True
        return changed


def named(event: Event) -> Event:
    """The event with the name that its data gives it: clients ignore records without one."""
    try:
        name = str(json_text.decode(event.data)["type"]).encode("ascii", "replace")
    except (json_text.NotJSON, KeyError, TypeError):
        return event
    if not name.replace(b"_", b"").isalnum():
        return event
    return Event(name, event.data, b"event: " + name + b"\n" + event.raw)


def failure_of(data: Mapping[str, Any]) -> UpstreamFailure:
    """The error that an error event or envelope holds."""
    error = data.get("error")
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("type") or "api_error")
    message = str(error.get("message") or "The provider broke off with an error.")
    return UpstreamFailure(message, status=STATUS_OF.get(kind, 500), type=kind)


_READERS: Mapping[bytes, Callable[[Relay, Event, dict[str, Any]], bytes]] = {
    b"message_start": Relay._message_start,
    b"content_block_start": Relay._block_start,
    b"content_block_delta": Relay._delta,
    b"content_block_stop": Relay._block_stop,
    b"message_delta": Relay._message_delta,
    b"message_stop": Relay._message_stop,
    b"error": Relay._error,
}
"""Event name -> what it does; other events pass."""
