"""What every request for a model goes through first: the key, the bounds, and the config that serves it."""

from __future__ import annotations

from gateway.config import Snapshot
from gateway.pipeline import Inbound
from gateway.server.access.auth import authorize
from gateway.server.body import headers_of, read_body
from gateway.server.paths import PREFIX, Receive, Scope
from gateway.server.services import Services


async def arrived(services: Services, scope: Scope, receive: Receive) -> tuple[Snapshot, Inbound]:
    """The config of now, and the request as it was read. Raises `GatewayError` and `ClientGone`."""
    headers = headers_of(scope)
    snapshot = await services.config.current()
    key = authorize(snapshot.server, headers)
    services.life.admit(snapshot)
    body = await read_body(receive, headers, snapshot.server.max_body)
    query = scope["query_string"].decode("latin-1")
    client = key.name if key is not None else None
    return snapshot, Inbound(body, headers, query, scope.get(PREFIX, ""), client)
