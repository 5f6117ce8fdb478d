"""The server's own life: signals, the look at slow clients, and an end in which nothing is lost unsaid.

uvicorn cuts what is under way when its patience ends, and dies of the signal that told it to stop. Here
answers get `server.drain` to end; what is left then, or at a second signal, is ended as `life` says, and
the process ends with 0 once all that is to be kept is written.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from gateway import observe
from gateway.server.connections.door import Door

LOOK_EVERY = 10
"""Ticks, of a tenth of a second, between two looks at slow clients."""
TICK = 0.05
"""Seconds between two looks at what is still under way."""
LAST = 2.0
"""Seconds in which what is ended early gets out to its clients."""


class Server(uvicorn.Server):
    """Serves until it is told to stop."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self._door = door

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are heard while it serves, and meant for it alone."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first one drains, the second one ends."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % LOOK_EVERY == 0:
            self._look()
        return await super().on_tick(counter)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            patience = getattr(connection, "patience", None)
            if patience is not None:
                patience.look(connection, now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drains, ends, and tells the application to keep what it has to keep."""
        state, life, log = self.server_state, self._door.life, observe.logger()
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        life.drain()
        seconds = self._door.drain
        log.info("stopping", under_way=life.under_way, seconds=seconds)
        for connection in list(state.connections):
            connection.shutdown()
        await self._until(lambda: self.force_exit or self._is_quiet, seconds, looks=True)
        ended = life.under_way
        life.end()
        await self._until(lambda: self._is_quiet, LAST)
        tasks = list(state.tasks)
        await self._cut(tasks)
        await self.lifespan.shutdown()
        log.info("stopped", ended_early=ended, cut=len(tasks))

    @property
    def _is_quiet(self) -> bool:
        return not (self.server_state.tasks or self.server_state.connections)

    async def _until(
        self, holds: Callable[[], bool], seconds: float, *, looks: bool = False
    ) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not holds() and loop.time() < until:
            if looks:
                self._look()
            await asyncio.sleep(TICK)

    async def _cut(self, tasks: list[Any]) -> None:
        """Ends what would not end: its clients see a connection that broke."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST)
