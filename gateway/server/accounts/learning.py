"""What answers teach of their targets' tokenizers: the size that was sent, and what the provider counted.

Nothing is counted while a client waits. Where a rule has counted already the lesson is free; otherwise a
prompt is counted now and then, in a thread (see `Pace`), and never where nobody needs the encoder.
"""

from __future__ import annotations

from time import monotonic

from gateway.estimates import Estimates, Lesson
from gateway.pipeline import Exchange
from gateway.server.accounts.ended import Ended
from gateway.server.services import Services

MEASURED = frozenset({"text", "thinking", "tool_use", "tool_result", "tool_error", "tools"})
"""What a prompt may hold for its count to be one: sizes of images, documents and results of server tools
are guessed, and teach nothing of a tokenizer."""


AT_ONCE = 64 * 1024
"""Bytes that are new in a request up to which it is looked at right away."""


def note(services: Services, ended: Ended) -> None:
    """An exchange has ended; learns from it, now or a little later, or not at all."""
    exchange, pace = ended.exchange, services.pace
    if not services.encoder_loaded and exchange.facts.size_if_known is None:
        return  # nobody has counted it, and nobody could now
    usage, actual = ended.usage, ended.prompt
    if ended.failure is not None or usage is None or actual < 1 or ended.stop_reason is None:
        return
    if ended.stand_in is not None or usage.web_searches:
        return
    is_counted = exchange.size_sent is not None and exchange.request.fresh <= AT_ONCE
    if not is_counted and not (services.encoder_loaded and pace.is_free):
        return  # nobody could count it now
    target = exchange.attempt.target
    family, answers = services.estimates.answers(target.provider, target.model)
    if not pace.is_due(family, answers, monotonic()):
        return
    if is_counted:
        services.tally.note_estimate(learn(services.estimates, exchange, actual))
    else:
        pace.count(
            lambda: learn(services.estimates, exchange, actual), services.tally.note_estimate
        )


def learn(estimates: Estimates, exchange: Exchange, actual: int) -> Lesson | None:
    """The provider has counted `actual` tokens, at least 1; None where that teaches nothing."""
    if not exchange.facts.contents <= MEASURED:
        return None
    size = exchange.size_sent
    if size is None:
        size = exchange.facts.size_of(exchange.transformed)
    target = exchange.attempt.target
    said = exchange.sizing.safe(target, size)
    return estimates.learn(target.provider, target.model, size, actual, said=said)
