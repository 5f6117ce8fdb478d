"""The rungs on which arguments are read, the strictest first. No IO."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from gateway.correction.reading import markup
from gateway.correction.reading.document import Document, restarted
from gateway.correction.reading.failures import Malformed, Truncated
from gateway.correction.reading.values import Spellings, decode
from gateway.json_text import NotJSON

MAX_LAYERS = 4
"""Encodings around one object."""
MAX_LENIENT = 1024 * 1024
"""Characters that are read leniently; a longer text has to be JSON but for raw control characters."""

_BLANKS = " \t\r\n\ufeff\u200b"
_NOTHING = frozenset({"None", "none", "undefined", "NULL", "Null"})
_LOOKS_LIKE_ARGUMENTS = re.compile(
    r"[\s\ufeff]*(?:[\[{]\s*(?:[\"'\]}{\[\\`“]|-?\d|true|false|null|\Z)|\"|```|<\w|{\w+\s*:)"
)
_FENCED = re.compile(r"```[A-Za-z0-9_+\-]*+(.*)```", re.DOTALL)
_ESCAPED = re.compile(r"\s*[{\[](?:\s|\\[nrt])*\\+\"")


@dataclass(slots=True)
class Reading:
    """What a text holds: objects in their order, or one value of another type; nothing if blank."""

    values: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was wrong, in a few words each."""
    spellings: Spellings = field(default_factory=dict)
    unclosed: bool = False
    """Closing braces were missing at the end: all is lost if the text was cut off."""


def read(text: str, keys: frozenset[str]) -> Reading:
    """Reads arguments; raises `NotJSON`, and its kind `Truncated` for a text that was cut off.

    `keys` are the folded names of parameters: they tell where a string with stray quotes ends.
    """
    reading = Reading()
    for _ in range(MAX_LAYERS):
        inner = _layer(text, keys, reading)
        if inner is None:
            return reading
        text = inner
    raise Malformed(f"more than {MAX_LAYERS} layers around the object")


def _layer(text: str, keys: frozenset[str], reading: Reading) -> str | None:
    """Reads one layer; gives the text of the next one if there is one inside."""
    bare = text.strip(_BLANKS)
    if not bare:
        return None
    if text[:1] == "\ufeff":
        reading.notes.append("byte order mark")
    if bare in _NOTHING:
        reading.values.append(None)
        return None
    try:
        value = _decoded(bare, reading)
    except NotJSON as error:
        return _leniently(bare, keys, reading, error)
    if isinstance(value, str) and _LOOKS_LIKE_ARGUMENTS.match(value):
        reading.notes.append("second JSON encoding")
        return value
    reading.values.append(value)
    return None


def _decoded(text: str, reading: Reading) -> Any:
    try:
        return decode(text, reading.spellings, strict=True)
    except NotJSON:
        value = decode(text, reading.spellings)
    reading.notes.append("raw control characters")
    return value


def _leniently(text: str, keys: frozenset[str], reading: Reading, error: NotJSON) -> str | None:
    if len(text) > MAX_LENIENT:
        raise error
    if text[0] == "<" and (values := markup.arguments(text, keys)) is not None:
        reading.values.append(values)
        reading.notes.append("markup")
        return None
    if fenced := _FENCED.fullmatch(text):
        reading.notes.append("code fence")
        return fenced[1]
    if text.startswith("{{") and text.endswith("}}"):
        reading.notes.append("doubled braces")
        return text[1:-1]
    if _ESCAPED.match(text):
        reading.notes.append("escaped once more")
        return _unescaped(text)
    if "&quot;" in text and '"' not in text:
        reading.notes.append("HTML entities")
        return html.unescape(text)
    try:
        document = Document(text, reading.spellings, keys=keys)
    except Malformed:
        if (whole := restarted(text)) is not None:
            reading.notes.append("an earlier beginning")
            return whole
        document = Document(text, reading.spellings, keys=keys, inner_quotes=True)
    reading.values += document.values
    reading.notes += document.notes
    reading.unclosed = document.unclosed
    return None


def _unescaped(text: str) -> str:
    """A text that was put into a JSON string, whose quotes got lost."""
    try:
        inner: str = decode(f'"{text}"', {})
    except NotJSON:
        raise Truncated("an escaped text that cannot be read") from None
    return inner
