"""Finds calls in one channel of an answer, told piece by piece. No IO.

Text goes on at once, except from where a call may begin until that is known. What is found does not
depend on how the text was cut: readers are held to that by `cursor`, and every other decision falls
at a place in the text, never at the end of a piece.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from gateway.correction.catalog import ToolCatalog
from gateway.correction.judging import correct
from gateway.correction.leaked import examples
from gateway.correction.leaked.context import Context
from gateway.correction.leaked.cursor import Cursor, Ending, More, NoCall
from gateway.correction.leaked.formats import ANYWHERE, LINE, MESSAGE, Format, begins, read
from gateway.correction.leaked.written import Written, bare_name
from gateway.correction.result import Channel, Correction

MAX_HELD = 1024 * 1024
"""Characters of one call's markup, and of calls that follow each other; more is text."""
MAX_FAILURES = 256
"""Openers without a call; after them the rest of the answer is text."""
_FAILURE = 1024
"""Characters in which a call was looked for to the end that count as one failure more."""

MAX_ERRORS = 8

_TRY_EACH = 4096
"""Held characters up to which every piece is a new try; beyond, only an eighth more text is."""
_STOP = re.compile(r"\n|<(?=[A-Za-z|｜]|\Z)|\[(?=T|\Z)")
_BLANKS = re.compile(r"\s+")
_SEPARATORS = re.compile(r"[\s_.\-]+")
_WORD = re.compile(r"\w*")
_NO_TOOL = ("print", "functions", "default_api", "functools")


@dataclass(frozen=True, slots=True)
class Leak:
    """One call that was recovered."""

    format: str
    """The name of a format in `formats`."""
    channel: Channel
    call: Correction


@dataclass(slots=True)
class Found:
    """Calls that follow each other, and the markup that they were."""

    format: str
    calls: list[Correction]
    markup: list[str]
    size: int
    tail: list[str] = field(default_factory=list)
    """The text after them, as far as it is held."""


Piece = str | Found


class Scanner:
    """Told text in order; gives back text and calls in order."""

    __slots__ = (
        "_catalog",
        "_context",
        "_failures",
        "_held",
        "_held_size",
        "_out",
        "_pending",
        "_reasoning",
        "_retry_at",
        "_tools",
        "_words",
        "errors",
    )

    def __init__(self, catalog: ToolCatalog, channel: Channel) -> None:
        self._catalog = catalog
        self._reasoning = channel == "reasoning"
        self._words = tuple(name.casefold() for name in (*catalog.names, *_NO_TOOL))
        self._tools = Counter(_folded(name) for name in catalog.names)
        self._context = Context()
        self._held: list[str] = []
        self._held_size = 0
        self._retry_at = 0
        self._pending: Found | None = None
        self._out: list[Piece] = []
        self._failures = 0
        self.errors: list[str] = []
        """What is wrong with the first calls of known tools that have to stay text."""

    def feed(self, text: str) -> list[Piece]:
        """What can be said now."""
        if self._is_plain(text):
            self._context.feed(text)
            return [text]
        if text:
            self._held.append(text)
            self._held_size += len(text)
            if self._held_size >= self._retry_at:
                self._scan(Ending.OPEN)
        return self._taken()

    def _is_plain(self, text: str) -> bool:
        """Nothing is held, and nothing can begin here: so it is for most pieces of most answers."""
        return not (
            self._held
            or self._pending is not None
            or self._context.at_line_start
            or _STOP.search(text)
        )

    def end(self, ending: Ending) -> list[Piece]:
        """Everything that is left; more text may follow unless the answer is complete."""
        self._scan(Ending.OPEN)
        self._scan(ending)
        if self._pending is not None:
            self._judge(self._pending, None)
        return self._taken()

    def abandon(self) -> str:
        """Everything that is left, as the text that it was."""
        pending, self._pending = self._pending, None
        before = [*pending.markup, *pending.tail] if pending is not None else []
        text = "".join([*before, *self._held])
        self._hold("")
        return text

    @property
    def holds(self) -> bool:
        """Something was told that was not given back."""
        return bool(self._held) or self._pending is not None

    def interrupt(self) -> None:
        """Something else than text was said: text cannot be the whole answer any more."""
        self._context.started = True

    def _taken(self) -> list[Piece]:
        out, self._out = self._out, []
        runs = groupby(out, key=lambda piece: isinstance(piece, str))
        return [piece for is_text, run in runs for piece in (_joined(run) if is_text else run)]

    def _hold(self, text: str) -> None:
        self._held = [text] if text else []
        self._held_size = size = len(text)
        self._retry_at = size if size < _TRY_EACH else size + size // 8

    # -- going through the text -----------------------------------------------------------------

    def _scan(self, ending: Ending) -> None:
        text = "".join(self._held)
        pos = 0
        while pos < len(text):
            try:
                end = self._call_end(text, pos, ending)
            except More:
                break
            if end == pos:
                end = self._plain_end(text, pos)
                self._plain(text[pos:end])
            pos = end
        self._hold(text[pos:])

    def _plain_end(self, text: str, pos: int) -> int:
        """Where something other than plain text may begin next."""
        if self._context.fenced:
            return text.find("\n", pos) + 1 or len(text)
        if self._context.at_line_start and (blanks := _BLANKS.match(text, pos)):
            return blanks.end()
        if text[pos] == "\n":
            return pos + 1
        stop = _STOP.search(text, pos + 1)
        return stop.start() if stop else len(text)

    def _call_end(self, text: str, pos: int, ending: Ending) -> int:
        """Passes over the calls that begin here, if any do; raises `More`."""
        formats = self._formats(text, pos)
        if not formats or self._failures >= MAX_FAILURES:
            return pos
        limited = len(text) - pos > MAX_HELD
        window, start = (text[pos : pos + MAX_HELD], 0) if limited else (text, pos)
        for format in formats:
            cursor = Cursor(window, start, Ending.OPEN if limited else ending, self._knows)
            try:
                written = read(format, cursor)
            except More:
                if not limited:
                    raise
                self._failures += MAX_HELD // _FAILURE
            except NoCall:
                if ending is not Ending.OPEN:
                    self._failures += (len(text) - pos) // _FAILURE
            else:
                self._take(format, written, window[start : cursor.pos])
                return pos + cursor.pos - start
            self._failures += cursor.pos - start > len(format.opener)
        return pos

    def _formats(self, text: str, pos: int) -> Sequence[Format]:
        """Those that may begin here."""
        first = text[pos]
        if first.isspace() or self._context.fenced:
            return ()
        found: tuple[Format, ...] = ()
        if self._context.at_line_start:
            if not self._context.started and not self._reasoning and self._may_name(text, pos):
                found = MESSAGE
            found += _beginning(LINE, first, text[pos + 1 : pos + 2])
        if first in "<[":
            found += _beginning(ANYWHERE, first, text[pos + 1 : pos + 2])
        return found

    def _may_name(self, text: str, pos: int) -> bool:
        """Whether the word that begins here is, or may become, the name of a tool."""
        if text[pos] in "{[`":
            return True
        found = _WORD.match(text, pos)
        word = found[0].casefold() if found else ""
        return bool(word) and any(
            name.startswith(word) or word.startswith(name) for name in self._words
        )

    def _knows(self, name: str) -> bool:
        return self._is_tool(bare_name(name, self._is_tool))

    def _is_tool(self, name: str) -> bool:
        return name in self._catalog or self._tools[_folded(name)] == 1

    # -- what is said ---------------------------------------------------------------------------

    def _plain(self, text: str) -> None:
        self._context.feed(text)
        if (pending := self._pending) is None:
            self._out.append(text)
            return
        pending.tail.append(text)
        at = examples.judged_at("".join(pending.tail), reasoning=self._reasoning)
        if at is not None:
            self._judge(pending, at)

    def _take(self, format: Format, written: Sequence[Written], markup: str) -> None:
        """Calls were read; whether they are meant is another question."""
        pending = self._pending
        if pending is not None and "".join(pending.tail).strip():
            self._judge(pending, None)
            pending = None
        if pending is None and self._is_quoted():
            self._plain(markup)
            return
        corrections = self._resolved(written)
        if corrections is None:
            self._plain(markup)
        elif pending is None:
            self._pending = Found(format.name, corrections, [markup], len(markup))
        else:
            pending.calls += corrections
            pending.markup += [*pending.tail, markup]
            pending.size += len(markup)
            pending.tail.clear()
            if pending.size > MAX_HELD:
                self._judge(pending, None, too_many=self._reasoning)

    def _is_quoted(self) -> bool:
        return self._context.quoted() or examples.introduced(
            self._context.lead, reasoning=self._reasoning
        )

    def _resolved(self, written: Sequence[Written]) -> list[Correction] | None:
        """The calls as they are to be made; None unless all of them can be."""
        found = []
        for call in written:
            correction = correct(bare_name(call.name, self._is_tool), call.arguments, self._catalog)
            if correction.status not in ("valid", "repaired"):
                if self._is_tool(correction.name) and len(self.errors) < MAX_ERRORS:
                    self.errors += correction.errors
                return None
            found.append(correction)
        return found

    def _judge(self, pending: Found, at: int | None, *, too_many: bool = False) -> None:
        """Says the calls, or the text that they were, and the text after them."""
        self._pending = None
        tail = "".join(pending.tail)
        if too_many or examples.disclaimed(tail[:at], reasoning=self._reasoning):
            self._out.append("".join(pending.markup))
        else:
            self._out.append(pending)
            if not tail.strip():
                return
        if tail:
            self._out.append(tail)


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _joined(run: Iterable[Piece]) -> list[Piece]:
    return ["".join(piece for piece in run if isinstance(piece, str))]


@lru_cache(maxsize=1024)
def _beginning(formats: tuple[Format, ...], first: str, second: str) -> tuple[Format, ...]:
    return tuple(format for format in formats if begins(format, first + second))
