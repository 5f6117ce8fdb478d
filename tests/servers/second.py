"""A server of HTTP/2: it says back what it was told, and which version it was told it in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h2.config
import h2.connection
import h2.events


class Speaker(asyncio.Protocol):
    """One connection. Bodies are small here, so that no window has to be watched."""

    def __init__(self) -> None:
        settings = h2.config.H2Configuration(client_side=False)
        self._h2 = h2.connection.H2Connection(settings)
        self._bodies: dict[int, bytes] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._h2.initiate_connection()
        transport.write(self._h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.DataReceived) and event.stream_id is not None:
                told = self._bodies.get(event.stream_id, b"")
                self._bodies[event.stream_id] = told + (event.data or b"")
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id is not None:
                self._answer(event.stream_id)
        self._transport.write(self._h2.data_to_send())

    def _answer(self, stream: int) -> None:
        self._h2.send_headers(stream, [(":status", "200"), ("x-version", "2")])
        for piece in (b"told: ", self._bodies.pop(stream, b"")):
            self._h2.send_data(stream, piece)
        self._h2.end_stream(stream)


@asynccontextmanager
async def second(tls: ssl.SSLContext) -> AsyncIterator[str]:
    """The server, on loopback; gives its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Speaker, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
