"""Drops parameters that say nothing: books that the model keeps, nulls and empty values. No IO.

Only what the schema refuses is looked at. A parameter that the schema demands is missing afterwards,
and the call is refused for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.correction.coercion import ALTERNATIVES
from gateway.correction.draft import MISSING, Draft, Path
from gateway.correction.folding import folded
from gateway.correction.known.shapes import CALL_NAMES
from gateway.correction.result import described

_MAP_KEYWORDS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
_NOTHING = frozenset({"", "null", "none", "undefined", "nil"})
_MORE = (ValidationErrorKind.AdditionalProperties, ValidationErrorKind.UnevaluatedProperties)
_REFUSALS_OF_NULL = (
    *ALTERNATIVES,
    ValidationErrorKind.Type,
    ValidationErrorKind.Enum,
    ValidationErrorKind.Constant,
)
_REFUSALS_OF_TYPE = (*ALTERNATIVES, ValidationErrorKind.Type)


def drop(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Removes what says nothing; whether anything changed."""
    before = len(draft.repairs)
    for error in errors:
        path: Path = tuple(error.instance_path)
        value = draft.at(path)
        if isinstance(error.kind, _MORE):
            if isinstance(value, dict):
                _drop_noise(draft, path, value, error.kind.unexpected)
        elif path and value is not MISSING and _is_property(error) and _says_nothing(value, error):
            draft.put(path, MISSING)
            draft.note("null", path, described(value))
    return len(draft.repairs) > before


def _says_nothing(value: Any, error: ValidationError) -> bool:
    if value is None:
        return isinstance(error.kind, _REFUSALS_OF_NULL)
    if isinstance(value, str):
        text = value.strip().casefold()
        return not text or (text in _NOTHING and isinstance(error.kind, _REFUSALS_OF_TYPE))
    return value in ({}, [])


def _is_property(error: ValidationError) -> bool:
    """Whether the value is that of a listed property: an entry of a map may mean its null."""
    steps, key = error.evaluation_path, error.instance_path[-1]
    for keyword, step in zip(steps[-2::-1], steps[:0:-1], strict=True):
        if step in _MAP_KEYWORDS:
            return False
        if keyword == "properties" and step == key:
            return True
    return False


def _drop_noise(draft: Draft, path: Path, value: dict[str, Any], keys: Sequence[str]) -> None:
    noise = draft.tables.noise_of(draft.tool)
    for key in keys:
        if key not in value:
            continue
        item = value[key]
        allowed = noise.get(folded(key))
        is_noise = allowed is not None and (not allowed or _is_one_of(item, allowed))
        if (
            item is None
            or is_noise
            or _is_of_schema(key, item)
            or _is_of_call(key, item, draft.tool)
        ):
            del value[key]
            draft.note("null" if item is None else "drop", path, key)


def _is_one_of(item: Any, allowed: Sequence[object]) -> bool:
    return any(type(item) is type(other) and item == other for other in allowed)


def _is_of_schema(key: str, item: Any) -> bool:
    """A keyword of the schema itself, which models repeat beside the values."""
    match key:
        case "type":
            return bool(item == "object")
        case "required":
            return isinstance(item, list) and all(isinstance(name, str) for name in item)
        case "additionalProperties":
            return isinstance(item, bool)
        case "$schema":
            return isinstance(item, str)
        case "properties":
            return bool(item == {})
        case _:
            return False


def _is_of_call(key: str, item: Any, tool: str) -> bool:
    """A field of the call itself, which models repeat beside its arguments."""
    if not isinstance(item, str):
        return False
    name = folded(key)
    if name in CALL_NAMES:
        return folded(item) == folded(tool)
    if name == "type":
        return item in ("function", "tool_use", "tool_call", "function_call")
    return name == "id" and item.startswith(("call_", "toolu_", "chatcmpl-tool-"))
