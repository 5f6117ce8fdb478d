"""A config is swapped while streams run, and a broken one never serves."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from servers.gateway import Gateway, serving, two_dialects
from servers.process import answers, wait_until
from servers.scripted import Upstream

STREAMS = 20
RELOAD_SECONDS = 20.0
GATE = "reload"
MESSAGE_ID = re.compile(rb'"id": ?"msg_[^"]*"')


def request(play: str, word: str, *, stream: bool) -> dict[str, Any]:
    """A request that the default rule routes."""
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 1024,
        "stream": stream,
        "messages": [{"role": "user", "content": f"PLAY={play} please {word}"}],
    }


async def fetch(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> bytes:
    """The answer's bytes, with its own id taken out."""
    async with session.post(f"{url}/v1/messages", json=body) as response:
        response.raise_for_status()
        return MESSAGE_ID.sub(b'"id":"msg"', await response.read())


async def poll(condition: Any, what: str) -> None:
    """Wait until the condition is true, without stopping the streams of this loop."""
    await asyncio.to_thread(wait_until, condition, seconds=RELOAD_SECONDS, what=what)


def target(gateway: Gateway, upstream: Upstream, word: str) -> str:
    """The upstream model that a new request gets."""

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await fetch(session, gateway.url, request("text", word, stream=False))

    asyncio.run(ask())
    model: str = upstream.about(word)[-1].body["model"]
    return model


async def streams_over_a_reload(gateway: Gateway, upstream: Upstream, after: str) -> list[bytes]:
    """An answer without a reload, then the answers that a reload meets half-way."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        upstream.open(GATE)
        first = await fetch(session, gateway.url, request("words", "calm", stream=True))
        upstream.shut(GATE)
        known = len(upstream.requests)
        question = request("words", "calm", stream=True)
        tasks = [asyncio.create_task(fetch(session, gateway.url, question)) for _ in range(STREAMS)]
        await poll(lambda: len(upstream.requests) == known + STREAMS, "all streams have started")
        gateway.config.write_text(after, "utf-8")
        served = await asyncio.to_thread(target, gateway, upstream, str(gateway.config))
        assert served == "stub-after", "the very next request goes to the new target"
        assert {received.ending for received in upstream.requests[known : known + STREAMS]} == {
            "open"
        }
        upstream.open(GATE)
        return [first, *await asyncio.gather(*tasks)]


@pytest.mark.parametrize("provider", ["chat", "native"])
def test_running_streams_do_not_notice_a_reload(
    upstream: Upstream, tmp_path: Path, provider: str
) -> None:
    """Twenty streams that a reload meets half-way end with the same bytes as one without a reload."""
    before = two_dialects(upstream.url, default=f"{provider}:stub-before+hold={GATE}")
    after = two_dialects(upstream.url, default=f"{provider}:stub-after")
    with serving(before, folder=tmp_path) as gateway:
        calm, *met = asyncio.run(streams_over_a_reload(gateway, upstream, after))
    assert b"message_stop" in calm
    assert len(met) == STREAMS
    assert set(met) == {calm}


BROKEN: dict[str, tuple[str, str, str | None]] = {
    "unknown key": ("rules:", "roules:", "roules"),
    "unknown provider": ('"native:stub-small"', '"nowhere:stub-small"', '"nowhere'),
    "not YAML": ("rules:", "rules: [", None),
}
"""Text to find, text to put in its place, and where the mistake begins when that is certain."""


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_config_never_serves(
    upstream: Upstream, tmp_path: Path, word: str, mistake: str
) -> None:
    """The old rules go on, the log names file, line and column, and the next good config is taken."""
    old, new, _ = BROKEN[mistake]
    good = two_dialects(upstream.url, default="chat:stub-good")
    broken = good.replace(old, new).replace("stub-good", "stub-broken")
    with serving(good, folder=tmp_path) as gateway:
        gateway.config.write_text(broken, "utf-8")
        place = finding(gateway.config, broken, mistake)
        wait_until(
            lambda: place.search(gateway.process.log_text()),
            seconds=RELOAD_SECONDS,
            what=f"the log holds {place.pattern}",
        )
        assert answers(f"{gateway.url}/health")
        assert target(gateway, upstream, word) == "stub-good"
        gateway.config.write_text(good.replace("stub-good", "stub-better"), "utf-8")
        assert target(gateway, upstream, word) == "stub-better"


def finding(config: Path, broken: str, mistake: str) -> re.Pattern[str]:
    """What the log must hold: the file's name, and line and column of the mistake, both from 1."""
    _, _, mark = BROKEN[mistake]
    place = r"\d+:\d+"
    if mark is not None:
        before = broken[: broken.index(mark)]
        place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    return re.compile(rf"{re.escape(config.name)}:{place}\b")
