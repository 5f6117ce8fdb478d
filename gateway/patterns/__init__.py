"""Patterns that people write: globs and regular expressions, none of which can stall the service.

RE2 runs in time linear in the text. What it refuses (look-around, back-references) goes to the
`regex` engine under a time limit. The standard `re` is never used on such patterns: it can run for
years and holds the interpreter while it does. No IO.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from time import monotonic, sleep
from typing import Any

import re2
import regex

from gateway.errors import NO_RETRY, GatewayError
from gateway.patterns.repeats import LARGEST, is_nested, written_out

TIME_LIMIT = 0.05
"""Seconds that one search or replacement with the fallback engine may take."""

FAST_FACTOR = 20
"""How many times as long the fast engine may replace: one match cannot run away there, but a text may
hold a million of them."""

LOOKS = 64
"""Matches between two looks at the clock, some tenths of a millisecond."""


_ESCAPE = regex.compile(r"\\(?:(?P<number>[0-9]{1,2})|g<(?P<group>\w+)>|(?P<char>[nrt\\]))")
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


class BadPattern(ValueError):
    """A pattern that no engine accepts. `position` is the index inside the pattern, if known."""

    def __init__(self, message: str, position: int | None) -> None:
        super().__init__(message)
        self.position = position


class PatternTooSlow(GatewayError):
    """A pattern took longer than `TIME_LIMIT`; the config has to change, not the request."""

    headers = NO_RETRY


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_fallback", "_fast", "_words", "source")

    def __init__(
        self, source: str, expression: str, *, ignore_case: bool = False, words: str | None = None
    ) -> None:
        """`words` is the text that the expression stands for, if it is a plain one."""
        self.source = source
        """The pattern as the user wrote it."""
        self._words = words
        if written_out(expression) > LARGEST:
            raise BadPattern("its counted repeats make this pattern too large", None)
        self._fast: Any = None
        flags = regex.V0 | (regex.IGNORECASE if ignore_case else 0)
        try:
            # Whoever needs the pattern again keeps it: the library's own memory throws out of it at random.
            self._fallback = regex.compile(expression, flags, cache_pattern=False)
        except regex.error as error:
            raise BadPattern(error.msg, error.pos) from None
        except (ValueError, OverflowError, RecursionError):
            raise BadPattern("no engine takes this pattern", None) from None
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            self._fast = re2.compile(expression, options)
        except re2.error:
            return

    @property
    def is_linear(self) -> bool:
        """The fast engine runs it; otherwise a time limit guards it."""
        return self._fast is not None

    @property
    def is_nested(self) -> bool:
        """Repeats inside of repeats: only the fast engine is quick on them, and it cannot see every text."""
        return is_nested(self.source)

    def search(self, text: str) -> bool:
        """The pattern occurs in `text`."""
        if self._words is not None:
            return self._words in text
        if self._fast is not None and _is_utf8(text):
            return self._fast.search(text) is not None
        try:
            return self._fallback.search(text, timeout=TIME_LIMIT) is not None
        except TimeoutError:
            raise self._too_slow(TIME_LIMIT) from None

    def first(self, text: str) -> str | None:
        """What the first group of the first match holds, or the match itself if there is no group."""
        try:
            match = (
                self._fast.search(text)
                if self._fast is not None and _is_utf8(text)
                else self._fallback.search(text, timeout=TIME_LIMIT)
            )
        except TimeoutError:
            raise self._too_slow(TIME_LIMIT) from None
        return None if match is None else match.group(min(1, self._fallback.groups)) or ""

    def replace(self, text: str, replacement: str, *, limit: float = TIME_LIMIT) -> str:
        """`text` with each occurrence replaced, within `limit` seconds (see `FAST_FACTOR`).

        In `replacement`, `\\1` and `\\g<name>` stand for groups, `\\n`, `\\t` and `\\\\` for a line break,
        a tab and a backslash; everything else for itself. Raises `BadPattern` on an unknown group.
        """
        parts = self._parts(replacement)

        def expanded(match: Any) -> str:
            return "".join(p if isinstance(p, str) else match.group(p[0]) or "" for p in parts)

        if self._fast is not None and _is_utf8(text):
            return self._replaced(text, expanded, limit * FAST_FACTOR)
        try:
            return str(self._fallback.sub(expanded, text, timeout=limit))
        except TimeoutError:
            raise self._too_slow(limit) from None

    def _replaced(self, text: str, expanded: Callable[[Any], str], limit: float) -> str:
        """The fast engine's replacement, match by match, so that the clock can be looked at."""
        pieces: list[str] = []
        end, deadline = 0, monotonic() + limit
        for number, match in enumerate(self._fast.finditer(text)):
            if number % LOOKS == LOOKS - 1:
                sleep(0)  # the engine keeps the interpreter; here another thread can have it
                if monotonic() > deadline:
                    raise self._too_slow(limit)
            pieces += (text[end : match.start()], expanded(match))
            end = match.end()
        return "".join([*pieces, text[end:]]) if pieces else text

    def check_replacement(self, replacement: str) -> None:
        """Raises `BadPattern` when `replacement` names a group that the pattern does not have."""
        self._parts(replacement)

    def _parts(self, replacement: str) -> list[str | tuple[int]]:
        """Texts, and numbers of groups, in order."""
        parts: list[str | tuple[int]] = []
        end = 0
        for match in _ESCAPE.finditer(replacement):
            parts.append(replacement[end : match.start()])
            end = match.end()
            if (char := match["char"]) is not None:
                parts.append(_CHARACTERS[char])
                continue
            name = match["group"] or match["number"]
            number = int(name) if name.isdecimal() else self._fallback.groupindex.get(name)
            if number is None or number > self._fallback.groups:
                raise BadPattern(f"the pattern has no group {name}", match.start())
            parts.append((number,))
        return [part for part in [*parts, replacement[end:]] if part != ""]

    def _too_slow(self, limit: float) -> PatternTooSlow:
        return PatternTooSlow(
            f"The pattern {self.source!r} of the gateway's config took longer than "
            f"{limit * 1000:.0f} ms on this request."
        )


def _is_utf8(text: str) -> bool:
    """False for text that holds half of a surrogate pair: RE2 reads UTF-8 and cannot see it."""
    if text.isascii():  # Python knows that without looking
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=4096)
def compile_regex(source: str) -> Pattern:
    """A regular expression, searched anywhere in the text. Raises `BadPattern`."""
    return Pattern(source, source)


@lru_cache(maxsize=4096)
def compile_glob(source: str) -> Pattern:
    """A glob over a whole name, case ignored: `*` any text, `?` one character, rest literal.

    Unlike file globs `*` also matches `/` and `:`, for both stand in model names.
    """
    pieces = {"*": "(?s:.*)", "?": "(?s:.)"}
    expression = "".join(pieces.get(char) or regex.escape(char) for char in source)
    return Pattern(source, f"^(?:{expression})$", ignore_case=True)


@lru_cache(maxsize=4096)
def matches_any(globs: tuple[str, ...], name: str) -> bool:
    """The name is like one of the globs. Remembered: there are few models, asked for again and again."""
    return any(compile_glob(glob).search(name) for glob in globs)


def is_regex(source: str) -> bool:
    """What users write is a regular expression: it stands in slashes."""
    return len(source) > 1 and source.startswith("/") and source.endswith("/")


@lru_cache(maxsize=4096)
def compile_text_pattern(source: str) -> Pattern:
    """What users write for a text: `/a regular expression/`, otherwise words that stand in it."""
    if is_regex(source):
        return Pattern(source, source[1:-1])
    literal = regex.escape(source)
    return Pattern(f"/{literal}/", literal, words=source)


@lru_cache(maxsize=4096)
def compile_path_prefix(prefix: str) -> Pattern:
    """A path that begins with whole segments."""
    expression = f"^{regex.escape(prefix)}(?:/|$)"
    return Pattern(f"/{expression}/", expression)


def compile_name_pattern(source: str) -> Pattern:
    """What users write for a name: `/a regular expression/`, otherwise a glob."""
    if is_regex(source):
        return Pattern(source, source[1:-1])
    return compile_glob(source)
