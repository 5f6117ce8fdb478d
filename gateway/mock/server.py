"""Plays scripts on sockets: bytes as they stand there, however wrong they are."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import unquote

from gateway import json_text
from gateway.mock import http1
from gateway.mock.plan import Plan
from gateway.mock.requests import BadRequest, Request, taken
from gateway.mock.scenarios import SCENARIOS
from gateway.mock.scene import JSON_TYPE, End, Knobs, Scene, Script
from gateway.mock.wires import Wire

Note = Callable[[str, str], None]
"""Is told of each request: what was asked at which path, and what became of it."""

LINGER_NOT = struct.pack("ii", 1, 0)
"""`SO_LINGER` that makes a reset of a close."""

SETTLE = 0.02
"""Seconds before a reset, in which what was said before it can be read: a reset overtakes it."""


class Mock:
    """A server. `open` and `playing` tell what is under way, for whoever looks for leaks."""

    def __init__(
        self, wires: Mapping[str, Wire], plan: Plan, knobs: Knobs, note: Note | None = None
    ) -> None:
        self.wires = wires
        self.knobs = knobs
        self.plan = plan
        self.note = note or (lambda _asked, _became: None)
        self.playing = 0
        """Answers that have not ended."""
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def open(self) -> int:
        """Connections."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> int:
        """Listens; gives the port. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listens no more, and ends what is open."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def script(self, request: Request) -> tuple[str, Script]:
        """What is played for a request, and what to call it."""
        path = unquote(request.target.partition("?")[0])
        if request.method == "GET":
            return "models", _models()
        for wire in self.wires.values():
            if (match := wire.path.search(path)) is not None and request.method == "POST":
                return self._play(wire, match.groupdict(), request)
        return "no such path", iter([_problem(404, f"The mock has no {request.method} {path}.")])

    def _play(
        self, wire: Wire, place: Mapping[str, str | None], request: Request
    ) -> tuple[str, Script]:
        try:
            body = json_text.decode(request.body)
        except json_text.NotJSON:
            body = None
        if not isinstance(body, dict):
            return "no JSON object", iter([_problem(400, "The body is no JSON object.")])
        asked = wire.read(place, body, len(request.body))
        scenario = self.plan.scenario(asked.model)
        scene = Scene(wire, scenario.says(asked), asked.streams, self.knobs, request.key)
        return scenario.name, scenario.play(scene)

    # -- for its connections --------------------------------------------------------------------

    def made(self, connection: Connection) -> None:
        """A connection is up."""
        self._connections.add(connection)

    def lost(self, connection: Connection) -> None:
        """A connection is down."""
        self._connections.discard(connection)


class Connection(asyncio.Protocol):
    """Takes one request after the other, and plays each its script."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is up."""
        self._transport = cast("asyncio.Transport", transport)
        self._mock.made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is down; nobody hears the rest."""
        self._transport = None
        self._drained.set()
        if self._task is not None:
            self._task.cancel()
        self._mock.lost(self)

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._drained.set()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        self._buffer += data
        if self._task is None:
            self._next()

    def abort(self) -> None:
        """Ends it, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        try:
            request = taken(self._buffer)
        except BadRequest as error:
            self._buffer.clear()
            self._begin("?", "not understood", iter([_problem(error.status, "?"), End.CLOSE]))
            return
        if request is not None:
            name, script = self._mock.script(request)
            self._begin(f"{request.method} {request.target}", name, script)

    def _begin(self, asked: str, name: str, script: Script) -> None:
        self._task = asyncio.get_running_loop().create_task(self._play(asked, name, script))

    async def _play(self, asked: str, name: str, script: Script) -> None:
        self._mock.playing += 1
        became = f"{name}, left"
        try:
            for act in script:
                await self._act(act)
            became = name
        finally:
            self._mock.playing -= 1
            self._mock.note(asked, became)
            self._task = None
        self._next()

    async def _act(self, act: bytes | float | End) -> None:
        transport = self._transport
        if isinstance(act, bytes):
            await self._drained.wait()
            if transport is not None:
                transport.write(act)
        elif isinstance(act, End):
            await self._end(act)
        else:
            await asyncio.sleep(act)

    async def _end(self, end: End) -> None:
        if end is End.RESET:
            await asyncio.sleep(SETTLE)
        transport = self._transport
        if transport is None:
            return
        if end is End.CLOSE:
            transport.close()
            return
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        transport.abort()


def _models() -> Script:
    """The scenarios, as every format lists models."""
    names = list(SCENARIOS)
    listed = {
        "object": "list",
        "data": [{"id": name, "object": "model", "type": "model"} for name in names],
        "models": [{"name": name, "model": name} for name in names],
    }
    yield http1.whole(200, json_text.encode(listed), {"content-type": JSON_TYPE})


def _problem(status: int, message: str) -> bytes:
    body = json_text.encode({"error": {"message": message}})
    return http1.whole(status, body, {"content-type": JSON_TYPE})
