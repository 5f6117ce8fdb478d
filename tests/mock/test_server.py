"""The mock on a socket: it plays what is asked for, and notices who leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway import json_text
from gateway.mock.plan import Chance, Plan
from gateway.mock.scenarios import SCENARIOS
from gateway.mock.scene import Knobs
from gateway.mock.server import Mock
from gateway.mock.wires import WIRES

KNOBS = Knobs(silence=3600, drip=0, beat=0.001)


@asynccontextmanager
async def serving(note: Callable[[str], None]) -> AsyncIterator[tuple[Mock, int]]:
    """A mock on loopback."""
    mock = Mock(WIRES, Plan([], Chance()), KNOBS, lambda *told: note(": ".join(told)))
    port = await mock.start("127.0.0.1", 0)
    try:
        yield mock, port
    finally:
        await mock.close()


def request(model: str, path: str = "/v1/chat/completions") -> bytes:
    """A request for a stream."""
    body = json_text.encode({"model": model, "stream": True, "messages": []})
    return b"POST %b HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def test_one_connection_serves_many_requests() -> None:
    """Also those that come before the answer to the one before."""
    notes: list[str] = []

    async def ask() -> bytes:
        async with serving(notes.append) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request("ok") + request("529") + request("close-before-answer"))
            said = await reader.read()
            writer.close()
            return said

    said = asyncio.run(ask())
    assert said.count(b"HTTP/1.1 200 OK") == 1
    assert said.count(b"HTTP/1.1 529 Overloaded") == 1
    assert notes == [
        f"POST /v1/chat/completions: {name}" for name in ("ok", "529", "close-before-answer")
    ]


def test_a_silence_ends_when_the_client_leaves() -> None:
    """An hour of it holds nothing once nobody listens."""

    async def ask() -> str:
        told = asyncio.Queue[str]()
        async with serving(told.put_nowait) as (mock, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request("silence-mid-stream"))
            assert await reader.read(1)
            assert (mock.open, mock.playing) == (1, 1)
            writer.close()
            note = await asyncio.wait_for(told.get(), 10)
            assert (mock.open, mock.playing) == (0, 0)
            return note

    assert asyncio.run(ask()) == "POST /v1/chat/completions: silence-mid-stream, left"


def test_a_reset_is_one() -> None:
    """What was said before it arrives, and then no end in order."""

    async def ask() -> bytes:
        async with serving(list[str]().append) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request("reset-mid-stream"))
            said = await reader.readuntil(b"\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                while await reader.read(65536):
                    pass
            writer.close()
            return said

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (b"GET /v1/models HTTP/1.1\r\n\r\n", b'"id":"cut-mid-stream"'),
        (request("ok", "/elsewhere"), b"HTTP/1.1 404"),
        (b"POST /v1/messages HTTP/1.1\r\ncontent-length: 2\r\n\r\n[]", b"HTTP/1.1 400"),
        (b"hello\r\n\r\n", b"HTTP/1.1 400"),
    ],
    ids=["models", "another path", "no object", "no HTTP"],
)
def test_what_else_is_asked(wire: bytes, said: bytes) -> None:
    """The scenarios are its models; what makes no sense is refused."""

    async def ask() -> bytes:
        async with serving(list[str]().append) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(wire)
            answer = await reader.readuntil(b"\r\n\r\n") + await reader.read(65536)
            writer.close()
            return answer

    assert said in asyncio.run(ask())


def test_every_scenario_has_a_sentence_of_its_own() -> None:
    """`--list` tells them apart, in one line each."""
    sentences = [scenario.sentence for scenario in SCENARIOS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(one.endswith(".") and "\n" not in one for one in sentences)
