"""`POST /v1/messages`: moves bytes between a client and a provider through an `Exchange`.

Nothing is sent to the client before the provider has said something useful, so that a failure still
has a status; a provider that stays silent for `COMMIT_AFTER` gets the stream opened for it. From then
on a failure is an error event where the provider named one, and a cut connection where it broke off:
never an end that looks like one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from gateway.errors import GatewayError, UpstreamBroken, UpstreamEndless, UpstreamTimeout
from gateway.messages import error_event
from gateway.pipeline import Exchange, UpstreamRequest
from gateway.server.accounts import learning
from gateway.server.accounts.account import done, log
from gateway.server.accounts.ended import ended
from gateway.server.accounts.tally import NOWHERE
from gateway.server.body import ClientGone
from gateway.server.conversation.arrival import arrived
from gateway.server.conversation.consulting import consult
from gateway.server.conversation.waiting import (
    HELD,
    Beat,
    Feed,
    Heartbeats,
    Intake,
    Watch,
    commit,
)
from gateway.server.delivery import JSON, Client, Delivery
from gateway.server.paths import Receive, Scope
from gateway.server.services import Services
from gateway.upstream import Reply

LARGE = 256 * 1024
"""Bytes that are new in a request above which it is prepared in a thread: that takes a while then."""

CLIENT_GONE = 499

SUCCESS = range(200, 204)
"""Statuses that come with an answer; to a redirect or an empty success there is none."""

Say = Callable[[bytes], Awaitable[None]]
"""Tells the client something, if it is anything."""


async def handle(services: Services, scope: Scope, receive: Receive, delivery: Delivery) -> None:
    """One request, errors included."""
    started = perf_counter()
    exchange: Exchange | None = None
    failure: GatewayError | None = None
    try:
        exchange = await accept(services, scope, receive, delivery.client)
        with Watch(receive, delivery, services.life):
            try:
                await (converse if exchange.request.stream else ask)(services, exchange, delivery)
            finally:
                exchange.chain.over()
    except ClientGone:
        delivery.status = CLIENT_GONE
    except GatewayError as error:
        failure = error.with_traceback(None)  # which holds this frame, and so the body
        await fail(exchange, delivery, error)
    seconds = perf_counter() - started
    if exchange is None:
        services.tally.note(NOWHERE, delivery.status, failure, seconds=seconds)
        return
    end = ended(
        exchange,
        failure,
        status=delivery.status,
        is_complete=delivery.ended,
        seconds=seconds,
    )
    services.note(exchange, done(end))
    log(end)
    learning.note(services, end)
    services.recorder.note(exchange, status=delivery.status, seconds=seconds)
    services.tally.note_exchange(end)


async def fail(exchange: Exchange | None, delivery: Delivery, error: GatewayError) -> None:
    """Tells the client, as far as it still can be told; what broke off is left to break off."""
    if not delivery.committed:
        await delivery.error(error, exchange.response_headers if exchange is not None else {})
    elif isinstance(error, UpstreamEndless) or not isinstance(
        error, UpstreamBroken | UpstreamTimeout
    ):
        await delivery.end(error_event(error))


async def accept(
    services: Services, scope: Scope, receive: Receive, client: Client | None
) -> Exchange:
    """Reads and parses a request. Raises `GatewayError` and `ClientGone`."""
    snapshot, inbound = await arrived(services, scope, receive, client)
    if inbound.client is not None and (key := snapshot.server.key_named(inbound.client)):
        services.budgets.check(key)
    exchange = Exchange(
        snapshot,
        inbound,
        services.counter,
        services.vaults.vault(snapshot.reasoning),
        pins=services.pins,
        readings=services.recent,
        consults=True,
        guard=services.guard,
        memory=services.memory(snapshot),
        estimates=services.estimates,
        availability=services.availability,
    )
    services.availability.budget.earn(snapshot.failover.retry_share)
    return exchange


async def prepare(services: Services, exchange: Exchange) -> UpstreamRequest:
    """Routes and translates: off the loop when it may take long, or the encoder be waited for."""
    takes_long = exchange.request.fresh > LARGE or services.has_to_load_encoder(exchange)
    if takes_long or exchange.looks_for_patterns:
        return await asyncio.to_thread(exchange.upstream_request)
    return exchange.upstream_request()


async def converse(services: Services, exchange: Exchange, delivery: Delivery) -> None:
    """Asks for an answer in pieces, and keeps the client waiting meanwhile."""
    request: UpstreamRequest | None = None
    wait: float | None = 0.0
    try:
        request = await prepare(services, exchange)
    except GatewayError as error:
        wait = exchange.next_try(error)
        if wait is None:
            raise
    # The client is kept waiting from here on: some servers send no header before the first token.
    with Heartbeats(exchange, delivery) as beat:
        if wait:
            await asyncio.sleep(wait)
        await ask(services, exchange, delivery, beat, request)


async def ask(
    services: Services,
    exchange: Exchange,
    delivery: Delivery,
    beat: Beat | None = None,
    request: UpstreamRequest | None = None,
) -> None:
    """Asks one target after the other until one says something useful; then it is the one.

    Raises what the last one failed with. Once the client has been told anything of an answer, nobody else
    is asked: tools would run twice.
    """
    while True:
        try:
            await ask_once(services, exchange, delivery, beat, request)
        except GatewayError as error:
            wait = None
            if delivery.committed and exchange.has_spoken:
                exchange.chain.note(error)
            else:
                wait = exchange.next_try(error)
            if wait is None:
                raise
            request = None
            if wait:
                await asyncio.sleep(wait)
        else:
            exchange.ended_well()
            return


async def ask_once(
    services: Services,
    exchange: Exchange,
    delivery: Delivery,
    beat: Beat | None,
    request: UpstreamRequest | None,
) -> None:
    """One try at one target, once there is room there."""
    request = request or await prepare(services, exchange)
    room = None
    if request.endpoint.limits is not None:
        room = await services.rooms.enter(exchange, request)
    try:
        services.shadows.send(exchange)
        async with services.upstream.send(request) as reply:
            if reply.status not in SUCCESS:
                raise exchange.refuse(reply.status, reply.headers, await reply.error_body())
            exchange.accept(reply.headers)
            if beat is None:
                await whole(services, exchange, reply, delivery)
            else:
                await stream(services, exchange, reply, delivery, beat)
    finally:
        if room is not None:
            room.leave(exchange.usage)


async def say_nothing(_data: bytes) -> None:
    """Of an answer in one piece nothing is said before the end."""


async def whole(services: Services, exchange: Exchange, reply: Reply, delivery: Delivery) -> None:
    """An answer in one piece. One that is short, as most are, is here with its headers."""
    came = reply.whole()
    if came is not None and len(came) <= HELD:
        attempt = exchange.attempt
        attempt.receive(came)
        body = attempt.finish()
    else:
        feed = Feed(exchange)
        if came is not None:
            await feed.receive(came)
        else:
            while chunk := await reply.read():
                await feed.receive(chunk)
        body = await feed.finish()
    if exchange.question is not None:
        body = await finished(services, exchange, body, say_nothing)
    await delivery.whole(200, exchange.response_headers, body, JSON)


async def stream(
    services: Services, exchange: Exchange, reply: Reply, delivery: Delivery, beat: Beat
) -> None:
    """An answer piece by piece. The response ends with the answer: clients wait for both."""

    async def say(data: bytes) -> None:
        if data:
            if not delivery.committed:
                exchange.chain.began()
                await commit(exchange, delivery)
            beat.reset()
            await delivery.write(data)

    feed = beat.feed = Feed(exchange)
    answer, intake = exchange.attempt.answer, Intake(exchange, feed, delivery, beat)
    while not await reply.feed(intake.take):
        data = await intake.left()
        if exchange.question is not None:
            data = await answered(services, exchange, data, say)
        if answer.ended:
            break
        await say(data)
    else:
        data = await feed.finish()
        if exchange.question is not None:
            data = await finished(services, exchange, data, say)
    await commit(exchange, delivery)
    await delivery.end(data)
    await reply.drain()


async def finished(services: Services, exchange: Exchange, data: bytes, say: Say) -> bytes:
    """The end of an answer whose bytes have ended, with questions."""
    return await answered(services, exchange, data, say) + exchange.finish()


async def answered(services: Services, exchange: Exchange, data: bytes, say: Say) -> bytes:
    """What is left to say once a model was asked all there was to ask; `data` can be said before."""
    while exchange.question is not None:
        await say(data)
        data = exchange.resume(await consult(services, exchange))
    return data
