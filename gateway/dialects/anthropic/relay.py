"""Relays an answer that already speaks the client's format. No IO.

A stream goes through event by event, its bytes untouched, with these exceptions:

- what comes before the first useful event waits for it: an error there still becomes an HTTP status;
- a tool call waits until it is complete, so that it can be repaired; a valid one is let go exactly as
  it came;
- what follows a call about which correction asks somebody waits for the answer;
- signatures of servers other than Anthropic's are sealed (see `sealing`);
- what several servers get wrong is put right where it is certain what was meant: a second
  `message_start`, a missing `message_stop`, an input that stands in the opening event only, an error
  written into the middle of another event, a last event without its end, blocks that overlap, counts of
  tokens that are not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.anthropic.held import HeldCall, WholeCall, input_delta
from gateway.dialects.anthropic.overlap import OF_BLOCKS, STOP, Overlap
from gateway.dialects.anthropic.runs import end_of_run, is_run, next_delta
from gateway.dialects.anthropic.sealing import OpenThought, is_thought, opened, seal_message
from gateway.dialects.anthropic.traps import (
    counted,
    failure_of,
    is_message,
    is_text,
    mended,
    named,
    object_of,
    spent,
    terminated,
    uncounted,
)
from gateway.dialects.base import AnswerContext
from gateway.dialects.whole import WholeBody
from gateway.errors import GatewayError, UpstreamBroken, UpstreamEndless
from gateway.messages import Usage, accumulate, encode_event, unfold
from gateway.once import once
from gateway.sse import Event, EventTooLarge, Splitter

Read = Callable[["Relay", Event, dict[str, Any]], bytes]
"""Takes an event and its data; gives the bytes for the client that it lets go."""


class Relay:
    """Satisfies `Answer`."""

    # What holds until the server says something else.
    started = False
    ended = False
    failure: GatewayError | None = None
    stop_reason: str | None = None
    _held: HeldCall | None = None
    _asked: tuple[HeldCall, Event] | None = None
    _message: dict[str, Any] | None = None
    _thought: OpenThought | None = None
    _unsaid: tuple[Any, dict[str, Any]] | None = None
    _open: Any = None
    _overlap: Overlap | None = None
    _counted = False
    _announced = False
    _flows = False
    """A run that comes now goes through: it begins with an event, and nothing waits for it."""

    def __init__(self, context: AnswerContext, *, seals: bool = False) -> None:
        """`seals`: the server's signatures go out sealed."""
        self._context = context
        self._seals = seals
        self._whole = WholeBody()
        self._events: list[dict[str, Any]] = []
        self._waiting: list[bytes] = []
        self._late: list[Event] = []
        self._calls: list[WholeCall] = []
        self._told: dict[str, Any] = {}
        """The usage so far, as the server tells it."""

    @once
    def _splitter(self) -> Splitter:
        """Of a stream."""
        return Splitter()

    @property
    def usage(self) -> Usage | None:
        return Usage.from_json(self._told) if self._told else None

    def receive(self, chunk: bytes) -> bytes:
        if self._flows and is_run(chunk) and self._is_plain(chunk):
            return chunk
        if not self._context.upstream_streams:
            self._whole.add(chunk)
            return b""
        try:
            out = self._read(chunk)
        except EventTooLarge as error:
            raise UpstreamEndless(f"The provider's stream holds {error}.", bound="event") from None
        return out if self._context.stream else b""

    def _read(self, chunk: bytes) -> bytes:
        """The bytes for the client that a piece of a stream lets go."""
        out: list[bytes] = []
        at = 0
        while at < len(chunk):
            end = end_of_run(chunk, at) if self._flows else at
            if end > at and self._is_plain(run := chunk[at:end]):
                out.append(run)
            else:
                end = next_delta(chunk, max(at, end - 2)) if self._takes_runs else len(chunk)
                out += [self._event(event) for event in self._splitter.feed(chunk[at:end])]
                self._flows = self.started and self._takes_runs and self._splitter.is_between
            at = end
        return b"".join(out)

    def finish(self) -> bytes:
        if not self._context.upstream_streams:
            return self._finish_whole()
        out = self._rest()
        if self._asked is not None:
            return out
        if self.failure is None and not self.ended:
            if self.stop_reason is None:
                raise UpstreamBroken("The provider's stream ended before the answer was complete.")
            # It said why it stopped, so this is the end, whether or not it says so once more.
            out += self._left_open() + encode_event("message_stop", {"type": "message_stop"})
        self.ended = True
        if self._context.stream:
            return out
        return b"" if self.failure is not None else self._folded()

    def _rest(self) -> bytes:
        """An event whose blank line is missing. Half of one matters only if the answer needs it."""
        try:
            return b"".join([self._event(terminated(e)) for e in self._splitter.finish()])
        except UpstreamBroken:
            if self.stop_reason is None:
                raise
            return b""

    def _folded(self) -> bytes:
        """A stream for a client that asked for a whole answer."""
        if self._message is None:
            try:
                self._judge(accumulate(self._events))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise UpstreamBroken(f"The provider's stream makes no sense: {error!r}.") from None
        if self._context.waits():
            return b""
        message, _ = self._corrected()
        return json_text.encode(message)

    def take(self) -> bytes:
        if self._asked is None or self._context.waits():
            return b""
        (held, event), self._asked = self._asked, None
        late, self._late = self._late, []
        return b"".join([self._pass(held.rest(event)), *(self._event(one) for one in late)])

    def begin(self) -> bytes:
        return self._release(b"") or encode_event("ping", {"type": "ping"})

    def heartbeat(self) -> bytes:
        held = self._asked[0] if self._asked is not None else self._held
        return held.heartbeat() if held is not None else encode_event("ping", {"type": "ping"})

    # -- a stream -------------------------------------------------------------------------------

    def _event(self, event: Event) -> bytes:
        """The bytes for the client that one event lets go."""
        if self.ended:
            return b""
        if self._asked is not None:
            self._late.append(event)
            return b""
        if not event.name and event.data:
            event = named(event)
        read = _READERS.get(event.name)
        if read is None or b"\n" in event.data:
            event = mended(event)
            read = _READERS.get(event.name)
        is_delta = event.name == b"content_block_delta" and event.data.endswith(b"}}")
        if read is None or (is_delta and self._takes_runs and self._is_plain(event.data)):
            return self._pass(event.raw)
        data = object_of(event)
        if event.name == b"message_start" and self._announced:
            return b""
        if not self._context.stream:
            self._events.append(data)
        elif event.name in OF_BLOCKS:
            return self._in_turn(event, data, read)
        return read(self, event, data)

    @property
    def _takes_runs(self) -> bool:
        """Nothing waits for a delta, and the client wants it as it is."""
        if self._held is not None or self._unsaid is not None or self._overlap is not None:
            return False
        return self._context.stream and self._asked is None and not self.ended

    def _is_plain(self, deltas: bytes) -> bool:
        """They need no look. To read them would cost as much as all the rest, so what is no text is seen by
        its bytes, and what was cut by its end; whatever else makes it no JSON is the client's to see."""
        if self._thought is not None and b"signature_delta" in deltas:
            return False
        return deltas.isascii() or is_text(deltas)

    def _in_turn(self, event: Event, data: dict[str, Any], read: Read) -> bytes:
        """The bytes that an event of a block lets go, if it is that block's turn."""
        index, overlap = data.get("index"), self._overlap
        if not isinstance(index, int | None):
            raise UpstreamBroken("The provider's stream holds an event of no block.")
        if overlap is None and self._open not in (None, index):
            overlap = self._overlap = Overlap(self._open)
        if overlap is not None and index != overlap.open:
            overlap.keep(index, event)
            return b""
        out = read(self, event, data)
        self._open = None if event.name == STOP else index
        if overlap is None or self._open is not None:
            return out
        self._overlap = None
        freed = b"".join([self._event(one) for one in overlap.freed()])
        if self._asked is not None:
            self._late += overlap.rest()  # who is late comes in order, and may overlap once more
        elif overlap.open is not None:
            self._overlap = overlap
        return out + freed

    def _pass(self, raw: bytes) -> bytes:
        if self.started:
            return raw
        self._waiting.append(raw)
        return b""

    def _release(self, raw: bytes) -> bytes:
        self.started = True
        if self._waiting:
            raw = b"".join([*self._waiting, raw])
            self._waiting.clear()
        return raw

    def _message_start(self, event: Event, data: dict[str, Any]) -> bytes:
        self._announced = True
        message = data.get("message")
        self._note_usage(message if isinstance(message, dict) else {})
        return self._pass(counted(event, data, self._context.prompt_estimate).raw)

    def _block_start(self, event: Event, data: dict[str, Any]) -> bytes:
        block, left = data.get("content_block"), self._left_open()
        if not self._context.stream or not isinstance(block, dict):
            return self._release(left + event.raw)
        if self._seals and is_thought(block):
            if block["type"] == "thinking":
                self._thought = OpenThought(data, self._context.seal)
            return self._release(left + opened(event, data, self._context.seal))
        correct, holds = self._context.correct, self._context.holds_tool_calls
        if block.get("type") == "tool_use" and isinstance(data.get("index"), int) and correct:
            self._held = HeldCall(event, data, correct)
            if holds:
                return self._release(left + self._held.opening)
        if isinstance(value := block.get("input"), dict) and value:
            self._unsaid = (data.get("index"), value)
        return self._release(left + event.raw)

    def _delta(self, event: Event, data: dict[str, Any]) -> bytes:
        thought, held = self._thought, self._held
        if thought is not None and data.get("index") == thought.index and thought.signs(data):
            return b""
        if self._unsaid is not None and self._unsaid[0] == data.get("index"):
            delta = data.get("delta")
            if isinstance(delta, dict) and delta.get("partial_json"):
                self._unsaid = None
        if held is None or data.get("index") != held.index:
            return self._pass(event.raw)
        held.delta(event, data)
        return b"" if self._context.holds_tool_calls else event.raw

    def _block_stop(self, event: Event, data: dict[str, Any]) -> bytes:
        held, index = self._held, data.get("index")
        if held is not None and index == held.index:
            self._held = None
            held.stop()
            if self._context.waits():
                self._asked = held, event
                return b""
            if self._context.holds_tool_calls:
                return held.rest(event)
        return self._pass(self._unsaid_of(index) + event.raw)

    def _unsaid_of(self, index: Any) -> bytes:
        """What has to be said of a block before it stops, and was not said by a delta."""
        out = b""
        if self._thought is not None and self._thought.index == index:
            out, self._thought = self._thought.stop(), None
        if self._unsaid is not None and self._unsaid[0] == index:
            # Clients ignore input that stands in the opening event.
            text, self._unsaid = json_text.encode_text(self._unsaid[1]), None
            out += input_delta(index, {"type": "input_json_delta", "partial_json": text})
        return out

    def _message_delta(self, event: Event, data: dict[str, Any]) -> bytes:
        self._note_usage(data)
        event = spent(event, data)
        delta = data.get("delta")
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self.stop_reason = str(delta["stop_reason"])
        return self._release(self._left_open() + event.raw)

    def _message_stop(self, event: Event, data: dict[str, Any]) -> bytes:
        self.ended = True
        return self._release(self._left_open() + event.raw)

    def _left_open(self) -> bytes:
        """What is kept back of a block that was never stopped, and of those that waited for it."""
        overlap, self._overlap, self._open = self._overlap, None, None
        held, self._held = self._held, None
        out = held.raw if held is not None and self._context.holds_tool_calls else b""
        if self._thought is not None:
            out += self._unsaid_of(self._thought.index)
        if self._unsaid is not None:
            out += self._unsaid_of(self._unsaid[0])
        if overlap is not None:
            out += b"".join([self._unstopped(event) for event in overlap.rest()])
        return out

    def _unstopped(self, event: Event) -> bytes:
        self._open = None  # nothing more will come of the block before
        return self._event(event)

    def _error(self, event: Event, data: dict[str, Any]) -> bytes:
        self.ended = True
        self.failure = failure_of(data)
        return event.raw

    def _note_usage(self, carrier: dict[str, Any]) -> None:
        usage = carrier.get("usage")
        if isinstance(usage, dict):
            self._told.update({k: v for k, v in usage.items() if v is not None})

    # -- a whole answer -------------------------------------------------------------------------

    def _finish_whole(self) -> bytes:
        if self._message is None:
            message = self._whole.value()
            self.ended = True
            if message.get("type") == "error":
                self.failure = failure_of(message)
                return b""
            if not is_message(message):
                raise UpstreamBroken("The provider answered with JSON that is no message.")
            self.started = True
            self._note_usage(message)
            self._counted = uncounted(message, self._context.prompt_estimate)
            self.stop_reason = message.get("stop_reason")
            self._judge(message)
        if self._context.waits():
            return b""
        message, changed = self._corrected()
        if self._context.stream:
            return self._as_stream(message)
        return json_text.encode(message) if changed else self._whole.raw

    def _as_stream(self, message: dict[str, Any]) -> bytes:
        """A whole answer for a client that asked for a stream."""
        try:
            events = list(unfold(message))
        except ValueError as error:
            raise UpstreamBroken(f"The provider's answer makes no sense: {error}.") from None
        return b"".join([encode_event(event["type"], event) for event in events])

    def _judge(self, message: dict[str, Any]) -> None:
        """Has the tool calls of a message looked at."""
        self._message = message
        correct, content = self._context.correct, message.get("content")
        if correct is None or not isinstance(content, list):
            return
        for block in content:
            if isinstance(block, dict) and block.get("type") == "tool_use":
                self._calls.append(WholeCall(block, correct))

    def _corrected(self) -> tuple[dict[str, Any], bool]:
        """The message with its calls corrected and its state sealed, and whether that changed it."""
        message = self._message or {}
        changes = [call.change() for call in self._calls]
        is_sealed = self._seals and seal_message(message, self._context.seal)
        return message, any(changes) or is_sealed or self._counted


_READERS: Mapping[bytes, Read] = {
    b"message_start": Relay._message_start,
    b"content_block_start": Relay._block_start,
    b"content_block_delta": Relay._delta,
    b"content_block_stop": Relay._block_stop,
    b"message_delta": Relay._message_delta,
    b"message_stop": Relay._message_stop,
    b"error": Relay._error,
}
"""Event name -> what it does; other events pass."""
