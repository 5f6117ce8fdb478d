"""The steps that say a JSON Schema in fewer words. No IO.

Each changes one schema in place, and none of those inside it. After all of them a schema has one type
and the keywords of that type, or `anyOf` alone, or nothing. What cannot be said is noted in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text

Schema = dict[str, Any]

LONGEST_NOTE = 200

TYPES = ("string", "number", "integer", "boolean", "array", "object")

KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "string": ("enum", "format", "pattern", "minLength", "maxLength"),
    "number": ("format", "minimum", "maximum"),
    "integer": ("format", "minimum", "maximum"),
    "boolean": (),
    "array": ("items", "minItems", "maxItems"),
    "object": ("properties", "required", "minProperties", "maxProperties"),
}
"""What can be said of a value of each type."""

FORMATS: Mapping[str, tuple[str, ...]] = {
    "string": ("date-time", "enum"),
    "number": ("float", "double"),
    "integer": ("int32", "int64"),
}

TELLTALES: Mapping[str, tuple[str, ...]] = {
    "object": ("properties", "required", "minProperties", "maxProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf"),
}
"""Keywords that give a type away where none is written."""

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "properties": dict,
    "required": list,
    "enum": list,
    "anyOf": list,
    "oneOf": list,
    "type": (str, list),
    "format": str,
    "pattern": str,
    "title": str,
    "description": str,
    "nullable": bool,
    **dict.fromkeys(("minimum", "maximum"), (int, float)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), int),
    **dict.fromkeys(("minProperties", "maxProperties"), int),
}
_RANGES = ("exclusiveMinimum", "exclusiveMaximum")
_RANGES_BY_KIND: tuple[tuple[str, str, Callable[[float], int], Callable[..., Any]], ...] = (
    ("exclusiveMinimum", "minimum", lambda value: math.floor(value) + 1, max),
    ("exclusiveMaximum", "maximum", lambda value: math.ceil(value) - 1, min),
)
_TYPE_OF_KIND: Mapping[str, str] = {
    "a boolean": "boolean",
    "a number": "number",
    "a string": "string",
    "an array": "array",
    "an object": "object",
}


def type_of(schema: Mapping[str, Any]) -> str | None:
    """The one type of a schema, as it is written or given away by its keywords."""
    kind = schema.get("type")
    if isinstance(kind, str) and kind in TYPES:
        return kind
    if kind is not None or "anyOf" in schema:
        return None
    return next((k for k, keys in TELLTALES.items() if not schema.keys().isdisjoint(keys)), None)


def note(key: str, value: Any) -> str:
    """What a keyword demands, as words for the model."""
    text = json_text.encode_text(value)
    return f"{key}: {text[:LONGEST_NOTE]}{'…' if len(text) > LONGEST_NOTE else ''}"


# -- steps ------------------------------------------------------------------------------------------


def _shapes(schema: Schema, _notes: list[str]) -> None:
    """Keywords whose value is not of their kind say nothing."""
    for key, kind in _KINDS.items():
        if key in schema and not isinstance(schema[key], kind):
            del schema[key]
    if isinstance(names := schema.get("required"), list):
        schema["required"] = [name for name in names if isinstance(name, str)]


def _alternatives(schema: Schema, notes: list[str]) -> None:
    """`oneOf` is `anyOf`; null among them is `nullable`; beside a type they are only told."""
    if "anyOf" not in schema and "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    options = schema.get("anyOf")
    if options is None:
        return
    rest = [option for option in options if not _is_null(option)]
    if len(rest) < len(options):
        schema["nullable"] = True
    schema["anyOf"] = rest
    if type_of(schema) is None and "enum" not in schema and "const" not in schema:
        return
    del schema["anyOf"]
    if len(rest) > 1 or (rest and len(rest) == len(options)):
        notes.append(note("anyOf", rest))


def _types(schema: Schema, _notes: list[str]) -> None:
    """A list of types is `nullable`, and alternatives if more than one is left."""
    types = schema.get("type")
    if types == "null":
        types = ["null"]
    if not isinstance(types, list):
        return
    del schema["type"]
    if "null" in types:
        schema["nullable"] = True
    rest = [kind for kind in TYPES if kind in types]
    if len(rest) == 1:
        schema["type"] = rest[0]
    elif not rest:
        schema["type"] = "string"
    elif "anyOf" not in schema and "enum" not in schema and "const" not in schema:
        keys = {kind: (*KEYWORDS[kind], *_RANGES) for kind in rest}
        taken = {
            key: schema.pop(key) for key in {k for ks in keys.values() for k in ks} & {*schema}
        }
        schema["anyOf"] = [
            {"type": kind, **{key: taken[key] for key in keys[kind] if key in taken}}
            for kind in rest
        ]


def _values(schema: Schema, notes: list[str]) -> None:
    """`const` is an `enum` of one; an enum is one of texts, and others are told."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    values = schema.pop("enum", None)
    if values is None:
        return
    if None in values:
        schema["nullable"] = True
    rest = [value for value in values if value is not None]
    if rest and all(isinstance(value, str) and value for value in rest):
        if schema.setdefault("type", "string") == "string":
            schema["enum"] = list(dict.fromkeys(rest))
        return
    kinds = {json_text.kind_of(value) for value in rest}
    if "type" not in schema and len(kinds) == 1:
        schema["type"] = _TYPE_OF_KIND[kinds.pop()]
    notes.append(note("one of", rest))


def _limits(schema: Schema, _notes: list[str]) -> None:
    """Exclusive limits of whole numbers are limits of their neighbours; of others, nearly limits."""
    is_whole = schema.get("type") == "integer"
    for exclusive, limit, nearest, tighter in _RANGES_BY_KIND:
        value = schema.get(exclusive)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        bound = nearest(value) if is_whole else value
        known = schema.get(limit)
        schema[limit] = tighter(known, bound) if isinstance(known, int | float) else bound
        if is_whole:
            del schema[exclusive]


def _elements(schema: Schema, _notes: list[str]) -> None:
    """A list of schemas for the first elements is a choice for all of them."""
    first = schema.get("prefixItems", schema.get("items"))
    if isinstance(first, list):
        rest = schema.get("items") if "prefixItems" in schema else schema.get("additionalItems")
        schema["prefixItems"] = first
        schema["items"] = {"anyOf": [*first, rest]} if isinstance(rest, dict) and first else {}
        if rest is False and first:
            schema["items"] = {"anyOf": first}


def _formats(schema: Schema, notes: list[str]) -> None:
    """A format that the API does not know is told."""
    kind = type_of(schema)
    if "format" in schema and schema["format"] not in FORMATS.get(kind or "", ()):
        notes.append(note("format", schema.pop("format")))


def _is_null(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    return (
        schema.get("type") == "null"
        or schema.get("const", 0) is None
        or schema.get("enum") == [None]
    )


STEPS: tuple[Callable[[Schema, list[str]], None], ...] = (
    *(_shapes, _types, _alternatives, _values, _limits, _elements, _formats),
)
