"""An application on the gateway's own HTTP protocol, at a free port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from gateway.server.connections.door import Door
from gateway.server.connections.http import limited
from gateway.server.paths import App


@asynccontextmanager
async def at_a_port(app: App, door: Door) -> AsyncIterator[tuple[int, list[Any]]]:
    """The port, and the connections that are made to it."""
    config = uvicorn.Config(app, http=limited(door), log_config=None, ws="none")
    config.load()
    connections: list[Any] = []
    state = ServerState()

    def connect() -> Any:
        made: Any = config.http_protocol_class(config=config, server_state=state, app_state={})  # type: ignore[call-arg]
        connections.append(made)
        return made

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()
        for connection in connections:
            connection.transport.abort()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await asyncio.sleep(0)
