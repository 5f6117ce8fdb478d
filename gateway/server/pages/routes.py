"""The pages of the web framework: models, statistics, and what operators ask.

Imported when the first of them is asked for (see `app`).
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from gateway.config import ClientKey, Snapshot
from gateway.errors import GatewayError, InvalidRequest, MethodNotAllowed, NotFound
from gateway.messages import random_id
from gateway.pipeline import target_of_prefix
from gateway.redaction import redactor
from gateway.server.access.auth import authorize, authorize_admin
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.bugs import reported_bug
from gateway.server.pages import admin, discovery, metrics, openapi
from gateway.server.paths import PREFIX, App, Receive, Scope
from gateway.server.services import Services


def build_pages(services: Services) -> App:
    """The ASGI application of the pages; it also says of every other path that it does not exist."""
    litestar = Litestar(
        route_handlers=[*models(services), *operations(services), *accounts(services)],
        exception_handlers={
            ClientGone: render_nothing,
            GatewayError: gateway_error_renderer(services),
            HTTPException: render_http_error,
            Exception: render_bug,
        },
        after_request=without_secrets,
        openapi_config=None,
        logging_config=None,
    )
    return cast(App, litestar)  # litestar types its own scope


def without_secrets(response: Response[Any]) -> Response[Any]:
    """What a page shows passes here."""
    content = response.content
    if isinstance(content, bytes):
        response.content = redactor.redact_bytes(content)
    else:
        response.content = redactor.redact_value(content)
    return response


def models(services: Services) -> list[Any]:
    """The handlers that tell which models there are."""

    @get("/v1/models")
    async def list_models(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return discovery.models(*await admit(services, request))

    @get("/v1/models/{model_id:path}")
    async def get_model(request: Request[Any, Any, Any]) -> dict[str, Any]:
        snapshot, key = await admit(services, request)
        return discovery.model(snapshot, request.path_params["model_id"].lstrip("/"), key)

    return [list_models, get_model]


def operations(services: Services) -> list[Any]:
    """The handlers for operators."""

    @post("/admin/explain", status_code=200)
    async def explain(request: Request[Any, Any, Any]) -> dict[str, Any]:
        snapshot = await operate(services, request)
        return await discovery.explained(services, snapshot, await body_of(request, snapshot))

    @post("/admin/reload", status_code=200)
    async def reload(request: Request[Any, Any, Any]) -> dict[str, Any]:
        body = await body_of(request, await operate(services, request))
        return await admin.reloaded(services, request.headers.get("content-type", ""), body)

    return [explain, reload]


async def admit(
    services: Services, request: Request[Any, Any, Any]
) -> tuple[Snapshot, ClientKey | None]:
    """The snapshot and the client's key, if it has one and the prefix means something."""
    scope = cast(Scope, request.scope)
    snapshot = await services.config.current()
    key = authorize(snapshot.server, headers_of(scope))
    target_of_prefix(snapshot, scope.get(PREFIX, ""))
    return snapshot, key


async def operate(services: Services, request: Request[Any, Any, Any]) -> Snapshot:
    """The snapshot, for whoever runs the gateway, if the prefix means something."""
    scope = cast(Scope, request.scope)
    snapshot = await services.config.current()
    authorize_admin(snapshot.server, headers_of(scope), scope)
    target_of_prefix(snapshot, scope.get(PREFIX, ""))
    return snapshot


async def body_of(request: Request[Any, Any, Any], snapshot: Snapshot) -> bytes:
    """The body, as long as the config allows. Raises as `read_body` does."""
    headers = headers_of(cast(Scope, request.scope))
    return await read_body(cast(Receive, request.receive), headers, snapshot.server.max_body)


def accounts(services: Services) -> list[Any]:
    """The handlers that tell what is served, and what was."""

    @get("/v1/stats")
    async def stats(request: Request[Any, Any, Any]) -> dict[str, Any]:
        await operate(services, request)
        return {**services.tally.to_json(), "limited_now": services.rooms.state()}

    @get("/metrics")
    async def get_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        await operate(services, request)
        return Response(
            metrics.render(services, tasks=len(asyncio.all_tasks())),
            media_type=metrics.CONTENT_TYPE,
        )

    @get("/openapi.json")
    async def describe() -> dict[str, Any]:
        return openapi.document()  # of the program, not of its config: nobody has to be let in

    return [stats, get_metrics, describe]


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


def gateway_error_renderer(services: Services) -> Any:
    """For errors of ours."""

    def render(_request: Any, error: GatewayError) -> Response[bytes]:
        services.tally.note_refused(error)
        return rendered(error)

    return render


def render_nothing(_request: Any, _error: ClientGone) -> Response[bytes]:
    """The client left in the middle of its request: nobody hears this."""
    return Response(b"", status_code=400)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error of the web framework: mostly a path or a method that does not exist."""
    path = request.scope["path"]
    if isinstance(error, NotFoundException):
        return rendered(NotFound(f"There is nothing at {path}."))
    if isinstance(error, MethodNotAllowedException):
        method = request.scope["method"]
        allowed = (error.headers or {}).get("allow", "")
        message = f"{method} is not possible at {path}; use {allowed.replace(', ', ' or ')}."
        return rendered(MethodNotAllowed(message, headers={"allow": allowed}))
    return rendered(InvalidRequest(error.detail, status=error.status_code))


def render_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """An error that nobody foresaw."""
    return rendered(reported_bug(error, request.scope["path"]))
