"""Laws of wished thinking: what is asked for is known to the target, and as near as can be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, request
from strategies import json_values

from gateway.dialects.thinking import EFFORTS, effort_for, nearest_effort, wish_of
from gateway.errors import InvalidRequest

known_efforts = st.lists(st.sampled_from(EFFORTS), min_size=1, max_size=4, unique=True)


@given(st.sampled_from(EFFORTS), known_efforts)
def test_the_nearest_effort(effort: str, known: list[str]) -> None:
    """The effort that comes out is known, and none that is known is nearer."""
    found = nearest_effort(effort, tuple(known))
    assert found in known
    distance = {name: abs(EFFORTS.index(name) - EFFORTS.index(effort)) for name in known}
    assert distance[found] == min(distance.values())


def test_efforts_of_other_words() -> None:
    """An effort that nobody ranks becomes the greatest, unless the server knows it."""
    assert nearest_effort("ultra", ("low", "high")) == "high"
    assert nearest_effort("ultra", ("low", "ultra")) == "ultra"


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_budget_is_never_less_effort(one: int, other: int) -> None:
    """Budgets become efforts in their own order."""
    levels = [
        wish_of(request(thinking={"type": "enabled", "budget_tokens": budget})).level
        for budget in sorted((one, other))
    ]
    less, more = (EFFORTS.index(level) for level in levels if level is not None)
    assert less <= more


@given(json_values(), json_values(), json_values())
def test_odd_shapes(kind: Any, budget: Any, effort: Any) -> None:
    """Any JSON may stand in the fields; what makes no sense is no wish."""
    wish = wish_of(
        request(thinking={"type": kind, "budget_tokens": budget}, output_config={"effort": effort})
    )
    assert effort_for(wish, ("low", "high"), can_disable=True) in (None, "none", "low", "high")
    with pytest.raises(InvalidRequest):
        wish_of(request(thinking=[kind]))


@pytest.mark.parametrize(
    ("fields", "level", "is_off"),
    [
        ({}, None, False),
        ({"thinking": {"type": "adaptive"}}, None, False),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "max", False),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "low", False),
        ({"thinking": {"type": "enabled", "budget_tokens": 60_000}}, "xhigh", False),
        ({"thinking": {"type": "disabled"}}, None, True),
        ({"thinking": {"type": "between_tools"}}, None, True),
    ],
    ids=str,
)
def test_wishes(fields: JSON, level: str | None, is_off: bool) -> None:
    """What the client says of thinking, in one word."""
    wish = wish_of(request(**fields))
    assert (wish.level, wish.is_off, wish.shown) == (level, is_off, True)


def test_thinking_that_nobody_wants_to_see() -> None:
    """`display: omitted` is a wish too."""
    assert not wish_of(request(thinking={"type": "adaptive", "display": "omitted"})).shown


@pytest.mark.parametrize(("can_disable", "expected"), [(True, "none"), (False, "low")])
def test_no_thinking(can_disable: bool, expected: str) -> None:
    """A server that cannot do without thinking is asked for the least."""
    wish = wish_of(request(thinking={"type": "disabled"}, output_config={"effort": "high"}))
    assert effort_for(wish, ("low", "high"), can_disable=can_disable) == expected


def test_silence_stays_silence() -> None:
    """Who says nothing gets the server's default."""
    assert effort_for(wish_of(request()), ("low", "high"), can_disable=True) is None
