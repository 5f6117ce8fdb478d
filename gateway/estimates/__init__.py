"""How many tokens a target's provider will count for a prompt. No IO.

Our own count is that of one tokenizer; an estimate is what another one will make of it, with what the
provider adds, and a little more: it is too small by over 2 % in fewer than one request in a hundred, after
twenty answers of the family. `families` says what is known beforehand, `calibration` learns from answers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from gateway.estimates.calibration import Calibration
from gateway.estimates.families import family_of
from gateway.tokens import Size

__all__ = ["LEARNED", "Estimates", "Lesson", "Size"]

FAMILIES = 200
"""Families that are remembered, about 2 KB each; which model a request names is the client's choice."""

LEARNED = 20
"""Answers after which what was learned counts more than what was known beforehand."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """An estimate, and what the provider has counted then."""

    family: str
    answers: int
    """Of the family, before this one."""
    estimate: int
    actual: int

    @property
    def ratio(self) -> float:
        """The estimate by the count."""
        return self.estimate / self.actual

    @property
    def is_low(self) -> bool:
        """The estimate was too small by more than 2 %."""
        return self.actual > 1.02 * self.estimate


class Estimates:
    """What was learned of each family. Safe between threads."""

    def __init__(self, families: int = FAMILIES) -> None:
        self._most = families
        self._known: OrderedDict[str, Calibration] = OrderedDict()
        self._lock = threading.Lock()

    def safe(self, provider: str, model: str, size: Size) -> int:
        """Tokens that the provider will hardly count more of. `size` is our own count."""
        with self._lock:
            return self._of(provider, model)[1].estimate(size)

    def expected(self, provider: str, model: str, size: Size) -> int:
        """Tokens that the provider will about count; our own count where little was learned yet."""
        with self._lock:
            found = self._of(provider, model)[1]
            return found.expected(size) if found.answers >= LEARNED else size.total

    def answers(self, provider: str, model: str) -> tuple[str, int]:
        """The family of a target, and how many of its answers were learned from."""
        with self._lock:
            family, found = self._of(provider, model)
            return family, found.answers

    def learn(
        self, provider: str, model: str, size: Size, actual: int, *, said: int | None = None
    ) -> Lesson:
        """The provider has counted `actual` tokens, at least 1, for a prompt of this size.

        `said` is what it was estimated at, where that is not what `safe` says.
        """
        with self._lock:
            family, found = self._of(provider, model)
            estimate = found.estimate(size) if said is None else said
            lesson = Lesson(family, found.answers, estimate, actual)
            found.learn(size, actual)
            return lesson

    def _of(self, provider: str, model: str) -> tuple[str, Calibration]:
        family, prior = family_of(provider, model)
        found = self._known.get(family)
        if found is None:
            found = self._known[family] = Calibration(prior)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(family)
        return family, found
