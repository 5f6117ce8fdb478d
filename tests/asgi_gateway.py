"""The application without a socket: clients speak ASGI, providers are functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gateway import json_text
from gateway.reload import ConfigStore
from gateway.server import Services, build_app
from gateway.server.paths import App
from gateway.tokens import Tiktoken, TokenCounter
from gateway.upstream import Upstream

ASK = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

Provider = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Transport(httpx.AsyncBaseTransport):
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._provider(request)


class Pieces(httpx.AsyncByteStream):
    """A body in pieces: bytes are sent, numbers are seconds of silence, exceptions are raised."""

    def __init__(self, *pieces: bytes | float | Exception) -> None:
        self._pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            elif isinstance(piece, Exception):
                raise piece
            else:
                await asyncio.sleep(piece)

    async def aclose(self) -> None:
        self.closed = True


def says(text: str, reason: str | None = None) -> bytes:
    chunk = {"choices": [{"delta": {"content": text}, "finish_reason": reason}]}
    return b"data: " + json_text.encode(chunk) + b"\n\n"


def answering(
    stream: Pieces | bytes, *, status: int = 200, kind: str = "text/event-stream"
) -> Provider:
    async def provider(_request: httpx.Request) -> httpx.Response:
        body = Pieces(stream) if isinstance(stream, bytes) else stream
        return httpx.Response(status, headers={"content-type": kind}, stream=body)

    return provider


@dataclass
class Heard:
    """What a client hears."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json_text.decode(self.body)


@dataclass
class Gateway:
    """The application with its config file, asked directly."""

    path: Path
    services: Services | None = None
    """Kept from request to request, so that what is remembered can be seen."""
    provider: Provider = field(default_factory=lambda: answering(b""))
    query: bytes = b""
    """What stands after the path of each request."""

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        leave_after: int | None = None,
    ) -> Heard:
        """One request; the client leaves after so many pieces, if a number is given."""
        return asyncio.run(self._ask(method, path, body, headers or {}, leave_after))

    def ask_together(self, *requests: tuple[str, str, object]) -> list[Heard]:
        """Requests at the same time."""
        return asyncio.run(self._together(requests, {}, None))

    async def _ask(
        self, method: str, path: str, body: object, headers: dict[str, str], leave_after: int | None
    ) -> Heard:
        [heard] = await self._together([(method, path, body)], headers, leave_after)
        return heard

    async def _together(
        self,
        requests: Sequence[tuple[str, str, object]],
        headers: dict[str, str],
        leave_after: int | None,
    ) -> list[Heard]:
        services = self.make_services()
        app = build_app(services)
        asked = [
            _ask(app, *request, headers, leave_after, query=self.query) for request in requests
        ]
        heard = await asyncio.gather(*asked)
        await services.shadows.close()
        await services.pace.close()
        return heard

    async def speak(
        self,
        services: Services,
        request: tuple[str, str, object],
        headers: dict[str, str] | None = None,
    ) -> Heard:
        """One request to a gateway that lives on."""
        return await _ask(build_app(services), *request, headers or {}, None)

    def make_services(self) -> Services:
        """A gateway that remembers what the one before it did."""
        encoder = Tiktoken()
        store = ConfigStore(self.path, lambda _outcome, _findings: None)
        upstream = Upstream({"http": Transport(self.provider)})
        services = Services(store, upstream, encoder, TokenCounter(encoder), encoder_loaded=True)
        if self.services is not None:
            services.pins, services.recent = self.services.pins, self.services.recent
            services.tally, services.guard = self.services.tally, self.services.guard
            services.estimates = self.services.estimates
            services.availability = self.services.availability
        self.services = services
        return services


async def _ask(
    app: App,
    method: str,
    path: str,
    body: object,
    headers: dict[str, str],
    leave_after: int | None,
    *,
    query: bytes = b"",
) -> Heard:
    heard, left = Heard(), asyncio.Event()
    raw = body if isinstance(body, bytes) else json_text.encode(body)
    incoming = [{"type": "http.request", "body": raw, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            heard.status = message["status"]
            heard.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        if message.get("body"):
            heard.pieces.append(message["body"])
        heard.complete = not message.get("more_body", False)
        if leave_after is not None and len(heard.pieces) >= leave_after:
            left.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 4000),
        "state": {},
    }
    await app(scope, receive, send)
    return heard
