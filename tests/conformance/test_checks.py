"""What checks say of answers that servers rarely give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conformance.asking import LOOKUP
from gateway.conformance.case import Answer, Check, Verdict
from gateway.conformance.cases.limits import overflows
from gateway.conformance.checks import (
    all_of,
    calls,
    counted_right,
    grows,
    quoted,
    refused,
    same_prompt,
    same_shape,
    says_in_order,
    signed,
    stopped_before,
    tells_usage,
    thinks,
    thinks_not,
)
from gateway.messages import Usage

outcomes = st.sampled_from(["ok", "degraded", "failed", "model did not", "not tried"])
OSLO = {"city": "Oslo"}


def answer(*blocks: dict[str, Any], stop: str = "end_turn", **fields: Any) -> Answer:
    """An answer with these blocks."""
    message = {"content": list(blocks), "stop_reason": stop, **fields.pop("message", {})}
    return Answer({"tools": [LOOKUP]}, message=message, **fields)


def text(said: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": said}


def lookup(id: str = "toolu_1", **changes: Any) -> dict[str, Any]:
    """A call of the tool on offer."""
    return {"type": "tool_use", "id": id, "name": "lookup", "input": OSLO, **changes}


@given(st.lists(outcomes, min_size=1, max_size=4))
def test_the_worst_of_several_checks_speaks(found: list[Any]) -> None:
    """And a check that has nothing to say spoils nothing."""

    def saying(outcome: Any) -> Check:
        return lambda _: Verdict(outcome)

    verdict = all_of(*map(saying, found))([answer()])
    order = ["failed", "model did not", "not tried", "degraded", "ok"]
    assert verdict.outcome == min(found, key=order.index)


@given(st.text(max_size=300))
def test_a_quotation_is_one_short_line(said: str) -> None:
    """Whatever the model wrote."""
    assert "\n" not in quoted(said)
    assert len(quoted(said)) <= 12 * 80


@pytest.mark.parametrize(
    ("made", "outcome", "detail"),
    [
        (answer(lookup(), stop="tool_use"), "ok", ""),
        (answer(lookup(), lookup(), stop="tool_use"), "failed", "the same"),
        (answer(lookup("a b"), stop="tool_use"), "failed", "illegal"),
        (answer(lookup(name="look up"), stop="tool_use"), "failed", "not offered"),
        (answer(lookup(input={}), stop="tool_use"), "failed", "does not accept"),
        (answer(lookup(), stop="end_turn"), "failed", "although there are calls"),
        (answer(text("<tool_call>lookup")), "failed", "came as text"),
        (answer(text("I will not.")), "model did not", "I will not."),
        (answer(text("I"), stop="max_tokens"), "model did not", "ran out of tokens"),
        (answer(), "failed", "empty"),
        (answer(lookup("a"), lookup("b"), stop="tool_use"), "model did not", "given arguments"),
        (answer(lookup(input={"city": "Rome"}), stop="tool_use"), "model did not", "Rome"),
    ],
)
def test_a_call_is_sound_and_then_the_one_asked_for(
    made: Answer, outcome: str, detail: str
) -> None:
    """What a client cannot run is a fault; another call is the model's will."""
    verdict = calls("lookup", OSLO)([made])
    assert verdict.outcome == outcome
    assert detail in verdict.detail


@pytest.mark.parametrize(
    ("said", "stop", "named", "outcome"),
    [
        ("alpha", "stop_sequence", "bravo", "ok"),
        ("alpha", "stop_sequence", "other", "failed"),
        ("alpha", "end_turn", None, "degraded"),
        ("alpha bravo", "end_turn", None, "failed"),
        ("zulu", "stop_sequence", "bravo", "model did not"),
    ],
)
def test_a_stop_sequence_ends_and_is_named(
    said: str, stop: str, named: str | None, outcome: str
) -> None:
    """Text that goes on is a fault; an end that does not say why is told."""
    made = answer(text(said), stop=stop, message={"stop_sequence": named})
    assert stopped_before("bravo", "alpha")([made]).outcome == outcome


@pytest.mark.parametrize(
    ("usage", "told", "outcome"),
    [
        (Usage(5, 2), 2, "ok"),
        (Usage(0, 2, cache_read=5), 2, "ok"),
        (Usage(5, 2), 3, "failed"),
        (Usage(5, 0), 0, "failed"),
        (None, 2, "failed"),
    ],
)
def test_usage_is_said_and_passed_on(usage: Usage | None, told: int, outcome: str) -> None:
    """A cached prompt is a prompt."""
    made = answer(usage=usage, message={"usage": {"output_tokens": told}})
    assert tells_usage([made]).outcome == outcome


@pytest.mark.parametrize(
    ("check", "first", "second", "outcome"),
    [
        (same_prompt, 100, 110, "ok"),
        (same_prompt, 100, 200, "failed"),
        (grows, 100, 900, "ok"),
        (grows, 100, 100, "failed"),
    ],
)
def test_prompts_are_compared(check: Check, first: int, second: int, outcome: str) -> None:
    """The same one is about the same size, a longer one is larger."""
    pair = [answer(usage=Usage(first, 1)), answer(usage=Usage(second, 1))]
    assert check(pair).outcome == outcome


@pytest.mark.parametrize(
    ("counted", "usage", "outcome"),
    [(100, Usage(90, 1), "ok"), (100, Usage(50, 1), "degraded"), (100, None, "not tried")],
)
def test_counts_are_compared(counted: int, usage: Usage | None, outcome: str) -> None:
    """The difference stands in the detail; it is large when it misleads rules and clients."""
    assert counted_right([answer(counted=counted, usage=usage)]).outcome == outcome


def test_two_shapes_are_compared_without_thinking() -> None:
    """A model may think in one answer and not in the other."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": ""}
    assert same_shape([answer(thought, text("a")), answer(text("b"))]).outcome == "ok"
    assert same_shape([answer(text("a")), answer(lookup())]).outcome == "failed"


def test_thinking_is_seen_or_known_of() -> None:
    """Shown, sealed, or counted; and its absence is no fault, because not every model thinks."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    sealed = {"type": "redacted_thinking", "data": "s"}
    assert thinks([answer(thought)]).outcome == thinks([answer(sealed)]).outcome == "ok"
    assert thinks([answer(usage=Usage(1, 1, thinking=1))]).outcome == "ok"
    assert thinks([answer(text("a"))]).outcome == "degraded"
    assert thinks_not([answer(thought)]).outcome == "degraded"
    assert signed([answer(thought)]).detail == ""
    assert "without a signature" in signed([answer({**thought, "signature": ""})]).detail


def test_words_have_an_order() -> None:
    """The other way round is not what was asked for."""
    check = says_in_order("blue", "red")
    assert check([answer(text("Blue, red."))]).outcome == "ok"
    assert check([answer(text("red blue"))]).outcome == "model did not"


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (Answer({}, status=404, error="no such model", error_type="not_found_error"), "ok"),
        (Answer({}, status=500, error="boom", error_type="api_error"), "failed"),
        (Answer({}, status=404, error=" ", error_type="not_found_error"), "failed"),
        (answer(text("hello")), "degraded"),
    ],
)
def test_a_refusal_has_a_status_and_words(made: Answer, outcome: str) -> None:
    """A 5xx makes clients ask again; silence helps nobody; an answer all the same is told."""
    assert refused(400, 404)([made]).outcome == outcome


@pytest.mark.parametrize(
    ("status", "words", "outcome"),
    [
        (400, "prompt is too long: 9 tokens > 8 maximum", "ok"),
        (400, "computer says no", "failed"),
        (413, "prompt is too long", "failed"),
        (200, "", "failed"),
    ],
)
def test_an_overflow_makes_clients_compact(status: int, words: str, outcome: str) -> None:
    """Only a 400 in words that they know does."""
    assert overflows([Answer({}, status=status, error=words)]).outcome == outcome
