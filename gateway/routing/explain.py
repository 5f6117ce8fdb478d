"""What each rule asked of a request and what it saw: the decision told at length. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.routing.conditions import Check, compile_when
from gateway.routing.facts import Facts
from gateway.routing.formula import Names, Text, Variable, variables
from gateway.routing.rules import Rule

LONGEST = 120
"""Characters of a text that an explanation shows."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One condition, with what it saw."""

    condition: str
    wanted: Any
    saw: Mapping[str, Any]
    holds: bool
    parts: tuple[Tested, ...] = ()
    """The conditions inside `all`, `any` and `not`."""

    def to_json(self) -> dict[str, Any]:
        """`{condition, wanted, saw, holds, parts}`."""
        told: dict[str, Any] = {
            "condition": self.condition,
            "wanted": self.wanted,
            "saw": dict(self.saw),
            "holds": self.holds,
        }
        if self.parts:
            told["parts"] = [part.to_json() for part in self.parts]
        return told


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule, with all its conditions."""

    rule: str
    matches: bool
    tests: tuple[Tested, ...]

    def to_json(self) -> dict[str, Any]:
        """`{rule, matches, tests}`."""
        return {
            "rule": self.rule,
            "matches": self.matches,
            "tests": [test.to_json() for test in self.tests],
        }


def considered(rules: Sequence[Rule], facts: Facts) -> list[Considered]:
    """Every rule, whether or not the search came as far as to it."""
    found = []
    for rule in rules:
        tests = tuple(_tested(test, facts, rule.transforms) for test in rule.tests)
        found.append(Considered(rule.name, all(test.holds for test in tests), tests))
    return found


def _tested(test: Check, facts: Facts, edits: tuple[str, ...]) -> Tested:
    parts: list[Tested] = []
    if test.condition in ("all", "any", "not"):
        inner = test.wanted if isinstance(test.wanted, list) else [test.wanted]
        for when in inner:
            parts += [_tested(part, facts, edits) for part in compile_when(when, edits)]
    saw = {} if parts else {v.name: seen(v, facts) for v in variables(test.formula)}
    return Tested(test.condition, test.wanted, saw, test.holds(facts), tuple(parts))


def seen(variable: Variable, facts: Facts) -> Any:
    """The value of a fact, cut to what a person reads."""
    value = variable.read(facts)
    if isinstance(variable, Text) and isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    return sorted(value) if isinstance(variable, Names) else value


def fact_sheet(facts: Facts, *, tokens: bool = True) -> dict[str, Any]:
    """What rules may ask of a request: each fact with its value. `tokens` counts if nobody has yet."""
    sheet = {name: getattr(facts, name) for name in SHOWN}
    sheet["tokens"] = facts.tokens if tokens else facts.tokens_if_known
    sheet["contents"] = sorted(facts.contents)
    sheet["tools"] = sorted(facts.tools)
    return sheet


SHOWN = (
    *("model", "path_prefix", "stream", "max_tokens", "thinking_type", "thinking_budget", "effort"),
    *("tool_count", "tool_is_forced", "repeated_calls", "request_class", "session", "agent"),
    *("agent_type", "key", "tag", "continues_turn"),
)
"""Facts that are shown as they are."""
