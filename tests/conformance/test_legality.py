"""The order of event streams."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conformance.legality import faults_of
from gateway.conformance.runner import events_of
from gateway.messages import Emitter, EventWriter, Usage

JSON = dict[str, Any]
said = st.text("ab é🧀", min_size=1, max_size=5).filter(str.strip)
parts = st.lists(
    st.one_of(
        st.tuples(st.just("text"), said),
        st.tuples(st.just("thinking"), said),
        st.tuples(st.just("call"), st.sampled_from(['{"city": "Oslo"}', "{}"])),
    ),
    max_size=5,
)


def stream(spoken: list[tuple[str, str]]) -> list[JSON]:
    """The events of an answer that says these parts."""
    writer = EventWriter()
    emitter = Emitter(writer, model="m")
    for kind, value in spoken:
        if kind == "text":
            emitter.text(value)
        elif kind == "thinking":
            emitter.thinking(value)
            emitter.signature("signed")
        else:
            emitter.tool_start(None, "lookup")
            emitter.tool_input(value)
            emitter.tool_end()
        emitter.heartbeat()
    emitter.usage(Usage(input=3, output=4))
    emitter.finish("end_turn")
    return list(events_of(writer.take()))


@given(parts)
def test_what_the_emitter_says_is_legal(spoken: list[tuple[str, str]]) -> None:
    """Whatever it is told, heartbeats included."""
    assert faults_of(stream(spoken)) == []


@given(parts.filter(bool), st.data())
def test_a_missing_event_is_noticed(spoken: list[tuple[str, str]], data: st.DataObject) -> None:
    """Of every kind but pings and deltas, which may come in any number."""
    events = stream(spoken)
    needed = [at for at, event in enumerate(events) if event["type"] not in PLENTY]
    gone = data.draw(st.sampled_from(needed))
    assert faults_of(events[:gone] + events[gone + 1 :])


@given(parts.filter(bool), st.data())
def test_a_repeated_event_is_noticed(spoken: list[tuple[str, str]], data: st.DataObject) -> None:
    """Of the same kinds."""
    events = stream(spoken)
    needed = [at for at, event in enumerate(events) if event["type"] not in PLENTY]
    twice = data.draw(st.sampled_from(needed))
    if events[twice]["type"] != "message_delta":  # its later copy replaces the earlier one
        assert faults_of(events[: twice + 1] + events[twice:])


PLENTY = ("ping", "content_block_delta")
START = {
    "type": "message_start",
    "message": {"id": "m", "content": [], "usage": {"input_tokens": 1}},
}
END = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]


def block(index: int, kind: str, delta: JSON) -> list[JSON]:
    """A content block with one delta."""
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind}},
        {"type": "content_block_delta", "index": index, "delta": delta},
        {"type": "content_block_stop", "index": index},
    ]


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([], "without message_stop"),
        ([START, *block(1, "text", {"type": "text_delta", "text": "a"}), *END], "not dense"),
        ([START, *block(0, "text", {"type": "text_delta", "text": " "}), *END], "an empty text"),
        ([START, *block(0, "text", {"type": "thinking_delta"}), *END], "inside a text block"),
        ([{"type": "message_start"}, *END], "lacks usage"),
        ([START, {"type": "message_delta"}, END[1]], "lacks a stop_reason"),
    ],
)
def test_a_fault_is_named(events: list[JSON], fault: str) -> None:
    """In words that say what to look for."""
    assert fault in "; ".join(faults_of(events))
