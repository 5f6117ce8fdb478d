"""How many repetitions the traffic has earned. No IO."""

from __future__ import annotations

import threading

from gateway.availability.settings import Settings

MOST_EARNED = 50.0
"""Repetitions that are saved up in each half: a quiet day must not pay for a storm."""


class Budget:
    """Each request earns a share of a repetition; a few more are free each minute.

    Half of what is earned is kept for tries that have nowhere else to go: where a fallback can be asked,
    that costs nothing of the budget. The free ones are for clients that do not ask again by themselves: for
    one that does, they would multiply its own. So repetitions for those never pass `retry_share` of the
    requests. Safe between threads, but for a race of two requests that may lose what one of them earns.
    """

    def __init__(self, now: float) -> None:
        self._traffic = 0.0
        """What all requests have earned: it only grows, so nothing of it can count twice."""
        self._shared = 0.0
        """What of that is in the two halves."""
        self._earned = 0.0
        self._kept = 0.0
        self._free: float | None = None
        """None before anybody asked: a minute's worth."""
        self._filled_at = now
        self._lock = threading.Lock()

    def earn(self, share: float) -> None:
        """A request came."""
        self._traffic += share

    def spend(
        self, now: float, settings: Settings, *, asks_again: bool, is_last: bool = True
    ) -> bool:
        """Takes one repetition, if there is one. `asks_again`: the client does so by itself; `is_last`:
        there is nobody else to ask."""
        with self._lock:
            self._share()
            if is_last and self._kept >= 1.0:
                self._kept -= 1.0
                return True
            if self._earned >= 1.0:
                self._earned -= 1.0
                return True
            if is_last and self._earned + self._kept >= 1.0:
                self._earned, self._kept = self._earned + self._kept - 1.0, 0.0
                return True
            self._fill(now, settings)
            if asks_again or self._free is None or self._free < 1.0:
                return False
            self._free -= 1.0
            return True

    def _share(self) -> None:
        traffic = self._traffic
        half, self._shared = (traffic - self._shared) / 2.0, traffic
        self._earned = min(self._earned + half, MOST_EARNED)
        self._kept = min(self._kept + half, MOST_EARNED)

    def _fill(self, now: float, settings: Settings) -> None:
        most = float(settings.retries_per_minute)
        if self._free is None:
            self._free = most
        else:
            self._free += max(0.0, now - self._filled_at) / 60.0 * most
        self._free = min(self._free, most)
        self._filled_at = now
