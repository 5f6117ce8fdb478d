"""What stands around a conversation in a body: read once, and then compared. No IO.

System prompt, tools and settings are the same turn by turn, and most of many a body. What was JSON before
and behind the messages, in the body that it was learned from, is JSON around any list of messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gateway.json_text import Raw

if TYPE_CHECKING:
    from gateway.messages.memory import Passage

MOST = 16
"""Frames that are kept, those that were met last: each is compared with a body until one fits."""

LONGEST = 256 * 1024
"""Bytes of a frame that is kept."""


class Frame(Struct, frozen=True, eq=False):
    """A body without its messages."""

    head: bytes
    """Up to the first message."""
    tail: bytes
    """From the end of the list of messages on."""
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
    def of(cls, body: bytes, fields: dict[str, Raw], opens: int, begins: int, ends: int) -> Frame:
        """Around the list of messages at `opens`, of which the first one begins and the last one ends there.

        `fields` are those of the body.
        """
        at = list(fields).index("messages")
        known = [
            (name, raw.copy()) for name, raw in fields.items()
        ]  # of their own, not of the body
        before, after = dict(known[:at]), dict(known[at + 1 :])
        return cls(body[:begins], body[ends:], opens, before, after, {**before, **after})


class Frames:
    """The frames that were met last. Safe between threads: of two that learn at once, one may be lost."""

    def __init__(self) -> None:
        self._known: tuple[Frame, ...] = ()

    def around(self, body: bytes) -> Frame | None:
        """The frame that a body seems to have; what stands in it has to be messages."""
        for frame in self._known:
            if body.startswith(frame.head) and body.endswith(frame.tail):
                if frame is not self._known[0]:
                    self.keep(frame)
                return frame
        return None

    def keep(self, frame: Frame) -> None:
        """It was met last; one that is too long is not kept."""
        if len(frame.head) + len(frame.tail) > LONGEST:
            return
        others = [known for known in self._known if known is not frame]
        self._known = (frame, *others[: MOST - 1])
