"""Counts that providers are asked for. Clients ask for the size of each part of their prompt at once; equal
questions that are on their way are one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from time import monotonic

from gateway import json_text
from gateway.errors import UpstreamTimeout
from gateway.pipeline import Count, UpstreamRequest
from gateway.server.conversation.rooms import Rooms
from gateway.upstream import Upstream

PATIENCE = 10.0
"""Seconds that a provider has for its count."""

UNABLE = frozenset({404, 405, 501})
"""Statuses of servers that do not count this model,"""
RESPITE = 600.0
"""and for how many seconds they are not asked again."""
MOST_UNABLE = 200
"""Targets of which this is remembered."""


class ProviderCounts:
    """The questions to providers that are on their way."""

    def __init__(self, upstream: Upstream, rooms: Rooms) -> None:
        self._upstream = upstream
        self._rooms = rooms
        self._under_way: dict[bytes, asyncio.Task[int]] = {}
        self._unable: OrderedDict[str, float] = OrderedDict()

    def may_ask(self, target: str) -> bool:
        """The target's provider has not said lately that it cannot count."""
        return self._unable.get(target, 0.0) <= monotonic()

    async def ask(self, count: Count, request: UpstreamRequest) -> int:
        """The provider's count. Raises `GatewayError`."""
        key = _digest(request)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._ask(count, request))
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)  # the others wait still when one client leaves

    async def _ask(self, count: Count, request: UpstreamRequest) -> int:
        limits = request.endpoint.limits
        room = self._rooms.enter_to_count(request) if limits is not None else None
        try:
            async with asyncio.timeout(PATIENCE), self._upstream.send(request) as reply:
                body = await reply.error_body()
                if reply.status in UNABLE:
                    self._note_unable(str(count.exchange.target))
                return count.answer(reply.status, reply.headers, body)
        except TimeoutError:
            name = request.endpoint.name
            raise UpstreamTimeout(f"{name} did not count within {PATIENCE:g} s.") from None
        finally:
            if room is not None:
                room.leave()

    def _note_unable(self, target: str) -> None:
        self._unable[target] = monotonic() + RESPITE
        self._unable.move_to_end(target)
        if len(self._unable) > MOST_UNABLE:
            self._unable.popitem(last=False)

    async def close(self) -> None:
        """Ends the questions under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _digest(request: UpstreamRequest) -> bytes:
    told = json_text.encode([request.url, sorted(request.headers.items())])
    return hashlib.blake2b(told + b"\n" + request.body, digest_size=16).digest()
