"""The load generator refuses wrong answers, so that only right ones are fast."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import answers, upstream, verify
from bench.answers import Answer

ANSWERS = st.builds(Answer, st.integers(1, 40), st.just(0), st.integers(0, 3))


def response(answer: Answer, *, streams: bool) -> bytes:
    """What the upstream says in Anthropic's format."""
    return upstream.at_once(answer, native=True, streams=streams)


@given(ANSWERS, st.booleans())
def test_a_right_answer_is_right(answer: Answer, streams: bool) -> None:
    """Streamed or whole, with any number of pieces and calls."""
    assert verify.fault(response(answer, streams=streams), answer, stream=streams) is None


@given(ANSWERS, ANSWERS, st.booleans())
def test_another_answer_is_wrong(answer: Answer, other: Answer, streams: bool) -> None:
    """Answers that got mixed up are found."""
    wrong = verify.fault(response(other, streams=streams), answer, stream=streams)
    assert (wrong is None) == (answer == other)


@given(ANSWERS, st.data())
def test_an_answer_that_misses_an_event_is_wrong(answer: Answer, data: st.DataObject) -> None:
    """Whichever it is."""
    events = answers.message_events(answer)
    del events[data.draw(st.integers(0, len(events) - 1))]
    assert stream_fault(b"".join(events), answer) is not None


@given(ANSWERS, st.data())
def test_events_out_of_order_are_wrong(answer: Answer, data: st.DataObject) -> None:
    """Two neighbours that changed places; no two pieces are the same."""
    events = answers.message_events(answer)
    at = data.draw(st.integers(0, len(events) - 2))
    events[at], events[at + 1] = events[at + 1], events[at]
    if events[at] != events[at + 1]:
        assert stream_fault(b"".join(events), answer) is not None


def stream_fault(body: bytes, answer: Answer) -> str | None:
    """The verdict on a stream that came with its length."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    return verify.fault(head + body, answer, stream=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda message: message | {"stop_reason": "max_tokens"},
        lambda message: message | {"type": "error"},
        lambda message: message | {"content": []},
        lambda message: message | {"content": message["content"][:-1]},
    ],
)
def test_a_whole_answer_that_is_not_the_one_is_wrong(
    spoil: Callable[[dict[str, object]], dict[str, object]],
) -> None:
    """By its stop reason, its type, its text or its calls."""
    answer = Answer(4, 0, 2)
    message = spoil(json.loads(answers.message_whole(answer)))
    assert verify.difference(message, answer) is not None


@given(ANSWERS, st.data())
def test_a_response_that_is_cut_is_wrong(answer: Answer, data: st.DataObject) -> None:
    """Anywhere."""
    whole = response(answer, streams=True)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert verify.fault(whole[:cut], answer, stream=True) is not None


def test_an_error_is_wrong() -> None:
    """Whatever it says."""
    refused = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}"
    assert "429" in (verify.fault(refused, Answer(1), stream=False) or "")
