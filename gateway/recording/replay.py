"""Records through a config: where each goes, and what that costs. No IO."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.config import Snapshot
from gateway.errors import GatewayError
from gateway.messages import MessagesRequest
from gateway.pipeline import choose, edits
from gateway.recording.facts import RecordedFacts, Unknown, answerable
from gateway.recording.record import Recorded
from gateway.routing import RecentPins
from gateway.routing.facts import Edits
from gateway.routing.pins import pin_of
from gateway.tokens import TokenCounter

REFUSED = "refused"
"""In place of the target of a request that a rule refuses, or that no target can take."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a record goes."""

    rule: str
    """The rule, or `default`, `path`, `model`, `server_tools`, `error`; empty when it is unknown."""
    target: str
    lacking: tuple[str, ...] = ()
    """What the record lacks to tell; empty when it is known."""

    @property
    def is_known(self) -> bool:
        """The record tells where it goes."""
        return not self.lacking

    def __str__(self) -> str:
        return f"{self.rule} ({self.target})"


class Router:
    """Routes records in their order by one config. Conversations keep rules as they do in service."""

    def __init__(self, snapshot: Snapshot, counter: TokenCounter) -> None:
        self.snapshot = snapshot
        self._asked = replace(snapshot, rules=tuple(answerable(rule) for rule in snapshot.rules))
        self._sticky = {rule.name for rule in snapshot.rules if rule.sticky != "none"}
        self._counter = counter
        self._pins = RecentPins()

    def decide(self, record: Recorded) -> Decision:
        """Where the record goes. No target is taken to be cooling down."""
        facts = RecordedFacts.of(record, self._counter, self._edited)
        if record.is_kept and record.rule in self._sticky:
            self._pins.set(pin_of(facts), record.rule)  # from a turn that was not recorded
        try:
            route = choose(self._asked, facts.request, facts, self._pins)
        except Unknown as unknown:
            return Decision("", "", unknown.lacking)
        except GatewayError as error:
            return Decision("error", f"{REFUSED}: {error.type}")
        target = REFUSED if route.refuse is not None else str(route.target)
        return Decision(route.rule or route.origin, target)

    def _edited(self, request: MessagesRequest, names: Edits) -> MessagesRequest:
        return edits.transformed(self.snapshot, request, names)

    def cost(self, record: Recorded, target: str) -> float | None:
        """What the record costs at a target; None where no price is known."""
        if target.startswith(REFUSED):
            return 0.0
        price = self.snapshot.facts_of(target).price
        return price.of(record.billed) if price is not None else None


def with_every_key(snapshot: Snapshot) -> Snapshot:
    """As it decides where every provider has its key: the keys of a server are not where people look
    at its traffic."""
    endpoints = {
        name: replace(endpoint, missing_key=None) for name, endpoint in snapshot.endpoints.items()
    }
    return replace(snapshot, endpoints=endpoints)


@dataclass(slots=True)
class Sum:
    """Some requests, and what they cost."""

    count: int = 0
    cost: float = 0.0
    unpriced: int = 0
    """Those whose target has no price; they are not in the cost."""

    def add(self, cost: float | None) -> None:
        """One more request."""
        self.count += 1
        self.cost += cost or 0.0
        self.unpriced += cost is None


@dataclass(slots=True)
class Replay:
    """What became of some records."""

    total: int = 0
    estimated: int = 0
    """Records whose tokens were not counted."""
    rows: dict[Decision, Sum] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    """Fact that is lacking -> records. A record may lack several."""
    unknown_total: int = 0

    def to_json(self) -> dict[str, Any]:
        """`{total, estimated, rows: [{rule, target, count, share, cost, unpriced}], unknown}`."""
        rows = sorted(self.rows.items(), key=lambda row: (-row[1].count, str(row[0])))
        return {
            "total": self.total,
            "estimated": self.estimated,
            "rows": [self._row(decision, sum) for decision, sum in rows],
            "unknown": {"count": self.unknown_total, "lacking": ranked(self.unknown)},
        }

    def _row(self, decision: Decision, sum: Sum) -> dict[str, Any]:
        return {
            "rule": decision.rule,
            "target": decision.target,
            "count": sum.count,
            "share": round(sum.count / self.total, 4),
            "cost": None if sum.unpriced == sum.count else round(sum.cost, 6),
            "unpriced": sum.unpriced,
        }


def ranked(counter: Mapping[str, int]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def replayed(snapshot: Snapshot, records: Iterable[Recorded], counter: TokenCounter) -> Replay:
    """Routes the records by a config."""
    router, replay = Router(snapshot, counter), Replay()
    for record in records:
        replay.total += 1
        replay.estimated += not record.is_counted
        decision = router.decide(record)
        if decision.is_known:
            sum = replay.rows.setdefault(decision, Sum())
            sum.add(router.cost(record, decision.target))
        else:
            replay.unknown_total += 1
            replay.unknown.update(decision.lacking)
    return replay
