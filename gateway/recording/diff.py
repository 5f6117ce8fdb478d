"""Records through two configs: which of them would go to another target. No IO."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.config import Snapshot
from gateway.recording.record import Recorded
from gateway.recording.replay import Decision, Router, Sum, ranked
from gateway.tokens import TokenCounter

EXAMPLES = 3
"""Records that are named for each group."""


@dataclass(slots=True)
class Move:
    """Records that go from one place to another."""

    before: Decision
    after: Decision
    old: Sum = field(default_factory=Sum)
    new: Sum = field(default_factory=Sum)
    examples: list[Recorded] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.old.count

    @property
    def difference(self) -> float | None:
        """What they cost more; None where a price is not known."""
        if self.old.unpriced or self.new.unpriced:
            return None
        return self.new.cost - self.old.cost

    def to_json(self, compared: int) -> dict[str, Any]:
        """`{before: {rule, target}, after, count, share, cost: {before, after, difference}, examples}`."""
        difference = self.difference
        return {
            "before": {"rule": self.before.rule, "target": self.before.target},
            "after": {"rule": self.after.rule, "target": self.after.target},
            "count": self.count,
            "share": round(self.count / compared, 4),
            "cost": {
                "before": None if self.old.unpriced else round(self.old.cost, 6),
                "after": None if self.new.unpriced else round(self.new.cost, 6),
                "difference": None if difference is None else round(difference, 6),
            },
            "examples": [_example(record) for record in self.examples],
        }


@dataclass(slots=True)
class Change:
    """What a config changes about some records."""

    total: int = 0
    compared: int = 0
    """Records of which both decisions are known."""
    estimated: int = 0
    """Records whose tokens were not counted."""
    moves: dict[tuple[Decision, Decision], Move] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    """Fact that is lacking -> records."""

    @property
    def moved(self) -> int:
        """Records that go to another target."""
        return sum(move.count for move in self.moves.values())

    @property
    def share(self) -> float:
        """Of those that were compared, from 0 to 1."""
        return self.moved / self.compared if self.compared else 0.0

    @property
    def largest(self) -> list[Move]:
        """The groups, the largest first."""
        return sorted(
            self.moves.values(), key=lambda move: (-move.count, str(move.before), str(move.after))
        )

    def to_json(self) -> dict[str, Any]:
        """`{total, compared, moved, share, estimated, moves, unknown: {count, lacking}}`."""
        return {
            "total": self.total,
            "compared": self.compared,
            "moved": self.moved,
            "share": round(self.share, 4),
            "estimated": self.estimated,
            "moves": [move.to_json(self.compared) for move in self.largest],
            "unknown": {"count": self.total - self.compared, "lacking": ranked(self.unknown)},
        }


def _example(record: Recorded) -> dict[str, Any]:
    return {
        "id": record.id,
        "at": record.at,
        "model": record.model,
        "tokens": record.tokens,
        "request_class": record.request_class,
    }


def compare(
    old: Snapshot, new: Snapshot, records: Iterable[Recorded], counter: TokenCounter
) -> Change:
    """What becomes of the records when the one config takes the place of the other."""
    before, after, change = Router(old, counter), Router(new, counter), Change()
    for record in records:
        change.total += 1
        change.estimated += not record.is_counted
        was, becomes = before.decide(record), after.decide(record)
        if not (was.is_known and becomes.is_known):
            change.unknown.update({*was.lacking, *becomes.lacking})
            continue
        change.compared += 1
        if was.target == becomes.target:
            continue
        move = change.moves.setdefault((was, becomes), Move(was, becomes))
        move.old.add(before.cost(record, was.target))
        move.new.add(after.cost(record, becomes.target))
        if len(move.examples) < EXAMPLES:
            move.examples.append(record)
    return change
