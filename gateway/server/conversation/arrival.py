"""What every request for a model goes through first: the key, the bounds, and the config that serves it."""

from __future__ import annotations

from gateway.config import Snapshot
from gateway.pipeline import Inbound
from gateway.server.access.auth import authorize
from gateway.server.body import read_body
from gateway.server.delivery import Client
from gateway.server.paths import HEADERS, PREFIX, Receive, Scope
from gateway.server.services import Services


async def arrived(
    services: Services, scope: Scope, receive: Receive, client: Client | None
) -> tuple[Snapshot, Inbound]:
    """The config of now, and the request as it was read. Raises `GatewayError` and `ClientGone`."""
    headers = scope[HEADERS]
    snapshot = await services.config.current()
    server = snapshot.server
    key = authorize(server, headers)
    services.life.admit(server.life.max_streams)
    body = await read_body(receive, headers, server.max_body, client)
    query = scope["query_string"].decode("latin-1")
    name = key.name if key is not None else None
    return snapshot, Inbound(body, headers, query, scope.get(PREFIX, ""), name)
