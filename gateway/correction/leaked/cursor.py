"""A position in text that may still grow, and what can be read there. No IO.

The one rule of every reader: what it answers for a text, it answers for each text that begins with
it. Where the end of the text leaves that open it raises `More`. So a call that is recovered from a
stream is the call that is recovered from the whole, however the stream is cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

FOLD = str.maketrans({"｜": "|", "▁": "_"})
"""Special tokens are written with look-alikes of the bar and the underscore."""

_SPACE = re.compile(r"\s*")
_STRAY = re.compile(r"[\s}\]]*")
_JSON_MARK = re.compile(r'["{}\[\]<]')
_JSON_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_json = json.JSONDecoder(strict=False)


class NoCall(Exception):
    """What stands here is no call, whatever may follow."""


class More(Exception):
    """What follows decides."""


class Ending(Enum):
    """What the end of the text that is there means."""

    OPEN = "more may follow"
    CUT = "the answer broke off, or was cut at its limit"
    SEGMENT = "something else follows in the same answer"
    MESSAGE = "the answer is complete"


@dataclass(slots=True)
class Cursor:
    """Reads forward from `pos`. Every method raises `More` or `NoCall` when it cannot."""

    text: str
    pos: int
    ending: Ending
    knows: Callable[[str], bool]
    """Whether a tool has this name."""

    @property
    def _open(self) -> bool:
        return self.ending is Ending.OPEN

    def missing(self) -> Exception:
        """What the end of the text is to somebody who needs more of it."""
        return More() if self._open else NoCall()

    def peek(self) -> str:
        """The next character; empty at the end of a text that cannot grow."""
        if self.pos < len(self.text):
            return self.text[self.pos]
        if self._open:
            raise More
        return ""

    def space(self) -> None:
        """Passes over white space."""
        self.pos = _end(_SPACE, self.text, self.pos)

    def starts(self, *options: str) -> str:
        """Which of the options comes next, without passing over it; empty when none does."""
        for option in sorted(options, key=len, reverse=True):
            rest = self.text[self.pos : self.pos + len(option)].translate(FOLD)
            if rest == option:
                return option
            if self._open and len(rest) < len(option) and option.startswith(rest):
                raise More
        return ""

    def skip(self, *options: str) -> str:
        """Passes over one of the options, if it is there."""
        found = self.starts(*options)
        self.pos += len(found)
        return found

    def trailing(self, *options: str) -> str:
        """Passes over white space and one of the options after it, or over neither."""
        start = self.pos
        self.space()
        if not (found := self.skip(*options)):
            self.pos = start
        return found

    def literal(self, *options: str) -> str:
        """Passes over one of the options, which must be there."""
        if not (found := self.skip(*options)):
            raise NoCall
        return found

    def take(self, run: re.Pattern[str]) -> str:
        """The characters of a run, such as `[a-z]{0,64}`; the run may be empty."""
        start, self.pos = self.pos, _end(run, self.text, self.pos)
        if self.pos == len(self.text) and self._open:
            raise More
        return self.text[start : self.pos]

    def some(self, run: re.Pattern[str]) -> str:
        """The characters of a run, at least one."""
        if not (found := self.take(run)):
            raise NoCall
        return found

    def until(self, closer: re.Pattern[str]) -> str:
        """The text before the closer, which is passed over. The closer has a fixed end."""
        found = closer.search(self.text, self.pos)
        if found is None:
            raise self.missing()
        start, self.pos = self.pos, found.end()
        return self.text[start : found.start()]

    def finish(self, *closers: str, before: str = "") -> None:
        """Passes over a closer, or finds the next call, or the end of an answer that was not cut."""
        start = self.pos
        self.pos = _end(_STRAY, self.text, start)
        if self.skip(*closers):
            return
        self.pos = start
        self.space()
        if before and self.starts(before):
            return
        if self.pos < len(self.text) or self.ending is Ending.CUT:
            raise NoCall
        if self._open:
            raise More

    def last(self) -> None:
        """Passes over white space to the end of the whole answer."""
        self.space()
        if self.pos < len(self.text):
            raise NoCall
        if self.ending is not Ending.MESSAGE:
            raise self.missing()

    def json(self, *closers: str) -> str:
        """The text of a JSON object or array, also of one that is not well-formed.

        Its brackets end it; where they do not, the first of the closers outside a string does, and
        at the end of the text the first of them anywhere.
        """
        start = self.pos
        if self.peek() not in ("{", "["):
            raise NoCall
        end = self._json_end(closers)
        self.pos = end
        return self.text[start:end]

    def _json_end(self, closers: Sequence[str]) -> int:
        try:
            return _json.raw_decode(self.text, self.pos)[1]
        except RecursionError:
            raise NoCall from None
        except ValueError:
            pass
        if (end := self._bracket_end(closers)) is not None:
            return end
        if self._open:
            raise More
        found = [at for closer in closers if (at := self.text.find(closer, self.pos)) >= 0]
        if not found:
            raise NoCall
        return min(found)

    def _bracket_end(self, closers: Sequence[str]) -> int | None:
        """The end of the last bracket, or where a closer stands in its place."""
        depth, pos = 0, self.pos
        while (mark := _JSON_MARK.search(self.text, pos)) is not None:
            pos = mark.end()
            if mark[0] == '"':
                string = _JSON_STRING.match(self.text, mark.start())
                if string is None:
                    return None
                pos = string.end()
            elif mark[0] == "<":
                return self._closed_at(mark.start(), closers)
            else:
                depth += 1 if mark[0] in "{[" else -1
                if depth == 0:
                    return pos
        return None

    def _closed_at(self, at: int, closers: Sequence[str]) -> int:
        start, self.pos = self.pos, at
        found = self.starts(*closers)
        self.pos = start
        if not found:
            raise NoCall
        return at


def _end(run: re.Pattern[str], text: str, pos: int) -> int:
    found = run.match(text, pos)
    return found.end() if found else pos
