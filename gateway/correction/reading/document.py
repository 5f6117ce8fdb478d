"""The values of a text, and what stands before, between and after them. No IO.

Special tokens, tags, fences and stray brackets may stand anywhere between values. Prose may stand
before and after them, if it does not speak of the call as of something not to be done.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.correction.reading.failures import Malformed, TooMuch, Truncated
from gateway.correction.reading.lenient import Lenient, begins_something
from gateway.correction.reading.strings import literal
from gateway.correction.reading.values import Spellings, decode
from gateway.json_text import NotJSON

_TOKENS = (
    r"<[|｜][^<>\n]{0,80}[|｜]>|</?[\w:.=|-]{1,80}(?:\s[^<>\n]{0,80})?>|```\w*+|\[/?[A-Z_]{2,20}\]"
)
_BEFORE = re.compile(rf"(?:[\s\ufeff\u200b]|{_TOKENS})*+")
_BETWEEN = re.compile(rf"(?:[\s,;\u200b]|{_TOKENS}|[)}}\]])*+")
_MEMBER = re.compile(r"(?:\"[\w$\-]{1,128}\"|'[\w$\-]{1,128}')\s*:")
_REFUSED = r"not|never|cannot|avoid|instead|refused?|\w+n['’]t"
_REFUSAL_BEFORE = re.compile(rf"\b(?:{_REFUSED}|without|example|e\.g|if|would)\b", re.IGNORECASE)
_REFUSAL_AFTER = re.compile(rf"\b(?:{_REFUSED})\b", re.IGNORECASE)
_PARTS = re.compile(r"[\"{}\[\]]")
_MAX_PROSE = 2_000
_MAX_VALUES = 64


class Document:
    """The objects of a text in their order (or one array), and what was wrong around them."""

    def __init__(
        self, text: str, spellings: Spellings, *, keys: frozenset[str], inner_quotes: bool = False
    ) -> None:
        self._text = text
        self._parser = Lenient(text, spellings, keys=keys, inner_quotes=inner_quotes)
        self.values: list[Any] = []
        self._read()

    @property
    def notes(self) -> list[str]:
        """What was wrong, in a few words each."""
        return list(self._parser.notes)

    @property
    def unclosed(self) -> bool:
        """Closing braces at the end were missing."""
        return self._parser.unclosed

    def _read(self) -> None:
        parser, text = self._parser, self._text
        is_open = self._start()
        self.values.append(parser.members() if is_open else parser.container())
        while (at := self._between()) < len(text) and text[at] == "{":
            if len(self.values) >= _MAX_VALUES:
                raise TooMuch("too many values")
            parser.position = at
            self.values.append(parser.container())
        if at < len(text):
            if not text.startswith('"') and begins_something(text[:at]):
                raise Malformed("something stands after the value")
            self._after(text[at:], text[at - 1])
        if parser.unclosed and (is_open or "```" in text[: text.find("{") + 1]):
            raise Truncated("the text ends inside a value")

    def _start(self) -> bool:
        """Moves to the first value; whether its opening brace is missing."""
        text = self._text
        at = _end(_BEFORE, text, 0)
        if _MEMBER.match(text, at):
            self._parser.position = at
            return True
        if text[at : at + 1] == '"':
            literal(text, at)  # raises `Truncated` when an encoded text was cut off
        first = next((i for i in range(at, min(len(text), at + _MAX_PROSE)) if text[i] in "{["), -1)
        if first < 0:
            raise Malformed("there is no object")
        if prose := text[at:first].strip():
            _check_prose(prose, _REFUSAL_BEFORE)
        if first:
            self._parser.notes["text before"] = None
        self._parser.position = first
        return False

    def _between(self) -> int:
        start = self._parser.position
        end = _end(_BETWEEN, self._text, start)
        if self._text[start:end].strip():
            self._parser.notes["text after"] = None
        return end

    def _after(self, rest: str, before: str) -> None:
        """Prose may follow, set apart; what holds quotes or brackets may be a part of the call."""
        if len(rest) > _MAX_PROSE or "{" in rest:
            raise Malformed("something stands after the value")
        if rest[0].isalpha() and (before.isspace() or before in ">`") and not _PARTS.search(rest):
            _check_prose(rest, _REFUSAL_AFTER)
        elif rest.strip("\"'`.! \n"):
            raise Malformed("something stands after the value")
        self._parser.notes["text after"] = None


def _check_prose(prose: str, refusal: re.Pattern[str]) -> None:
    if refusal.search(prose):
        raise Malformed("prose stands around the value")


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def restarted(text: str) -> str | None:
    """The last object of a text that began anew: all before it are beginnings of it.

    Providers that repeat what they sent make such texts: `{"com{"command":"ls"}`.
    """
    places = [match.start() for match in re.finditer(r"\{\s*\"", text[1:4096])][:16]
    for place in places:
        whole = text[place + 1 :]
        if _is_beginnings(text[: place + 1], whole) and _is_json(whole):
            return whole
    return None


def _is_json(text: str) -> bool:
    """Anything less would rather be an object with another one inside a string."""
    try:
        decode(text, {})
    except NotJSON:
        return False
    return True


def _is_beginnings(text: str, whole: str) -> bool:
    opening = whole[:2]
    pieces = [piece for piece in re.split(f"(?={re.escape(opening)})", text) if piece.strip()]
    return all(whole.startswith(piece.strip()) for piece in pieces)
