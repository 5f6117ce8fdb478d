"""What a rule can ask, one table entry each. No IO.

An entry yields the fragment of the config schema, the formula (and with it the predicate, the static
analysis and the explanation) and the words for people, so that the checker, the engine, the analysis
and the documentation cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.routing.conditions import contents, outside, sizes, texts
from gateway.routing.conditions.base import (
    COUNT_SCHEMA,
    BadValue,
    Condition,
    every,
    parse_count,
)
from gateway.routing.facts import Edits
from gateway.routing.formula import Formula, Not, Predicate, Some, compiled, variables

__all__ = [
    "CONDITIONS",
    "COUNT_SCHEMA",
    "BadValue",
    "Check",
    "Condition",
    "compile_when",
    "formula_of",
    "parse_count",
]

WHEN = {"$ref": "#/$defs/when"}
"""Conditions inside a condition."""


def formula_of(when: Mapping[str, Any], edits: Edits = ()) -> Formula:
    """A checked `when:` as one formula. Raises `BadPattern`."""
    return every([CONDITIONS[name].parse(value, edits) for name, value in when.items()])


def _all(value: list[Mapping[str, Any]], edits: Edits) -> Formula:
    return every([formula_of(when, edits) for when in value])


def _any(value: list[Mapping[str, Any]], edits: Edits) -> Formula:
    return Some(tuple(formula_of(when, edits) for when in value))


def _not(value: Mapping[str, Any], edits: Edits) -> Formula:
    return Not(formula_of(value, edits))


_SEVERAL = {
    "type": "array",
    "items": WHEN,
    "minItems": 1,
    "x-expected": "a list of conditions such as [{model: gpt-5}, {stream: true}]",
}

LOGIC = (
    Condition(
        name="all",
        description="All of these hold; for asking one thing twice.",
        example='all: [{model: "claude-*"}, {model: "*haiku*"}]',
        schema=_SEVERAL,
        parse=_all,
    ),
    Condition(
        name="any",
        description="At least one of these holds.",
        example='any: [{model: "*haiku*"}, {request_class: auxiliary}]',
        schema=_SEVERAL,
        parse=_any,
    ),
    Condition(
        name="not",
        description="These do not all hold.",
        example="not: {has: image}",
        schema={**WHEN, "x-expected": "conditions such as {has: image}"},
        parse=_not,
    ),
)

CONDITIONS: Mapping[str, Condition] = {
    condition.name: condition
    for condition in (
        *sizes.CONDITIONS,
        *texts.CONDITIONS,
        *contents.CONDITIONS,
        *outside.CONDITIONS,
        *LOGIC,
    )
}
"""Name under `when:` -> condition."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of one rule."""

    condition: str
    wanted: Any
    """As it is written in the config."""
    formula: Formula
    holds: Predicate
    is_of_model: bool = False
    """Whether it holds depends on the model that is asked for, and on nothing else."""


def compile_when(when: Mapping[str, Any], edits: Edits = ()) -> tuple[Check, ...]:
    """The tests of a checked `when:`. `edits` are the transforms of its rule. Raises `BadPattern`."""
    tests = []
    for name, value in when.items():
        formula = CONDITIONS[name].parse(value, edits)
        is_of_model = variables(formula) == [texts.MODEL]
        tests.append(Check(name, value, formula, compiled(formula), is_of_model))
    return tuple(tests)


def is_volatile(when: Mapping[str, Any]) -> bool:
    """Some condition may change its answer from turn to turn without anybody's wish."""
    for name, value in when.items():
        if CONDITIONS[name].is_volatile:
            return True
        inner = value if name in ("all", "any") else [value] if name == "not" else []
        if any(is_volatile(part) for part in inner):
            return True
    return False
