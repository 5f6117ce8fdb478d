"""What servers get wrong in the client's own format, and how the relay puts it right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, cut, events_of, play, sse
from strategies import Relayed, points, relayed

from gateway.dialects import DIALECTS
from gateway.dialects.failures import UNDERSTOOD
from gateway.messages import accumulate

ANTHROPIC = DIALECTS["anthropic"]
START: JSON = {
    "type": "message_start",
    "message": {"id": "m", "content": [], "usage": {"input_tokens": 3, "output_tokens": 0}},
}
TEXT_START: JSON = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "text", "text": ""},
}
TEXT: JSON = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "Hello"},
}
STOP: JSON = {"type": "content_block_stop", "index": 0}
OVERLOADED: JSON = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@given(relayed(pings=False), st.integers(1, 3), points, st.booleans())
def test_a_second_message_start(
    answer: Relayed, times: int, cuts: list[int], is_stream: bool
) -> None:
    """A message that begins more than once begins once."""
    first = Relayed(answer.message, answer.events[:1]).stream()
    played = play(ANTHROPIC, cut(first * times + answer.stream(), cuts), stream=is_stream)
    if is_stream:
        assert played.out == answer.stream()
    else:
        assert played.message == answer.message


@given(relayed(pings=False), points, st.booleans())
def test_a_missing_message_stop(answer: Relayed, cuts: list[int], is_stream: bool) -> None:
    """A server that has said why it stopped has ended, and the client hears so."""
    cut_short = Relayed(answer.message, answer.events[:-1]).stream()
    played = play(ANTHROPIC, cut(cut_short, cuts), stream=is_stream)
    assert played.error is None
    if is_stream:
        assert played.out.startswith(cut_short)
        assert events_of(played.out) == list(answer.events)
    else:
        assert played.message == answer.message


@given(relayed(pings=False), st.integers(0, 30), points)
def test_an_end_without_its_blank_line(answer: Relayed, lost: int, cuts: list[int]) -> None:
    """The last event may be torn or lack its blank line: what the client gets is whole all the same."""
    stream = answer.stream()
    played = play(ANTHROPIC, cut(stream[: len(stream) - lost], cuts))
    assert events_of(played.out) == list(answer.events)


@given(relayed(), st.integers(1, 2000), st.sampled_from([b"", b"\n"]), points, st.booleans())
def test_an_error_in_the_middle_of_an_event(
    answer: Relayed, at: int, newline: bytes, cuts: list[int], holds: bool
) -> None:
    """An error that a dying server writes wherever it stands is an error, and ends the answer."""
    stream = answer.stream()
    before = stream[: at % stream.index(b"event: message_delta")]
    error = sse(OVERLOADED, named=True)
    played = play(ANTHROPIC, cut(before + newline + error, cuts), holds_tool_calls=holds)
    assert played.error is not None or played.answer.failure is not None
    assert b"message_stop" not in played.out


@pytest.mark.parametrize("half", [b'data: {"type":"content_block_delta","index":0,"zz', b"ev"])
@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_an_error_glued_onto_a_delta(half: bytes, newline: bytes) -> None:
    """The error arrives; the half that came before it does not."""
    said = sse(START, TEXT_START, TEXT, named=True)
    error = sse(OVERLOADED, named=True)
    played = play(ANTHROPIC, [said + half + newline + error])
    assert played.out.startswith(said)
    assert played.out.endswith(error.partition(b"\n")[2])
    assert b'"zz' not in played.out
    assert played.answer.failure is not None
    assert played.answer.failure.status == 529


@pytest.mark.parametrize("last", [b'"error"', b'{"error": 1}', b'{"x": "error"', b'["error"]'])
def test_other_events_of_several_lines(last: bytes) -> None:
    """Data of several lines that ends in anything but an error is not taken for one."""
    stream = sse(START, TEXT_START, named=True) + b"event: new\ndata: x\ndata: " + last + b"\n\n"
    played = play(ANTHROPIC, [stream + sse(STOP, named=True)])
    assert played.answer.failure is None


CALLS = ("tool_use", "server_tool_use")


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize(
    ("holds", "correct"), [(True, lambda sink: sink), (False, lambda sink: sink), (False, None)]
)
@pytest.mark.parametrize("is_stopped", [True, False])
@pytest.mark.parametrize("pieces", [[], [""]])
def test_input_in_the_opening_event(
    kind: str, holds: bool, correct: Any, is_stopped: bool, pieces: list[str]
) -> None:
    """Clients pass over input that stands there only, so it is said once more as a delta."""
    if kind == "tool_use" and holds and not is_stopped:
        return  # a held call that is never stopped goes on as it came
    call = {"type": kind, "id": "t", "name": "f", "input": {"a": 1}}
    opening = {"type": "content_block_start", "index": 0, "content_block": call}
    given = [input_delta(piece) for piece in pieces]
    ending = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}}
    between = [STOP] if is_stopped else []
    stream = sse(START, opening, *given, *between, ending, {"type": "message_stop"}, named=True)
    played = play(ANTHROPIC, [stream], holds_tool_calls=holds, correct=correct)
    deltas = [e for e in events_of(played.out) if e["type"] == "content_block_delta"]
    said = [delta["delta"]["partial_json"] for delta in deltas]
    assert "".join(said) == '{"a":1}'
    if is_stopped:
        assert accumulate(events_of(played.out))["content"] == [call]


def input_delta(piece: str) -> JSON:
    """A piece of a call's input."""
    delta = {"type": "input_json_delta", "partial_json": piece}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def test_input_that_is_said_twice() -> None:
    """A server that writes the input in the opening event and in deltas has said it; it stays so."""
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    opening = {"type": "content_block_start", "index": 0, "content_block": call}
    spent = {"output_tokens": 1}
    ending = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": spent}
    events = [START, opening, input_delta('{"a":1}'), STOP, ending, {"type": "message_stop"}]
    stream = sse(*events, named=True)
    for holds in (True, False):
        assert play(ANTHROPIC, [stream], holds_tool_calls=holds).out == stream


def test_nothing_follows_an_error() -> None:
    """What a server says after its error is not part of the answer."""
    stream = sse(START, TEXT_START, TEXT, OVERLOADED, named=True)
    ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}}
    rest = sse(TEXT, STOP, ending, {"type": "message_stop"}, named=True)
    assert play(ANTHROPIC, [stream + rest]).out == stream


@pytest.mark.parametrize("words", ["exceeds the available context size", "exceed model maximum"])
def test_an_overflow_that_is_told_in_the_stream(words: str) -> None:
    """Before anything is said it becomes the 400 on which the client compacts, whatever its type."""
    error = {"type": "error", "error": {"type": "api_error", "message": f"400 tokens {words}"}}
    failure = play(ANTHROPIC, [sse(START, error, named=True)]).answer.failure
    assert failure is not None
    assert (failure.status, failure.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(failure.message)
    body = json.loads(failure.body())
    assert words in body["error"]["message"]


@given(relayed(pings=False), points, st.booleans())
def test_counts_of_tokens_that_are_not_there(
    answer: Relayed, cuts: list[int], is_stream: bool
) -> None:
    """Clients break without them: the prompt's size is estimated, the answer's is said to be nothing."""
    silent = [dict(event) for event in answer.events]
    for event in silent:
        event.pop("usage", None)
        if "message" in event:
            event["message"] = {k: v for k, v in event["message"].items() if k != "usage"}
    stream = Relayed(answer.message, tuple(silent)).stream()
    played = play(ANTHROPIC, cut(stream, cuts), stream=is_stream)
    counts = {"input_tokens": 7, "output_tokens": 0}
    if is_stream:
        events = events_of(played.out)
        assert events[0]["message"]["usage"] == counts
        assert [e["usage"] for e in events if e["type"] == "message_delta"] == [
            {"output_tokens": 0}
        ]
    else:
        assert played.message["usage"] == counts
    assert (
        played.answer.usage is None
    )  # the provider has said nothing, and nothing is learnt from it


def test_a_whole_answer_without_counts_of_tokens() -> None:
    """It gets them too; one that has them keeps its bytes."""
    message = {"id": "m", "type": "message", "content": [], "stop_reason": "end_turn"}
    raw = json.dumps({**message, "usage": {"input_tokens": 3, "output_tokens": 4}}).encode()
    settings = {"stream": False, "upstream_streams": False}
    assert play(ANTHROPIC, [raw], **settings).out == raw
    counted = play(ANTHROPIC, [json.dumps(message).encode()], **settings).message
    assert counted["usage"] == {"input_tokens": 7, "output_tokens": 0}


@pytest.mark.parametrize("spoilt", [b'"text": "Hello"}', b'"text": "He\xffo"}}'])
def test_a_delta_that_was_cut_or_is_no_text(spoilt: bytes) -> None:
    """It is no part of an answer, although deltas are not read on their way."""
    stream = sse(START, TEXT_START, TEXT, named=True)
    assert play(ANTHROPIC, [stream.replace(b'"text": "Hello"}}', spoilt)]).error is not None
    assert play(ANTHROPIC, [stream + b": and more\n\n"]).answer.started
