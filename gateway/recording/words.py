"""A change in one sentence. No IO."""

from __future__ import annotations

from gateway.recording.diff import Change
from gateway.recording.replay import ranked

SAID = 4
"""Groups that a sentence names."""


def summary(change: Change) -> str:
    """`38 of 120 recently seen requests (31.7 %) would go elsewhere: 30 from rule …`."""
    said = f"{change.moved} of {change.compared} recently seen requests ({percent(change.share)})"
    said += " would go elsewhere"
    moves = change.largest
    parts = [f"{move.count} from {move.before} to {move.after}" for move in moves[:SAID]]
    if rest := sum(move.count for move in moves[SAID:]):
        parts.append(f"{rest} in other ways")
    if parts:
        said += ": " + ", ".join(parts)
    if unknown := change.total - change.compared:
        lacking = ", ".join(list(ranked(change.unknown))[:SAID])
        said += f"; of {unknown} it is not known, for their record lacks: {lacking}"
    return said


def percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.1f} %"
