"""What a config says of a provider's room. No IO."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.units import Rate


@dataclass(frozen=True, slots=True)
class Limits:
    """None is no limit."""

    concurrency: int | None = None
    """Requests that are under way at once, from sending to the last byte of the answer."""
    requests: Rate | None = None
    """Requests that are sent in a time."""
    tokens: Rate | None = None
    """Tokens in a time: estimated prompts, and what answers report once they have ended."""
    queue: int = 100
    """Requests that wait."""
    wait: float = 60.0
    """Seconds that one of them waits at most."""


UNLIMITED = Limits()
"""Of a provider whose limits were taken out of the config while some had been let in."""
