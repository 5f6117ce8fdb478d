"""Where each value of a document stands in its text. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.config.findings import Finding, Severity

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value; empty for the whole document."""

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML 1.1."""

_ESCAPE_LENGTH: Mapping[str, int] = {"x": 4, "u": 6, "U": 10}
"""Letter after the backslash -> characters of the whole escape; others take two."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one position to another; counted from 1, the end not included."""

    line: int
    column: int
    end_line: int
    end_column: int
    file: str | None = None
    """An included file; None for the document's own."""

    @property
    def is_empty(self) -> bool:
        """Nothing stands there: a key without a value."""
        return (self.line, self.column) >= (self.end_line, self.end_column)


START = Span(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key stand."""

    value: Span
    key: Span | None = None
    typed: str | None = field(default=None, repr=False)
    """A scalar as the text has it, before YAML and the environment gave it a meaning."""
    quote: str = ""
    """`'`, `"`, `|` or `>`; empty for a plain scalar."""


@dataclass(frozen=True, slots=True)
class Positions:
    """A document's text and the place of every value in it."""

    file: str
    lines: Sequence[str] = field(repr=False)
    places: Mapping[Path, Place] = field(repr=False)
    included: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    """The lines of other files from which some of the values come."""

    def lines_of(self, span: Span) -> Sequence[str]:
        """The lines of the file in which a span lies."""
        return self.lines if span.file is None else self.included.get(span.file, ("",))

    def place(self, path: Path) -> Place:
        """The place of a value."""
        return self.places.get(path, Place(START))

    def key(self, path: Path) -> Span:
        """The key of a value; the value itself where it has no key, as in a list."""
        place = self.place(path)
        return place.key or place.value

    def value(self, path: Path) -> Span:
        """The value; its key where nothing is written after it."""
        place = self.place(path)
        return place.key if place.key is not None and place.value.is_empty else place.value

    def typed(self, path: Path) -> str | None:
        """A scalar as the text has it; None for what is no scalar."""
        place = self.places.get(path)
        return place.typed if place else None

    def within(self, path: Path, index: int, length: int = 1) -> Span:
        """`length` characters of a scalar, from `index` on; all of it when it runs over lines."""
        place, span = self.place(path), self.value(path)
        if place.typed is None or place.quote in ("|", ">") or span.line != span.end_line:
            return span
        written = self.lines_of(span)[span.line - 1][span.column - 1 : span.end_column - 1]
        if not (written.startswith(place.quote) if place.quote else written == place.typed):
            return span  # an anchor or a tag stands in front of it
        columns = _columns(written, place.quote)
        start = columns[min(index, len(columns) - 1)]
        end = max(start + 1, columns[min(index + length, len(columns) - 1)])
        return replace(span, column=span.column + start, end_column=span.column + end)

    def error(self, code: str, span: Span, message: str, help: str = "") -> Finding:
        """Something that keeps the config from being used."""
        return self._finding("error", code, span, message, help)

    def warning(self, code: str, span: Span, message: str, help: str = "") -> Finding:
        """Something that is probably not meant."""
        return self._finding("warning", code, span, message, help)

    def note(self, code: str, span: Span, message: str, help: str = "") -> Finding:
        """Something to know that may well be meant."""
        return self._finding("note", code, span, message, help)

    def _finding(
        self, severity: Severity, code: str, span: Span, message: str, help: str
    ) -> Finding:
        """The position is moved into the text: YAML reports what is missing after its end."""
        lines = self.lines_of(span)
        line = max(1, min(span.line, len(lines)))
        text = lines[line - 1]
        column = min(span.column, len(text) + 1) if span.line == line else len(text) + 1
        end = span.end_column if span.end_line == line else len(text.rstrip()) + 1
        return Finding(
            file=span.file or self.file,
            line=line,
            column=max(1, column),
            code=code,
            severity=severity,
            message=printable(message),
            help=printable(help),
            width=max(1, end - column),
        )


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them; at least one."""
    return LINE_BREAK.split(text)


def printable(text: str) -> str:
    """The text in one line, without anything that a terminal would obey."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _columns(written: str, quote: str) -> list[int]:
    """For each character of a scalar, and for its end, where it is written: escapes take more room."""
    if not quote:
        return list(range(len(written) + 1))
    columns, at = [], 1
    while at < len(written) - 1:
        columns.append(at)
        if quote == '"' and written[at] == "\\":
            at += _ESCAPE_LENGTH.get(written[at + 1], 2)
        else:
            at += 2 if quote == "'" and written[at] == "'" else 1
    return [*columns, len(written) - 1]
