"""What is under way, and whether the gateway goes on: it serves, it drains, it ends.

While it drains, answers under way go on and nothing else is begun. At the end those that are left fail
as any answer may fail: with a status where there is none yet, otherwise with an error event. None of
them ever looks complete.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import Overloaded


class Life:
    """One for the whole gateway. All of it happens in one event loop."""

    def __init__(self) -> None:
        self.is_draining = False
        self.has_ended = False
        self._under_way: set[Callable[[], None]] = set()
        self.done = self._under_way.discard
        """An answer has ended that had begun."""

    @property
    def under_way(self) -> int:
        """Answers that have not ended."""
        return len(self._under_way)

    def admit(self, most: int) -> None:
        """Raises `Overloaded` when nothing more is to be begun: `most` answers are under way, or it ends."""
        if self.is_draining:
            raise stopping()
        if len(self._under_way) >= most:
            raise Overloaded(
                f"{most} answers are under way, the gateway's server.max_streams. Ask again.",
                bound="streams",
            )

    def begin(self, stop: Callable[[], None]) -> None:
        """An answer is under way; `stop` ends it early."""
        self._under_way.add(stop)
        if self.has_ended:
            stop()

    def drain(self) -> None:
        """From now on nothing is begun."""
        self.is_draining = True

    def end(self) -> None:
        """Ends what is under way."""
        self.is_draining = self.has_ended = True
        for stop in list(self._under_way):
            stop()


def stopping() -> Overloaded:
    """What a client is told whose answer is ended, or not begun."""
    return Overloaded("The gateway is being stopped. Ask again.", bound="stopping")
