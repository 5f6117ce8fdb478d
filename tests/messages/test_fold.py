"""Laws of folding: a stream and a message are two writings of one thing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from language import JSON, check_order
from strategies import Relayed, answered_blocks, mutated, relayed

from gateway.messages import accumulate, unfold

START = {
    "type": "message_start",
    "message": {"id": "m", "content": [], "usage": {"input_tokens": 1}},
}


@given(relayed())
def test_a_servers_stream_is_its_message(answer: Relayed) -> None:
    """Folding the stream of an answer gives the answer, block for block."""
    assert accumulate(answer.events) == answer.message


@given(relayed())
def test_unfolding_is_the_inverse(answer: Relayed) -> None:
    """Folding what was unfolded gives the message back, blocks of unknown types included."""
    before = copy.deepcopy(answer.message)
    assert accumulate(unfold(answer.message)) == before
    assert answer.message == before


@given(relayed(answered_blocks))
def test_unfolded_order_is_legal(answer: Relayed) -> None:
    """An unfolded message is a stream that clients take."""
    assert check_order(unfold(answer.message)) == "message_stop"


@given(mutated(relayed().map(lambda answer: answer.message)))
def test_messages_of_odd_shape(message: Any) -> None:
    """What is no message raises `ValueError`; any other has a stream."""
    if not isinstance(message, dict):
        return
    try:
        events = list(unfold(message))
    except ValueError:
        return
    assert events[-1] == {"type": "message_stop"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "a", "citations": [{"cited_text": "b"}, {"cited_text": "c"}]},
        {"type": "text", "text": "a", "citations": None},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}},
        {"type": "container_upload", "file_id": "f"},
        {"type": "thinking", "thinking": "", "signature": "s"},
    ],
    ids=lambda block: block["type"],
)
def test_every_field_of_a_block(block: JSON) -> None:
    """Citations and fields that only some blocks have make the way there and back."""
    usage = {"input_tokens": 1, "output_tokens": 2}
    message = {
        "content": [block],
        "usage": usage,
        "stop_reason": "end_turn",
        "stop_details": {"a": 1},
    }
    assert accumulate(unfold(message)) == message


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "message_stop"}],
        [{"type": "content_block_start", "index": 0, "content_block": {}}, START],
        [START, {"type": "error", "error": {"type": "api_error", "message": "m"}}],
    ],
    ids=["end only", "late start", "error"],
)
def test_what_is_no_answer(events: list[JSON]) -> None:
    """An order without a beginning, and an error, are no message."""
    with pytest.raises(ValueError, match=r"before message_start|ends with an error"):
        accumulate(events)


def test_usage_that_is_not_known() -> None:
    """A null in the last usage does not erase what the first one said."""
    delta: JSON = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    usage = {"input_tokens": None, "output_tokens": 5}
    message = accumulate([{"type": "ping"}, START, {**delta, "usage": usage}])
    assert message["usage"] == {"input_tokens": 1, "output_tokens": 5}


def test_deltas_of_types_to_come() -> None:
    """A delta that is not known leaves its block as it was."""
    block: JSON = {"type": "hologram", "depth": 3}
    opening = {"type": "content_block_start", "index": 0, "content_block": block}
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "depth_delta", "depth": 4},
    }
    assert accumulate([START, opening, delta])["content"] == [block]


def test_events_are_not_changed() -> None:
    """Folding leaves the events as they were."""
    block: JSON = {"type": "text", "text": ""}
    events: list[JSON] = [
        START,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
    ]
    before = copy.deepcopy(events)
    accumulate(events)
    assert events == before
