"""What an entry of the table of conditions is, and the small values that entries share. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway import patterns
from gateway.patterns import Pattern
from gateway.routing.facts import Edits
from gateway.routing.formula import (
    TRUE,
    Above,
    All,
    Formula,
    Known,
    Like,
    Names,
    Not,
    Number,
    Some,
    Text,
    below,
)

COUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKmM]?)\s*\Z")
UNITS = {"": 1, "k": 1_000, "m": 1_000_000}

COUNT_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)?[kKmM]?$"},
    ],
    "x-expected": "a number of tokens such as 60000 or 60k",
}
NUMBER_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)?$"},  # as variables hold it
    ],
    "x-expected": "a number such as 5",
}
PATTERN_SCHEMA: Mapping[str, Any] = {"type": "string", "minLength": 1}


class BadValue(ValueError):
    """A value that the schema allows and that means nothing all the same."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One question that a rule can ask."""

    name: str
    description: str
    example: str
    """As it is written under `when:`."""
    schema: Mapping[str, Any]
    parse: Callable[[Any, Edits], Formula]
    """From the checked value, and the transforms of its rule, to the formula. Raises `BadPattern`
    and `BadValue`."""
    patterns: tuple[str, ...] = ()
    """Where in the value patterns stand: `.` for the value itself, a key, or `*` for every key."""
    is_volatile: bool = False
    """Its answer may change from one turn of a conversation to the next without anybody's wish."""


def parse_count(value: float | str) -> int:
    """A number of tokens as people write it: 60000, `60k`, `1.5M`. Raises `ValueError`."""
    if not isinstance(value, str):
        return int(value)
    if (match := COUNT.match(value)) is None:
        raise ValueError(f"expected {COUNT_SCHEMA['x-expected']}, got {value!r}")
    return int(Decimal(match[1]) * UNITS[match[2].lower()])


def listed(schema: Mapping[str, Any], expected: str) -> dict[str, Any]:
    """A value, or a list of them."""
    return {
        "anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}],
        "x-expected": expected,
    }


def as_list(value: Any) -> list[Any]:
    """A value that may stand alone, as a list."""
    return value if isinstance(value, list) else [value]


def object_schema(expected: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with these keys, of which at least one stands there."""
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": dict(properties),
        "x-expected": expected,
    }


def range_schema(number: Mapping[str, Any], expected: str, **properties: Any) -> dict[str, Any]:
    """A mapping with `above` and `below`."""
    bounds = {
        "above": {**number, "description": "More than this."},
        "below": {**number, "description": "Less than this."},
    }
    return object_schema(expected, {**bounds, **properties})


COUNT_RANGE = range_schema(COUNT_SCHEMA, "a range such as {above: 60k}")


def within(number: Number, value: Mapping[str, Any]) -> Formula:
    """The number lies in a range as it is written: `above`, `below`, `between`."""
    parts: list[Formula] = []
    if "above" in value:
        parts.append(Above(number, parse_number(value["above"])))
    if "below" in value:
        parts.append(below(number, parse_number(value["below"])))
    if "between" in value:  # both ends are included
        first, last = (parse_number(item) for item in value["between"])
        parts += [Above(number, first - 1), below(number, last + 1)]
    return All(tuple(parts)) if parts else Known(number)


def parse_number(value: float | str) -> float:
    """A count as people write it, or a plain number."""
    if not isinstance(value, str):
        return value
    return parse_count(value) if value.isdigit() or value[-1:].isalpha() else float(value)


def named(variable: Text | Names, value: Any) -> Formula:
    """The text, or one of the names, is like one of these: globs, or regular expressions in slashes."""
    return _like(variable, value, patterns.compile_name_pattern)


def containing(variable: Text, value: Any) -> Formula:
    """The text contains one of these: plain texts, or regular expressions in slashes."""
    return _like(variable, value, patterns.compile_text_pattern)


def _like(variable: Text | Names, value: Any, compile: Callable[[str], Pattern]) -> Formula:
    return Some(tuple(Like(variable, compile(source)) for source in as_list(value)))


def wanted(value: bool, formula: Formula) -> Formula:
    """The formula, or its opposite."""
    return formula if value else Not(formula)


def every(parts: list[Formula]) -> Formula:
    """All parts; the part itself if there is but one."""
    return parts[0] if len(parts) == 1 else All(tuple(parts)) if parts else TRUE
