"""Small pieces of schema. `x-expected` is the phrase for messages: "expected …, got …". No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def key(schema: Mapping[str, Any], description: str, *examples: Any) -> Schema:
    """A key's schema, with what an editor shows for it."""
    return {**schema, "description": description, "examples": list(examples)}


def text(expected: str, **rest: Any) -> Schema:
    """A text that is not empty."""
    return {"type": "string", "minLength": 1, **rest, "x-expected": expected}


def number(least: int, most: int) -> Schema:
    """A whole number within bounds."""
    expected = f"a whole number from {least} to {most}"
    return {"type": "integer", "minimum": least, "maximum": most, "x-expected": expected}


def choice(values: tuple[Any, ...]) -> Schema:
    """One of these words."""
    *others, last = values
    expected = f"{', '.join(others)} or {last}" if others else str(last)
    return {"enum": list(values), "x-expected": expected}


def object_of(properties: Schema, expected: str, **rest: Any) -> Schema:
    """A mapping with these keys and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **rest,
        "x-expected": expected,
    }


def ref(name: str) -> Schema:
    """What stands under `$defs`."""
    return {"$ref": f"#/$defs/{name}"}
