"""What is kept of an exchange that ended: what rules may ask of it later, and its lines in the log."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from gateway import observe
from gateway.messages import Usage
from gateway.pipeline import Consulted, Exchange, may_pass
from gateway.pipeline.corrections import Corrections
from gateway.routing import Done
from gateway.server.accounts.ended import Ended

NOTHING_USED = Usage()


class Request(observe.Line, kw_only=True, omit_defaults=True):
    """The line of a request."""

    request: str
    client: str | None = None
    model: str
    target: str | None = None
    reason: str | None = None
    answered_by: str | None = None
    failed_before: list[str] | None = None
    passed_over: list[str] | None = None
    provider_request: str | None = None
    status: int
    stream: bool
    stop_reason: str | None = None
    seconds: float
    waited_for_room: float | None = None
    bytes: int
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    prefix_kept: float | None = None
    prefix_broke_at: str | None = None
    complete: bool
    error: str | None = None


def done(ended: Ended) -> Done:
    """What rules may ask of this exchange later."""
    exchange, failure, corrections = ended.exchange, ended.failure, ended.corrections
    calls = repaired = 0
    if corrections is not None and corrections.outcomes:
        calls = corrections.calls
        repaired = sum(found.status == "repaired" for found in corrections.found)
    return done_by(
        exchange,
        ended.target or "",
        ended.usage,
        ended.prompt,
        calls=calls,
        repaired=repaired,
        failed=failure is not None and may_pass(failure),
        unsaid=exchange.unsaid if exchange.inbound.client is not None else 0,
    )


def done_by(
    exchange: Exchange,
    target: str,
    usage: Usage | None,
    prompt: int,
    *,
    calls: int = 0,
    repaired: int = 0,
    failed: bool = False,
    unsaid: int = 0,
) -> Done:
    """What a target did for an exchange. What it cost is spent by whoever sent the request.

    `prompt` are the tokens of the whole prompt by `usage`.
    """
    used = usage or NOTHING_USED
    price = exchange.snapshot.facts_of(target).price
    return Done(
        at=monotonic(),
        target=target,
        session=exchange.facts.session,
        key=exchange.inbound.client,
        cost=price.of(used) + price.of(Usage(input=unsaid)) if price is not None else 0.0,
        prompt=prompt,
        cached=used.cache_read or 0,
        calls=calls,
        repaired=repaired,
        failed=failed,
        output=used.output,
        unsaid=unsaid,
    )


def log(ended: Ended) -> None:
    """One line in the log for one request; and one for each tool call that was not right."""
    exchange, corrections, usage = ended.exchange, ended.corrections, ended.usage
    if corrections is not None and (corrections.found or corrections.consulted):
        _log_calls(exchange.id, corrections)
    if exchange.snapshot.print_system and exchange.system_sent:
        observe.logger().info("system_prompt", request=exchange.id, text=exchange.system_sent)
    inbound, request, route = exchange.inbound, exchange.request, exchange.decided
    line = Request(
        event="request",
        level="info",
        timestamp=datetime.now(UTC),
        request=exchange.id,
        client=inbound.client,
        model=request.model,
        target=ended.target,
        answered_by=ended.stand_in,
        provider_request=ended.provider_request,
        status=ended.status,
        stream=request.stream,
        stop_reason=ended.stop_reason,
        seconds=round(ended.seconds, 3),
        bytes=len(inbound.body),
        complete=ended.is_complete,
    )
    if route is not None:
        line.reason = route.reason
    if usage is not None:
        line.input_tokens = usage.input
        line.cached_tokens = usage.cache_read
        line.output_tokens = usage.output
    _add_rest(line, ended)
    observe.write(line)


def _add_rest(line: Request, ended: Ended) -> None:
    """What few requests have something to say of."""
    exchange, failure = ended.exchange, ended.failure
    chain, prefix = exchange.chain, exchange.prefix
    if chain.failed:
        line.failed_before = [f"{one.target}: {one.message}" for one in chain.failed]
    if chain.passed_over:
        line.passed_over = chain.passed_over
    if exchange.waited:
        line.waited_for_room = round(exchange.waited, 3) or None
    if prefix is not None:
        line.prefix_kept, line.prefix_broke_at = round(prefix.kept, 4), prefix.broke_at
    if failure is not None:
        line.level, line.error = "warning", failure.message


def _log_calls(id: str, corrections: Corrections) -> None:
    logger = observe.logger()
    for correction in corrections.found:
        logger.warning(
            "tool_call",
            request=id,
            tool=correction.name,
            outcome=correction.status,
            repairs=[f"{r.rule} {r.path} {r.detail}" for r in correction.repairs],
            errors=list(correction.errors),
        )
    for one in corrections.consulted:
        logger.info("tool_call_model", request=id, **_told(one))


def _told(one: Consulted) -> dict[str, Any]:
    fields = {
        "target": one.target,
        "tool": one.tool,
        "outcome": one.outcome,
        "seconds": one.seconds,
        "input_tokens": one.usage.input if one.usage else None,
        "output_tokens": one.usage.output if one.usage else None,
        "error": one.error,
    }
    return {name: value for name, value in fields.items() if value is not None}
