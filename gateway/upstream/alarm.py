"""One timer for all the waits of a connection. Setting one costs as much as a chunk."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Protocol


class Waits(Protocol):
    """Whom an alarm rings for."""

    def ring(self) -> None:
        """It may be time. If it is not, the alarm is to be set anew."""


class Alarm:
    """Stays set from one wait to the next, and from one answer to the next: when it rings, whoever waits
    then looks how long the silence is."""

    __slots__ = ("_loop", "_timer", "at", "waits")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.at = inf
        """When it rings."""
        self.waits: Waits | None = None
        """The answer under way."""
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due: float) -> None:
        """Rings then. Needed only where it does not ring before."""
        if self._timer is not None:
            self._timer.cancel()
        self.at = due
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self.at, self._timer = inf, None
        if self.waits is not None:
            self.waits.ring()

    def cancel(self) -> None:
        """Rings no more."""
        if self._timer is not None:
            self._timer.cancel()
        self.at, self._timer = inf, None
