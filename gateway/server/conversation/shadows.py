"""Copies of requests for targets that are tried out. Their answers are thrown away.

A copy never delays the answer: it is made and sent beside it, a few at a time; when the target is
slower than the traffic, or has no room within its limits, copies are left out.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from gateway import observe
from gateway.errors import GatewayError
from gateway.pipeline import Exchange
from gateway.routing import Target
from gateway.server.conversation.rooms import Room, Rooms
from gateway.upstream import Upstream

AT_ONCE = 8
LONGEST = 300.0
"""Seconds that a copy may take."""


class Shadows:
    """The copies under way."""

    def __init__(self, upstream: Upstream, rooms: Rooms) -> None:
        self._upstream = upstream
        self._rooms = rooms
        self._running: set[asyncio.Task[None]] = set()

    async def close(self, patience: float = 1.0) -> None:
        """Gives the copies under way a moment, then ends them."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                task.cancel()

    def send(self, exchange: Exchange) -> None:
        """Sends the copy of an exchange, if its route asks for one and there is room."""
        if exchange.route.shadow is None or exchange.chain.failed or len(self._running) >= AT_ONCE:
            return
        task = asyncio.create_task(self._play(exchange, exchange.route.shadow))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _play(self, exchange: Exchange, shadow: Target) -> None:
        log, target = observe.logger(), str(shadow)
        room: Room | None = None
        try:
            request = await asyncio.to_thread(exchange.request_for, shadow)
            del exchange  # it is large, and the answer may take minutes
            if request.endpoint.limits is not None:
                room = self._rooms.enter_now(request)
                if room is None:
                    log.info("shadow", target=target, left_out="no room")
                    return
            async with asyncio.timeout(LONGEST), self._upstream.send(request) as reply:
                size = 0
                async with aclosing(reply.chunks()) as chunks:
                    async for chunk in chunks:
                        size += len(chunk)
                log.info("shadow", target=target, status=reply.status, bytes=size)
        except (GatewayError, TimeoutError) as error:
            log.warning("shadow", target=target, error=str(error) or "too slow")
        finally:
            if room is not None:
                room.leave()
