"""The laws of the fuzzer, on what Hypothesis makes up: every change is tried against them."""

from __future__ import annotations

import pytest
from correction.fuzz.laws import NAMES, REASONS, WORDS, held, judged, passed, recovered
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import Channel
from gateway.correction.leaked.scanner import MAX_HELD
from gateway.messages import StopReason

WORD = st.sampled_from(WORDS) | st.text(max_size=4)
TEXTS = st.lists(WORD, max_size=14).map("".join)
"""Calls in bits, in any order."""
PIECES = st.lists(st.lists(WORD, max_size=3).map("".join), max_size=8)
CHANNEL_NAMES: tuple[Channel, ...] = ("text", "reasoning")
CHANNELS = st.sampled_from(CHANNEL_NAMES)


@given(st.sampled_from(NAMES), TEXTS, st.sampled_from(REASONS))
def test_no_call_is_too_strange(name: str, arguments: str, reason: StopReason) -> None:
    """What is valid or cannot be helped stays as it came; a repair is valid, and final."""
    judged(name, arguments, reason)


@given(TEXTS, CHANNELS)
def test_no_text_is_too_strange_to_look_for_calls(text: str, channel: Channel) -> None:
    """What is recovered is valid, and text without a call stays as it is."""
    recovered(text, channel)


@given(PIECES, CHANNELS, st.sampled_from(REASONS))
def test_the_pieces_of_an_answer_are_the_answer(
    pieces: list[str], channel: Channel, reason: StopReason
) -> None:
    """Through both stages the same is said, in the same order, however the answer is cut."""
    passed(pieces, channel, reason)


@pytest.mark.parametrize(
    "text",
    [
        "<function=Write>" + "<arguments>" * 1_000,
        "<tool_call><tool_calls>" * 500,
        '{"tool_calls": [' * 450 + "]}" * 450,
        "<tool_call>" + '{"arguments": ' * 900 + "{}" + "}" * 900,
        "Write(a=" + "[" * 1_000,
    ],
    ids=["arguments", "wrappers", "envelopes", "JSON", "brackets"],
)
@given(CHANNELS)
def test_no_text_is_too_deep(text: str, channel: Channel) -> None:
    """What lies in itself a thousand times is no call, and harms nobody who looks for one."""
    recovered(text, channel)
    passed([text[:100], text[100:]], channel, "end_turn")
    judged("Write", text, "end_turn")


@pytest.mark.parametrize("filling", [" ", "x"])
@pytest.mark.parametrize("goes_on", CHANNEL_NAMES)
@pytest.mark.parametrize("begins", CHANNEL_NAMES)
@pytest.mark.parametrize(
    "begun", ["", "<tool_call>", '<tool_call>{"name": "', "<tool_call>Now</tool_call>"]
)
def test_what_is_held_has_a_bound(
    begun: str, begins: Channel, goes_on: Channel, *, filling: str
) -> None:
    """Whatever an answer begins with and goes on with, for megabytes, memory does not grow with it."""
    piece = filling * (MAX_HELD // 8)
    assert held([(begins, begun), *[(goes_on, piece)] * 24]) <= MAX_HELD + len(piece) * 2
