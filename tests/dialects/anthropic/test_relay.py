"""Laws of the relay: valid answers go through byte for byte, and no end is made up."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, Played, context, cut, events_of, play, sse
from strategies import Relayed, damaged, mutated, points, relayed, text_blocks

from gateway.dialects import DIALECTS
from gateway.errors import GatewayError
from gateway.messages import Sink, StopReason, Usage, accumulate

ANTHROPIC = DIALECTS["anthropic"]
newlines = st.sampled_from([b"\n", b"\r\n"])


START: JSON = {
    "type": "message_start",
    "message": {"id": "m", "content": [], "usage": {"input_tokens": 3, "output_tokens": 0}},
}
PING: JSON = {"type": "ping"}
BLOCK: JSON = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "text", "text": ""},
}
CALL: JSON = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
CALL_START: JSON = {"type": "content_block_start", "index": 0, "content_block": CALL}
PIECE: JSON = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'},
}
TEXT: JSON = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "Grüße"},
}
SIGNATURE: JSON = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "signature_delta", "signature": "s"},
}
STOP: JSON = {"type": "content_block_stop", "index": 0}
DELTA: JSON = {
    "type": "message_delta",
    "delta": {"stop_reason": "tool_use"},
    "usage": {"output_tokens": 5},
}
END: JSON = {"type": "message_stop"}
OVERLOADED: JSON = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
EVENTS = [START, CALL_START, PIECE, STOP, DELTA, END, OVERLOADED, BLOCK]
events = st.sampled_from(EVENTS)
streams = st.one_of(
    damaged(relayed().map(Relayed.stream)),
    st.lists(st.sampled_from([*EVENTS, SIGNATURE, TEXT, TEXT]), max_size=12).map(
        lambda some: sse(START, *some, named=True)
    ),
)


def relay(data: bytes, cuts: list[int] | None = None, **changes: Any) -> Played:
    """An answer on its way to a client."""
    return play(ANTHROPIC, cut(data, cuts or []), **changes)


class TestSameBytes:
    """What is valid is not touched."""

    @given(relayed(), newlines, points)
    def test_a_stream(self, answer: Relayed, newline: bytes, cuts: list[int]) -> None:
        """Every byte of a stream arrives, in order, however it is cut."""
        stream = answer.stream(newline)
        played = relay(stream, cuts)
        assert played.error is None
        assert played.out == stream
        assert played.answer.stop_reason == answer.message["stop_reason"]

    @given(relayed(pings=False), newlines, points)
    def test_a_stream_whose_calls_are_held(
        self, answer: Relayed, newline: bytes, cuts: list[int]
    ) -> None:
        """Tool calls that wait for their end are let go exactly as they came."""
        stream = answer.stream(newline)
        assert relay(stream, cuts, holds_tool_calls=True).out == stream

    @given(relayed(), points)
    def test_pings_may_overtake_a_held_call(self, answer: Relayed, cuts: list[int]) -> None:
        """While a call is held, pings still go out; apart from them the order is the same."""
        out = relay(answer.stream(), cuts, holds_tool_calls=True).out
        events = events_of(out)
        assert [e for e in events if e["type"] != "ping"] == [
            e for e in answer.events if e["type"] != "ping"
        ]
        assert len(events) == len(answer.events)

    @given(relayed(), points, st.booleans())
    def test_a_whole_answer(self, answer: Relayed, cuts: list[int], holds: bool) -> None:
        """A whole answer arrives as the very bytes that came."""
        played = relay(
            answer.whole, cuts, stream=False, upstream_streams=False, holds_tool_calls=holds
        )
        assert played.out == answer.whole
        assert played.answer.usage == Usage.from_json(answer.message["usage"])
        assert played.answer.stop_reason == answer.message["stop_reason"]

    @given(relayed(), points, st.booleans())
    def test_stream_and_message_are_one(
        self, answer: Relayed, cuts: list[int], holds: bool
    ) -> None:
        """A stream folded for one client, and a message unfolded for another, say the same."""
        folded = relay(answer.stream(), cuts, stream=False, holds_tool_calls=holds)
        unfolded = relay(answer.whole, cuts, upstream_streams=False, holds_tool_calls=holds)
        assert folded.message == answer.message
        assert accumulate(events_of(unfolded.out)) == answer.message

    @given(relayed(), points)
    def test_usage_is_noted(self, answer: Relayed, cuts: list[int]) -> None:
        """What the answer cost is known in either writing."""
        expected = Usage.from_json(answer.message["usage"])
        assert relay(answer.stream(), cuts).answer.usage == expected
        assert relay(answer.whole, cuts, upstream_streams=False).answer.usage == expected

    @pytest.mark.parametrize(
        ("holds", "correct"), [(True, lambda sink: sink), (False, lambda sink: sink), (False, None)]
    )
    @given(st.lists(st.sampled_from([CALL_START, PIECE, STOP, BLOCK]), max_size=6), points)
    @example([CALL_START, PIECE], [])
    @example([CALL_START, PIECE, BLOCK], [])
    @example([CALL_START, PIECE, CALL_START, STOP], [])
    def test_blocks_that_are_never_stopped(
        self, holds: bool, correct: Any, between: list[JSON], cuts: list[int]
    ) -> None:
        """A call that the provider forgot to close is passed on as it came, not lost."""
        stream = sse(START, *between, DELTA, END, named=True)
        played = relay(stream, cuts, holds_tool_calls=holds, correct=correct)
        assert played.out == stream

    @given(
        streams,
        st.booleans(),
        st.booleans(),
    )
    def test_deltas_in_a_row_are_as_deltas_by_themselves(
        self, stream: bytes, holds: bool, corrects: bool
    ) -> None:
        """What comes in one read becomes what it would become byte by byte, faults included."""
        correct = (lambda sink: sink) if corrects else None
        single, whole = (
            relay(stream, cuts, holds_tool_calls=holds, correct=correct)
            for cuts in (list(range(len(stream))), [])
        )
        told = (whole.error is None, whole.answer.stop_reason, whole.answer.failure is None)
        assert told == (
            single.error is None,
            single.answer.stop_reason,
            single.answer.failure is None,
        )
        assert single.out.startswith(whole.out) if whole.error else single.out == whole.out

    @given(streams, st.booleans(), st.booleans(), st.booleans())
    def test_an_event_a_read_is_as_byte_by_byte(
        self, stream: bytes, holds: bool, corrects: bool, seals: bool
    ) -> None:
        """Reads that are nothing but a delta go through without a look, at the right times only."""
        dialect = ANTHROPIC.with_quirks({"signatures": "sealed"}) if seals else ANTHROPIC
        correct = (lambda sink: sink) if corrects else None
        ends = [blank.end() for blank in re.finditer(rb"\n\n", stream)]
        single, several = (
            play(dialect, cut(stream, at), holds_tool_calls=holds, correct=correct)
            for at in (list(range(len(stream))), ends)
        )
        told = (several.error is None, several.answer.ended, several.answer.failure is None)
        assert told == (
            single.error is None,
            single.answer.ended,
            single.answer.failure is None,
        )
        assert single.out.startswith(several.out) if several.error else single.out == several.out

    def test_a_call_that_is_open_at_the_end_of_the_bytes(self) -> None:
        """The same where the stream stops right after its stop reason."""
        stream = sse(START, DELTA, CALL_START, PIECE, named=True)
        assert relay(stream, holds_tool_calls=True).out.startswith(stream)


def ended(played: Played) -> bool:
    """The client has seen the end of a message."""
    return b"event: message_stop" in played.out


class TestHonesty:
    """A stream that breaks is broken for the client too."""

    @given(relayed(), st.integers(0, 5000), points)
    def test_a_cut_stream(self, answer: Relayed, end: int, cuts: list[int]) -> None:
        """A stream that stops before its stop reason is never completed for it."""
        stream = answer.stream()[:end]
        for changes in ({}, {"stream": False}, {"holds_tool_calls": True}):
            played = relay(stream, cuts, **changes)
            if b"message_delta" not in stream:
                assert played.error is not None
            if played.error is not None:
                assert not ended(played)
            assert ended(played) <= (played.answer.stop_reason == answer.message["stop_reason"])

    @given(damaged(relayed().map(Relayed.stream)), points, st.booleans(), st.booleans())
    def test_damaged_bytes(
        self, stream: bytes, cuts: list[int], is_stream: bool, holds: bool
    ) -> None:
        """Bytes that are lost, doubled or overwritten do no worse than break the answer."""
        played = relay(stream, cuts, stream=is_stream, holds_tool_calls=holds)
        assert played.answer.ended or played.error is not None

    @given(
        st.lists(mutated(st.sampled_from([{"type": "ping"}]) | events), max_size=5),
        st.booleans(),
        st.booleans(),
    )
    def test_events_of_odd_shape(self, values: list[Any], is_stream: bool, holds: bool) -> None:
        """JSON of any shape may stand where a field of an event is expected, with and without a name."""
        data = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
        names = b"".join(
            b"event: "
            + str(event["type"]).encode()
            + b"\ndata: "
            + json.dumps(value).encode()
            + b"\n\n"
            for event, value in zip(EVENTS, values, strict=False)
        )
        for stream in (data, names):
            played = relay(stream, stream=is_stream, holds_tool_calls=holds)
            assert played.answer.usage is None or played.answer.usage.input >= 0

    @given(mutated(relayed().map(lambda answer: answer.message)), st.booleans(), st.booleans())
    def test_messages_of_odd_shape(self, message: Any, is_stream: bool, holds: bool) -> None:
        """So may it in a whole answer."""
        body = json.dumps(message).encode()
        played = relay(body, stream=is_stream, upstream_streams=False, holds_tool_calls=holds)
        if played.error is None and played.answer.failure is None:
            assert played.out
            assert played.answer.usage is None or played.answer.usage.input >= 0

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"<html>", b"[]", b'"x"', b'{"type":', b"{}", b'{"detail": "Not Found"}'),
            *(b'{"type": "list", "content": []}', b'{"type": 5, "content": []}'),
            *(b'{"type": "message", "content": "Hi"}', b'{"type": "message", "content": ["Hi"]}'),
        ],
    )
    def test_whole_answers_that_are_none(self, body: bytes) -> None:
        """What is no message is a broken answer, whatever the status says."""
        assert relay(body, stream=False, upstream_streams=False).error is not None

    @pytest.mark.parametrize("is_streamed", [True, False])
    def test_an_endless_answer(self, is_streamed: bool) -> None:
        """An event or an answer without an end breaks off before it fills the memory."""
        chunks = (b"data: " + b"x" * 9_000_000 for _ in range(9))
        assert play(ANTHROPIC, chunks, upstream_streams=is_streamed).error is not None

    def test_a_stream_that_cannot_be_folded(self) -> None:
        """A delta of a block that never began is no message for a client that does not stream."""
        played = relay(sse(START, PIECE, DELTA, END, named=True), stream=False)
        assert played.error is not None


class TestErrors:
    """Errors of the provider."""

    @given(points)
    def test_before_anything_useful(self, cuts: list[int]) -> None:
        """An error that comes first still becomes an HTTP status: nothing was committed."""
        played = relay(sse(START, PING, OVERLOADED, named=True), cuts)
        assert not played.answer.started
        failure = played.answer.failure
        assert failure is not None
        assert (failure.status, failure.type, failure.message) == (
            529,
            "overloaded_error",
            "Overloaded",
        )

    def test_in_the_middle(self) -> None:
        """Later the error event is passed on, and nothing comes after it."""
        stream = sse(START, BLOCK, OVERLOADED, named=True)
        played = relay(stream + sse(STOP, END, named=True))
        assert played.out == stream
        assert played.answer.started
        assert played.answer.failure is not None

    @pytest.mark.parametrize("is_stream", [True, False])
    def test_a_whole_error(self, is_stream: bool) -> None:
        """An error envelope under a good status is an error."""
        played = relay(json.dumps(OVERLOADED).encode(), stream=is_stream, upstream_streams=False)
        assert (played.out, played.answer.started) == (b"", False)
        assert played.answer.failure is not None
        assert played.answer.failure.status == 529

    def test_an_error_for_a_client_that_does_not_stream(self) -> None:
        """A stream that fails is a failure, not half a message."""
        played = relay(sse(START, BLOCK, OVERLOADED, named=True), stream=False)
        assert played.out == b""
        assert played.answer.failure is not None


class TestStarting:
    """When something useful has been said."""

    def test_nothing_useful_is_held_back(self) -> None:
        """The opening waits for the first block, and then goes out before it."""
        answer = ANTHROPIC.answer(context())
        opening = sse(START, PING, named=True)
        assert answer.receive(opening) == b""
        assert not answer.started
        block = sse(BLOCK, named=True)
        assert answer.receive(block) == opening + block
        assert answer.started

    @pytest.mark.parametrize(
        ("opening", "expected"), [([], [PING]), ([START], [START]), ([START, PING], [START, PING])]
    )
    def test_beginning_early(self, opening: list[JSON], expected: list[JSON]) -> None:
        """A waiting client is given what there is, or a ping; then everything else as it comes."""
        answer = ANTHROPIC.answer(context())
        assert answer.receive(sse(*opening, named=True)) == b""
        begun = answer.begin()
        assert [
            json.loads(line[6:]) for line in begun.splitlines() if line[:4] == b"data"
        ] == expected
        assert answer.started
        block = sse(BLOCK, named=True)
        assert answer.receive(block) == block

    def test_nothing_after_the_end(self) -> None:
        """What a provider says after the end is not part of the answer."""
        stream = sse(START, BLOCK, STOP, DELTA, END, named=True)
        assert relay(stream + sse(PING, BLOCK, named=True)).out == stream

    @given(relayed(text_blocks), points)
    def test_names_are_added(self, answer: Relayed, cuts: list[int]) -> None:
        """Events without a name get the one that their data gives them: clients skip others."""
        played = relay(sse(*answer.events), cuts)
        assert events_of(played.out) == list(answer.events)


class Renaming:
    """A correction that renames each call, and doubles its input once it is complete."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._input = ""

    def tool_start(self, id: str | None, name: str) -> None:
        self._sink.tool_start(id, name.upper())

    def tool_input(self, fragment: str) -> None:
        self._input += fragment

    def tool_end(self) -> None:
        self._sink.tool_input(json.dumps({"was": json.loads(self._input or "{}")}))
        self._sink.tool_end()

    def text(self, text: str) -> None:
        raise AssertionError("not part of a call")

    thinking = signature = redacted_thinking = text

    def usage(self, usage: Usage) -> None:
        raise AssertionError("not part of a call")

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """The call is over."""

    def fail(self, error: GatewayError) -> None:
        raise AssertionError("not part of a call")


class Naming(Renaming):
    """A correction that knows the name only when the input is complete, and drops the input."""

    def tool_start(self, id: str | None, name: str) -> None:
        self._name = name.upper()

    def tool_end(self) -> None:
        self._sink.tool_start(None, self._name)
        self._sink.tool_end()


class TestCorrection:
    """Calls that have to change."""

    STREAM = sse(START, CALL_START, PIECE, STOP, DELTA, END, named=True)

    def test_a_held_call_is_replaced(self) -> None:
        """The input of a corrected call comes as one piece, and the rest as it was."""
        played = relay(self.STREAM, correct=Renaming, holds_tool_calls=True)
        found = events_of(played.out)
        assert [event["type"] for event in found] == [event["type"] for event in EVENTS[:6]]
        assert found[2]["delta"]["partial_json"] == '{"was": {"a": 1}}'

    def test_every_writing_is_corrected_alike(self) -> None:
        """Folded, whole and unfolded, the corrected call is the same."""
        message = accumulate([START, CALL_START, PIECE, STOP, DELTA, END])
        body = json.dumps(message).encode()
        correcting: JSON = {"correct": Renaming, "holds_tool_calls": True}
        folded = relay(self.STREAM, stream=False, **correcting).message
        whole = relay(body, stream=False, upstream_streams=False, **correcting).message
        unfolded = accumulate(events_of(relay(body, upstream_streams=False, **correcting).out))
        assert folded["content"] == [{**CALL, "name": "F", "input": {"was": {"a": 1}}}]
        assert folded == whole == unfolded

    def test_a_late_name(self) -> None:
        """A call whose name is not final is not announced; its id and the order stay."""
        answer = ANTHROPIC.answer(context(correct=Naming, holds_tool_calls=True))
        assert events_of(answer.receive(sse(START, CALL_START, PIECE, named=True))) == [START]
        assert events_of(answer.heartbeat()) == [PING]
        rest = events_of(answer.receive(sse(STOP, DELTA, END, named=True)))
        call_start = {**CALL_START, "content_block": {**CALL, "name": "F"}}
        assert rest == [call_start, STOP, DELTA, END]

    def test_watching_only(self) -> None:
        """A correction that may change nothing sees the calls and the client gets them as they came."""
        assert relay(self.STREAM, correct=Renaming, holds_tool_calls=False).out == self.STREAM

    @pytest.mark.parametrize("holds", [True, False])
    def test_heartbeats(self, holds: bool) -> None:
        """A client that waits for a held call is kept awake, by a piece of input if it saw the call."""
        answer = ANTHROPIC.answer(context(holds_tool_calls=holds))
        assert events_of(answer.heartbeat()) == [PING]
        answer.receive(sse(START, CALL_START, named=True))
        (beat,) = events_of(answer.heartbeat())
        assert beat == {**PIECE, "delta": {"type": "input_json_delta", "partial_json": ""}}

    def test_input_in_the_opening_event(self) -> None:
        """Clients ignore input that stands in the opening event, so a held call repeats it as a piece."""
        opening = {**CALL_START, "content_block": {**CALL, "input": {"a": 1}}}
        stream = sse(START, opening, STOP, DELTA, END, named=True)
        found = events_of(relay(stream, holds_tool_calls=True).out)
        assert accumulate(found)["content"] == [{**CALL, "input": {"a": 1}}]
        assert found[2]["delta"]["partial_json"] == '{"a":1}'
