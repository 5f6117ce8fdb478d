"""An amount per time that holds for every stretch of that length, wherever it begins. No IO.

A bucket that fills while nobody asks lets twice its rate through in the first stretch; providers that
count in other ways than ours then refuse. What is let through here is within the rate for all of them.

Amounts are kept in slices of a `SLICES`th of the time, so that a window is small however much is let
through; each counts as taken in its last moment, so nothing is forgotten early.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import floor

from gateway.units import Rate

SLICES = 600


@dataclass(slots=True, eq=False)
class Slice:
    """What was taken within a moment."""

    at: float
    """The end of the moment."""
    amount: int = 0


class Window:
    """What was taken within the time that counts now. The rate may be another one at each call."""

    def __init__(self) -> None:
        self._slices: deque[Slice] = deque()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._slices)

    def take(self, amount: int, rate: Rate, now: float) -> Slice:
        """Takes an amount, whether or not there is room; `lessen` gives back what was too much."""
        self._forget(rate, now)
        step = rate.seconds / SLICES
        at = (floor(now / step) + 1) * step
        if not self._slices or self._slices[-1].at < at:
            self._slices.append(Slice(at))
        last = self._slices[-1]
        last.amount += amount
        self._taken += amount
        return last

    def lessen(self, taken: Slice, amount: int, rate: Rate, now: float) -> None:
        """Less was used than was taken; what is forgotten already is no more to be given back."""
        self._forget(rate, now)
        if taken.at + rate.seconds > now:
            given = min(amount, taken.amount)
            taken.amount -= given
            self._taken -= given

    def free_at(self, amount: int, rate: Rate, now: float) -> float:
        """When there is room for so much if nothing else is taken; what is larger than the rate has
        room when nothing is."""
        self._forget(rate, now)
        over = self._taken + min(amount, rate.amount) - rate.amount
        at = now
        for one in self._slices:
            if over <= 0:
                break
            over -= one.amount
            at = one.at + rate.seconds
        return at

    def _forget(self, rate: Rate, now: float) -> None:
        while self._slices and self._slices[0].at + rate.seconds <= now:
            self._taken -= self._slices.popleft().amount
