"""On an Anthropic-format target, what no rule changes is forwarded as it came."""

from __future__ import annotations

import asyncio

import aiohttp
from servers import planting
from servers.scripted import Upstream

BODY = (
    '{"x_unknown":{ "b": 1.50, "a": [1e3, "\\u00e9"]},"messages":[ {"content": "%s", '
    '"role":"user",\n "x_more": null} ],"max_tokens":64,"system":[{"type" : "text","text":"é",'
    '"cache_control":{"type":"ephemeral"}}],"model":"claude-haiku-5-5"}'
)
"""Odd spaces, odd numbers, escapes, and fields that no one knows; compact at the top, as clients are."""


def test_a_request_is_forwarded_byte_for_byte(base_url: str, upstream: Upstream, word: str) -> None:
    """Only the model's name differs between the bytes that came and the bytes that went on."""
    body = (BODY % word).encode()

    async def send() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{base_url}/v1/messages", data=body) as response,
        ):
            response.raise_for_status()

    asyncio.run(send())
    (received,) = upstream.about(word)
    assert received.raw == body.replace(b"claude-haiku-5-5", b"stub-small")


def test_client_headers_reach_the_native_target(
    base_url: str, upstream: Upstream, word: str
) -> None:
    """The version and the betas go on; the client's own key is replaced by the provider's."""
    headers = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "effort-2025-11-24,interleaved-thinking-2025-05-14",
        "x-api-key": "key-of-the-client",
    }

    async def send() -> None:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{base_url}/v1/messages", data=(BODY % word).encode()) as response,
        ):
            response.raise_for_status()

    asyncio.run(send())
    (received,) = upstream.about(word)
    assert received.headers["anthropic-version"] == headers["anthropic-version"]
    assert received.headers["anthropic-beta"] == headers["anthropic-beta"]
    assert "key-of-the-client" not in str(received.headers)
    assert received.headers["x-api-key"] == planting.KEY
