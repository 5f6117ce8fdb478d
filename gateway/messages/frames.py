"""What stands around a conversation in a body: read once, and then compared. No IO.

System prompt, tools and settings are the same turn by turn, and most of many a body. What was JSON before
and behind the messages, in the body that it was learned from, is JSON around any list of messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import compress
from operator import and_, attrgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gateway.json_text import Raw

if TYPE_CHECKING:
    from gateway.messages.memory import Passage

MOST = 128
"""Frames that are kept, those that were met last: each is compared with a body until one fits."""

LONGEST = 256 * 1024
"""Bytes of one that is kept."""

DECODED = 5
"""Bytes that a value takes, for each byte of its JSON."""


class Frame(Struct, frozen=True, eq=False):
    """A body without its messages."""

    head: bytes
    """Up to the first message."""
    tail: bytes
    """From the end of the list of messages on."""
    size: int
    """Bytes of both."""
    opens: int
    """The place of the list."""
    before: dict[str, Raw]
    """The fields of the head."""
    after: dict[str, Raw]
    """The fields of the tail."""
    fields: dict[str, Raw]
    """Both."""
    values: dict[str, Any] = {}
    """Those that somebody asked for; to be read only, as all values of requests."""
    passages: dict[str, tuple[Raw, Passage]] = {}
    """Those of which something is remembered, and as what."""

    @classmethod
    def of(
        cls, body: bytes, fields: Mapping[str, Raw], places: Mapping[str, int], start: int
    ) -> Frame:
        """Of a body with these fields, whose values begin there; the first message begins at `start`."""
        opens = places["messages"]
        closes = opens + len(fields["messages"]) - 1
        head, tail = body[:start], body[closes:]
        before = {n: _cut(head, at, fields[n]) for n, at in places.items() if at < opens}
        after = {n: _cut(tail, at - closes, fields[n]) for n, at in places.items() if at > opens}
        size = len(head) + len(tail)
        return cls(head, tail, size, opens, before, after, {**before, **after})


def _cut(text: bytes, at: int, raw: Raw) -> Raw:
    """The value that stands in a text: not that of the body, which would be kept for its sake."""
    return Raw(memoryview(text)[at : at + len(raw)])


class Frames:
    """The frames that were met last. Safe between threads: of two that learn at once, one may be lost."""

    def __init__(self) -> None:
        self._known: tuple[list[Frame], list[bytes], list[bytes]] = ([], [], [])
        """The one that was met last comes first; their heads; their tails."""
        self.size = 0
        """Bytes that they take, with their values."""

    def around(self, body: bytes) -> Frame | None:
        """The frame that a body seems to have; what stands in it has to be messages."""
        frames, heads, tails = self._known
        fits = map(and_, map(body.startswith, heads), map(body.endswith, tails))
        frame = next(compress(frames, fits), None)
        if frame is not None and frame is not frames[0]:
            self.keep(frame)
        return frame

    def keep(self, frame: Frame) -> None:
        """It was met last; one that is too long is not kept."""
        if frame.size <= LONGEST:
            self._put(
                [frame, *[known for known in self._known[0] if known is not frame][: MOST - 1]]
            )

    def shrink(self, room: int) -> None:
        """Forgets those that were not met for long, until the others take no more bytes than this."""
        while self.size > room:
            self._put(self._known[0][:-1])

    def _put(self, frames: list[Frame]) -> None:
        self._known = frames, list(map(_head, frames)), list(map(_tail, frames))
        self.size = (1 + DECODED) * sum(map(_size, frames))


_head, _tail, _size = attrgetter("head"), attrgetter("tail"), attrgetter("size")
