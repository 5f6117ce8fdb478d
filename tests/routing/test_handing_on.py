"""Laws of targets that take the model which the client asked for: `*`, and `/*` without its vendor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from routing_asking import asking

from gateway.routing import Facts, Rule, Sticky, Target, Unfit, route
from gateway.routing.rules import HANDED_ON, bound

ALL, REST = Target("lab", "*"), Target("lab", "/*")
DEFAULT = Rule("default", (), (ALL,))

names = st.one_of(st.text(min_size=1), st.text("ab/:*", min_size=1, max_size=8)).filter(
    lambda name: not any("\ud800" <= char <= "\udfff" for char in name)
)


@given(names)
@example("a/")
@example("/")
@example("*")
def test_the_model_that_was_asked_for(name: str) -> None:
    """`*` hands it on whole; `/*` without the vendor, if it has one and something follows."""
    facts = asking(model=name)
    assert bound(ALL, facts) == Target("lab", name)
    assert bound(REST, facts) == Target("lab", name.partition("/")[2] or name)


@given(names, names.filter(lambda name: name not in HANDED_ON))
def test_a_named_model_stays(asked: str, named: str) -> None:
    """Whatever the client asks for; also a name that only holds a star."""
    assert bound(Target("lab", named), asking(model=asked)) == Target("lab", named)


@given(names)
def test_wherever_a_rule_names_targets(name: str) -> None:
    """The default's too; what was drawn, what comes after it, and what gets a copy."""
    drawn = Rule("drawn", (), (REST,), weights=(1.0,), fallback=(Target("a", "*"),), shadow=ALL)
    found = route([drawn], DEFAULT, asking(model=name))
    rest = name.partition("/")[2] or name
    assert found.targets == (Target("lab", rest), Target("a", name))
    assert found.shadow == Target("lab", name)
    assert route([], DEFAULT, asking(model=name)).target == Target("lab", name)


@given(names)
def test_what_is_known_of_a_model_counts(name: str) -> None:
    """Whether a target fits is asked of the model that it would be asked for."""
    asked: list[Target] = []

    def fits(target: Target, rule: Rule) -> Unfit | None:
        asked.append(target)
        return Unfit(target, "too small") if target.provider == "lab" else None

    choosy = Rule("choosy", (), (ALL, Target("big", "*")), needs_fit=True)
    found = route([choosy], DEFAULT, asking(model=name), fits=fits)
    assert asked == [Target("lab", name), Target("big", name)]
    assert (found.target, found.unfit) == (asked[1], (Unfit(asked[0], "too small"),))
    assert found.fallback == (asked[0],)


@pytest.mark.parametrize("sticky", ["session", "none"])
def test_rules_do_not_change(sticky: Sticky) -> None:
    """A rule serves all requests, so what it is told by one is nothing to the next."""
    rule = replace(Rule("a", (), (ALL,)), sticky=sticky)
    asked: list[Facts] = [asking(model=name) for name in ("x", "y")]
    assert [route([rule], DEFAULT, facts).target.model for facts in asked] == ["x", "y"]
    assert rule.targets == (ALL,)
