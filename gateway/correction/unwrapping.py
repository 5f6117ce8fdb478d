"""Arguments inside something: under one more key, in an echo of the schema, in a list of calls. No IO.

Nothing here is certain by itself. Each function gives what may be inside; it counts only if the
schema refuses the whole and accepts the inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import json_text
from gateway.correction.catalog import ToolCatalog
from gateway.correction.folding import folded
from gateway.correction.known import shapes
from gateway.correction.reading import read
from gateway.correction.schema import Schema
from gateway.json_text import NotJSON

_SCHEMA_WORDS = frozenset(
    {"$schema", "additionalProperties", "description", "properties", "required", "title", "type"}
)


def inside(
    value: Mapping[str, Any], tool: str, schema: Schema
) -> tuple[dict[str, Any], str] | None:
    """The object that may hold the arguments proper, and the key that it stood under."""
    known = schema.document.get("properties")
    known = known if isinstance(known, dict) else {}
    strange = [key for key in value if key not in known]
    if _is_echo(value, strange):
        rest = {key: value[key] for key in value if key in known and key not in _SCHEMA_WORDS}
        return _merged(value["properties"], rest, "properties")
    found = [
        (key, inner)
        for key in strange
        if _may_wrap(key, value, tool) and (inner := _object_of(value[key], schema)) is not None
    ]
    if not found and len(value) == 1:
        return _bare(*next(iter(value.items())), schema)
    if len(found) != 1:
        return None
    key, inner = found[0]
    if not (inner or folded(key) in shapes.WRAPPERS):
        return None
    others = [other for other in strange if other != key]
    if not all(_is_beside(other, value[other], tool) for other in others):
        return None
    rest = {key: value[key] for key in value if key in known}
    if others and any(folded(other) in shapes.CALL_NAMES for other in others):
        rest = {k: v for k, v in rest.items() if folded(k) not in shapes.CALL_NOISE}
    return _merged(inner, rest, key)


def _bare(key: str, value: Any, schema: Schema) -> tuple[dict[str, Any], str] | None:
    """The one parameter that a tool demands, where its arguments were to stand."""
    sole = sole_required(schema)
    is_text = isinstance(value, str) and value.strip() and value.lstrip()[0] not in '{["<`'
    if sole is None or not is_text or folded(key) not in shapes.ARGUMENTS:
        return None
    return {sole: value}, key


def sole_required(schema: Schema) -> str | None:
    """The parameter that a tool demands, if it is one."""
    required = schema.document.get("required")
    if isinstance(required, list) and len(required) == 1 and isinstance(required[0], str):
        return required[0]
    return None


def _is_echo(value: Mapping[str, Any], strange: Sequence[str]) -> bool:
    return (
        "properties" in strange
        and isinstance(value["properties"], dict)
        and bool(value["properties"])
        and set(strange) <= _SCHEMA_WORDS
    )


def _may_wrap(key: str, value: Mapping[str, Any], tool: str) -> bool:
    name = folded(key)
    return name in shapes.WRAPPERS or name == folded(tool) or len(value) == 1


def _object_of(value: Any, schema: Schema) -> dict[str, Any] | None:
    """The object that this is, or that it is the text or the only item of."""
    if isinstance(value, str):
        if not value.lstrip().startswith(("{", '"', "```", "[")):
            return None
        try:
            reading = read(value, schema.keys)
        except NotJSON:
            return None
        if reading.unclosed or len(reading.values) != 1:
            return None
        value = reading.values[0]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else None


def _is_beside(key: str, value: Any, tool: str) -> bool:
    """Whether a key beside the wrapper says nothing about the arguments, or names this very tool."""
    name = folded(key)
    if name in shapes.CALL_NAMES:
        return isinstance(value, str) and folded(value).endswith(folded(tool))
    return name in shapes.CALL_NOISE


def _merged(
    inner: dict[str, Any], rest: Mapping[str, Any], key: str
) -> tuple[dict[str, Any], str] | None:
    """The inside with what stood beside it; None when the two disagree."""
    for name in inner.keys() & rest.keys():
        if json_text.encode(inner[name]) != json_text.encode(rest[name]):
            return None
    return {**inner, **rest}, key


def listed(value: Any) -> list[Any] | None:
    """The calls that stand in a list of calls: `{"tool_calls": [...]}`."""
    if not isinstance(value, dict):
        return None
    keys = [key for key in value if folded(key) in shapes.LISTS_OF_CALLS]
    if len(keys) != 1 or not isinstance(calls := value[keys[0]], list):
        return None
    others = {folded(key) for key in value if key != keys[0]}
    return calls if calls and others <= shapes.CALL_NOISE else None


def named(value: Any, catalog: ToolCatalog) -> tuple[str, Any] | None:
    """The tool and the arguments of a call that is written out: `{"name": ..., "arguments": ...}`."""
    if isinstance(value, dict) and len(value) <= 4 and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict):
        return None
    called = [key for key in value if folded(key) in shapes.CALL_NAMES]
    wrapped = [key for key in value if folded(key) in shapes.WRAPPERS and key not in called]
    others = [key for key in value if key not in called and key not in wrapped]
    if len(called) != 1 or len(wrapped) != 1 or not isinstance(value[called[0]], str):
        return None
    if not all(folded(key) in shapes.CALL_NOISE for key in others):
        return None
    found = catalog.candidates(value[called[0]])
    return (found[0], value[wrapped[0]]) if len(found) == 1 else None
