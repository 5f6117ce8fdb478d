"""A provider with limits behind a real gateway: clients on sockets, some of whom leave; and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from servers.gateway import Gateway, serving
from servers.process import wait_until
from servers.scripted import Upstream

PATIENCE = 15.0
"""Seconds for what happens at once, on a busy machine."""

GATE = "room"

CONFIG = """\
version: 1
providers:
  lab:
    dialect: openai-chat
    base_url: "{url}/v1"
    api_key: sk-dummy
    limits: {{concurrency: {concurrency}, queue: 30, wait: 1m}}
default: "lab:stub-model+stall={gate}"
"""


@pytest.fixture
def lab() -> Iterator[Upstream]:
    """An upstream of its own: its answers wait at a gate."""
    with Upstream() as server:
        yield server


def config(lab: Upstream, concurrency: int) -> str:
    return CONFIG.format(url=lab.url, concurrency=concurrency, gate=GATE)


def body(word: str, *, stream: bool = True) -> dict[str, Any]:
    content = f"PLAY=words please {word}"
    messages = [{"role": "user", "content": content}]
    return {"model": "x", "max_tokens": 64, "stream": stream, "messages": messages}


class Clients:
    """Everybody who asks one gateway."""

    def __init__(self, gateway: Gateway, session: aiohttp.ClientSession) -> None:
        self._gateway = gateway
        self._session = session

    def ask(self, word: str, *, stream: bool = True) -> asyncio.Task[tuple[int, bytes]]:
        async def asked() -> tuple[int, bytes]:
            url = f"{self._gateway.url}/v1/messages"
            async with self._session.post(url, json=body(word, stream=stream)) as response:
                return response.status, await response.read()

        return asyncio.create_task(asked())

    async def until(self, running: int, queued: int) -> None:
        """Until so many run and wait."""
        expected = {"running": running, "queued": queued}
        async with asyncio.timeout(PATIENCE):
            while (await self._state()) != expected:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)

    async def _state(self) -> dict[str, int] | None:
        async with self._session.get(f"{self._gateway.url}/health") as response:
            health = await response.json()
        state: dict[str, int] | None = health.get("limited", {}).get("lab")
        return state


async def sent(lab: Upstream, requests: int) -> None:
    """Until so many are upstream: those who have room are on their way there."""
    await asyncio.to_thread(
        wait_until,
        lambda: len(lab.requests) == requests,
        seconds=PATIENCE,
        what=f"{requests} requests are upstream",
    )


def tell(gateway: Gateway, story: Callable[[Clients], Any]) -> None:
    async def told() -> None:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            await story(Clients(gateway, session))

    asyncio.run(told())


def test_twenty_clients_share_two_places(lab: Upstream, tmp_path: Path) -> None:
    """Streams and whole answers: two are upstream while the others wait; each is answered in full."""

    async def story(clients: Clients) -> None:
        asked = [clients.ask(f"client-{n}", stream=bool(n % 2)) for n in range(20)]
        await clients.until(2, 18)
        await sent(lab, 2)
        lab.open(GATE)
        for status, answer in await asyncio.gather(*asked):
            assert status == 200
            assert b"message_stop" in answer or b'"stop_reason":"end_turn"' in answer
        await clients.until(0, 0)
        assert len(lab.requests) == 20

    with serving(config(lab, 2), folder=tmp_path) as gateway:
        tell(gateway, story)


def test_clients_that_leave_make_room(lab: Upstream, tmp_path: Path) -> None:
    """From the line, where nothing was sent for them, and from their place upstream."""

    async def story(clients: Clients) -> None:
        asked = {}
        for at, word in enumerate(("sent", "leaves", "stays")):
            asked[word] = clients.ask(word)
            await clients.until(1, at)
        await sent(lab, 1)
        asked["leaves"].cancel()
        await clients.until(1, 1)
        asked["sent"].cancel()
        await clients.until(1, 0)
        lab.open(GATE)
        assert (await asked["stays"])[0] == 200
        await clients.until(0, 0)
        assert [bool(lab.about(word)) for word in asked] == [True, False, True]

    with serving(config(lab, 1), folder=tmp_path) as gateway:
        tell(gateway, story)


def test_a_gateway_that_ends_lets_the_line_through(lab: Upstream, tmp_path: Path) -> None:
    """Those who wait when it is told to stop are answered like those under way."""
    with serving(config(lab, 1), folder=tmp_path) as gateway:
        process = gateway.process.process

        async def story(clients: Clients) -> None:
            asked = [clients.ask(f"client-{number}") for number in range(4)]
            await clients.until(1, 3)
            process.terminate()
            await asyncio.sleep(0.2)
            lab.open(GATE)
            for status, answer in await asyncio.gather(*asked):
                assert status == 200
                assert b"message_stop" in answer

        tell(gateway, story)
        wait_until(lambda: process.poll() is not None, seconds=PATIENCE, what="it ends")
