"""What was served since the start, as plain counts: `metrics` and `stats` tell it. No IO.

A name that a client or a model chooses can be any text, so only so many are counted under their own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from gateway.errors import GatewayError
from gateway.estimates import LEARNED, Lesson
from gateway.messages import Usage
from gateway.pipeline import Chain
from gateway.pipeline.corrections import Corrections
from gateway.server.accounts.ended import Ended

OTHER = "(other)"
"""What is counted together because there is too much of it."""
NOWHERE = "(none)"
"""The target of requests that were refused before there was one."""

MOST_TARGETS = 200
MOST_TOOLS = 1_000
"""Pairs of a target and a tool."""

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds: the upper ends of the ranges in which durations are counted; the last is open."""

_K = TypeVar("_K", bound=Hashable)


RATIOS = (0.5, 0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2, 1.5, 2.0, 5.0)
"""An estimate by the provider's count: the upper ends of the ranges in which these are counted. What is
0.98 or less is what the estimate promises to be rare."""


class Bounded(dict[_K, bool]):
    """The first so many keys: each is told that it has its own place, any other that it has none."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __call__(self, key: _K) -> bool:
        """Whether the key has its own place."""
        return self[key]

    def __missing__(self, key: _K) -> bool:
        if len(self) >= self._most:
            return False
        self[key] = True
        return True


@dataclass(slots=True)
class Spread:
    """How many values fell into each range, and their sum."""

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def note(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Tokens(Struct):
    """Of one target, by their kind."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_creation: int = 0


class Tally:
    """Counts, each by its labels."""

    def __init__(self) -> None:
        self.since = time()
        self.requests: Counter[tuple[str, str]] = Counter()
        """(target, status)."""
        self.seconds = defaultdict[str, Spread](lambda: Spread(BOUNDS))
        """By target."""
        self.estimates = defaultdict[str, Spread](lambda: Spread(RATIOS))
        """By family of models: the estimate of a prompt's size, by what the provider counted."""
        self.low_estimates: Counter[tuple[str]] = Counter()
        """(family): estimates that were too small by more than 2 %, after the first answers."""
        self.calls: Counter[tuple[str, str, str]] = Counter()
        """(target, tool, outcome)."""
        self.repairs: Counter[tuple[str, str, str]] = Counter()
        """(target, tool, class): calls in which something of the class was changed or is to be."""
        self.consulted: Counter[tuple[str, str]] = Counter()
        """(target, outcome): models that were asked about calls."""
        self.waited = defaultdict[str, Spread](lambda: Spread(BOUNDS))
        """By provider that has limits: seconds for which requests waited that were let in."""
        self.no_room: Counter[tuple[str, str]] = Counter()
        """(provider, why): requests that were not let in; `full` or `late`."""
        self.refused: Counter[tuple[str]] = Counter()
        """(bound): what was refused because it was too large, too deep, too slow or too many."""
        self.prefixes: Counter[tuple[str, str]] = Counter()
        """(target, part): turns whose prompt broke there; `nowhere` for those that only grew."""
        self.retries: Counter[tuple[str, str]] = Counter()
        """(target, what came then): tries that failed and were followed by another one."""
        self.withheld: Counter[tuple[str, str]] = Counter()
        """(target, why): repetitions that a rule has and that were not made."""
        self.passed_over: Counter[tuple[str]] = Counter()
        """(target): requests for which its circuit was open."""
        self.foreign: Counter[tuple[str]] = Counter()
        """(reason): requests for another host, `host`, or of another web page, `origin`."""
        self._tokens = defaultdict[str, Tokens](Tokens)
        """By target."""
        self._families: Bounded[str] = Bounded(MOST_TARGETS)
        self._targets: Bounded[str] = Bounded(MOST_TARGETS)
        self._tools: Bounded[tuple[str, str]] = Bounded(MOST_TOOLS)

    @property
    def tokens(self) -> dict[tuple[str, str], int]:
        """(target, kind)."""
        return {
            (target, kind): count
            for target, tokens in list(self._tokens.items())
            for kind, count in asdict(tokens).items()
        }

    def note(
        self, target: str, status: int, failure: GatewayError | None, *, seconds: float
    ) -> None:
        """A request that was answered, or not, `NOWHERE` if need be. `status` is what the client was told."""
        outcome = str(status)
        if failure is not None:
            self.note_refused(failure)
            if status < 400:
                outcome = "broken"
        self.requests[target, outcome] += 1
        self.seconds[target].note(seconds)

    def note_exchange(self, ended: Ended) -> None:
        """The request of an exchange, and what came of it besides."""
        exchange = ended.exchange
        chain, prefix, corrections = exchange.chain, exchange.prefix, ended.corrections
        target = self._target(ended.target)
        self.note(target, ended.status, ended.failure, seconds=ended.seconds)
        if ended.usage is not None:
            self._note_usage(target, ended.usage)
        if corrections is not None and (corrections.outcomes or corrections.consulted):
            self._note_calls(target, corrections)
        if chain.failed or chain.withheld or chain.passed_over:
            self._note_tries(chain)
        if prefix is not None:
            self.prefixes[target, prefix.part] += 1

    def note_waited(self, provider: str, seconds: float) -> None:
        """A request was let in at a provider that has limits."""
        self.waited[provider].note(seconds)

    def note_refused(self, failure: GatewayError) -> None:
        """Something was refused that is no request for messages, or came to nothing before it was one."""
        if failure.bound is not None:
            self.refused[(failure.bound,)] += 1

    def note_estimate(self, lesson: Lesson | None) -> None:
        """The size of a prompt was estimated, and then counted by the provider."""
        if lesson is None:
            return
        family = lesson.family if self._families[lesson.family] else OTHER
        self.estimates[family].note(lesson.ratio)
        if lesson.answers >= LEARNED:
            self.low_estimates[(family,)] += lesson.is_low

    def _note_usage(self, target: str, usage: Usage) -> None:
        tokens = self._tokens[target]
        tokens.input += usage.input
        tokens.output += usage.output
        if usage.cache_read:
            tokens.cache_read += usage.cache_read
        if usage.cache_creation:
            tokens.cache_creation += usage.cache_creation

    def _note_tries(self, chain: Chain) -> None:
        for failed in chain.failed:
            self.retries[self._target(failed.target), failed.then] += 1
        for name, why in chain.withheld:
            self.withheld[self._target(name), why] += 1
        for name in chain.passed_over:
            self.passed_over[(self._target(name),)] += 1

    def _note_calls(self, target: str, corrections: Corrections) -> None:
        for (tool, outcome), count in corrections.outcomes.items():
            if count:
                self.calls[target, self._tool(target, tool), outcome] += count
        for correction in corrections.found:
            for tool, rule in {(repair.tool, repair.rule): None for repair in correction.repairs}:
                self.repairs[target, self._tool(target, tool), rule] += 1
        for one in corrections.consulted:
            asked = self._target(one.target)
            self.consulted[asked, one.outcome] += 1
            if one.usage is not None:
                self._note_usage(asked, one.usage)

    def _target(self, name: str | None) -> str:
        if not name:
            return NOWHERE
        return name if self._targets[name] else OTHER

    def _tool(self, target: str, name: str) -> str:
        return name if self._tools[target, name] else OTHER

    # -- as JSON --------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """`{since, requests, tools, token_estimates, limits, correction_models}`; tools by target."""
        return {
            "since": round(self.since, 3),
            "requests": [
                {"target": target, "status": status, "requests": count}
                for (target, status), count in sorted(self.requests.items())
            ],
            "tools": [self._row(*pair) for pair in sorted({key[:2] for key in self.calls})],
            "token_estimates": [
                {
                    "family": family,
                    "answers": (answers := sum(spread.counts)),
                    "mean_ratio": round(spread.total / answers, 4),
                    "low": self.low_estimates[(family,)],
                }
                for family, spread in sorted(self.estimates.items())
            ],
            "limits": [
                self._limited(name) for name in sorted({*self.waited, *_providers(self.no_room)})
            ],
            "correction_models": [
                {"target": target, "outcome": outcome, "calls": count}
                for (target, outcome), count in sorted(self.consulted.items())
            ],
        }

    def _limited(self, provider: str) -> dict[str, Any]:
        waited = self.waited.get(provider, Spread(BOUNDS))
        let_in = sum(waited.counts)
        return {
            "provider": provider,
            "let_in": let_in,
            "mean_wait_seconds": round(waited.total / let_in, 3) if let_in else 0.0,
            **{f"refused_{why}": self.no_room[provider, why] for why in ("full", "late")},
        }

    def _row(self, target: str, tool: str) -> dict[str, Any]:
        outcomes = {name: self.calls[target, tool, status] for name, status in _OUTCOMES}
        calls = sum(outcomes.values())
        return {
            "target": target,
            "tool": tool,
            "calls": calls,
            **outcomes,
            "valid_share": round(outcomes["valid"] / calls, 4),
            "classes": {
                rule: count
                for (of_target, of_tool, rule), count in sorted(self.repairs.items())
                if (of_target, of_tool) == (target, tool)
            },
        }


def _providers(refused: Counter[tuple[str, str]]) -> Iterator[str]:
    return (provider for provider, _ in refused)


_OUTCOMES = (
    ("valid", "valid"),
    ("repaired", "repaired"),
    ("unrepaired", "invalid"),
    ("unchecked", "unchecked"),
)
"""Name in a row -> status of the correction."""
