"""Serves an application over HTTP until a signal comes."""

from __future__ import annotations

import asyncio
import socket
from importlib.util import find_spec
from typing import Literal

import uvicorn

from gateway.server.door import IDLE_SECONDS, Door
from gateway.server.paths import App
from gateway.server.stopping import Server


def serve(app: App, listener: socket.socket, door: Door) -> None:
    """Blocks. `door` says what clients are held to."""
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
    Server(settings, door).run(sockets=[listener])


BACKLOG = 2048
"""Connections that may wait to be taken."""


def _protocol(door: Door) -> type[asyncio.Protocol] | Literal["auto"]:
    if find_spec("httptools") is None:
        return "auto"  # uvicorn's own, which does without
    from gateway.server.http import limited

    return limited(door)
