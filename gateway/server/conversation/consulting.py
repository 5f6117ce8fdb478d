"""Asks a model about a tool call that rules cannot repair: once, and within a time limit.

Whatever goes wrong, the client gets the call as it came: an answer never fails because of this. A client
that leaves cancels it with everything else.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from time import perf_counter

from gateway import json_text
from gateway.correction import Correction
from gateway.errors import GatewayError, UpstreamEndless
from gateway.pipeline import Consultation, Consulted, Exchange, UpstreamRequest
from gateway.server.accounts.account import done_by
from gateway.server.services import Services

MOST_READ = 16 * 1024 * 1024
"""Bytes of an answer about one call."""


async def consult(services: Services, exchange: Exchange) -> Correction | None:
    """The answer to the open question of an exchange, None for none; and the account of it."""
    consultation, question = exchange.consultation(), exchange.question
    if consultation is None or question is None:
        return None
    started = perf_counter()
    found: Correction | None = None
    error: str | None = None
    try:
        async with asyncio.timeout(consultation.timeout):
            found = await _answer(services, exchange, consultation)
    except TimeoutError:
        error = f"no answer within {consultation.timeout:g} s"
    except (GatewayError, json_text.NotJSON) as failure:
        error = str(failure)
    usage = consultation.usage
    outcome = "failed" if error is not None else "repaired" if found is not None else "unrepaired"
    seconds = round(perf_counter() - started, 3)
    target = str(consultation.target)
    exchange.consulted.append(Consulted(target, question.tool, outcome, seconds, usage, error))
    prompt = usage.prompt if usage is not None else 0
    services.note(exchange, done_by(exchange, target, usage, prompt))
    return found


async def _answer(
    services: Services, exchange: Exchange, consultation: Consultation
) -> Correction | None:
    request, room = consultation.upstream_request(), None
    if request.endpoint.limits is not None:
        room = await services.rooms.enter_beside(exchange, request)
    try:
        return await _asked(services, consultation, request)
    finally:
        if room is not None:
            room.leave(consultation.usage)


async def _asked(
    services: Services, consultation: Consultation, request: UpstreamRequest
) -> Correction | None:
    async with services.upstream.send(request) as reply:
        if reply.status >= 400:
            raise consultation.refuse(reply.status, reply.headers, await reply.error_body())
        consultation.accept(reply.headers)
        size = 0
        async with aclosing(reply.chunks()) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > MOST_READ:
                    raise UpstreamEndless(f"its answer has more than {MOST_READ} bytes")
                consultation.receive(chunk)
        return consultation.finish()
