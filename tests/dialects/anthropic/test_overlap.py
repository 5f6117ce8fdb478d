"""Blocks that overlap come out one after the other, as clients take them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, context, cut, events_of, play
from strategies import Relayed, call_blocks, points, relayed

from gateway.dialects import DIALECTS
from gateway.dialects.anthropic import overlap

ANTHROPIC = DIALECTS["anthropic"]


@st.composite
def overlapping(draw: Any, answer: Relayed) -> list[JSON]:
    """The events of an answer whose blocks begin in order and then grow by turns."""
    blocks: dict[int, list[JSON]] = {}
    for event in answer.events:
        if "index" in event:
            blocks.setdefault(event["index"], []).append(event)
    mixed = [event for event in answer.events if event["type"] == "message_start"]
    begun = 0
    while any(blocks.values()):
        open = [index for index in range(min(begun + 1, len(blocks))) if blocks[index]]
        index = draw(st.sampled_from(open))
        begun = max(begun, index + 1)
        mixed.append(blocks[index].pop(0))
    ends = ("message_delta", "message_stop")
    return mixed + [event for event in answer.events if event["type"] in ends]


@given(st.data(), relayed(pings=False), points, st.booleans())
def test_blocks_come_one_at_a_time(
    data: st.DataObject, answer: Relayed, cuts: list[int], holds: bool
) -> None:
    """However they overlap, the client hears what it would hear if they had not."""
    stream = Relayed(answer.message, tuple(data.draw(overlapping(answer)))).stream()
    played = play(ANTHROPIC, cut(stream, cuts), holds_tool_calls=holds)
    assert played.error is None
    assert events_of(played.out) == list(answer.events)


@given(st.data(), relayed(pings=False))
def test_nothing_is_lost_when_a_block_never_stops(data: st.DataObject, answer: Relayed) -> None:
    """What waited for its end is told at the end of the answer, in order."""
    mixed = [e for e in data.draw(overlapping(answer)) if e["type"] != "content_block_stop"]
    played = play(ANTHROPIC, [Relayed(answer.message, tuple(mixed)).stream()])
    told = [event for event in answer.events if event["type"] != "content_block_stop"]
    assert events_of(played.out) == told


@given(
    st.data(),
    relayed(call_blocks, pings=False, most=6),
    points,
    st.lists(st.booleans(), max_size=40),
)
def test_blocks_come_one_at_a_time_while_somebody_is_asked(
    data: st.DataObject, answer: Relayed, cuts: list[int], polls: list[bool]
) -> None:
    """Whichever calls correction waits at, and however long: what overlaps them keeps its turn."""
    stream = Relayed(answer.message, tuple(data.draw(overlapping(answer)))).stream()
    waiting = iter(polls)
    relay = ANTHROPIC.answer(context(holds_tool_calls=True, waits=lambda: next(waiting, False)))
    out = b"".join([relay.receive(piece) + relay.take() for piece in cut(stream, cuts)])
    out += relay.finish()
    for _ in range(len(polls) + 1):
        out += relay.take()
    out += relay.finish()
    assert events_of(out) == list(answer.events)


def test_what_waits_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never ends its first block cannot fill the memory with others."""
    monkeypatch.setattr(overlap, "MAX_EVENT", 500)
    starts = [
        {"type": "content_block_start", "index": n, "content_block": {"type": "text", "text": ""}}
        for n in range(9)
    ]
    played = play(ANTHROPIC, [Relayed({}, tuple(starts)).stream()])
    assert played.error is not None
    assert "more than 500 bytes" in played.error.message
