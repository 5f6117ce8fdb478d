"""An exchange that ended, read once for all who keep something of it.

What an exchange says of itself it asks of the try under way and of the answer there, each time: the log,
the counts, the memory of targets and what estimates learn would ask for the same a dozen times.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.errors import GatewayError
from gateway.messages import Usage
from gateway.pipeline import Exchange
from gateway.pipeline.corrections import Corrections


class Ended(Struct, frozen=True):
    """What the exchange said at its end."""

    exchange: Exchange
    status: int
    """What the client was told."""
    is_complete: bool
    """The answer was delivered to its end."""
    failure: GatewayError | None
    seconds: float
    target: str | None
    """The target that was asked last; None before the decision."""
    usage: Usage | None
    prompt: int
    """Tokens of the whole prompt by `usage`; 0 where that is not known."""
    stop_reason: str | None
    stand_in: str | None
    """The provider that answered in place of the chosen one, if one did."""
    corrections: Corrections | None


def ended(
    exchange: Exchange,
    failure: GatewayError | None,
    *,
    status: int,
    is_complete: bool,
    seconds: float,
) -> Ended:
    """Reads an exchange that ended."""
    usage: Usage | None = None
    stop_reason: str | None = None
    stand_in: str | None = None
    corrections: Corrections | None = None
    attempt = exchange.begun
    if attempt is not None:
        stand_in, corrections = attempt.stand_in, attempt.corrections
        answer = attempt.answered
        if answer is not None:
            usage, stop_reason = answer.usage, answer.stop_reason
    prompt = usage.prompt if usage is not None else 0
    return Ended(
        exchange,
        status,
        is_complete,
        failure,
        seconds,
        exchange.target,
        usage,
        prompt,
        stop_reason,
        stand_in,
        corrections,
    )
