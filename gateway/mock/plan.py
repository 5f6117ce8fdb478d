"""Which request meets which scenario. No IO; chance comes from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from gateway.mock.scenario import Scenario
from gateway.mock.scenarios import OK, SCENARIOS


@dataclass(frozen=True, slots=True)
class Chance:
    """Which requests are hit."""

    after: int = 0
    """Requests that go well before the first that is hit."""
    every: int = 1
    """Of those that follow, each so manieth is hit."""
    share: float = 1.0
    """Of those, so many are, by lot."""
    seed: int = 0


class Plan:
    """A model whose name is a scenario's meets it, whatever was planned; others go by the plan.

    What follows an `@` in a model's name is not looked at, so that several models can fail alike.
    """

    def __init__(self, scenarios: Sequence[Scenario], chance: Chance) -> None:
        """The requests that are hit take the scenarios by turns; none means that all goes well."""
        self._scenarios = scenarios
        self._chance = chance
        self._random = Random(chance.seed)  # noqa: S311 - a lot, no secret
        self._asked = count(1)
        self._hits = count()

    def scenario(self, model: str) -> Scenario:
        """What the next request meets, for this model."""
        named = SCENARIOS.get(model.partition("@")[0])
        if named is not None:
            return named
        if not self._scenarios or not self._is_hit(next(self._asked)):
            return OK
        return self._scenarios[next(self._hits) % len(self._scenarios)]

    def _is_hit(self, number: int) -> bool:
        late = number - self._chance.after
        if late <= 0 or late % self._chance.every:
            return False
        return self._random.random() < self._chance.share
