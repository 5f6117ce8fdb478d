"""Serves an application over HTTP until a signal comes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

import uvicorn

from gateway.server.paths import App

GRACE = 10
"""Seconds that running answers get to end when the gateway is told to stop."""

KEEP_ALIVE = 75
"""Seconds for which a client may keep a connection without asking anything."""


def serve(app: App, listener: socket.socket, most: Callable[[], int]) -> None:
    """Blocks. `most` tells the bytes of the longest body that the application takes."""
    settings = uvicorn.Config(
        app,
        http=_protocol(most),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody asks for a client's address
        ws="none",
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        backlog=2048,
    )
    uvicorn.Server(settings).run(sockets=[listener])


def _protocol(most: Callable[[], int]) -> type[asyncio.Protocol] | Literal["auto"]:
    if find_spec("httptools") is None:
        return "auto"  # uvicorn's own, which does without
    from gateway.server.http import limited

    return limited(most)
