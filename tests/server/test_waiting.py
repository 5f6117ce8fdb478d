"""What waits beside an answer leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from typing import Any
from weakref import ref

import pytest

from gateway.server.connections.life import Life
from gateway.server.conversation import waiting
from gateway.server.conversation.waiting import Watch
from gateway.server.delivery import Delivery


@pytest.fixture
def uncollected() -> Any:
    """Only what nobody refers to is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_watch_is_freed_with_its_answer(
    uncollected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that has begun to watch: it holds the connection, which waits for no collection."""
    monkeypatch.setattr(waiting, "WATCH_AFTER", 0.0)
    watched = asyncio.Event()

    async def receive() -> Any:
        watched.set()
        await asyncio.Event().wait()

    async def send(_message: Any) -> None:
        """Nothing is sent."""

    async def answer() -> ref[Watch]:
        watch = Watch(receive, Delivery(send), Life())
        async with watch:
            await watched.wait()
        return ref(watch)

    async def story() -> None:
        watch = await asyncio.create_task(answer())
        await asyncio.sleep(0)
        assert watch() is None

    asyncio.run(story())
