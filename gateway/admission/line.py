"""Who waits: sessions take turns, each in its own order. No IO."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """Something that waits, known by its identity."""

    @property
    def session(self) -> Hashable:
        """Who takes turns with the others."""


_W = TypeVar("_W", bound=Waiting)


class Line(Generic[_W]):
    """With k sessions in it, each is served once in every k. All but `longest` costs the same however
    many wait."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[Hashable, dict[_W, None]] = OrderedDict()
        """In the order of their turns; each in the order of its arrivals."""
        self._all: dict[_W, None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, one: object) -> bool:
        return one in self._all

    def __iter__(self) -> Iterator[_W]:
        """In the order of their arrivals."""
        return iter(self._all)

    @property
    def head(self) -> _W | None:
        """Whose turn it is."""
        for waiting in self._sessions.values():
            return next(iter(waiting))
        return None

    def add(self, one: _W) -> None:
        """It comes last in its session; a session that is new comes last among them."""
        self._all[one] = None
        self._sessions.setdefault(one.session, {})[one] = None

    def serve(self, one: _W) -> None:
        """It has its turn now: its session's next comes after the other sessions."""
        self.remove(one)
        if one.session in self._sessions:
            self._sessions.move_to_end(one.session)

    def remove(self, one: _W) -> None:
        """It waits no more; its session keeps its turn."""
        del self._all[one]
        waiting = self._sessions[one.session]
        del waiting[one]
        if not waiting:
            del self._sessions[one.session]

    def longest(self) -> _W:
        """The last of the session that has most in line, of several the one whose last came last.

        Where there is too much, it is this one's fault. Raises `ValueError` when nobody waits.
        """
        arrivals = {one: at for at, one in enumerate(self._all)}
        lasts = ((len(waiting), next(reversed(waiting))) for waiting in self._sessions.values())
        return max(lasts, key=lambda found: (found[0], arrivals[found[1]]))[1]
