"""The application: which handler answers which path, and how errors look.

The two paths that carry conversations are raw ASGI handlers, because every microsecond of theirs is
paid per request; the rest are ordinary ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar, Request, Response, asgi, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from gateway import observe
from gateway.config import Snapshot
from gateway.errors import GatewayError, InvalidRequest, MethodNotAllowed, NotFound
from gateway.messages import random_id
from gateway.pipeline import target_of_prefix
from gateway.server import admin, discovery, messages, metrics
from gateway.server.auth import authorize
from gateway.server.body import headers_of, read_body
from gateway.server.delivery import Delivery
from gateway.server.paths import PREFIX, App, PathPrefix, Receive, Scope, Send
from gateway.server.services import Services

__all__ = ["Services", "build_app"]


def build_app(services: Services) -> App:
    """The ASGI application of a gateway."""
    litestar = Litestar(
        route_handlers=[*conversations(services), *pages(services), *accounts(services)],
        lifespan=[lambda _app: running(services)],
        exception_handlers={
            GatewayError: render_gateway_error,
            HTTPException: render_http_error,
            Exception: render_bug,
        },
        openapi_config=None,
        logging_config=None,
    )
    return PathPrefix(litestar)  # type: ignore[arg-type]  # litestar types its own scope


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """What runs beside the requests: the look at the config, and the token ranks being read."""
    watcher = asyncio.create_task(services.config.watch())
    loader = asyncio.create_task(load_encoder(services))
    try:
        with admin.on_hangup(services.config):
            yield
    finally:
        watcher.cancel()
        loader.cancel()
        await asyncio.to_thread(services.recorder.close)
        await services.shadows.close()
        await services.upstream.close()


async def load_encoder(services: Services) -> None:
    """Builds the encoder off the loop, so that the first request does not wait for it."""
    await asyncio.to_thread(services.encoder.load)
    services.encoder_loaded = True


def conversations(services: Services) -> list[Any]:
    """The raw handlers."""

    @asgi("/v1/messages", copy_scope=False)
    async def post_messages(scope: Any, receive: Any, send: Any) -> None:
        if await is_post(scope, send):
            await messages.handle(services, scope, receive, send)

    @asgi("/v1/messages/count_tokens", copy_scope=False)
    async def post_count_tokens(scope: Any, receive: Any, send: Any) -> None:
        if await is_post(scope, send):
            await discovery.count(services, scope, receive, send)

    return [post_messages, post_count_tokens]


async def is_post(scope: Scope, send: Send) -> bool:
    """False, and answered, for any other method."""
    if scope["method"] == "POST":
        return True
    error = MethodNotAllowed(
        f"{scope['method']} is not possible at {scope['path']}; use POST.",
        headers={"allow": "POST"},
    )
    await Delivery(send).error(error, {"request-id": random_id("req")})
    return False


def pages(services: Services) -> list[Any]:
    """The ordinary handlers."""

    @route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def root() -> dict[str, Any]:
        return discovery.about()

    @route("/api/hello", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def hello() -> dict[str, Any]:
        return {"message": "hello"}

    @get("/health")
    async def health() -> dict[str, Any]:
        return discovery.health(services)

    @get("/health/ready")
    async def ready() -> Response[dict[str, Any]]:
        is_ready = services.encoder_loaded
        return Response({"ready": is_ready}, status_code=200 if is_ready else 503)

    @get("/v1/models")
    async def list_models(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return discovery.models(await admit(services, request))

    @get("/v1/models/{model_id:path}")
    async def get_model(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return discovery.model(
            await admit(services, request), request.path_params["model_id"].lstrip("/")
        )

    @post("/admin/explain", status_code=200)
    async def explain(request: Request[Any, Any, Any]) -> dict[str, Any]:
        snapshot = await admit(services, request)
        return await discovery.explained(services, snapshot, await body_of(request, snapshot))

    @post("/admin/reload", status_code=200)
    async def reload(request: Request[Any, Any, Any]) -> dict[str, Any]:
        body = await body_of(request, await admit(services, request))
        return await admin.reloaded(services, request.headers.get("content-type", ""), body)

    return [root, hello, health, ready, list_models, get_model, explain, reload]


async def admit(services: Services, request: Request[Any, Any, Any]) -> Snapshot:
    """The snapshot, if the client may see it and the prefix means something."""
    scope = cast(Scope, request.scope)
    snapshot = await services.config.current()
    authorize(snapshot.server, headers_of(scope))
    target_of_prefix(snapshot, scope.get(PREFIX, ""))
    return snapshot


async def body_of(request: Request[Any, Any, Any], snapshot: Snapshot) -> bytes:
    """The body, as long as the config allows. Raises as `read_body` does."""
    headers = headers_of(cast(Scope, request.scope))
    return await read_body(cast(Receive, request.receive), headers, snapshot.server.max_body)


def accounts(services: Services) -> list[Any]:
    """The handlers that tell what was served."""

    @get("/v1/stats")
    async def stats(request: Request[Any, Any, Any]) -> dict[str, Any]:
        await admit(services, request)
        return services.tally.to_json()

    @get("/metrics")
    async def get_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        await admit(services, request)
        return Response(
            metrics.render(services.tally, services.config), media_type=metrics.CONTENT_TYPE
        )

    return [stats, get_metrics]


# -- errors ------------------------------------------------------------------------------------------


def rendered(error: GatewayError) -> Response[bytes]:
    """An error in the protocol's form."""
    request_id = random_id("req")
    return Response(
        error.body(request_id),
        status_code=error.status,
        headers={"request-id": request_id, **error.headers},
        media_type="application/json",
    )


def render_gateway_error(_request: Any, error: GatewayError) -> Response[bytes]:
    """An error of ours."""
    return rendered(error)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error of the web framework: mostly a path or a method that does not exist."""
    path = request.scope["path"]
    if isinstance(error, NotFoundException):
        return rendered(NotFound(f"There is nothing at {path}."))
    if isinstance(error, MethodNotAllowedException):
        method = request.scope["method"]
        return rendered(MethodNotAllowed(f"{method} is not possible at {path}."))
    return rendered(InvalidRequest(error.detail, status=error.status_code))


def render_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """An error that nobody foresaw: told in full to the log, and to the client only that it happened."""
    observe.logger().error("bug", path=request.scope["path"], exc_info=error)
    return rendered(GatewayError("The gateway has failed on this request; its log says how."))
