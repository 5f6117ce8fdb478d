"""What waits beside an answer leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest
from door_sockets import at_a_port
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ServerSettings
from gateway.server.accounts.tally import Tally
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.connections.door import Door
from gateway.server.connections.life import Life
from gateway.server.conversation import waiting
from gateway.server.conversation.waiting import Feed, Watch
from gateway.server.delivery import Delivery

PATIENCE = 10.0
"""Seconds for what comes at once."""


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
        with watch:
            await watched.wait()
        return ref(watch)

    async def story() -> None:
        watch = await asyncio.create_task(answer())
        await asyncio.sleep(0)
        assert watch() is None

    asyncio.run(story())


pieces = st.tuples(st.integers(0, 3 * waiting.HELD), st.booleans())
"""The bytes of a piece, and whether the answer says something to it."""


@given(st.lists(pieces, max_size=8))
def test_what_is_held(came: list[tuple[int, bool]]) -> None:
    """All that came since the answer last said something."""
    answers = iter([b"x" if says else b"" for _, says in came])
    exchange: Any = SimpleNamespace(attempt=SimpleNamespace(receive=lambda _piece: next(answers)))
    feed = Feed(exchange)
    held = 0
    for size, says in came:
        feed.read(b"-" * size)
        held = 0 if says else held + size
        assert feed.is_heavy == (held > waiting.HELD)


@pytest.mark.parametrize("size", [0, 5, 70_000, 400_000])
@pytest.mark.parametrize("again", [0, 3], ids=["parsed", "known"])
@pytest.mark.parametrize("when", ["before", "while"])
def test_a_client_that_leaves_ends_what_is_done_for_it(size: int, again: int, when: str) -> None:
    """Whether it leaves before somebody watches or later, and however much it sent; nobody is held by the
    watch after that."""
    outcomes: list[str] = []
    arrived, left = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        delivery = Delivery(send)
        await read_body(receive, headers_of(scope), size)
        if scope["path"] == "/quick":
            with Watch(receive, delivery, Life()):
                await delivery.whole(200, {}, b"")
            return
        arrived.set()
        if when == "before":
            await left.wait()
            await asyncio.sleep(0.05)
        try:
            with Watch(receive, delivery, Life()):
                await asyncio.sleep(PATIENCE)
        except ClientGone:
            outcomes.append("gone")

    def ask(path: str) -> bytes:
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
        return head.encode() + b"x" * size

    async def story() -> None:
        door = Door(lambda: ServerSettings(max_body=size), Tally(), Life())
        async with at_a_port(app, door) as (port, connections):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(again):
                writer.write(ask("/quick"))
                await reader.readuntil(b"\r\n\r\n")
                assert connections[0].cycle.gone is None
            writer.write(ask("/slow"))
            async with asyncio.timeout(PATIENCE):
                await arrived.wait()
                writer.close()
                left.set()
                while not outcomes:  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.001)
            assert connections[0].cycle.gone is None

    asyncio.run(story())
    assert outcomes == ["gone"]
