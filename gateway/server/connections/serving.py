"""Serves an application over HTTP until a signal comes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Literal

import uvicorn

from gateway.server.connections.door import IDLE_SECONDS, Door
from gateway.server.connections.stopping import Server
from gateway.server.paths import App


def serve(
    app: App,
    listeners: Sequence[socket.socket],
    door: Door,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Blocks. `door` says what clients are held to; `tls` is spoken at ports, not at unix sockets."""
    settings = uvicorn.Config(
        app,
        http=_protocol(door),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody asks for a client's address
        ws="none",
        lifespan="on",
        timeout_keep_alive=int(IDLE_SECONDS),
        backlog=BACKLOG,
    )
    settings.load()
    settings.ssl = tls
    local = [one for one in listeners if one.family == getattr(socket, "AF_UNIX", None)]
    _Server(settings, door, local).run(sockets=[one for one in listeners if one not in local])


class _Server(Server):
    """Listens at unix sockets beside ports: uvicorn would speak TLS at both or at none."""

    def __init__(self, config: uvicorn.Config, door: Door, local: Sequence[socket.socket]) -> None:
        super().__init__(config, door)
        self._local = local

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to take connections."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        for listener in self._local:
            server = await loop.create_unix_server(
                self._connection, sock=listener, backlog=self.config.backlog
            )
            self.servers.append(server)

    def _connection(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        made: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


BACKLOG = 2048
"""Connections that may wait to be taken."""


def _protocol(door: Door) -> type[asyncio.Protocol] | Literal["auto"]:
    if find_spec("httptools") is None:
        return "auto"  # uvicorn's own, which does without
    from gateway.server.connections.http import limited

    return limited(door)
