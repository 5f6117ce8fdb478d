"""A proxy: CONNECT for https, whole addresses for http; it keeps what it was asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

ASKED = re.compile(rb"(?:CONNECT (?P<to>\S+)|POST http://(?P<whole>[^/ ]+)\S*) HTTP/1\.1\r\n")


@dataclass
class Tunnel:
    """Where it is, and the places to which it was asked to go."""

    url: str
    places: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def tunnel(*, refuses: bool = False) -> AsyncIterator[Tunnel]:
    """The proxy, on loopback; it goes wherever it is asked to, or says 407 to everybody."""
    tasks: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked = ASKED.match(head)
        assert asked is not None
        place = (asked["to"] or asked["whole"]).decode()
        there.places.append(place)
        there.heads.append(head)
        if refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            return
        host, _, port = place.partition(":")
        onward = await asyncio.open_connection(host, int(port))
        if asked["to"]:
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            onward[1].write(head)
        await asyncio.gather(copy(reader, onward[1]), copy(onward[0], writer))

    def started(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(started, "127.0.0.1", 0)
    there = Tunnel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield there
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
