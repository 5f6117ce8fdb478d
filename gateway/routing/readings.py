"""What went before, as far as rules may ask: cost, rates, cooldowns, caches, repairs. No IO.

Rules read through the `Readings` seam; what keeps the numbers stands behind it. `Recent` keeps them in
this process's memory, within bounds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Protocol

from msgspec import Struct


class Readings(Protocol):
    """What rules may ask. A scope is a session or a client key; a target is `provider:model`."""

    def spent(self, scope: str | None, seconds: float) -> float:
        """Cost of the scope (None: of everybody) in the last seconds, in the currency of the prices."""

    def requests(self, provider: str, seconds: float) -> int:
        """Requests to a provider in the last seconds."""

    def cooling(self, target: str) -> bool:
        """The target failed lately and is left alone for a while."""

    def cache_hit_rate(self, target: str) -> float | None:
        """Share of the prompt's tokens that came from the cache; None when nothing is known."""

    def repair_rate(self, target: str) -> float | None:
        """Share of the tool calls that had to be repaired; None when nothing is known."""


class Done(Struct, frozen=True):
    """One exchange that ended."""

    at: float
    """Seconds of a clock that never goes back."""
    target: str
    session: str | None = None
    key: str | None = None
    cost: float = 0.0
    prompt: int = 0
    cached: int = 0
    calls: int = 0
    repaired: int = 0
    failed: bool = False
    output: int = 0
    unsaid: int = 0
    """Tokens of a prompt that the provider took and said no number of, by our estimate."""


KEPT = 10_000
"""Exchanges that are remembered."""
SAMPLE = 50
"""Exchanges of a target that its rates are taken from."""


@dataclass(slots=True)
class Recent:
    """The last exchanges of this process. Safe between threads: large requests are routed in one."""

    clock: Callable[[], float]
    cooldown: float = 30.0
    """Seconds that a target is left alone after a failure."""
    _done: deque[Done] = field(default_factory=lambda: deque(maxlen=KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, done: Done) -> None:
        """Remembers an exchange."""
        with self._lock:
            self._done.append(done)

    def spent(self, scope: str | None, seconds: float) -> float:
        with self._lock:
            return sum(
                done.cost
                for done in self._within(seconds)
                if scope is None or scope in (done.session, done.key)
            )

    def requests(self, provider: str, seconds: float) -> int:
        start = provider + ":"
        with self._lock:
            return sum(done.target.startswith(start) for done in self._within(seconds))

    def cooling(self, target: str) -> bool:
        with self._lock:
            of_target = (done for done in self._within(self.cooldown) if done.target == target)
            last = next(of_target, None)
        return last is not None and last.failed

    def cache_hit_rate(self, target: str) -> float | None:
        last = self._last(target)
        prompt = sum(done.prompt for done in last)
        return sum(done.cached for done in last) / prompt if prompt else None

    def repair_rate(self, target: str) -> float | None:
        last = self._last(target)
        calls = sum(done.calls for done in last)
        return sum(done.repaired for done in last) / calls if calls else None

    def _within(self, seconds: float) -> Iterator[Done]:
        """The exchanges of the last seconds, the last one first."""
        since = self.clock() - seconds
        return takewhile(lambda done: done.at >= since, reversed(self._done))

    def _last(self, target: str) -> list[Done]:
        with self._lock:
            of_target = (done for done in reversed(self._done) if done.target == target)
            return list(islice(of_target, SAMPLE))


class _Nothing:
    """A gateway that has served nobody yet."""

    def spent(self, scope: str | None, seconds: float) -> float:
        return 0.0

    def requests(self, provider: str, seconds: float) -> int:
        return 0

    def cooling(self, target: str) -> bool:
        return False

    def cache_hit_rate(self, target: str) -> float | None:
        return None

    def repair_rate(self, target: str) -> float | None:
        return None


NOTHING: Readings = _Nothing()
