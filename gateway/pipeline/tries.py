"""What a failure says of another try: whether one may help, whose, and when. No IO."""

from __future__ import annotations

from gateway.errors import GatewayError, NoRoom

PASSES = frozenset({408, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same target may answer a moment later."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
"""Seconds before the first repetition, doubled with each one; and the most that is ever waited."""

HELPS = frozenset({401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504, 529})
"""Statuses after which another target may answer: the fault is this one's, not the request's."""


def may_pass(error: GatewayError) -> bool:
    """The same target may answer a moment later. One without room was waited for already."""
    return error.status in PASSES and not isinstance(error, NoRoom)


def another_may_help(error: GatewayError) -> bool:
    """Another target may answer what this one did not."""
    return error.status in HELPS or is_overflow(error)


def is_overflow(error: GatewayError) -> bool:
    """The prompt did not fit; the dialects see to it that such an error is a 400 with these words."""
    return error.status == 400 and ("too long" in error.message or "context" in error.message)


def wait_before(repetition: int, error: GatewayError) -> float:
    """Seconds before a repetition, counted from 1: what the provider asks for, if it says so."""
    asked = error.headers.get("retry-after", "")
    wait = float(asked) if asked.isdecimal() else FIRST_WAIT * 2 ** (repetition - 1)
    return min(wait, LONGEST_WAIT)
