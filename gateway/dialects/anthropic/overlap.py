"""Blocks of a stream that overlap, put one after the other. No IO.

Clients take one block at a time. A server that begins a second one before the first has stopped means
both, and says of each event which it belongs to; so what is of a later block waits for the first one.
"""

from __future__ import annotations

from typing import Any

from gateway.errors import UpstreamBroken
from gateway.sse import MAX_EVENT, Event

STOP = b"content_block_stop"
OF_BLOCKS = frozenset({b"content_block_start", b"content_block_delta", STOP})
"""Events that belong to a block."""


class Overlap:
    """The block that is open, and what came of others meanwhile."""

    def __init__(self, open: Any) -> None:
        self.open = open
        self._later: dict[Any, list[Event]] = {}
        self._size = 0

    def keep(self, index: Any, event: Event) -> None:
        """An event of another block than the open one. Raises `UpstreamBroken` when it is too much."""
        self._later.setdefault(index, []).append(event)
        self._size += len(event.raw)
        if self._size > MAX_EVENT:
            raise UpstreamBroken(
                f"The provider's stream holds blocks of more than {MAX_EVENT} bytes."
            )

    def freed(self) -> list[Event]:
        """The open block has stopped: the events that can be told, up to a block that is not complete.

        That one is `open` then; None when nothing is left.
        """
        told: list[Event] = []
        self.open = None
        for index in list(self._later):
            events = self._later.pop(index)
            told += events
            if events[-1].name != STOP:
                self.open = index
                break
        return told

    def rest(self) -> list[Event]:
        """Everything that is kept: no block will stop any more."""
        return [event for events in self._later.values() for event in events]
