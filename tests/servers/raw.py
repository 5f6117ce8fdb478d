"""A server that speaks bytes: whatever a script writes, however it cuts and ends it."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Call:
    """A request, and where to answer it."""

    connection: int
    """Counted from 0 in the order in which they were made."""
    turn: int
    """Which request of its connection it is, from 0."""
    head: bytes
    body: bytes
    writer: asyncio.StreamWriter = field(repr=False)

    async def say(self, *pieces: bytes) -> None:
        """Each piece goes out by itself."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)


Script = Callable[[Call], Awaitable[bool | None]]
"""Answers; the connection is closed after one that returns False."""


@dataclass
class Raw:
    """What the server has seen."""

    url: str
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a connection has ended."""

    async def until_closed(self) -> None:
        """Waits until no connection is open."""
        while self.open:
            self.closed.clear()
            await asyncio.wait_for(self.closed.wait(), 10)


@asynccontextmanager
async def serving(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Raw]:
    """The server, on loopback."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, raw.connections, raw.open = raw.connections, raw.connections + 1, raw.open + 1
        try:
            for turn in range(1_000_000):
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                call = Call(number, turn, head, body, writer)
                raw.calls.append(call)
                if await script(call) is False:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # the other side has left
        finally:
            writer.transport.abort() if tls else writer.close()
            raw.open -= 1
            raw.closed.set()

    def started(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(started, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls is not None else "http"
    raw = Raw(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield raw
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
