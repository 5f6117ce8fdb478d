"""Hundreds of saves under running streams: nobody notices, and nothing broken ever serves."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from servers.gateway import Gateway, serving
from servers.scripted import Upstream
from servers.storm import TESTS, Saves

STREAMS = 50
SECONDS = 12.0
EVERY = 0.3
"""Seconds between two saves: two hundred in a minute."""
MODEL = "stub-model+slow=20"
OWN_ID = re.compile(rb'"id": ?"msg_[^"]*"')
GROWTH = 48 * 1024
"""KiB by which the process may have grown since it was warm."""


@dataclass
class Seen:
    """What the clients of a storm saw."""

    answers: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    """By target: the sealed reasoning of an answer names its provider."""
    statuses: Counter[int] = field(default_factory=Counter)
    serving: set[str] = field(default_factory=set)
    """Ids of the configs that served."""
    sizes: list[int] = field(default_factory=list)
    """KiB of the gateway's memory, over time."""


async def stream(session: aiohttp.ClientSession, url: str, seen: Seen, number: int) -> None:
    """One request after the other, to the end of the storm; the streams begin at different times."""
    await asyncio.sleep(number * EVERY / 10)
    body: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 1024,
        "stream": True,
        "messages": [{"role": "user", "content": "PLAY=words"}],
    }
    while True:
        async with session.post(f"{url}/v1/messages", json=body) as response:
            answer = await response.read()
            seen.statuses[response.status] += 1
            target = response.headers["x-gateway-target"]
            seen.answers[target, OWN_ID.sub(b'"id":"msg"', answer)] += 1


async def look(session: aiohttp.ClientSession, gateway: Gateway, seen: Seen) -> None:
    """Which config serves, and how large the process is, again and again."""
    pid = str(gateway.process.process.pid)
    while True:
        async with session.get(f"{gateway.url}/health") as response:
            seen.serving.add((await response.json())["config"]["id"])
        told = await asyncio.to_thread(subprocess.check_output, ["ps", "-o", "rss=", "-p", pid])
        seen.sizes.append(int(told))
        await asyncio.sleep(EVERY / 3)


async def storm(gateway: Gateway, saves: Saves, seconds: float) -> Seen:
    """Streams and looks while the config is saved, for so long."""
    seen = Seen()
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [
            asyncio.create_task(work)
            for work in (
                look(session, gateway, seen),
                *(stream(session, gateway.url, seen, number) for number in range(STREAMS)),
            )
        ]
        start = loop.time()
        for number, _ in enumerate(saves.run(gateway.config)):
            if loop.time() - start > seconds:
                break
            await asyncio.sleep(max(0.0, start + number * EVERY - loop.time()))
            failed = [task.exception() for task in tasks if task.done()]
            assert not failed, failed
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def check(seen: Seen, saves: Saves, gateway: Gateway) -> None:
    """No request failed, the streams of a target are the same to the byte, and only sound configs served."""
    assert set(seen.statuses) == {200}
    assert {target for target, _ in seen.answers} <= {f"even:{MODEL}", f"odd:{MODEL}"}
    assert len(seen.answers) == len({target for target, _ in seen.answers})
    assert all(answer.endswith(b'{"type":"message_stop"}\n\n') for _, answer in seen.answers)
    assert seen.serving <= saves.sound
    assert len(seen.serving) > 3
    log = gateway.process.log_text()
    assert log.count('"config_loaded"') > 3
    assert log.count('"config_refused"') > 3
    warm = seen.sizes[len(seen.sizes) // 3]
    assert max(seen.sizes[-10:]) - warm < GROWTH


def test_a_storm_of_saves_is_not_noticed(upstream: Upstream, tmp_path: Path) -> None:
    """Sound and broken in turn, in place, by rename, in two steps, by links; under fifty streams."""
    (tmp_path / "storm.test.yaml").write_text(TESTS, "utf-8")
    saves = Saves(upstream.url, MODEL)
    with serving(saves.text(0), folder=tmp_path) as gateway:
        check(asyncio.run(storm(gateway, saves, SECONDS)), saves, gateway)
