"""`POST /v1/messages/count_tokens`: by the provider where it counts, otherwise by an estimate.

The target is the one that the request would reach, by URL, alias or rule; where a rule refuses it, so does
this. A text that two requests hold is counted once, also at the same time (see `TokenCounter`).
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from gateway import json_text, observe
from gateway.availability import Looking
from gateway.errors import GatewayError
from gateway.pipeline import Count, Exchange
from gateway.routing.pins import Looking as LookingAtPins
from gateway.server.body import ClientGone
from gateway.server.conversation.arrival import arrived
from gateway.server.delivery import Client, Delivery
from gateway.server.paths import Receive, Scope
from gateway.server.services import Services

SMALL = 16 * 1024
"""Bytes up to which a request is measured at once: the worst of texts takes its milliseconds."""


async def handle(services: Services, scope: Scope, receive: Receive, delivery: Delivery) -> None:
    """One request, errors included."""
    started = perf_counter()
    exchange: Exchange | None = None
    try:
        exchange = await accept(services, scope, receive, delivery.client)
        tokens, counted_by, error = await measured(services, exchange)
    except ClientGone:
        return
    except GatewayError as failure:
        services.tally.note_refused(failure)
        await delivery.error(failure, exchange.response_headers if exchange is not None else {})
        return
    headers = {**exchange.response_headers, "x-gateway-counted-by": counted_by}
    await delivery.whole(200, headers, json_text.encode({"input_tokens": tokens}))
    fields = {"request": exchange.id, "target": exchange.target, "counted_by": counted_by}
    seconds = round(perf_counter() - started, 3)
    if error is not None:
        observe.logger().warning("count", **fields, tokens=tokens, seconds=seconds, error=error)
    else:
        observe.logger().info("count", **fields, tokens=tokens, seconds=seconds)


async def accept(
    services: Services, scope: Scope, receive: Receive, client: Client | None
) -> Exchange:
    """Reads and parses a request. Raises `GatewayError` and `ClientGone`."""
    snapshot, inbound = await arrived(services, scope, receive, client)

    def parsed() -> Exchange:
        return Exchange(
            snapshot,
            inbound,
            services.counter,
            services.vaults.vault(snapshot.reasoning),
            pins=LookingAtPins(services.pins),
            readings=services.recent,
            memory=services.memory(snapshot),
            estimates=services.estimates,
            availability=Looking(services.availability),
            has_to_fit=False,
        )

    return parsed() if len(inbound.body) <= SMALL else await asyncio.to_thread(parsed)


async def measured(services: Services, exchange: Exchange) -> tuple[int, str, str | None]:
    """The tokens, who counted them, and why the provider did not where it should have.

    Raises `GatewayError` for a request that goes nowhere.
    """
    count = Count(exchange)
    is_quick = len(exchange.inbound.body) <= SMALL and services.encoder_loaded
    is_quick = is_quick and not exchange.looks_for_patterns
    question = count.question() if is_quick else await asyncio.to_thread(count.question)
    error = None
    if question is not None and services.provider_counts.may_ask(str(exchange.target)):
        try:
            return await services.provider_counts.ask(count, question), "provider", None
        except GatewayError as failure:
            error = failure.message
    tokens = count.estimate() if is_quick else await asyncio.to_thread(count.estimate)
    return tokens, "estimate", error
