"""What a rule can ask, one table entry each. No IO.

An entry yields the fragment of the config schema, the predicate and the words for people, so that the
checker, the engine, the explanation and the documentation cannot drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway import patterns
from gateway.routing.facts import Facts

Predicate = Callable[[Facts], bool]

COUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKmM]?)\s*\Z")
UNITS = {"": 1, "k": 1_000, "m": 1_000_000}

COUNT_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)?[kKmM]?$"},
    ],
    "x-expected": "a number of tokens such as 60000 or 60k",
}
EFFORT_SCHEMA: Mapping[str, Any] = {
    "enum": ["low", "medium", "high", "xhigh", "max"],
    "x-expected": "an effort: low, medium, high, xhigh or max",
}
TYPE_SCHEMA: Mapping[str, Any] = {
    "enum": ["enabled", "adaptive", "disabled", "between_tools"],
    "x-expected": "a type of thinking: enabled, adaptive, disabled or between_tools",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One question that a rule can ask."""

    name: str
    description: str
    example: str
    """As it is written under `when:`."""
    schema: Mapping[str, Any]
    compile: Callable[[Any], Predicate]
    """From the checked value to the predicate. Raises `patterns.BadPattern`."""


def parse_count(value: float | str) -> int:
    """A number of tokens as people write it: 60000, `60k`, `1.5M`. Raises `ValueError`."""
    if not isinstance(value, str):
        return int(value)
    if (match := COUNT.match(value)) is None:
        raise ValueError(f"expected {COUNT_SCHEMA['x-expected']}, got {value!r}")
    return int(Decimal(match[1]) * UNITS[match[2].lower()])


def _listed(schema: Mapping[str, Any], expected: str) -> dict[str, Any]:
    """A value, or a list of them."""
    return {
        "anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}],
        "x-expected": expected,
    }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# -- tokens ------------------------------------------------------------------------------------------


def _tokens(value: Mapping[str, Any]) -> Predicate:
    above = [parse_count(value["above"])] if "above" in value else []
    below = [parse_count(value["below"])] if "below" in value else []
    if "between" in value:
        first, last = (parse_count(item) for item in value["between"])
        above.append(first - 1)  # both ends are included
        below.append(last + 1)

    def matches(facts: Facts) -> bool:
        return all(facts.tokens_exceed(limit) for limit in above) and not any(
            facts.tokens_exceed(limit - 1) for limit in below
        )

    return matches


# -- thinking ----------------------------------------------------------------------------------------


def _thinking(value: Any) -> Predicate:
    if isinstance(value, bool):
        return lambda facts: facts.thinks is value
    if isinstance(value, str):
        return lambda facts: facts.thinking_type == value
    tests = [_THINKING[name](wanted) for name, wanted in value.items()]
    return lambda facts: all(test(facts) for test in tests)


def _thinking_type(wanted: Any) -> Predicate:
    types = frozenset(_as_list(wanted))
    return lambda facts: facts.thinking_type in types


def _thinking_effort(wanted: Any) -> Predicate:
    efforts = frozenset(_as_list(wanted))
    return lambda facts: facts.effort in efforts


def _thinking_budget(wanted: Mapping[str, Any]) -> Predicate:
    low = parse_count(wanted["above"]) if "above" in wanted else -1
    high = parse_count(wanted["below"]) if "below" in wanted else None

    def matches(facts: Facts) -> bool:
        budget = facts.thinking_budget
        return budget is not None and low < budget and (high is None or budget < high)

    return matches


_THINKING: Mapping[str, Callable[[Any], Predicate]] = {
    "type": _thinking_type,
    "effort": _thinking_effort,
    "budget": _thinking_budget,
}


# -- model, path -------------------------------------------------------------------------------------


def _model(value: Any) -> Predicate:
    compiled = [patterns.compile_name_pattern(item) for item in _as_list(value)]
    return lambda facts: any(pattern.search(facts.model) for pattern in compiled)


def _path_prefix(value: str) -> Predicate:
    prefix = value.rstrip("/")

    def matches(facts: Facts) -> bool:
        return facts.path_prefix == prefix or facts.path_prefix.startswith(prefix + "/")

    return matches


# -- the table ---------------------------------------------------------------------------------------

_BOUNDS: Mapping[str, Any] = {
    "above": {**COUNT_SCHEMA, "description": "More than this many."},
    "below": {**COUNT_SCHEMA, "description": "Fewer than this many."},
}
_RANGE: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": _BOUNDS,
    "x-expected": "a range such as {above: 60k}",
}

CONDITIONS: Mapping[str, Condition] = {
    condition.name: condition
    for condition in (
        Condition(
            name="tokens",
            description="The size of the prompt in tokens: system, tools and messages.",
            example="tokens: {above: 60k}",
            schema={
                **_RANGE,
                "properties": {
                    **_BOUNDS,
                    "between": {
                        "type": "array",
                        "items": COUNT_SCHEMA,
                        "minItems": 2,
                        "maxItems": 2,
                        "description": "From the first to the second, both included.",
                        "x-expected": "two numbers of tokens such as [60k, 200k]",
                    },
                },
                "x-expected": "a range of tokens such as {above: 60k} or {between: [60k, 200k]}",
            },
            compile=_tokens,
        ),
        Condition(
            name="thinking",
            description="Whether and how the client asks for thinking. Current clients ask for "
            "adaptive thinking nearly always; effort tells requests apart.",
            example="thinking: {effort: [high, max]}",
            schema={
                "anyOf": [
                    {"type": "boolean"},
                    TYPE_SCHEMA,
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "minProperties": 1,
                        "properties": {
                            "type": _listed(TYPE_SCHEMA, TYPE_SCHEMA["x-expected"]),
                            "effort": _listed(EFFORT_SCHEMA, EFFORT_SCHEMA["x-expected"]),
                            "budget": _RANGE,
                        },
                    },
                ],
                "x-expected": "true, false, a type such as adaptive, or {effort: high}",
            },
            compile=_thinking,
        ),
        Condition(
            name="model",
            description="The model that the client asks for: a glob, a /regular expression/, or a list.",
            example='model: "*haiku*"',
            schema=_listed(
                {"type": "string", "minLength": 1}, 'a glob such as "*haiku*", a /regex/, or a list'
            ),
            compile=_model,
        ),
        Condition(
            name="path_prefix",
            description="The URL's path before /v1: /fast when the base URL is http://host:4000/fast.",
            example="path_prefix: /fast",
            schema={
                "type": "string",
                "pattern": "^/[^:]+$",
                "x-expected": "a path such as /fast",
            },
            compile=_path_prefix,
        ),
    )
}
"""Name under `when:` -> condition."""


def compile_when(when: Mapping[str, Any]) -> tuple[tuple[str, Predicate], ...]:
    """The predicates of a checked `when:`, each with the name of its condition."""
    return tuple((name, CONDITIONS[name].compile(value)) for name, value in when.items())
