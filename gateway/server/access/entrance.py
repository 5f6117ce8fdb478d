"""What becomes of a request that names a site: a refusal, an answer to a browser's question, or one that a
page may read; see `sites`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any

from gateway import observe
from gateway.messages import random_id
from gateway.server.access.sites import is_same
from gateway.server.delivery import Delivery
from gateway.server.paths import Scope, Send
from gateway.server.services import Services

_EXPOSED = (
    "request-id, retry-after, x-should-retry, x-gateway-target, x-gateway-reason, x-gateway-rule"
)
PREFLIGHT_SECONDS = 600


async def admitted(
    services: Services, scope: Scope, headers: Mapping[str, str], send: Send
) -> Send | None:
    """How to answer a request that is not plain; None if it has its answer, a refusal or a preflight's."""
    settings = services.config.snapshot.server
    objection = services.sites.objection(settings, headers, scope)
    if objection is not None:
        settings = (await services.config.current()).server  # a saved change may let it in
        objection = services.sites.objection(settings, headers, scope)
    if objection is not None:
        reason, error = objection
        services.tally.foreign[(reason,)] += 1
        host, origin = headers.get("host"), headers.get("origin")
        observe.logger().warning("refused", reason=reason, host=host, origin=origin)
        await Delivery(send).error(error, {"request-id": random_id("req")})
        return None
    origin = headers.get("origin")
    if origin is None or is_same(origin, headers.get("host")):
        return send
    if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
        await preflight(headers, send)
        return None
    return Shared(send, origin)


class Shared:
    """Sends, and says to the browser that the page may read it."""

    __slots__ = ("_origin", "_send")

    def __init__(self, send: Send, origin: str) -> None:
        self._send = send
        self._origin = origin.encode("latin-1")

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            added = [
                (b"access-control-allow-origin", self._origin),
                (b"access-control-expose-headers", _EXPOSED.encode()),
                (b"vary", b"origin"),
            ]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        return self._send(message)


async def preflight(headers: Mapping[str, str], send: Send) -> None:
    """What a browser asks before it sends what the page wants; it shows no key."""
    answer = {
        "access-control-allow-origin": headers["origin"],
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": headers.get("access-control-request-headers", ""),
        "access-control-max-age": str(PREFLIGHT_SECONDS),
        "vary": "origin, access-control-request-headers",
    }
    if headers.get("access-control-request-private-network") == "true":
        answer["access-control-allow-private-network"] = "true"
    raw = [(name.encode(), value.encode("latin-1")) for name, value in answer.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
