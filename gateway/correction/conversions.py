"""One value, one demanded type: the same said in that type, if there is one way to say it. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text
from gateway.correction.draft import MISSING, Draft
from gateway.correction.folding import folded
from gateway.correction.known import shapes
from gateway.correction.reading import decode, read
from gateway.correction.result import type_of
from gateway.json_text import NotJSON

_INTEGER = re.compile(r"(-?(?:0|[1-9][0-9]{0,39}))(?:\.0+)?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1", "y", "t"), True),
    **dict.fromkeys(("false", "no", "off", "0", "n", "f"), False),
}
_CONTAINER = re.compile(r"\s*(?:[\[{]|```)")
_SHELLS = frozenset({"bash", "sh", "zsh", "/bin/bash", "/bin/sh", "/bin/zsh"})
_SHELL_FLAGS = frozenset({"-c", "-lc", "-cl", "-ic"})

Conversion = Callable[[Any, str, Draft], Any]
"""(value, name of its parameter or an empty text, draft) -> the new value, or `MISSING`."""


def converted(value: Any, demanded: str, parameter: str, draft: Draft) -> Any:
    """The value in the demanded JSON Schema type, maybe on the way to it; `MISSING` if unclear."""
    kind = type_of(value)
    if kind == "object" and demanded != "object" and (key := _value_key(value, parameter, draft)):
        is_file = folded(parameter) in shapes.JSON_DOCUMENTS and "type" not in value
        return MISSING if is_file or value[key] is None else value[key]
    if kind == "array" and demanded != "array" and len(value) == 1 and _is_item(value[0], demanded):
        return value[0]
    rule = _CONVERSIONS.get((kind, demanded))
    return MISSING if rule is None else rule(value, parameter, draft)


def structure(text: str, draft: Draft) -> Any:
    """The array or object that a string is the text of, also in lenient JSON; several make an array."""
    if not _CONTAINER.match(text):
        return MISSING
    try:
        reading = read(text, draft.schema.keys)
    except NotJSON:
        return MISSING
    if reading.unclosed or not all(isinstance(value, (dict, list)) for value in reading.values):
        return MISSING
    for number, spellings in reading.spellings.items():
        draft.spellings.setdefault(number, set()).update(spellings)
    return reading.values[0] if len(reading.values) == 1 else list(reading.values)


def _is_item(value: Any, demanded: str) -> bool:
    kind = type_of(value)
    return kind in ("string", "integer", "number", "boolean") or kind == demanded


def _value_key(value: dict[str, Any], parameter: str, draft: Draft) -> str | None:
    """Where the value is in `{"type": "string", "value": "ls"}`, or under its own name once more."""
    keys = [
        key
        for key in value
        if key in shapes.VALUE_KEYS or (parameter and folded(key) == folded(parameter))
    ]
    if not keys and len(value) == 1:
        (key,) = value
        meant = draft.tables.aliases_of(draft.tool).get(folded(key), ())
        return key if parameter in meant else None
    return keys[0] if len(keys) == 1 and value.keys() - set(keys) <= shapes.VALUE_NOISE else None


# -- from a string ------------------------------------------------------------------------------------


def _integer(value: str, _: str, __: Draft) -> Any:
    match = _INTEGER.fullmatch(value.strip())
    return int(match[1]) if match else MISSING


def _number(value: str, _: str, draft: Draft) -> Any:
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return MISSING
    try:
        return decode(text, draft.spellings)
    except NotJSON:
        return MISSING


def _boolean(value: str, _: str, __: Draft) -> Any:
    return _BOOLEANS.get(value.strip().casefold(), MISSING)


def _object(value: str, _: str, draft: Draft) -> Any:
    found = structure(value, draft)
    return found if isinstance(found, dict) else MISSING


def _array(value: str, _: str, draft: Draft) -> Any:
    """The array in the string, or an array of the string: not of one that may be several items."""
    if isinstance(found := structure(value, draft), list):
        return found
    if isinstance(found, dict):
        return found  # the next round puts it into an array
    text = value.strip()
    several = text[:1] in ("[", "{") or "," in text or "\n" in text
    return MISSING if several or text.casefold() in ("", "null", "none") else [value]


# -- from a scalar ------------------------------------------------------------------------------------


def _in_array(value: Any, _: str, __: Draft) -> Any:
    return [value]


def _text_of_integer(value: int, _: str, __: Draft) -> Any:
    return str(value)


def _text_of_number(value: float, _: str, draft: Draft) -> Any:
    """As the model wrote it: a version 3.10 must not become 3.1."""
    spellings = draft.spellings.get(value, set())
    return next(iter(spellings)) if len(spellings) == 1 else MISSING


def _text_of_boolean(value: bool, _: str, __: Draft) -> Any:
    return "true" if value else "false"


def _truth(value: int, _: str, __: Draft) -> Any:
    return bool(value) if value in (0, 1) else MISSING


# -- from an array or object --------------------------------------------------------------------------


def _text_of_array(value: list[Any], parameter: str, draft: Draft) -> Any:
    """The lines of a document, a JSON document, or the command that a shell was to run."""
    name = folded(parameter)
    if not value:
        return MISSING
    if all(isinstance(item, str) for item in value):
        if name in shapes.COMMANDS:
            return _command(value)
        if name in shapes.DOCUMENTS:
            return ("" if all(line.endswith("\n") for line in value) else "\n").join(value)
        return MISSING
    return _document(value, parameter, draft)


def _command(words: list[str]) -> Any:
    is_shell = len(words) == 3 and words[0] in _SHELLS and words[1] in _SHELL_FLAGS
    return words[2] if is_shell else MISSING


def _document(value: Any, parameter: str, draft: Draft) -> Any:
    if folded(parameter) not in shapes.JSON_DOCUMENTS or _has_other_spellings(value, draft):
        return MISSING
    return json_text.encode_text(value)


def _has_other_spellings(value: Any, draft: Draft) -> bool:
    """Whether the text of the value would lose how one of its numbers was written."""
    if isinstance(value, float):
        return draft.spellings.get(value, set()) != {repr(value)}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_other_spellings(item, draft) for item in items)


def _array_of_object(value: dict[str, Any], _: str, __: Draft) -> Any:
    """The array in another writing, or an array of the object."""
    if value and all(key.isdecimal() for key in value):
        order = sorted(value, key=int)
        first = int(order[0])
        dense = [int(key) for key in order] == list(range(first, first + len(order)))
        return [value[key] for key in order] if dense and first in (0, 1) else MISSING
    if len(value) == 1 and isinstance(inner := next(iter(value.values())), list):
        return inner
    return [value]


_CONVERSIONS: Mapping[tuple[str, str], Conversion] = {
    ("string", "integer"): _integer,
    ("string", "number"): _number,
    ("string", "boolean"): _boolean,
    ("string", "object"): _object,
    ("string", "array"): _array,
    ("integer", "string"): _text_of_integer,
    ("number", "string"): _text_of_number,
    ("boolean", "string"): _text_of_boolean,
    ("integer", "boolean"): _truth,
    ("integer", "array"): _in_array,
    ("number", "array"): _in_array,
    ("boolean", "array"): _in_array,
    ("object", "array"): _array_of_object,
    ("array", "string"): _text_of_array,
    ("object", "string"): _document,
}
"""(what it is, what is demanded) -> the same value as demanded, or `MISSING`.

A float without a fraction needs no rule: JSON Schema counts 5.0 as an integer.
"""
