"""One JSON value as models write it: read whole, or refused. No IO.

A parser rather than a set of replacements: it knows what is inside a string and what is not, so a
comma in a shell command stays, and it knows which brackets are open where the text ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.correction.folding import folded
from gateway.correction.reading.failures import Malformed, TooMuch, Truncated
from gateway.correction.reading.strings import CLOSER, literal, unescaped
from gateway.correction.reading.values import Spellings, decoder, joined, number
from gateway.correction.schema import MAX_DEPTH

_SKIP = re.compile(r"\s*+(?://[^\n]*+|#[^\n]*+|/\*.*?\*/|\s++)*+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?(?=[\s,}\]/#]|\Z)")
_CUT_NUMBER = re.compile(r"-?\d*+\.?\d*+(?:[eE][+-]?+)?\Z")
_WORD = re.compile(
    r"[^\W\d][\w.\-/]{0,1023}(?:://[^\s,\"'{}\[\]<>|`]{1,1000})?|[/~.][\w.\-/~]{1,1023}"
    r"|\d[\w.:\-]{1,64}"
)
_KEY = re.compile(r"[\w$\-]{1,128}")
_KEY_AHEAD = re.compile(r"(?:\"[^\"\\\n]{1,128}\"|'[^'\\\n]{1,128}')\s*:")
_BARE_KEY_AHEAD = re.compile(r"[A-Za-z_$][\w$]{0,127}\s*:")
_TRIPLE = re.compile(r'"""(?!\s*[,}\]])')
_TRIPLE_END = re.compile(r'"""(?=\s*[,}\]])')
_LITERALS: Mapping[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
    "undefined": None,
}

_QUOTE = {
    quote: re.compile(rf"(?:[^{quote}\\]++|\\.|{quote}(?![,}}\s]))*+{quote}", re.DOTALL)
    for quote in ('"', "'")
}
"""Up to the next quote that may end a string."""
_ENDS = re.compile(
    r"\s*+(?:(?P<last>}[\s}\]]*+(?:\Z|{|,\s*+[\"'{]|```|</|<\|))"
    r"|,\s*+(?P<mark>[\"'])(?P<key>[\w$.\- ]{1,64})(?P=mark)\s*+:)"
)
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_OPENERS = frozenset(" \t(=,[{+")
"""A quote after one of these begins something rather than end it."""
_ESCAPE = re.compile(r"\\.", re.DOTALL)
MAX_VALUES = 3_000
"""Values that are read one by one: a text with more is not repaired."""
_MAX_QUOTES = 10_000
"""Quotes inside one string that look like its end."""
_MAX_TRIES = 16
"""Containers for which strict JSON is tried first; trying again at each level would take long."""
_ROOT = re.compile(r"[A-Za-z]:\\(?:[^\"\\\n]{1,260}\\)*+(?=\")")


class Lenient:
    """Reads values out of a text, at `position`; what was wrong with them is in `notes`."""

    def __init__(
        self, text: str, spellings: Spellings, *, keys: frozenset[str], inner_quotes: bool = False
    ) -> None:
        self.text = text
        self.position = 0
        self.notes: dict[str, None] = {}
        self.unclosed = False
        """Braces at the end were missing."""
        self._spellings = spellings
        self._keys = keys
        self._inner_quotes = inner_quotes
        self._open: list[str] = []
        self._decoder = decoder(spellings)
        self._tries = _MAX_TRIES
        self._values = 0
        self._triples = True
        """Triple quotes may close further on: where none do, the text is not searched again."""
        self._sealed = False
        """The last value is complete whatever may have followed it."""

    # -- containers -----------------------------------------------------------------------------

    def container(self) -> Any:
        """The object or array at the position."""
        if self._tries > 0:
            self._tries -= 1
            try:
                value, self.position = self._decoder.raw_decode(self.text, self.position)
            except (ValueError, RecursionError):
                pass
            else:
                self._sealed = True
                return value
        return self._object() if self.text[self.position] == "{" else self._array()

    def members(self) -> dict[str, Any]:
        """An object whose opening brace is missing."""
        self.notes["missing opening brace"] = None
        return self._members()

    def _object(self) -> dict[str, Any]:
        self.position += 1
        return self._members()

    def _members(self) -> dict[str, Any]:
        self._enter("{")
        pairs: list[tuple[str, Any]] = []
        if self._skip() == ",":
            self._commas("leading comma")
        while self._now() != "}":
            key = self._key()
            self._colon()
            pairs.append((key, self._value(in_object=True)))
            if not self._goes_on("}"):
                return joined(pairs)
        self._leave()
        return joined(pairs)

    def _array(self) -> list[Any]:
        self.position += 1
        self._enter("[")
        items: list[Any] = []
        if self._skip() == ",":
            self._commas("leading comma")
        while self._now() != "]":
            items.append(self._value(in_object=False))
            self._goes_on("]")
        self._leave()
        return items

    def _enter(self, bracket: str) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise Malformed("too deep")
        self._open.append(bracket)

    def _leave(self) -> None:
        self._open.pop()
        self.position += 1
        self._sealed = True

    def _goes_on(self, closer: str) -> bool:
        """Moves on to the next item or the closing bracket; False where the text ends instead."""
        end = self.position
        next = self._skip()
        if not next:
            return self._end_of_text()
        if next == ",":
            self.position += 1
            if self._skip() in (closer, ","):
                self._commas("trailing comma" if self._now() == closer else "repeated comma")
        elif next != closer and self._is_next_item(closer, "\n" in self.text[end : self.position]):
            self.notes["missing comma"] = None
        elif next != closer:
            raise Malformed("something stands between two values")
        return True

    def _end_of_text(self) -> bool:
        """Objects that are open may be closed after a complete value; anything else was cut off."""
        if not self._sealed or "[" in self._open or begins_something(self.text):
            raise Truncated("the text ends inside a value")
        self.unclosed = True
        self.notes["missing closing brace"] = None
        return False

    def _is_next_item(self, closer: str, on_new_line: bool) -> bool:
        text, at = self.text, self.position
        if closer == "]":
            return text[at] in '{["'
        bare = on_new_line and _BARE_KEY_AHEAD.match(text, at)
        return bool(bare or _KEY_AHEAD.match(text, at))

    def _commas(self, note: str) -> None:
        while self._now() == ",":
            self.position += 1
            self._skip()
        self.notes[note] = None

    # -- keys and values ------------------------------------------------------------------------

    def _key(self) -> str:
        first = self._now()
        if first in CLOSER:
            return self._string(first)
        match = _KEY.match(self.text, self.position)
        if match is None:
            raise Malformed("a key is missing")
        self.position = match.end()
        self.notes["unquoted key"] = None
        return match[0]

    def _colon(self) -> None:
        next = self._skip()
        if not next:
            raise Truncated("the text ends after a key")
        if next == "=":
            self.position += 2 if self.text.startswith("=>", self.position) else 1
            self.notes["other separator"] = None
        elif next == ":":
            self.position += 1
        elif next == '"' and not _KEY_AHEAD.match(self.text, self.position):
            self.notes["missing colon"] = None
        else:
            raise Malformed("a colon is missing")
        self._skip()

    def _value(self, *, in_object: bool) -> Any:
        first = self._now()
        self._values += 1
        if self._values > MAX_VALUES:
            raise TooMuch("too many values")
        if first in "{[":
            return self.container()
        if first not in CLOSER:
            return self._scalar()
        if first == '"' and (body := self._triple()) is not None:
            return unescaped(body)
        if self._inner_quotes and in_object and first in _QUOTE:
            return self._quoting(first)
        return self._string(first)

    def _triple(self) -> str | None:
        """What stands between triple quotes, if any open here and close."""
        opening = _TRIPLE.match(self.text, self.position) if self._triples else None
        if opening is None:
            return None
        closing = _TRIPLE_END.search(self.text, opening.end())
        if closing is None:
            self._triples = False
            return None
        self.notes["triple quotes"] = None
        self._sealed, self.position = False, closing.end()
        return self.text[opening.end() : closing.start()]

    def _string(self, quote: str) -> str:
        value, self.position, exact = literal(self.text, self.position)
        self._sealed = quote == '"'
        if not exact:
            self.notes["bad escapes" if quote == '"' else "other quotes"] = None
        return value

    def _scalar(self) -> Any:
        if match := _NUMBER.match(self.text, self.position):
            self.position = match.end()
            self._sealed = self.position < len(self.text)
            return number(match[0], self._spellings)
        match = _WORD.match(self.text, self.position)
        if match is None:
            if _CUT_NUMBER.match(self.text, self.position):
                raise Truncated("the text ends inside a number")
            raise Malformed("a value is missing")
        word, self.position = match[0], match.end()
        if word in _LITERALS:
            if word not in ("true", "false", "null"):
                self.notes["Python literal"] = None
            self._sealed = True
            return _LITERALS[word]
        if word in ("NaN", "Infinity"):
            raise Malformed(f"{word} is not JSON")
        self._sealed = False
        next = self._skip()
        if not next:
            raise Truncated("the text ends inside a value")
        if next not in ",}]":
            raise Malformed("an unquoted value of several words")
        self.notes["unquoted value"] = None
        return word

    # -- quotes inside strings --------------------------------------------------------------------

    def _quoting(self, quote: str) -> str:
        """A string that may hold unescaped quotes: it ends before the next known key, or the object.

        The quotes inside must come in pairs; where one is left over, the text was cut off inside it.
        """
        start = self.position + 1
        end = self._closing(quote, start)
        body = self.text[start:end]
        inner = _APOSTROPHE.sub("", _ESCAPE.sub("", body)).count(quote)
        if inner % 2 or (
            inner and body[-1:] in _OPENERS and self.text[end + 1 :].lstrip()[:1] == "}"
        ):
            raise Malformed("a quote inside a string has no partner")
        if quote in body:
            self.notes["unescaped quotes"] = None
        self.position = end + 1
        self._sealed = False
        return unescaped(body, quote)

    def _closing(self, quote: str, start: int) -> int:
        """Where the quote stands that ends the string; raises `Truncated` when none does."""
        root = _ROOT.match(self.text, start)  # a path whose last backslash is no escape
        if root and self._ends(root.end() + 1):
            return root.end()
        at = start
        for _ in range(_MAX_QUOTES):
            if (match := _QUOTE[quote].match(self.text, at)) is None:
                raise Truncated("a string does not end")
            at = match.end()
            if self._ends(at):
                return at - 1
        raise TooMuch("too many quotes")

    def _ends(self, at: int) -> bool:
        match = _ENDS.match(self.text, at)
        if match is None:
            return False
        return bool(match["last"]) or not self._keys or folded(match["key"]) in self._keys

    # -- between tokens -----------------------------------------------------------------------------

    def _skip(self) -> str:
        """Passes blanks and comments; gives the next character, or nothing at the end."""
        start = self.position
        match = _SKIP.match(self.text, start)
        end = match.end() if match else start
        if end > start and not self.text[start:end].isspace():
            self.notes["comment"] = None
            self._sealed = self._sealed and end < len(self.text)
        if self.text.startswith("/*", end):
            raise Truncated("a comment does not end")
        self.position = end
        return self.text[end : end + 1]

    def _now(self) -> str:
        """The character at the position; raises `Truncated` where there is none."""
        if self.position >= len(self.text):
            raise Truncated("the text ends inside a value")
        return self.text[self.position]


def begins_something(text: str) -> bool:
    """Whether the last quote stands where one opens, and only brackets follow: more was to come.

    A text that ends with an empty string may as well end after the first of two quotes inside it.
    """
    at = text.rfind('"')
    before = text[max(at - 1, 0) : at]
    if text[at + 1 :].strip(" \t\r\n}])"):
        return False
    return before in _OPENERS or (before == '"' and text[at - 2 : at - 1] != "\\")
