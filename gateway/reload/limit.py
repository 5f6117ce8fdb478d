"""How much a config may change of what goes where. No IO."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.config import Finding, Snapshot
from gateway.recording import Change, Recorded, compare, summary
from gateway.tokens import TokenCounter


def change_of(
    old: Snapshot, new: Snapshot, recent: Sequence[Recorded], counter: TokenCounter
) -> Change | None:
    """What a config would change about the requests seen lately; None when there were none."""
    return compare(old, new, recent, counter) if recent else None


def is_too_much(serving: Snapshot, change: Change) -> bool:
    """The limit of the config that serves does not allow the change: one that lifts the limit is held
    by it too. So is one of which too little can be told although enough was seen."""
    limit, at_least = serving.reload.max_changed, serving.reload.at_least
    if limit is None or change.total < at_least:
        return False
    return change.compared < at_least or change.share > limit


def held(file: str, serving: Snapshot, change: Change) -> Finding:
    """Says that a config is held, and why."""
    limit = serving.reload.max_changed or 0.0
    return Finding(
        file=file,
        line=1,
        column=1,
        code="held",
        severity="warning",
        message=f"{summary(change)}; reload.max_changed allows {100 * limit:g} %",
        help="`gateway reload --accept` takes it; until then the config that was loaded before serves",
    )


def moved(file: str, change: Change) -> Finding:
    """Says what a config that was taken changes."""
    return Finding(
        file=file,
        line=1,
        column=1,
        code="routes-changed",
        severity="note",
        message=summary(change),
    )
