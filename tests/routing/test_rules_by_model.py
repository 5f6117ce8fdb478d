"""What is known of a model's rules decides as all of the rules would."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_asking import asking

from gateway.routing import RecentPins, Rule, Target, compile_when, route, rules
from gateway.routing.rules import Rules

MODELS = ("gpt-5", "gpt-5-mini", "claude-haiku-4", "o3")
PATTERNS = st.sampled_from(["*", "gpt-*", "*mini", "o?", "claude-*"])
BY_MODEL = st.one_of(
    st.fixed_dictionaries({"model": PATTERNS}),
    st.fixed_dictionaries({"not": st.fixed_dictionaries({"model": PATTERNS})}),
)
ANY = st.one_of(
    BY_MODEL,
    st.fixed_dictionaries({"stream": st.booleans()}),
    st.fixed_dictionaries({"any": st.tuples(BY_MODEL, st.just({"stream": True})).map(list)}),
)
WHENS = st.lists(ANY, max_size=3).map(
    lambda parts: {k: v for part in parts for k, v in part.items()}
)
SETS = st.lists(
    st.tuples(WHENS, st.sampled_from(["none", "session", "turn"]), st.booleans()), max_size=6
)
ASKED = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "stream": st.booleans(),
        "headers": st.sampled_from([None, {"x-claude-code-session-id": "s"}]),
    }
)
DEFAULT = Rule("default", (), (Target("p", "default"),))


def rule(name: str, when: dict[str, Any], sticky: Any, goes_on: bool) -> Rule:
    targets = () if goes_on else (Target("p", name),)
    made = Rule(name, compile_when(when), targets, (f"for-{name}",), sticky=sticky)
    return replace(made, goes_on=goes_on)


@given(SETS, SETS, st.lists(ASKED, min_size=1, max_size=8))
def test_a_decision_is_that_of_all_rules(
    before: list[tuple[dict[str, Any], str, bool]],
    said: list[tuple[dict[str, Any], str, bool]],
    asked: list[dict[str, Any]],
) -> None:
    """Whatever was asked before, and however little of it is kept: with its reasons, and also for
    conversations that keep a rule, which may have asked for something else when it was given."""
    every = [rule(f"r{at}", *one) for at, one in enumerate(said)]
    known, pins, others = Rules(every), RecentPins(), RecentPins()
    for fields, memory in itertools.product(asked, (pins, others)):
        earlier = [rule(f"r{at}", *one) for at, one in enumerate(before)]
        route(earlier, DEFAULT, asking(**fields), pins=memory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "MOST_MODELS", 2)
        for fields in asked:
            found = route(known, DEFAULT, asking(**fields), pins=pins)
            assert found == route(every, DEFAULT, asking(**fields), pins=others)
            assert len(known.__dict__.get("_left", ())) <= 2


def test_a_condition_on_the_model_is_asked_once() -> None:
    """By the rules that say it first: the next request for the model does not come to them."""
    made = Rules(
        [
            rule("a", {"model": "gpt-*"}, "none", False),
            rule("b", {"stream": True, "model": "gpt-*"}, "none", False),
            rule("c", {"model": "claude-*", "stream": True}, "none", False),
            rule("d", {"not": {"model": "o3"}}, "none", False),
        ]
    )
    left = made.left(asking(model="o3"))
    assert [one.name for _, one in left.rules] == ["b"]
    assert [[skipped.rule for skipped in out] for out, _ in left.rules] == [["a"]]
    assert [skipped.rule for skipped in left.rest] == ["c", "d"]


def test_a_rule_that_a_conversation_keeps_may_be_out_for_its_model() -> None:
    """It was given the rule before a reload, which has the rule ask for another model."""
    pins, session = RecentPins(), {"x-claude-code-session-id": "s"}
    for pattern in ("gpt-*", "claude-*"):
        made = Rules([rule("a", {"model": pattern}, "session", False)])
        found = route(made, DEFAULT, asking(model="gpt-5", headers=session), pins=pins)
        assert (found.rule, found.is_kept) == ("a", pattern == "claude-*")
