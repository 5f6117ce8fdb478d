"""An event loop in which waiting takes no time: its clock jumps to whatever is due next.

Only for stories without sockets and threads: what they do would take longer than its minutes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout is not None:
            self.passed += timeout
        return ready


class Hurried(asyncio.SelectorEventLoop):
    """Its time begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


def hurried(story: Coroutine[Any, Any, T]) -> T:
    """Runs a story to its end."""
    with asyncio.Runner(loop_factory=Hurried) as runner:
        return runner.run(story)
