"""How often is learned from answers, and how much of a processor that may take."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import TypeVar

from gateway import observe

EVERY = 50
"""Answers of a family that are all learned from; after that one a second says as much."""
PACE = 1.0
"""Seconds between two lessons of a family then, and at least between two counts for a lesson alone."""
SHARE = 0.01
"""Of a processor's time, for counts that are made for a lesson alone."""
FAMILIES = 200
"""Families of which the last lesson's time is remembered."""


_T = TypeVar("_T")


class Pace:
    """When the next lesson is due."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, float] = OrderedDict()
        self._free_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def is_due(self, family: str, answers: int, now: float) -> bool:
        """The family may learn, of which so many answers are known."""
        if answers >= EVERY and now - self._last.get(family, -PACE) < PACE:
            return False
        self._last[family] = now
        self._last.move_to_end(family)
        if len(self._last) > FAMILIES:
            self._last.popitem(last=False)
        return True

    @property
    def is_free(self) -> bool:
        """No count is under way, and the last one is paid for."""
        return self._task is None and monotonic() >= self._free_at

    def count(self, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        """Counts in a thread, if it `is_free` for that.

        `done` is told the result on the loop.
        """
        if self.is_free:
            self._task = asyncio.create_task(self._count(work, done))

    async def _count(self, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        started = perf_counter()
        try:
            done(await asyncio.to_thread(work))
        except Exception as error:
            observe.logger().warning("lesson", error=repr(error))
        finally:
            self._free_at = monotonic() + max(PACE, (perf_counter() - started) / SHARE)
            self._task = None

    async def close(self) -> None:
        """Waits for the count under way."""
        if self._task is not None:
            await self._task
