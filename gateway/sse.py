"""Server-sent events: bytes to events and back. No IO.

The bytes are split before they are decoded: a chunk may end inside a UTF-8 sequence, inside CR LF or
inside a field name, and U+2028 is legal inside JSON although `str.splitlines` would break there.
Grammar: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
MAX_EVENT = 32 * 1024 * 1024
"""Bytes that one unfinished event may take: a whole image fits, a server gone mad does not."""


class Event(NamedTuple):
    """One block of the stream: its `event:` name (empty when absent) and its joined `data:` lines.

    A block without data is a comment or a keep-alive: readers pass over it, relays forward its bytes.
    """

    name: bytes
    data: bytes
    raw: bytes
    """The bytes of the event as they came, with the blank line that ended it."""


class EventTooLarge(ValueError):
    """An event grew past `MAX_EVENT` without an end."""


class Splitter:
    """Feed it bytes, cut anywhere; it gives the events that are complete.

    The `raw` of all events, joined, is the stream without its byte order mark: nothing is lost.
    """

    __slots__ = ("_buffer", "_first", "_returns", "_scanned")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._first = True
        self._returns = False
        """A CR came, so that lines may end with one."""

    @property
    def is_between(self) -> bool:
        """An event has begun the stream, and none is under way: the next byte begins one."""
        return not (self._buffer or self._first)

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that `chunk` completes, in order."""
        if self.is_between and (event := _usual(chunk)) is not None:
            yield event
            return
        self._buffer += chunk
        self._returns = self._returns or b"\r" in chunk
        if self._first and not self._strip_bom():
            return
        start = 0
        while (end := self._blank_line(start)) is not None:
            block = bytes(self._buffer[start:end])
            start = self._scanned = end
            yield _parse(block)
        if start:
            del self._buffer[:start]
            self._scanned -= start
        if len(self._buffer) > MAX_EVENT:
            raise EventTooLarge(f"an event of more than {MAX_EVENT} bytes")

    def finish(self) -> Iterator[Event]:
        """The last event, when its blank line is missing: several servers end so."""
        block = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        if block:
            yield _parse(block)

    def _strip_bom(self) -> bool:
        """False while the first bytes could still become a byte order mark."""
        head = bytes(self._buffer[:3])
        if head != BOM and BOM.startswith(head):
            return False
        if head == BOM:
            del self._buffer[:3]
        self._first = False
        return True

    def _blank_line(self, start: int) -> int | None:
        """The index just after the next blank line, or None; remembers how far it has looked."""
        buffer = self._buffer
        at = self._scanned
        if not self._returns:
            if buffer.startswith(b"\n", start):
                return start + 1
            newline = buffer.find(b"\n\n", max(start, at - 1))
            self._scanned = len(buffer)
            return newline + 2 if newline >= 0 else None
        while True:
            newline = buffer.find(b"\n", at)
            carriage = buffer.find(b"\r", at, newline if newline >= 0 else len(buffer))
            end = carriage if carriage >= 0 else newline
            if end < 0:
                self._scanned = len(buffer)
                return None
            after = end + 1
            if carriage >= 0:
                if after == len(buffer):  # a CR at the very end may be half of CR LF
                    self._scanned = end
                    return None
                if buffer[after] == 0x0A:
                    after += 1
            if _line_is_empty(buffer, start, end):
                return after
            at = after


def _line_is_empty(buffer: bytearray, start: int, end: int) -> bool:
    return end == start or buffer[end - 1] in b"\r\n"


_USUAL = re.compile(rb"(?:event: ?([^\r\n]*+)\r?\n)?data: ?([^\r\n]*+)\r?\n\r?\n").fullmatch


def _usual(block: bytes) -> Event | None:
    """What nearly every event is: a name at most, and data in one line."""
    found = _USUAL(block)
    return Event(found[1] or b"", found[2], block) if found is not None else None


def _parse(block: bytes) -> Event:
    usual = _usual(block)
    if usual is not None:
        return usual
    name = b""
    data: list[bytes] = []
    for line in block.splitlines():  # bytes: only CR, LF and CR LF end a line
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return Event(name, data[0] if len(data) == 1 else b"\n".join(data), block)
