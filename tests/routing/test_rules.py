"""Laws of the decision: the first rule that matches, and the reason why each before it did not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from language import request

from gateway.routing import Facts, Rule, Skipped, Target, compile_when, route
from gateway.routing.conditions import Predicate
from gateway.tokens import TokenCounter


class Counted:
    """An encoder that remembers that it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def count(self, text: str) -> int:
        self.calls += 1
        return len(text)


DEFAULT = Rule("default", (), Target("openai", "default"), ("small",))


def rule(name: str, **when: Any) -> Rule:
    """A rule with these conditions, whose target carries its name."""
    return Rule(name, compile_when(when), Target("openai", name), (f"for-{name}",))


def facts(encoder: Counted | None = None, **fields: Any) -> Facts:
    """Facts of a request with these fields."""
    return Facts(request(**fields), TokenCounter(encoder or Counted()))


def always(answer: bool) -> Predicate:
    """A condition with this answer for every request."""
    return lambda _: answer


@given(st.lists(st.lists(st.booleans(), max_size=3), max_size=6))
def test_the_first_match_wins(rows: list[list[bool]]) -> None:
    """A rule matches when all its conditions hold; every rule before is skipped with its reason."""
    rules = [
        Rule(
            f"rule-{number}",
            tuple((f"condition-{at}", always(answer)) for at, answer in enumerate(row)),
            Target("openai", str(number)),
        )
        for number, row in enumerate(rows)
    ]
    found = route(rules, DEFAULT, facts())
    first = next((number for number, row in enumerate(rows) if all(row)), None)
    passed = rows[:first]
    assert found.skipped == tuple(
        Skipped(f"rule-{number}", f"condition-{row.index(False)}")
        for number, row in enumerate(passed)
    )
    if first is None:
        assert (found.target, found.origin, found.rule) == (DEFAULT.target, "default", None)
        assert found.transforms == ("small",)
    else:
        assert (found.target, found.origin) == (Target("openai", str(first)), "rule")
        assert found.rule == f"rule-{first}"


@given(st.integers(1, 4))
def test_conditions_after_the_failing_one_are_not_asked(failing: int) -> None:
    """The first condition that fails settles it: later ones may cost time."""
    asked: list[int] = []

    def condition(at: int) -> Any:
        def holds(_: Facts) -> bool:
            asked.append(at)
            return at != failing

        return holds

    conditions = tuple((f"c{at}", condition(at)) for at in range(6))
    assert Rule("r", conditions, DEFAULT.target).failing(facts()) == f"c{failing}"
    assert asked == list(range(failing + 1))


def test_a_story() -> None:
    """Rules of every kind, one request, and the reasons in the words of the config."""
    rules = [
        rule("background", model="*haiku*"),
        rule("fast", path_prefix="/fast"),
        rule("deep", thinking={"effort": "max"}, model="*"),
        rule("long", tokens={"above": 5}),
        rule("never", tokens={"above": "9M"}),
    ]
    found = route(rules, DEFAULT, facts(system="a long system prompt"))
    assert found.target == Target("openai", "long")
    assert found.transforms == ("for-long",)
    assert found.skipped == (
        Skipped("background", "model"),
        Skipped("fast", "path_prefix"),
        Skipped("deep", "thinking"),
    )
    assert found.reason == "rule long"


def test_nobody_asks_for_tokens() -> None:
    """Without a rule about tokens, none are counted."""
    encoder = Counted()
    route(
        [rule("a", model="x"), rule("b", thinking=True)], DEFAULT, facts(encoder, system="s" * 999)
    )
    assert encoder.calls == 0


def test_too_short_to_count() -> None:
    """A rule about more tokens than the body has bytes is answered without counting."""
    encoder = Counted()
    found = route(
        [rule("long", tokens={"above": "60k"})], DEFAULT, facts(encoder, system="s" * 999)
    )
    assert encoder.calls == 0
    assert found.skipped == (Skipped("long", "tokens"),)
    assert found.reason == "default"
