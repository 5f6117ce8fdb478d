"""A client that leaves ends its request upstream: nobody pays for tokens that nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from servers.gateway import Gateway
from servers.process import wait_until
from servers.scripted import Upstream
from servers.targets import TARGETS, Target

SEEN_SECONDS = 10.0
"""For a request to get upstream, on a busy machine."""
GONE_SECONDS = 1.0
"""For the upstream to see that the client has left."""

GATE = "nobody-opens-this"
WEATHER = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    },
}
PHASES = {
    "before the headers": ("words", "stall", b""),
    "in the middle of the text": ("words", "hold", b"text_delta"),
    "in the middle of the calls": ("calls", "hold", b""),
}
"""Where the answer has come to -> the play, the fault that stops it there, and what the client has read."""

EVERY = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@pytest.fixture
def base_url(gateway: Callable[[str], Gateway], upstream: Upstream, target: Target) -> str:
    """A gateway that knows the target."""
    return gateway(target.config(upstream.url)).url


def request(target: Target, word: str, *, play: str, fault: str, stream: bool) -> dict[str, Any]:
    """A request whose answer comes to a gate and stays there."""
    return {
        "model": f"{target.path}+{fault}={GATE}",
        "max_tokens": 1024,
        "stream": stream,
        "messages": [{"role": "user", "content": f"PLAY={play} please {word}"}],
        "tools": [WEATHER],
    }


async def leave(
    base_url: str, body: dict[str, Any], upstream: Upstream, *, word: str, after: bytes = b""
) -> None:
    """Ask, wait until the answer is at its gate and `after` has been read of it, close the connection."""
    read = bytearray()

    def is_there() -> bool:
        at_gate = [received.waits for received in upstream.about(word)] == [True]
        return at_gate and after in read

    async def ask() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{base_url}/v1/messages", json=body) as response,
        ):
            async for chunk in response.content.iter_any():
                read.extend(chunk)

    asked = asyncio.create_task(ask())
    await asyncio.to_thread(
        wait_until,
        is_there,
        seconds=SEEN_SECONDS,
        what="the answer waits at its gate",
    )
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)


def expect_gone(upstream: Upstream, word: str) -> None:
    """The one request with this word has lost its reader."""
    (received,) = upstream.about(word)
    wait_until(
        lambda: received.ending == "gone",
        seconds=GONE_SECONDS,
        what="the upstream request ends",
    )


@EVERY
@pytest.mark.parametrize("phase", PHASES)
def test_leaving_a_stream_ends_it_upstream(
    base_url: str, upstream: Upstream, word: str, *, target: Target, phase: str
) -> None:
    """However far the answer has come, the upstream sees its connection closed when the client leaves."""
    play, fault, after = PHASES[phase]
    body = request(target, word, play=play, fault=fault, stream=True)
    asyncio.run(leave(base_url, body, upstream, word=word, after=after))
    expect_gone(upstream, word)


@EVERY
def test_leaving_before_a_whole_answer_ends_it_upstream(
    base_url: str, upstream: Upstream, word: str, target: Target
) -> None:
    """The upstream sees its connection closed when the client gives up waiting for a whole answer."""
    body = request(target, word, play="words", fault="hold", stream=False)
    asyncio.run(leave(base_url, body, upstream, word=word))
    expect_gone(upstream, word)
