"""What a failure says of another try: whether one may help, whose, and when. No IO."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gateway.availability import Fault, Named, fault
from gateway.errors import GatewayError, NoRoom, UpstreamFailure
from gateway.routing import Target

PASSES = frozenset({408, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same target may answer a moment later."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
"""Seconds before the first repetition, doubled with each one; and the most of that."""

MARGIN = 0.01
"""Seconds beside a time that a provider names: two clocks are never quite the same."""

HELPS = frozenset({401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504, 529})
"""Statuses after which another target may answer: the fault is this one's, not the request's."""

OTHER_KEY_HELPS = frozenset({401, 402, 403, 429})
"""Statuses after which the same target may answer to another key."""

RETRY_COUNT = "x-stainless-retry-count"
"""In which the official clients count how often they have asked before; Claude Code always says 0."""


def may_pass(error: GatewayError) -> bool:
    """The same target may answer a moment later. One without room was waited for already."""
    return error.status in PASSES and not isinstance(error, NoRoom)


def another_may_help(error: GatewayError) -> bool:
    """Another target may answer what this one did not."""
    return error.status in HELPS or is_overflow(error)


def is_overflow(error: GatewayError) -> bool:
    """The prompt did not fit; the dialects see to it that such an error is a 400 with these words."""
    return error.status == 400 and ("too long" in error.message or "context" in error.message)


def wait_before(repetition: int, named: float | None, chance: float) -> float:
    """Seconds before a repetition, counted from 1: those that the provider has named, if it did.

    `chance`, from 0 to 1, spreads the repetitions of those that failed together; none comes before the
    time that the provider has named.
    """
    if named is not None:
        return named * (1.0 + 0.1 * chance) + MARGIN
    return float(min(FIRST_WAIT * 2.0 ** (repetition - 1), LONGEST_WAIT)) * (0.5 + 0.5 * chance)


def fault_of(error: GatewayError, wall: float) -> Fault | None:
    """What an error counts for against whom was asked; None for nothing. See `is_of_provider`."""
    return fault(error.status, error.headers, wall)


def is_of_provider(error: GatewayError) -> bool:
    """Somebody was asked, and this came of it."""
    return isinstance(error, UpstreamFailure)


def left_alone(target: Target, named: Named) -> UpstreamFailure:
    """What is said in place of providers that have asked to be left alone, the soonest of which has named
    this time."""
    seconds = max(1, math.ceil(named.seconds))
    is_limit = named.status == 429
    return UpstreamFailure(
        f"{target} has asked not to be asked for another {seconds} s, and no other target of the rule can "
        "be asked. Wait, or give the rule another `fallback`.",
        status=429 if is_limit else 529,
        type="rate_limit_error" if is_limit else "overloaded_error",
        headers={"retry-after": str(seconds)},
    )


def client_retries(headers: Mapping[str, str]) -> int | None:
    """How often the client has asked for the same before; None for a client that does not count."""
    text = headers.get(RETRY_COUNT)
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
