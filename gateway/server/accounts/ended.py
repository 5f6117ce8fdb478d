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
    usage: Usage | None = None
    prompt: int = 0
    """Tokens of the whole prompt by `usage`; 0 where that is not known."""
    stop_reason: str | None = None
    stand_in: str | None = None
    """The provider that answered in place of the chosen one, if one did."""
    corrections: Corrections | None = None
    provider_request: str | None = None
    """The provider's id of the request."""


def ended(
    exchange: Exchange,
    failure: GatewayError | None,
    *,
    status: int,
    is_complete: bool,
    seconds: float,
) -> Ended:
    """Reads an exchange that ended."""
    target, attempt = exchange.target, exchange.begun
    if attempt is None:
        return Ended(exchange, status, is_complete, failure, seconds, target)
    answer = attempt.answered
    usage = answer.usage if answer is not None else None
    return Ended(
        exchange,
        status,
        is_complete,
        failure,
        seconds,
        target,
        usage,
        usage.prompt if usage is not None else 0,
        answer.stop_reason if answer is not None else None,
        attempt.stand_in,
        attempt.corrections,
        attempt.returned.get("request-id"),
    )
