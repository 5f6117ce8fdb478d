"""How a gateway begins and ends: nothing is cut that could end, and nothing that was cut looks complete."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from servers.gateway import Gateway, serving, two_dialects
from servers.process import Running, answers, free_port, running, wait_until
from servers.scripted import Upstream

SECONDS = 30.0
"""For what comes soon, on a busy machine."""
ENOUGH = b"message_start"


@dataclass
class Heard:
    """What a client got of one answer."""

    status: int = 0
    body: bytes = b""
    broke: bool = False
    """The connection ended before the answer did."""

    @property
    def kind(self) -> str:
        """What the client takes it for."""
        if b"event: message_stop" in self.body:
            return "complete"
        if b"event: error" in self.body:
            return "error event"
        if self.broke:
            return "cut"
        return f"status {self.status}"


def ask(model: str, word: str, *, stream: bool = True) -> dict[str, Any]:
    said = f"PLAY=words please {word}"
    messages = [{"role": "user", "content": said}]
    return {"model": model, "max_tokens": 1024, "stream": stream, "messages": messages}


async def hear(
    session: aiohttp.ClientSession, url: str, body: dict[str, Any], heard: Heard
) -> None:
    """Asks, and notes what comes until it ends or breaks."""
    try:
        async with session.post(f"{url}/v1/messages", json=body) as response:
            heard.status = response.status
            async for piece in response.content.iter_any():
                heard.body += piece
    except aiohttp.ClientError:
        heard.broke = True


async def until(condition: Any, what: str) -> None:
    await asyncio.to_thread(wait_until, condition, seconds=SECONDS, what=what)


def told_to_stop(gateway: Gateway, number: int = signal.SIGTERM) -> None:
    os.kill(gateway.process.process.pid, number)


def refuses(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def settings(**more: str) -> str:
    told = "".join(f", {name}: {value}" for name, value in more.items())
    return f"server: {{host: 127.0.0.1{told}}}\nrecorder: {{path: traffic.jsonl}}"


SHARES: Mapping[str, int] = {"+hold=in-time": 40, "+hold=never": 40, "+stall=never": 10, "": 10}
"""What the answers wait for -> how many there are."""


def test_a_hundred_streams_end_or_fail_and_none_is_cut_short(
    upstream: Upstream, tmp_path: Path, word: str
) -> None:
    """Told to stop, the gateway takes no connection more, lets go of those that are idle, and says that
    it drains. Answers that end in time are complete; then the others end with an error event, or with a
    status where there is none yet. All are recorded, and the exit is a good one."""
    config = two_dialects(upstream.url, more=settings(drain="3s"))
    heard = [(wait, Heard()) for wait, many in SHARES.items() for _ in range(many)]

    async def story(gateway: Gateway) -> None:
        url = gateway.url
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            tasks = [
                asyncio.create_task(hear(session, url, ask(f"chat:stub-model{wait}", word), one))
                for wait, one in heard
            ]
            await until(
                lambda: (
                    len(upstream.about(word)) == len(heard)
                    and all(ENOUGH in one.body for wait, one in heard if "stall" not in wait)
                ),
                "all streams are under way",
            )
            host, port = url.removeprefix("http://").split(":")
            idle = await asyncio.open_connection(host, int(port))
            idle[1].write(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            await idle[0].readuntil(b"}")
            begun = await asyncio.open_connection(host, int(port))
            begun[1].write(b"GET /health/ready HTTP/1.1\r\n")
            await asyncio.sleep(0.1)

            told_to_stop(gateway)
            await until(lambda: refuses(url), "connections are refused")
            begun[1].write(b"host: localhost\r\n\r\n")
            ready = await asyncio.wait_for(begun[0].read(), SECONDS)
            assert ready.startswith(b"HTTP/1.1 503")
            assert ready.endswith(b'{"ready":false,"because":"draining"}')
            await asyncio.wait_for(idle[0].read(), SECONDS)
            upstream.open("in-time")
            await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)
            for _, writer in (idle, begun):
                writer.close()

    with serving(config, folder=tmp_path) as gateway:
        asyncio.run(story(gateway))
        assert gateway.process.process.wait(SECONDS) == 0
        assert '"stopped"' in gateway.process.log_text()
    kinds = Counter((wait, one.kind) for wait, one in heard)
    assert kinds == {
        ("+hold=in-time", "complete"): 40,
        ("+hold=never", "error event"): 40,
        ("+stall=never", "status 529"): 10,
        ("", "complete"): 10,
    }
    for _, one in heard:
        if one.kind in ("error event", "status 529"):
            assert b"overloaded_error" in one.body
            assert b"being stopped" in one.body
    assert len((tmp_path / "traffic.jsonl").read_text().splitlines()) == len(heard)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    upstream: Upstream, tmp_path: Path, word: str, second: int
) -> None:
    """Without waiting for the streams under way, which still end honestly."""
    config = two_dialects(upstream.url, more=settings(drain="1h"))
    heard = Heard()

    async def story(gateway: Gateway) -> None:
        async with aiohttp.ClientSession() as session:
            body = ask("chat:stub-model+hold=never", word)
            asking = asyncio.create_task(hear(session, gateway.url, body, heard))
            await until(lambda: ENOUGH in heard.body, "the stream is under way")
            told_to_stop(gateway)
            await until(lambda: refuses(gateway.url), "connections are refused")
            assert not asking.done()
            told_to_stop(gateway, second)
            await asyncio.wait_for(asking, SECONDS)

    with serving(config, folder=tmp_path) as gateway:
        asyncio.run(story(gateway))
        assert gateway.process.process.wait(SECONDS) == 0
    assert heard.kind == "error event"


def test_a_request_that_never_comes_whole_does_not_hold_up_the_end(
    upstream: Upstream, tmp_path: Path
) -> None:
    """When all else is over its connection is cut."""
    config = two_dialects(upstream.url, more=settings(drain="100ms"))
    with serving(config, folder=tmp_path) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(
                b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999\r\n\r\n{"
            )
            time.sleep(0.2)
            told_to_stop(gateway)
            assert gateway.process.process.wait(SECONDS) == 0


def test_a_gateway_that_is_killed_leaves_a_cut_and_starts_again(
    upstream: Upstream, tmp_path: Path, word: str
) -> None:
    """Clients see a connection that broke, never an end; the files it left are read by the next one."""
    config = two_dialects(upstream.url, more=settings())
    heard = [Heard() for _ in range(20)]

    async def story(gateway: Gateway) -> None:
        async with aiohttp.ClientSession() as session:
            url, body = gateway.url, ask("chat:stub-model+hold=killed", word)
            done = Heard()
            await hear(session, url, ask("chat:stub-model", word), done)
            assert done.kind == "complete"
            tasks = [asyncio.create_task(hear(session, url, body, one)) for one in heard]
            await until(lambda: all(ENOUGH in one.body for one in heard), "all are under way")
            told_to_stop(gateway, signal.SIGKILL)
            await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)

    with serving(config, folder=tmp_path) as gateway:
        asyncio.run(story(gateway))
        assert gateway.process.process.wait(SECONDS) == -signal.SIGKILL
    assert {one.kind for one in heard} == {"cut"}
    record = tmp_path / "traffic.jsonl"
    record.write_bytes(record.read_bytes() + b'{"v":1,"at":17')  # as a kill in mid-write leaves it
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(gateway.config)]
    started = time.perf_counter()
    with running(
        [*command, "--port", gateway.url.rpartition(":")[2]],
        ready_url=f"{gateway.url}/health/ready",
        folder=tmp_path,
        name="again",
    ) as again:
        sys.stdout.write(f"\nready {time.perf_counter() - started:.2f} s after the start\n")

        async def once_more() -> Heard:
            one = Heard()
            async with aiohttp.ClientSession() as session:
                await hear(session, gateway.url, ask("chat:stub-model", word), one)
            return one

        assert asyncio.run(once_more()).kind == "complete"
        again.process.terminate()
        assert again.process.wait(SECONDS) == 0
    lines = [line for line in record.read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["status"] for line in lines] == [200, 200]


UPSTREAM = """\
import sys, time
from servers.scripted import Upstream
with Upstream(int(sys.argv[1])):
    time.sleep(600)
"""


@contextmanager
def upstream_process(folder: Path) -> Iterator[tuple[str, Running]]:
    """The scripted upstream as a process that can be killed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    tests = str(Path(__file__).parents[1])
    with running(
        [sys.executable, "-c", UPSTREAM, str(port)],
        ready_url=f"{url}/v1/messages/count_tokens",
        folder=folder,
        name="upstream",
        env={"PYTHONPATH": tests},
    ) as process:
        yield url, process


def test_an_upstream_that_is_killed_leaves_a_cut(
    upstream: Upstream, tmp_path: Path, word: str
) -> None:
    """Streams under way break off, since somebody has read of them; what comes after is answered by the
    fallback as if nothing had been."""
    heard = [Heard() for _ in range(20)]

    async def story(gateway: Gateway, killed: Running) -> Heard:
        async with aiohttp.ClientSession() as session:
            url, body = gateway.url, ask("claude-x", word)
            tasks = [asyncio.create_task(hear(session, url, body, one)) for one in heard]
            await until(lambda: all(ENOUGH in one.body for one in heard), "all are under way")
            killed.process.kill()
            await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)
            after = Heard()
            await hear(session, url, body, after)
            return after

    with upstream_process(tmp_path) as (first, process):
        config = f"""\
providers:
  first: {{dialect: openai-chat, base_url: "{first}/v1"}}
  second: {{dialect: openai-chat, base_url: "{upstream.url}/v1"}}
default: {{use: "first:stub-model+hold=never", fallback: ["second:stub-model"]}}
"""
        with serving(config, folder=tmp_path) as gateway:
            after = asyncio.run(story(gateway, process))
    assert {one.kind for one in heard} == {"cut"}
    assert after.kind == "complete"


def start(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_start_is_refused_in_words(tmp_path: Path) -> None:
    """What is in the way, who it is where the system tells, and what to do."""
    config = tmp_path / "config.yaml"
    config.write_text("default: mock:x\nserver: {allow_unauthenticated: true}\n")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = start(config, "--port", str(holder.getsockname()[1]))
    elsewhere = start(config, "--port", str(free_port()), "--host", "192.0.2.1")
    assert (taken.returncode, elsewhere.returncode) == (1, 1)
    assert "the port is taken" in taken.stderr
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in taken.stderr
    assert "192.0.2.1 is no address of this machine" in elsewhere.stderr
    assert "Traceback" not in taken.stderr + elsewhere.stderr


def test_a_running_gateway_keeps_its_port(upstream: Upstream, tmp_path: Path) -> None:
    """A second one is refused, and the first one does not notice."""
    with serving(two_dialects(upstream.url), folder=tmp_path) as gateway:
        second = start(gateway.config, "--port", gateway.url.rpartition(":")[2])
        assert second.returncode == 1
        assert answers(f"{gateway.url}/health")
