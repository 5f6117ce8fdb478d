"""The application: what is answered at once, and what the web framework is asked for.

Conversations and signs of life are raw ASGI: every microsecond of theirs is paid per request, and a
start is not over before they are answered. All other pages are the framework's, which takes longer to
import than all the rest of the gateway, so it is imported when somebody asks for the first of them.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gateway import json_text
from gateway.errors import GatewayError, MethodNotAllowed, OverBound
from gateway.messages import random_id
from gateway.redaction import redactor
from gateway.server.access.auth import may_look_inside
from gateway.server.access.entrance import admitted
from gateway.server.body import headers_of
from gateway.server.bugs import reported_bug
from gateway.server.conversation import counting, messages
from gateway.server.delivery import Delivery
from gateway.server.pages import admin, discovery
from gateway.server.paths import HEADERS, PLAIN, App, Receive, Scope, Send, without_prefix
from gateway.server.services import Services

__all__ = ["Services", "build_app"]


def build_app(services: Services) -> App:
    """The ASGI application of a gateway."""
    return Front(services)


class Front:
    """Answers what it can by itself, and hands everything else to the pages."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pages: asyncio.Task[App] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if path not in PLAIN:
            if path is None:  # it is no request: the server begins, and ends
                await live(self._services, receive, send)
                return
            scope = without_prefix(scope)
        headers = scope.get(HEADERS)
        if headers is None:
            headers = scope[HEADERS] = headers_of(scope)
        services = self._services
        if not services.sites.are_plain(services.config.snapshot.server, headers, scope):
            way = await admitted(services, scope, headers, send)
            if way is None:
                return
            send = way
        endpoint = ENDPOINTS.get(scope["path"])
        if endpoint is not None and scope["method"] not in endpoint.methods:
            await refuse_method(scope, send, endpoint.methods)
            return
        answer, delivery = self._page if endpoint is None else endpoint.answer, Delivery(send)
        try:
            await answer(services, scope, receive, delivery)
        except Exception as error:
            if delivery.committed:
                raise  # the server tells the log, and cuts the connection
            is_deep = isinstance(error, RecursionError)
            failure = too_deep() if is_deep else reported_bug(error, scope["path"])
            services.tally.note_refused(failure)
            await delivery.error(failure, {"request-id": random_id("req")})

    async def _page(
        self, _services: Services, scope: Scope, receive: Receive, delivery: Delivery
    ) -> None:
        pages = await self._loaded()
        await pages(scope, receive, delivery)

    async def _loaded(self) -> App:
        """The pages, loaded once; a client that leaves meanwhile must not end it for the others."""
        if self._pages is None:
            self._pages = asyncio.create_task(asyncio.to_thread(load_pages, self._services))
        loading = self._pages
        try:
            return await asyncio.shield(loading)
        except Exception:
            if self._pages is loading:
                self._pages = None  # what was in the way, such as too many open files, may pass
            raise


def load_pages(services: Services) -> App:
    """Imports the web framework, which takes some tenths of a second, and builds the pages with it."""
    from gateway.server.pages.routes import build_pages

    pages = build_pages(services)
    gc.freeze()  # as what was loaded at the start, so that full collections stay short
    return pages


async def live(services: Services, receive: Receive, send: Send) -> None:
    """The lifespan protocol: https://asgi.readthedocs.io/en/latest/specs/lifespan.html."""
    await receive()
    async with running(services):
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """What runs beside the requests: the look at the config, and what is loaded after the start."""
    services.budgets.load()
    beside = [
        asyncio.create_task(services.budgets.keep()),
        asyncio.create_task(services.config.watch()),
        asyncio.create_task(services.rooms.follow()),
        asyncio.create_task(load_encoder(services)),
        asyncio.create_task(load_repairs()),
    ]
    try:
        with admin.on_hangup(services.config):
            yield
    finally:
        for task in beside:
            task.cancel()
        await services.budgets.save()
        await asyncio.to_thread(services.recorder.close)
        await services.shadows.close()
        await services.provider_counts.close()
        await services.pace.close()
        await services.upstream.close()


FIRST = 0.2
"""Seconds from the start until more is loaded: whoever waits for the start to end is answered first."""


LOOK_EVERY = 1.0
"""Seconds between two looks at whether requests come."""
CALM = 10.0
"""Seconds without a request after which those that came with the start have been answered."""
PATIENCE = 60.0
"""Seconds after which what requests may need is loaded although they do not end."""


async def load_encoder(services: Services) -> None:
    """Builds the encoder off the loop, so that no request waits for it, once a config counts tokens.

    It takes more memory than all the rest, so a gateway that counts nothing does without. And it takes
    the processor for half a second: the first requests, most of which are too short for their tokens to
    be counted, come first.
    """
    await asyncio.sleep(FIRST)
    if services.config.snapshot.counts_tokens:
        await calm(services)
    await services.config.until(lambda snapshot: snapshot.counts_tokens)
    await asyncio.to_thread(services.encoder.load)
    services.encoder_loaded = True


async def calm(services: Services) -> None:
    """Waits until no requests come any more, but not for ever, nor longer than until one needed the encoder
    or somebody waits for the gateway to be ready."""
    clock = asyncio.get_running_loop().time
    began = heard = clock()
    seen = 0
    while clock() - began < PATIENCE:
        if services.encoder.is_loaded or services.encoder_is_awaited:
            return
        served = services.tally.requests.total()
        if served != seen or services.life.under_way:
            heard, seen = clock(), served
        elif not seen or clock() - heard >= CALM:
            return
        await asyncio.sleep(LOOK_EVERY)


REPAIRS = ("gateway.correction.attempt", "gateway.correction.leaked")
"""What an answer needs only when something is wrong with its calls."""


async def load_repairs() -> None:
    """Imports them off the loop: the first answer that needs them must not hold up the others."""
    await asyncio.sleep(FIRST)
    for module in REPAIRS:
        await asyncio.to_thread(import_module, module)


# -- what is answered at once ------------------------------------------------------------------------

Answer = Callable[[Services, Scope, Receive, Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path."""

    methods: tuple[str, ...]
    answer: Answer


def page(look: Callable[[Services, Scope], tuple[int, Mapping[str, Any]]]) -> Answer:
    """Answers with the status and the JSON that the look gives."""

    async def answer(services: Services, scope: Scope, _: Receive, delivery: Delivery) -> None:
        status, body = look(services, scope)
        told = redactor.redact_value(body)
        await delivery.whole(status, {}, json_text.encode(told))

    return answer


def health(services: Services, scope: Scope) -> tuple[int, Mapping[str, Any]]:
    """Alive; to whoever runs the gateway also with which config, and what is wrong with the next."""
    if may_look_inside(services.config.snapshot.server, headers_of(scope), scope):
        return 200, discovery.health(services)
    return 200, {"status": "ok", **ready(services, scope)[1]}


def ready(services: Services, _scope: Scope) -> tuple[int, Mapping[str, Any]]:
    """Whether a request would be answered, and without waiting for the start to end."""
    if services.life.is_draining:
        return 503, {"ready": False, "because": "draining"}
    if services.waits_for_encoder:
        services.encoder_is_awaited = True
        return 503, {"ready": False, "because": "the encoder is being built"}
    return 200, {"ready": True}


ENDPOINTS: Mapping[str, Endpoint] = {
    "/v1/messages": Endpoint(("POST",), messages.handle),
    "/v1/messages/count_tokens": Endpoint(("POST",), counting.handle),
    "/": Endpoint(("GET", "HEAD"), page(lambda *_: (200, discovery.about()))),
    "/api/hello": Endpoint(("GET", "HEAD"), page(lambda *_: (200, {"message": "hello"}))),
    "/health": Endpoint(("GET",), page(health)),
    "/health/ready": Endpoint(("GET",), page(ready)),
}


def too_deep() -> GatewayError:
    """Something was nested more deeply than can be followed; all that is ours is nested flatly."""
    return OverBound(
        "The request is nested more deeply than the gateway can follow.", bound="depth"
    )


async def refuse_method(scope: Scope, send: Send, methods: tuple[str, ...]) -> None:
    """405, with the methods that there are."""
    error = MethodNotAllowed(
        f"{scope['method']} is not possible at {scope['path']}; use {' or '.join(methods)}.",
        headers={"allow": ", ".join(methods)},
    )
    await Delivery(send).error(error, {"request-id": random_id("req")})
