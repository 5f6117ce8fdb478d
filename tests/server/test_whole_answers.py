"""Laws of an answer in one piece: how long it is and when it comes changes nothing of it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from asgi_gateway import ASK, Gateway, says
from servers.raw import Call, serving

from gateway import json_text
from gateway.server.conversation import messages
from gateway.upstream import Upstream

CONFIG = """
providers:
  chat: {{dialect: openai-chat, base_url: "{url}"}}
default: chat:m
"""
ANSWER = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
LONG = {"choices": [{"message": {"content": "Hello " * 6_000}, "finish_reason": "stop"}]}
BODIES = {
    "answer": json_text.encode(ANSWER),
    "long": json_text.encode(LONG),
    "events": says("Hel") + says("lo", "stop") + b"data: [DONE]\n\n",
    "cut": says("Hel"),
    "error": b'{"error": {"message": "no"}}',
    "page": b"<html>",
    "nothing": b"",
}


async def heard(folder: Path, body: bytes, comes_with: int) -> tuple[int, bool, bytes]:
    """What a client is told of an answer, so many bytes of which come with its headers."""

    async def answer(call: Call) -> bool:
        kind = "text/event-stream" if body.startswith(b"data") else "application/json"
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        await call.say(head.encode() + body[:comes_with])
        await asyncio.sleep(0.02)
        await call.say(body[comes_with:])
        return True

    async with serving(answer) as server:
        path = folder / "config.yaml"
        path.write_text(CONFIG.format(url=server.url))
        gateway = Gateway(path)
        services = gateway.make_services()
        services.upstream = Upstream()
        try:
            told = await gateway.speak(services, ("POST", "/v1/messages", ASK))
        finally:
            await services.upstream.close()
    return told.status, told.complete, re.sub(rb"(msg|req)_\w+", b"", told.body)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_short_answer_is_told_as_one_that_is_waited_for(
    body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it comes with its headers or after them, and also when none is short."""

    async def story() -> None:
        expected = await heard(tmp_path, body, 0)
        assert await heard(tmp_path, body, len(body)) == expected
        assert await heard(tmp_path, body, len(body) // 2) == expected
        monkeypatch.setattr(messages, "HELD", -1)
        assert await heard(tmp_path, body, len(body)) == expected

    asyncio.run(story())
