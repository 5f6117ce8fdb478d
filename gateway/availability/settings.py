"""How failures are answered. No IO."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`failover:` of the config. Times are seconds."""

    failures: int = 5
    """So many failures in a row open a circuit,"""
    window: float = 60.0
    """when they fall within this time."""
    cooldown: float = 10.0
    """How long a circuit stays open at first; doubled each time it opens again without a whole answer
    between."""
    longest_cooldown: float = 300.0
    """Where the doubling ends; a key that is refused is left alone for so long."""
    longest_wait: float = 5.0
    """A `retry-after` up to this is waited for before the same target is asked again; a longer one goes
    to the next target, or to the client."""
    retry_share: float = 0.1
    """How many repetitions each request earns."""
    retries_per_minute: int = 5
    """What is allowed beside these, for clients that do not ask again by themselves."""
