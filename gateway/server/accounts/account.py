"""What is kept of an exchange that ended: what rules may ask of it later, and its lines in the log."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from gateway import observe
from gateway.errors import GatewayError
from gateway.messages import Usage
from gateway.pipeline import Consulted, Exchange, may_pass
from gateway.routing import Done
from gateway.server.delivery import Delivery


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


def done(exchange: Exchange, failure: GatewayError | None) -> Done:
    """What rules may ask of this exchange later."""
    return done_by(
        exchange,
        exchange.target or "",
        exchange.usage,
        calls=exchange.tool_calls,
        repaired=sum(found.status == "repaired" for found in exchange.corrections),
        failed=failure is not None and may_pass(failure),
        unsaid=exchange.unsaid if exchange.inbound.client is not None else 0,
    )


def done_by(
    exchange: Exchange,
    target: str,
    usage: Usage | None,
    *,
    calls: int = 0,
    repaired: int = 0,
    failed: bool = False,
    unsaid: int = 0,
) -> Done:
    """What a target did for an exchange. What it cost is spent by whoever sent the request."""
    used = usage or Usage()
    price = exchange.snapshot.facts_of(target).price
    return Done(
        at=monotonic(),
        target=target,
        session=exchange.facts.session,
        key=exchange.inbound.client,
        cost=price.of(used) + price.of(Usage(input=unsaid)) if price is not None else 0.0,
        prompt=used.prompt,
        cached=used.cache_read or 0,
        calls=calls,
        repaired=repaired,
        failed=failed,
        output=used.output,
        unsaid=unsaid,
    )


def log(
    exchange: Exchange, delivery: Delivery, failure: GatewayError | None, *, seconds: float
) -> None:
    """One line in the log for one request; and one for each tool call that was not right."""
    logger, id = observe.logger(), exchange.id
    for correction in exchange.corrections:
        logger.warning(
            "tool_call",
            request=id,
            tool=correction.name,
            outcome=correction.status,
            repairs=[f"{r.rule} {r.path} {r.detail}" for r in correction.repairs],
            errors=list(correction.errors),
        )
    for one in exchange.consulted:
        logger.info("tool_call_model", request=id, **_told(one))
    if exchange.snapshot.print_system and exchange.system_sent:
        logger.info("system_prompt", request=id, text=exchange.system_sent)
    route, usage, prefix = exchange.decided, exchange.usage, exchange.prefix
    line = Request(
        event="request",
        level="warning" if failure else "info",
        timestamp=datetime.now(UTC),
        request=id,
        client=exchange.inbound.client,
        model=exchange.request.model,
        target=exchange.target,
        reason=route.reason if route else None,
        answered_by=exchange.stand_in,
        failed_before=[f"{one.target}: {one.message}" for one in exchange.chain.failed] or None,
        passed_over=exchange.chain.passed_over or None,
        provider_request=exchange.provider_request_id,
        status=delivery.status,
        stream=exchange.request.stream,
        stop_reason=exchange.stop_reason,
        seconds=round(seconds, 3),
        waited_for_room=round(exchange.waited, 3) or None,
        bytes=len(exchange.inbound.body),
        input_tokens=usage.input if usage else None,
        cached_tokens=usage.cache_read if usage else None,
        output_tokens=usage.output if usage else None,
        prefix_kept=round(prefix.kept, 4) if prefix else None,
        prefix_broke_at=prefix.broke_at if prefix else None,
        complete=delivery.ended,
        error=failure.message if failure else None,
    )
    observe.write(line)


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
