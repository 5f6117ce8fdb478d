"""Calls without any markup, which only the whole of an answer can be. No IO.

A JSON envelope, a call in Python's writing, or a name with its arguments; one code fence may stand
around it. Anything more than that, and the answer is about a call.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.correction.leaked import literals, tokens
from gateway.correction.leaked.cursor import Cursor, NoCall
from gateway.correction.leaked.written import (
    ARGUMENTS,
    BOOKKEEPING,
    MAX_NESTING,
    NAMES,
    SEVERAL,
    Written,
    decoded,
    from_value,
)

_KEYS = frozenset({*NAMES, *ARGUMENTS, *SEVERAL, *BOOKKEEPING})
_LANGUAGE = re.compile(r"[A-Za-z_]{0,16}")
_CODE = frozenset({"", "json", "python", "tool_code", "tool_call"})
_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,127}|")
_QUOTED = re.compile(r'[^"\n]{0,128}')
_BRACKETS = re.compile(r"[\[\s]*")


def whole(cursor: Cursor) -> list[Written]:
    """The calls that the whole answer is."""
    fence = cursor.skip("```")
    if fence:
        if cursor.take(_LANGUAGE) not in _CODE:
            raise NoCall
        cursor.space()
    if cursor.skip("functools") and not cursor.starts("["):
        raise NoCall
    found = _calls(cursor)
    cursor.space()
    if fence:
        cursor.literal("```")
    cursor.last()
    if not all(cursor.knows(call.name) for call in found):
        raise NoCall
    return found


def _calls(cursor: Cursor) -> list[Written]:
    start = cursor.pos
    cursor.take(_BRACKETS)
    if cursor.peek() == "{":
        _look(cursor)
        cursor.pos = start
        return _envelopes(cursor)
    name = cursor.some(_NAME)
    after = cursor.peek()
    cursor.pos = start
    if not cursor.knows(name) and name != "print":
        raise NoCall
    return literals.calls(cursor) if after == "(" else [tokens.named(cursor)]


def _look(cursor: Cursor) -> None:
    """Gives up on an object early: an answer in JSON is not to be held for its first key."""
    cursor.literal("{")
    cursor.space()
    cursor.literal('"')
    key = cursor.take(_QUOTED)
    if key not in _KEYS:
        raise NoCall
    cursor.literal('"')
    if key not in NAMES:
        return
    cursor.space()
    cursor.literal(":")
    cursor.space()
    if cursor.skip('"') and not cursor.knows(cursor.take(_QUOTED)):
        raise NoCall


def _envelopes(cursor: Cursor) -> list[Written]:
    try:
        value = decoded(cursor.json())
    except ValueError:
        raise NoCall from None
    if not _is_envelope(value):
        raise NoCall
    return from_value(value, cursor.knows)


def _is_envelope(value: Any, depth: int = 0) -> bool:
    """Nothing is said but which tool is called, and with which arguments."""
    if depth > MAX_NESTING:
        return False
    if isinstance(value, list):
        return all(_is_envelope(item, depth + 1) for item in value)
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        return False
    for key in (*SEVERAL, "function"):
        if isinstance(inner := value.get(key), (list, dict)):
            return _is_envelope(inner, depth + 1)
    return any(key in value for key in ARGUMENTS)
