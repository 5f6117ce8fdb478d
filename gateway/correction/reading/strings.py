"""The end of a string, and what its escapes stand for. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from json import JSONDecoder

from gateway.correction.reading.failures import Truncated

CLOSER: Mapping[str, str] = {'"': '"', "'": "'", "`": "`", "“": "”", "”": "”", "‘": "’", "’": "’"}
"""Opening quote -> closing quote."""

_BODY = {
    closer: re.compile(rf"[^\\{closer}]*+(?:\\.[^\\{closer}]*+)*+", re.DOTALL)
    for closer in set(CLOSER.values())
}
_ESCAPE_OR_QUOTE = re.compile(r'\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.|\\\Z|"', re.DOTALL)
_INVALID_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\"\\/bfnrt']|u[0-9a-fA-F]{4})")
_INVALID_IN_PYTHON = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?![\"\\abfnrtv']|u[0-9a-fA-F]{4}|x[0-9a-f]{2})"
)
_DRIVE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]:\\")
_SHARE = re.compile(r"\\\\[\w.-]{2,}\\[\w$.-]{2,}[^*+?|()\[\]^]*\Z")
_JSON = JSONDecoder(strict=False)
_VALID = frozenset('"\\/bfnrt')
_MAX_KEPT = 1_000
"""Different escapes that are remembered."""


def literal(text: str, start: int) -> tuple[str, int, bool]:
    """The string whose opening quote stands at `start`, where it ends, and whether JSON agrees.

    Raw control characters are taken as they are, and a backslash that escapes nothing is itself.
    """
    quote = text[start]
    if quote == '"':
        try:
            return *_JSON.raw_decode(text, start), True
        except ValueError:
            pass
    closer = CLOSER[quote]
    match = _BODY[closer].match(text, start + 1)
    end = match.end() if match else start + 1
    if end >= len(text) or text[end] != closer:
        raise Truncated("a string does not end")
    return unescaped(text[start + 1 : end], closer), end + 1, False


def unescaped(body: str, closer: str = '"') -> str:
    """What stands between the quotes, in its own meaning.

    With a Windows path and an escape that JSON does not have, backslashes are all meant as such.
    """
    if "\\" not in body:
        return body
    escapes: Mapping[str, str] = _OF_TEXT[closer]
    invalid = _INVALID_IN_PYTHON if closer == "'" else _INVALID_ESCAPE
    if (_has_drive(body) or _SHARE.match(body)) and invalid.search(body):
        escapes = _OF_PATHS
        if _SHARE.match(body):
            body = "\\\\" + body  # the two at the start are two, elsewhere a pair is one
    json_body = _ESCAPE_OR_QUOTE.sub(lambda match: escapes[match[0]], body)
    value: str = _JSON.decode(f'"{json_body}"')
    return value


def _has_drive(body: str) -> bool:
    return ":\\" in body and _DRIVE.search(body) is not None


class _Escapes(dict[str, str]):
    """Escape or quote as it was written -> as JSON writes what it means; found once, then kept."""

    def __init__(self, closer: str) -> None:
        super().__init__({'"': '\\"'})
        self._closer = closer

    def __missing__(self, found: str) -> str:
        meant = self._meant(found, found[1:2])
        if len(self) < _MAX_KEPT:
            self[found] = meant
        return meant

    def _meant(self, found: str, escaped: str) -> str:
        if escaped and (escaped in _VALID or (escaped == "u" and len(found) > 2)):
            return found
        if escaped == "x" and len(found) > 2 and self._closer == "'":
            return _of_python(found)
        return escaped if escaped in ("'", self._closer) and escaped else "\\" + found


class _PathEscapes(dict[str, str]):
    """The same where every backslash is meant as such, but those before a quote or a backslash."""

    def __missing__(self, found: str) -> str:
        return found if found in ('\\"', "\\\\") else "\\" + found


def _of_python(escape: str) -> str:
    """`\x1b` as Python writes it: only for what cannot be printed, so that all else is text."""
    character = chr(bytes.fromhex(escape[2:])[0])
    return "\\" + escape if character.isprintable() else f"\\u{ord(character):04x}"


_OF_TEXT = {closer: _Escapes(closer) for closer in _BODY}
_OF_PATHS = _PathEscapes({'"': '\\"'})
