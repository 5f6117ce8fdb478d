"""Values and calls in Python's writing, and in writings that are close to it. No IO.

Read(file_path="/a", limit=5)        [Read(…), Glob(…)]        print(default_api.Read(…))
call:Read{file_path:<|"|>/a<|"|>}
"""

from __future__ import annotations

import re
from typing import Any

from gateway import json_text
from gateway.correction.leaked.cursor import Cursor, NoCall
from gateway.correction.leaked.written import Written

MAX_DEPTH = 64

_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,127}|")
_KEY = re.compile(r"[A-Za-z_-][\w.-]{0,127}|")
_WORD = re.compile(r"[\w.+-]{0,64}")
_WORDS = {
    "True": True,
    "true": True,
    "False": False,
    "false": False,
    "None": None,
    "null": None,
}
_QUOTES = {
    '"""': re.compile(r'((?:[^"\\]++|\\.|"(?!""))*+)"""', re.DOTALL),
    "'''": re.compile(r"((?:[^'\\]++|\\.|'(?!''))*+)'''", re.DOTALL),
    '"': re.compile(r'((?:[^"\\]++|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"((?:[^'\\]++|\\.)*+)'", re.DOTALL),
}
_VERBATIM = {
    '<|"|>': re.compile(r'<\|"\|>'),
    "<escape>": re.compile(r"<escape>"),
}
_ESCAPE = re.compile(r"\\(?:(\n)|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5})|([^\n]))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0"}


def calls(cursor: Cursor) -> list[Written]:
    """One call, or an array of them."""
    if not cursor.skip("["):
        return [call(cursor)]
    found = []
    while True:
        cursor.space()
        found.append(call(cursor))
        cursor.space()
        if not cursor.skip(","):
            break
    cursor.literal("]")
    return found


def call(cursor: Cursor, depth: int = 0) -> Written:
    """`Read(file_path="/a")`; every argument has a name."""
    if depth > MAX_DEPTH:
        raise NoCall
    name = cursor.some(_NAME)
    cursor.literal("(")
    if name == "print":
        cursor.space()
        inner = call(cursor, depth + 1)
        cursor.space()
        cursor.literal(")")
        return inner
    if not cursor.knows(name):
        raise NoCall
    cursor.space()
    if cursor.starts("{"):
        arguments = _value(cursor, 1)
        cursor.space()
        cursor.literal(")")
    else:
        arguments = _fields(cursor, ")", 1)
    return Written(name, json_text.encode_text(arguments))


def braced_call(cursor: Cursor) -> Written:
    """`call:Read{file_path:<|"|>/a<|"|>}`, or with the arguments in Python's writing."""
    cursor.literal("call:")
    name = cursor.some(_NAME)
    opener = cursor.literal("{", "(")
    arguments = _fields(cursor, "}" if opener == "{" else ")", 1)
    return Written(name, json_text.encode_text(arguments))


def _fields(cursor: Cursor, closer: str, depth: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    while True:
        cursor.space()
        if cursor.skip(closer):
            return fields
        key = _string(cursor)
        if key is None:
            key = cursor.some(_KEY)
        cursor.space()
        cursor.literal(":", "=")
        cursor.space()
        if key in fields:
            raise NoCall
        fields[key] = _value(cursor, depth + 1)
        _separator(cursor, closer)


def _separator(cursor: Cursor, closer: str) -> None:
    cursor.space()
    if not cursor.skip(",") and not cursor.starts(closer):
        raise NoCall


def _value(cursor: Cursor, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NoCall
    if (text := _string(cursor)) is not None:
        return text
    if cursor.skip("{"):
        return _fields(cursor, "}", depth)
    if cursor.skip("["):
        items: list[Any] = []
        while True:
            cursor.space()
            if cursor.skip("]"):
                return items
            items.append(_value(cursor, depth + 1))
            _separator(cursor, "]")
    return _word(cursor.some(_WORD))


def _word(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    try:
        return json_text.decode(word)
    except json_text.NotJSON:
        raise NoCall from None


def _string(cursor: Cursor) -> str | None:
    """The string that comes next, if one does."""
    quote = cursor.skip(*_VERBATIM, *_QUOTES)
    if not quote:
        return None
    if quote in _VERBATIM:
        return cursor.until(_VERBATIM[quote])
    found = _QUOTES[quote].match(cursor.text, cursor.pos)
    if found is None:
        raise cursor.missing()
    cursor.pos = found.end()
    return _ESCAPE.sub(_unescaped, found[1])


def _unescaped(found: re.Match[str]) -> str:
    line, *codes, letter = found.groups()
    if line:
        return ""
    code = next((code for code in codes if code), "")
    if code:
        return chr(int(code, 16))
    if letter in "\\\"'":
        return str(letter)
    return _LETTERS.get(letter, found[0])
