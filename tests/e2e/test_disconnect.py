"""A client that leaves ends its request upstream: nobody pays for tokens that nobody reads."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from servers.process import wait_until
from servers.scripted import Upstream

SEEN_SECONDS = 10.0
GATE = "nobody-opens-this"
PROVIDERS = pytest.mark.parametrize("provider", ["chat", "native"])


def request(provider: str, word: str, *, stream: bool) -> dict[str, Any]:
    """A request whose answer stops half-way (a whole one: before it) and stays there."""
    return {
        "model": f"{provider}:stub-model+hold={GATE}",
        "max_tokens": 1024,
        "stream": stream,
        "messages": [{"role": "user", "content": f"PLAY=words please {word}"}],
    }


def has_ended(upstream: Upstream, word: str, ending: str) -> bool:
    """Whether the one request with this word has come to this."""
    return [received.ending for received in upstream.about(word)] == [ending]


async def leave_midstream(base_url: str, body: dict[str, Any]) -> bytes:
    """Read the first bytes of the answer, then close the connection."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base_url}/v1/messages", json=body) as response,
    ):
        first = await response.content.readany()
        response.close()
        return first


async def leave_early(base_url: str, body: dict[str, Any], upstream: Upstream, word: str) -> None:
    """Close the connection while the answer is still awaited."""
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(session.post(f"{base_url}/v1/messages", json=body))
        await asyncio.to_thread(
            wait_until,
            lambda: has_ended(upstream, word, "open"),
            seconds=SEEN_SECONDS,
            what="the request is upstream",
        )
        asked.cancel()


@PROVIDERS
def test_leaving_a_stream_ends_it_upstream(
    base_url: str, upstream: Upstream, word: str, provider: str
) -> None:
    """The upstream sees its connection closed when the client closes its own in mid-stream."""
    body = request(provider, word, stream=True)
    assert b"message_start" in asyncio.run(leave_midstream(base_url, body))
    wait_until(
        lambda: has_ended(upstream, word, "gone"),
        seconds=SEEN_SECONDS,
        what="the upstream request ends",
    )


@PROVIDERS
def test_leaving_before_the_answer_ends_it_upstream(
    base_url: str, upstream: Upstream, word: str, provider: str
) -> None:
    """The upstream sees its connection closed when the client gives up waiting for a whole answer."""
    body = request(provider, word, stream=False)
    asyncio.run(leave_early(base_url, body, upstream, word))
    wait_until(
        lambda: has_ended(upstream, word, "gone"),
        seconds=SEEN_SECONDS,
        what="the upstream request ends",
    )
