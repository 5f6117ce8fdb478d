"""`POST /v1/messages`: moves bytes between a client and a provider through an `Exchange`.

Nothing is sent to the client before the provider has said something useful, so that a failure still
has a status; a provider that stays silent for `COMMIT_AFTER` gets the stream opened for it. From then
on a failure is an error event where the provider named one, and a cut connection where it broke off:
never an end that looks like one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from time import perf_counter
from typing import Any

from gateway import observe
from gateway.errors import GatewayError, UpstreamBroken, UpstreamTimeout
from gateway.messages import error_event
from gateway.pipeline import Exchange, Inbound, UpstreamRequest
from gateway.server.auth import authorize
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.delivery import EVENTS, JSON, Delivery
from gateway.server.paths import PREFIX, Receive, Scope, Send
from gateway.server.services import Services
from gateway.upstream import Reply

COMMIT_AFTER = 30.0
"""Seconds of the provider's silence after which the stream is opened all the same."""

HEARTBEAT = 10.0
"""Seconds of silence towards the client after which it is told that the gateway still waits."""

LARGE = 256 * 1024
"""Bytes above which a request is prepared in a thread: counting and translating it takes a while."""

CLIENT_GONE = 499


async def handle(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """One request, errors included."""
    delivery = Delivery(send)
    started = perf_counter()
    exchange: Exchange | None = None
    failure: GatewayError | None = None
    try:
        exchange = await accept(services, scope, receive)
        async with watched(receive, delivery):
            await converse(services, exchange, delivery)
    except ClientGone:
        delivery.status = CLIENT_GONE
    except GatewayError as error:
        failure = error
        await fail(exchange, delivery, error)
    if exchange is not None:
        record(exchange, delivery, failure, seconds=perf_counter() - started)


async def fail(exchange: Exchange | None, delivery: Delivery, error: GatewayError) -> None:
    """Tells the client, as far as it still can be told; what broke off is left to break off."""
    if not delivery.committed:
        await delivery.error(error, exchange.response_headers if exchange is not None else {})
    elif not isinstance(error, UpstreamBroken | UpstreamTimeout):
        await delivery.end(error_event(error))


async def accept(services: Services, scope: Scope, receive: Receive) -> Exchange:
    """Reads and parses a request. Raises `GatewayError` and `ClientGone`."""
    headers = headers_of(scope)
    snapshot = await services.config.current()
    key = authorize(snapshot.server, headers)
    body = await read_body(receive, headers, snapshot.server.max_body)
    query = scope["query_string"].decode("latin-1")
    client = key.name if key is not None else None
    inbound = Inbound(body, headers, query, scope.get(PREFIX, ""), client)
    return Exchange(snapshot, inbound, services.counter)


async def prepare(services: Services, exchange: Exchange) -> UpstreamRequest:
    """Routes and translates, off the loop when there is much of it or the encoder may be waited for."""
    if len(exchange.inbound.body) > LARGE or not services.encoder_loaded:
        return await asyncio.to_thread(exchange.upstream_request)
    return exchange.upstream_request()


async def converse(services: Services, exchange: Exchange, delivery: Delivery) -> None:
    """Asks the provider and hands its answer on."""
    request = await prepare(services, exchange)
    if not exchange.request.stream:
        async with services.upstream.send(request) as reply:
            await accepted(exchange, reply)
            await whole(exchange, reply, delivery)
        return
    # The client is kept waiting from here on: some servers send no header before the first token.
    async with heartbeats(exchange, delivery) as beat, services.upstream.send(request) as reply:
        await accepted(exchange, reply)
        await stream(exchange, reply, delivery, beat)


async def accepted(exchange: Exchange, reply: Reply) -> None:
    """Raises what the provider refused with, if it did."""
    if reply.status >= 400:
        raise exchange.refuse(reply.status, reply.headers, await reply.error_body())
    exchange.accept(reply.headers)


async def whole(exchange: Exchange, reply: Reply, delivery: Delivery) -> None:
    """An answer in one piece."""
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            exchange.receive(chunk)
    body = exchange.finish()
    await delivery.whole(200, exchange.response_headers, body, JSON)


async def stream(exchange: Exchange, reply: Reply, delivery: Delivery, beat: Beat) -> None:
    """An answer piece by piece. The response ends with the answer: clients wait for both."""
    async with aclosing(reply.chunks()) as chunks:
        async for chunk in chunks:
            data = exchange.receive(chunk)
            if exchange.ended:
                break
            if data:
                await commit(exchange, delivery)
                beat.reset()
                await delivery.write(data)
        else:
            data = exchange.finish()
    await commit(exchange, delivery)
    await delivery.end(data)
    await reply.drain()


async def commit(exchange: Exchange, delivery: Delivery) -> None:
    """Sends status and headers, once."""
    if not delivery.committed:
        headers = {
            **exchange.response_headers,
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }
        await delivery.start(200, headers, EVENTS)


class Beat:
    """When the client was last told something."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._last = self._clock()

    def reset(self) -> None:
        """It was told something now."""
        self._last = self._clock()

    def due(self, interval: float) -> float:
        """Seconds until `interval` has passed."""
        return self._last + interval - self._clock()


@asynccontextmanager
async def heartbeats(exchange: Exchange, delivery: Delivery) -> AsyncIterator[Beat]:
    """Keeps the client waiting while the provider is silent."""
    beat = Beat()
    task = asyncio.create_task(keep_alive(exchange, delivery, beat))
    try:
        yield beat
    finally:
        task.cancel()


async def keep_alive(exchange: Exchange, delivery: Delivery, beat: Beat) -> None:
    """Opens a stream that is late, then beats whenever it has been silent."""
    while not delivery.ended:
        due = beat.due(HEARTBEAT if delivery.committed else COMMIT_AFTER)
        if due > 0:
            await asyncio.sleep(due)
            continue
        opens = not delivery.committed
        beat.reset()
        await commit(exchange, delivery)
        await delivery.write(exchange.begin() if opens else exchange.heartbeat())


@asynccontextmanager
async def watched(receive: Receive, delivery: Delivery) -> AsyncIterator[None]:
    """Stops what is inside when the client leaves: writing to nobody raises no error by itself.

    Once the answer is delivered the client may leave; what is left to do is between us and the provider.
    """
    worker = asyncio.current_task()
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        if not delivery.ended and worker is not None:
            gone = True
            worker.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not gone or worker is None:
            raise
        worker.uncancel()
        raise ClientGone from None
    finally:
        watcher.cancel()


def record(
    exchange: Exchange, delivery: Delivery, failure: GatewayError | None, *, seconds: float
) -> None:
    """One line in the log for one request; and one for each tool call that was not right."""
    log = observe.logger().bind(request=exchange.id)
    for correction in exchange.corrections:
        log.warning(
            "tool_call",
            tool=correction.name,
            outcome=correction.status,
            repairs=[f"{r.rule} {r.path} {r.detail}" for r in correction.repairs],
            errors=list(correction.errors),
        )
    decided = "route" in exchange.__dict__
    usage = exchange.usage
    fields: dict[str, Any] = {
        "client": exchange.inbound.client,
        "model": exchange.request.model,
        "target": str(exchange.route.target) if decided else None,
        "reason": exchange.route.reason if decided else None,
        "answered_by": exchange.stand_in,
        "provider_request": exchange.provider_request_id,
        "status": delivery.status,
        "stream": exchange.request.stream,
        "stop_reason": exchange.stop_reason,
        "seconds": round(seconds, 3),
        "bytes": len(exchange.inbound.body),
        "input_tokens": usage.input if usage else None,
        "cached_tokens": usage.cache_read if usage else None,
        "output_tokens": usage.output if usage else None,
        "complete": delivery.ended,
        "error": failure.message if failure else None,
    }
    level = log.warning if failure else log.info
    level("request", **{name: value for name, value in fields.items() if value is not None})
