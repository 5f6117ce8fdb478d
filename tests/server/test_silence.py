"""Many minutes of silence: what a model that shows nothing of its reasoning does to a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Heard, Pieces, says
from hurried import hurried

from gateway import json_text
from gateway.server import build_app
from gateway.server.conversation.waiting import COMMIT_AFTER, HEARTBEAT

MINUTES = 800.0
"""Seconds of silence: a little more than was seen of a model in good health."""

CLIENT_PATIENCE = 300.0
"""Seconds without a byte after which clients give up."""

END = says("Done", "stop") + b"data: [DONE]\n\n"

CONFIG = """
providers:
  lab: {{dialect: openai-chat, base_url: "http://lab.test/v1"{more}}}
default: lab:m
"""


@dataclass
class Timed:
    """What a client heard, and when."""

    heard: Heard
    times: list[float]

    @property
    def longest(self) -> float:
        """Seconds without a byte, from the request on."""
        ends = [0.0, *self.times]
        return max(after - before for before, after in pairwise(ends))


def ask(
    folder: Path, provider: Callable[[httpx.Request], Any], *, stream: bool = True, more: str = ""
) -> Timed:
    """One request, in no time."""
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(more=more))

    async def story() -> Timed:
        gateway = Gateway(path, provider=provider)
        app = build_app(gateway.make_services())
        told = Timed(Heard(), [])
        body = [json_text.encode({**ASK, "stream": stream})]

        async def receive() -> dict[str, Any]:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError("nobody leaves")

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.heard.status = message["status"]
                return
            told.heard.pieces.append(message["body"])
            told.heard.complete = not message["more_body"]
            told.times.append(asyncio.get_running_loop().time())

        asked = {"method": "POST", "path": "/v1/messages", "raw_path": b"/v1/messages"}
        await app({"type": "http", **asked, "query_string": b"", "headers": []}, receive, send)
        return told

    return hurried(story())


def stream_of(*pieces: bytes | float | Exception) -> httpx.Response:
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, stream=Pieces(*pieces))


async def before_the_headers(_request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(MINUTES)
    return stream_of(END)


async def before_the_first_word(_request: httpx.Request) -> httpx.Response:
    return stream_of(MINUTES, END)


async def between_words(_request: httpx.Request) -> httpx.Response:
    return stream_of(says("Well"), MINUTES, says(", well"), MINUTES, END)


async def with_comments(_request: httpx.Request) -> httpx.Response:
    """Signs of life of the provider are none of an answer, and are no silence either."""
    more: list[bytes | float | Exception] = [60.0, b": still here\n\n"] * 30
    return stream_of(*more, END)


@pytest.mark.parametrize(
    "provider", [before_the_headers, before_the_first_word, between_words, with_comments]
)
def test_a_stream_is_kept_awake_for_as_long_as_the_provider_thinks(
    tmp_path: Path, provider: Callable[[httpx.Request], Any]
) -> None:
    """Wherever the silence falls; with pings that clients never wait long for."""
    told = ask(tmp_path, provider)
    assert told.times[-1] >= MINUTES
    assert told.heard.complete
    assert told.heard.body.endswith(b'data: {"type":"message_stop"}\n\n')
    assert told.heard.body.count(b"event: ping") >= MINUTES / HEARTBEAT - 4
    assert told.longest <= COMMIT_AFTER + 0.1 < CLIENT_PATIENCE
    assert max(after - at for at, after in pairwise(told.times)) <= HEARTBEAT + 0.1


def test_a_whole_answer_may_come_as_late(tmp_path: Path) -> None:
    """There is nothing to be said before; the client's own patience counts."""

    async def late(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(MINUTES)
        choice = {"message": {"role": "assistant", "content": "Done"}, "finish_reason": "stop"}
        return httpx.Response(200, json={"choices": [choice]})

    told = ask(tmp_path, late, stream=False)
    assert told.heard.status == 200
    assert told.heard.json["content"][0]["text"] == "Done"
    assert told.times == [MINUTES]


@pytest.mark.parametrize("limit", ["first_byte", "idle", "total"])
def test_a_limit_ends_the_silence(tmp_path: Path, limit: str) -> None:
    """Each where it counts; a stream that was opened does not end as if it were whole."""
    providers = {"first_byte": before_the_headers, "idle": between_words, "total": with_comments}
    told = ask(tmp_path, providers[limit], more=f", timeouts: {{{limit}: 2m}}")
    assert not told.heard.complete
    assert b"message_stop" not in told.heard.body
    assert 100 <= told.times[-1] <= 120


@pytest.mark.parametrize("limit", ["first_byte", "total"])
def test_a_limit_for_a_whole_answer_is_a_timeout(tmp_path: Path, limit: str) -> None:
    """With a status, since nothing was said."""
    told = ask(tmp_path, before_the_headers, stream=False, more=f", timeouts: {{{limit}: 2m}}")
    assert told.heard.status == 504
    assert told.heard.json["error"]["type"] == "timeout_error"
    assert told.times == [120.0]
