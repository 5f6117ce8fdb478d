"""Laws of a client's pace: whoever reads slowly reads the same, and whoever leaves ends what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop
from asgi_gateway import ASK, Gateway, says
from language import events_of
from servers.raw import Call, serving

from gateway import json_text
from gateway.server import build_app
from gateway.server.conversation import waiting
from gateway.server.delivery import Delivery
from gateway.upstream import Upstream

Run = Callable[[Coroutine[Any, Any, Any]], Any]
LOOPS: list[Run] = [asyncio.run, uvloop.run]
each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
WORDS = [f"word {number} " for number in range(60)]
CONFIG = """
providers:
  chat: {{dialect: openai-chat, base_url: "{url}"}}
default: chat:m
"""


@dataclass
class Client:
    """A client whose connection takes so many pieces, and more only when it reads."""

    room: int
    pieces: list[bytes] = field(default_factory=list)
    cut: int = 0
    """Writes that were ended while they waited."""

    def __post_init__(self) -> None:
        self.asked = False
        self.changed = asyncio.Event()
        self.left = asyncio.Event()
        self.waited = asyncio.Event()
        """A write had to wait."""
        self.told = asyncio.Event()
        """The answer has ended."""

    async def send(self, message: Any) -> None:
        """As servers send: it waits first, then it writes."""
        while not self.room:
            self.waited.set()
            self.changed.clear()
            try:
                await self.changed.wait()
            except asyncio.CancelledError:
                self.cut += 1
                raise
        self.room -= 1
        self.pieces.append(message.get("body", b""))
        if not message.get("more_body", True):
            self.told.set()

    def read(self, more: int = 1) -> None:
        """Makes room."""
        self.room += more
        self.changed.set()

    async def receive(self) -> Any:
        """The request, and then that the client has left."""
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": json_text.encode({**ASK, "stream": True})}
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def text(self) -> str:
        """What the model said."""
        deltas = [event.get("delta", {}) for event in events_of(b"".join(self.pieces))]
        return "".join(delta.get("text", "") for delta in deltas)


@each_loop
@pytest.mark.parametrize("room", [0, 1, 2, 5])
def test_what_is_begun_outside_of_a_task_is_ended_in_one(run: Run, room: int) -> None:
    """The loop writes as long as the client takes it; a task goes on with what has to wait."""

    async def story() -> None:
        loop, client = asyncio.get_running_loop(), Client(room)
        delivery = Delivery(client.send)
        told: list[bool] = []

        def write(number: int) -> None:
            told.append(delivery.write_now(b"%d" % number))

        for number in range(5):
            loop.call_soon(write, number)
            await asyncio.sleep(0)
            if delivery.unsent is not None:
                loop.call_soon(client.read)
                unsent, delivery.unsent = delivery.unsent, None
                await unsent
        assert b"".join(client.pieces) == b"01234"
        assert told == [True] * room + [False] * (5 - room)

    run(story())


@each_loop
def test_a_write_that_waits_can_be_ended(run: Run) -> None:
    """Whoever waits for it is cancelled, and it learns of that where it stands."""

    async def story() -> None:
        client = Client(0)
        delivery = Delivery(client.send)
        asyncio.get_running_loop().call_soon(delivery.write_now, b"x")
        await asyncio.sleep(0)

        async def waits() -> None:
            assert delivery.unsent is not None
            await delivery.unsent

        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        client.read()
        assert (client.cut, client.pieces) == (1, [])

    run(story())


# -- through the gateway -------------------------------------------------------------------------------


class Story:
    """A gateway, a provider that streams words, and a client."""

    def __init__(self, folder: Path, client: Client, *, ends: bool) -> None:
        self.client = client
        self.left = asyncio.Event()
        """The gateway has ended its request to the provider."""
        self._path = folder / "config.yaml"
        self._ends = ends

    async def stream(self, call: Call) -> bool:
        """What the provider says: all its words, or those and nothing more."""
        try:
            await call.say(HEAD)
            for word in WORDS:
                await call.say(says(word))
                await asyncio.sleep(0.001)  # so that it is read by itself on a busy machine, too
            if self._ends:
                await call.say(says("", "stop"), b"data: [DONE]\n\n")
            while not (self._ends or call.writer.is_closing()):
                await call.say(b": still here\n\n")
                await asyncio.sleep(0.01)
        finally:
            self.left.set()
        return False

    async def tell(self, meanwhile: Coroutine[Any, Any, None]) -> None:
        """The client asks, and `meanwhile` says what it does until the gateway is done with it."""
        async with serving(self.stream) as server:
            self._path.write_text(CONFIG.format(url=server.url))
            services = Gateway(self._path).make_services()
            services.upstream = Upstream()
            scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/v1/messages"}
            scope |= {"query_string": b"", "headers": []}
            client = asyncio.create_task(meanwhile)
            try:
                app = build_app(services)
                await asyncio.wait_for(app(scope, self.client.receive, self.client.send), 20)
                await client
                if not self._ends:
                    await asyncio.wait_for(self.left.wait(), 20)
            finally:
                client.cancel()
                await services.upstream.close()


@each_loop
@pytest.mark.parametrize("at_once", [1, 3])
def test_a_slow_client_reads_the_same(run: Run, at_once: int, tmp_path: Path) -> None:
    """Every word, once and in order, however few pieces its connection takes."""

    async def story() -> None:
        client = Client(0)

        async def reads() -> None:
            while True:
                await asyncio.sleep(0.005)
                client.read(at_once)

        async def until_it_is_told() -> None:
            reading = asyncio.create_task(reads())
            await client.told.wait()
            reading.cancel()

        await Story(tmp_path, client, ends=True).tell(until_it_is_told())
        assert client.text == "".join(WORDS)
        assert client.waited.is_set()

    run(story())


@each_loop
@pytest.mark.parametrize("watch", [waiting.WATCH_AFTER, 0.5])
def test_a_client_that_leaves_while_it_is_written_to_ends_the_request(
    run: Run, watch: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before anybody watches: what it was told by then is all that was written."""
    monkeypatch.setattr(waiting, "WATCH_AFTER", watch)

    async def story() -> None:
        client = Client(4)

        async def leaves() -> None:
            await client.waited.wait()
            client.left.set()

        await Story(tmp_path, client, ends=False).tell(leaves())
        assert len(client.pieces) == 4
        assert client.cut == 1

    run(story())
