"""The response side of one request: what was sent, and what can still be."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import GatewayError
from gateway.server.paths import Send

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


class Delivery:
    """Status and headers go out with the first bytes; until then they can change.

    Ending without `end` cuts the connection: the client then knows that the answer is incomplete, and
    the official ones ask again.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.committed = False
        self.ended = False
        self.status = 0

    async def start(self, status: int, headers: Mapping[str, str], content_type: str) -> None:
        """Commits to a status."""
        self.committed = True
        self.status = status
        raw = [(b"content-type", content_type.encode("ascii"))]
        raw += [(k.encode("ascii"), v.encode("latin-1", "replace")) for k, v in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, data: bytes) -> None:
        """Sends a piece."""
        if data and not self.ended:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Sends the last piece."""
        if not self.ended:
            self.ended = True
            await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def whole(
        self, status: int, headers: Mapping[str, str], body: bytes, content_type: str = JSON
    ) -> None:
        """A complete response."""
        await self.start(status, {**headers, "content-length": str(len(body))}, content_type)
        await self.end(body)

    async def error(self, error: GatewayError, headers: Mapping[str, str]) -> None:
        """The response to a failed request. Only before anything else was sent."""
        request_id = headers.get("request-id")
        await self.whole(error.status, {**headers, **error.headers}, error.body(request_id))
