"""Turns a value of the wrong type into the same value of the demanded one. No IO.

The validator's errors lead: only a value that an error names is touched, and only when exactly one
value of the demanded types says the same. Alternatives (`anyOf`, `oneOf`) count as far as their
errors go; where two of them could be meant, the value stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway import json_text
from gateway.correction.draft import MISSING, Draft, Path
from gateway.correction.reading import decode

_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]{0,39}))(?:\.0+)?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "false": False}
_MAP_KEYWORDS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})

_ALTERNATIVES = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)
_REFUSALS_OF_NULL = (
    *_ALTERNATIVES,
    ValidationErrorKind.Type,
    ValidationErrorKind.Enum,
    ValidationErrorKind.Constant,
)


@dataclass(frozen=True, slots=True)
class _Fix:
    path: Path
    value: Any
    rule: str
    detail: str

    @property
    def key(self) -> tuple[Path, bytes | None]:
        """What makes two fixes the same."""
        return self.path, None if self.value is MISSING else json_text.encode(self.value)


def coerce(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Replaces values, and drops nulls of optional properties; whether anything changed."""
    fixes: dict[Path, dict[tuple[Path, bytes | None], _Fix]] = {}
    for error in errors:
        for fix in _fixes(error, draft):
            fixes.setdefault(fix.path, {})[fix.key] = fix
    done: set[Path] = set()
    for path in sorted(fixes, key=len):
        wanted = list(fixes[path].values())
        if len(wanted) == 1 and not any(path[:depth] in done for depth in range(len(path))):
            _apply(draft, wanted[0])
            done.add(path)
    return bool(done)


def _apply(draft: Draft, fix: _Fix) -> None:
    if isinstance(fix.value, list) and isinstance(draft.at(fix.path), dict):
        draft.wrapped.append(fix.value)
    draft.put(fix.path, fix.value)
    draft.note(fix.rule, fix.path, fix.detail)


def unproven(draft: Draft) -> bool:
    """Whether an array was made around an object although its schema takes anything as an item.

    Then it may as well be something else than an item (named values instead of a list of them).
    `draft` is valid; an array in the object's place shows what the schema thinks of its items.
    """
    for array in draft.wrapped:
        item = array[0]
        array[0] = [item]
        takes_anything = draft.schema.accepts(draft.value)
        array[0] = item
        if takes_anything:
            return True
    return False


def _fixes(error: ValidationError, draft: Draft) -> list[_Fix]:
    path: Path = tuple(error.instance_path)
    value = draft.at(path)
    kind = error.kind
    if not path or value is MISSING:
        return []
    if value is None and isinstance(kind, _REFUSALS_OF_NULL) and _is_property(error):
        return [_Fix(path, MISSING, "null", "null dropped")]
    if isinstance(kind, ValidationErrorKind.Type):
        return _only([[fix] for type in kind.types for fix in _coerced(path, value, type, draft)])
    if isinstance(kind, _ALTERNATIVES):
        return _only([fixes for branch in kind.context if (fixes := _branch(branch, draft))])
    return []


def _only(choices: Sequence[list[_Fix]]) -> list[_Fix]:
    """The one way to fix an error; nothing when there are two that differ."""
    distinct = {tuple(fix.key for fix in choice): choice for choice in choices}
    return next(iter(distinct.values())) if len(distinct) == 1 else []


def _branch(errors: Sequence[ValidationError], draft: Draft) -> list[_Fix]:
    """The fixes that would satisfy one alternative; nothing when an error is left without one."""
    found: list[_Fix] = []
    for error in errors:
        found += _fixes(error, draft)
    fixed = {fix.path for fix in found}
    return found if all(tuple(error.instance_path) in fixed for error in errors) else []


def _is_property(error: ValidationError) -> bool:
    """Whether the value is that of a listed property: an entry of a map may mean its null."""
    steps, key = error.evaluation_path, error.instance_path[-1]
    for keyword, step in zip(steps[-2::-1], steps[:0:-1], strict=True):
        if step in _MAP_KEYWORDS:
            return False
        if keyword == "properties" and step == key:
            return True
    return False


# -- one value, one demanded type -------------------------------------------------------------------


def _coerced(path: Path, value: Any, demanded: str, draft: Draft) -> Iterator[_Fix]:
    kind = _type_of(value)
    if (rule := _RULES.get((kind, demanded))) is None:
        return
    result = rule(value, draft)
    if result is MISSING or (isinstance(path[-1], int) and _encloses(result, value)):
        return
    yield _Fix(path, result, "type", f"{kind} -> {_type_of(result)}")


def _encloses(result: object, value: object) -> bool:
    """An array made around the value. Not inside an array: [1, 2] may mean [[1, 2]] as well."""
    return isinstance(result, list) and len(result) == 1 and result[0] is value


def _type_of(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"


def _integer(value: str, _: Draft) -> Any:
    match = _INTEGER.fullmatch(value.strip())
    return int(match[1]) if match else MISSING


def _number(value: str, draft: Draft) -> Any:
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return MISSING
    try:
        return decode(text, draft)
    except json_text.NotJSON:
        return MISSING


def _boolean(value: str, _: Draft) -> Any:
    return _BOOLEANS.get(value.strip().casefold(), MISSING)


def _structure(value: str, draft: Draft) -> Any:
    """The array or object that the string is the JSON text of."""
    if value.lstrip()[:1] not in ("[", "{"):
        return MISSING
    try:
        return decode(value, draft)
    except json_text.NotJSON:
        return MISSING


def _object(value: str, draft: Draft) -> Any:
    found = _structure(value, draft)
    return found if isinstance(found, dict) else MISSING


def _array(value: str, draft: Draft) -> Any:
    """The array in the string, or an array of the string: not of one that may be several items."""
    if isinstance(found := _structure(value, draft), list):
        return found
    if isinstance(found, dict):
        return found  # the next round puts it into an array
    text = value.strip()
    several = text[:1] in ("[", "{") or "," in text or "\n" in text
    return MISSING if several or text.casefold() in ("", "null", "none") else [value]


def _wrapped(value: object, _: Draft) -> Any:
    return [value]


def _wrapped_object(value: dict[str, Any], _: Draft) -> Any:
    """An array of the object: not of one that may be the array in another writing."""
    numbered = all(key.isdecimal() for key in value)
    around_array = len(value) == 1 and isinstance(next(iter(value.values())), list)
    return MISSING if numbered or around_array else [value]


def _text_of_integer(value: int, _: Draft) -> Any:
    return str(value)


def _text_of_number(value: float, draft: Draft) -> Any:
    """As the model wrote it: a version 3.10 must not become 3.1."""
    spellings = draft.spellings.get(value, set())
    return next(iter(spellings)) if len(spellings) == 1 else MISSING


def _text_of_boolean(value: bool, _: Draft) -> Any:
    return "true" if value else "false"


_RULES: Mapping[tuple[str, str], Callable[[Any, Draft], Any]] = {
    ("string", "integer"): _integer,
    ("string", "number"): _number,
    ("string", "boolean"): _boolean,
    ("string", "object"): _object,
    ("string", "array"): _array,
    ("integer", "string"): _text_of_integer,
    ("number", "string"): _text_of_number,
    ("boolean", "string"): _text_of_boolean,
    ("integer", "array"): _wrapped,
    ("number", "array"): _wrapped,
    ("boolean", "array"): _wrapped,
    ("object", "array"): _wrapped_object,
}
"""(what it is, what is demanded) -> the same value as demanded, or `MISSING`.

A float without a fraction needs no rule: JSON Schema counts 5.0 as an integer.
"""
