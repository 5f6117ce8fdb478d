"""Many streams at once while one request in five fails upstream: what clients see of it, and what is left.

A fault before the first event can be hidden by another try; a stream that is cut in its middle cannot, so
those are few, counted apart, and only have to be told honestly. Afterwards the gateway has to be as it was:
connections, tasks, open files and memory are read before and after.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import machine
from bench.machine import ROOT, Running
from bench.measure import tell
from bench.systems import gateway_command
from bench.upstream import Provider, chunk

STREAMS = 300
FAILS = 0.2
"""Share of the requests upstream that fail before their first event."""
CUT = 0.01
"""Share of those that break off in the middle."""
PIECES, EVERY = 30, 0.1
"""Pieces of an answer, and seconds between them."""
ALLOWED = 0.001
"""Share of the requests that may fail, of those that were not cut in the middle."""
GROWTH = 60
"""Megabytes that the gateway may grow by between the first answers and the last."""
SETTLE = 3.0
"""Seconds after the load in which what is idle may end."""
SEED = 8
FOLDER = ROOT / ".cache" / "bench"

CONFIG = """version: 1
server: {{host: 127.0.0.1, port: {port}}}
providers:
{providers}
default: {{use: "p0:x", fallback: [{fallback}]}}
"""
PROVIDER = (
    '  p{number}: {{dialect: openai-chat, base_url: "http://127.0.0.1:{upstream}/p{number}/v1"}}'
)
TARGETS = 2
"""In the chain of the rule: one, and its fallback. Both fail for one request in twenty-five."""
BODY = (
    b'{"model":"claude-x","max_tokens":99,"stream":true,'
    b'"messages":[{"role":"user","content":"Count."}]}'
)
ASK = (
    b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)

# -- the upstream ------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def status(code: int, more: bytes = b"") -> bytes:
    """A refusal, and more headers of it."""
    body = b'{"error":{"message":"no"}}'
    head = b"HTTP/1.1 %d No\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
    return head % (code, more, len(body)) + body


FAULTS: Mapping[str, bytes] = {
    "closed without a word": b"",
    "500": status(500),
    "503": status(503),
    "529": status(529),
    "429": status(429),
    "429 for a second": status(429, b"retry-after: 1\r\n"),
    "closed within the headers": HEAD[:30],
    "closed before the first event": HEAD,
    "half a chunk": HEAD + b"ff\r\ndata: {",
    "a page with 200": b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
}
"""Name -> what is sent before the connection is closed."""


PIECE = chunk(b'data: {"choices":[{"index":0,"delta":{"content":"one more "}}]}\n\n')
LAST = (
    chunk(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    + b"0\r\n\r\n"
)


class Failing(Provider):
    """A connection to an upstream that fails as it is drawn."""

    told: Counter[str]
    chance: random.Random

    def _answer(self, head: bytes, body: bytes) -> None:
        drawn = self.chance.random()
        if drawn < FAILS:
            name = self.chance.choice(tuple(FAULTS))
            self.told[name] += 1
            self._write(FAULTS[name])
            if self._transport is not None:
                self._transport.close()
            return
        cut = self.chance.randrange(1, PIECES) if drawn < FAILS + CUT else None
        self.told["cut in the middle" if cut is not None else "whole"] += 1
        self._write(HEAD)
        self._go_on(0, cut)

    def _go_on(self, number: int, cut: int | None) -> None:
        """Sends a piece and sets the alarm for the next, until the last one or the cut."""
        if self._transport is None:
            return
        if number == cut:
            self._transport.abort()
        elif number == PIECES:
            self._write(LAST)
        else:
            self._write(PIECE)
            self._timer = self._loop.call_later(EVERY, self._go_on, number + 1, cut)


# -- the clients -------------------------------------------------------------------------------------


def judged(code: int, body: bytes, *, broke: bool) -> str:
    """What a client takes an answer for."""
    if b"event: message_stop" in body:
        return "complete" if body.count(b"text_delta") == PIECES else "fake success"
    if b"text_delta" in body:
        return "broke off in the middle, and says so"
    if code == 200:
        return "broke off before the text"
    return "connection lost" if broke else f"status {code}"


@dataclass
class Account:
    """What happened."""

    seen: Counter[str] = field(default_factory=Counter)
    state: list[tuple[str, dict[str, float]]] = field(default_factory=list)


async def client(port: int, account: Account, until: float) -> None:
    """Asks again and again, over one connection as long as it holds."""
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    while time.perf_counter() < until:
        body, code, broke = b"", 0, False
        try:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            code = int(head[9:12])
            if b"chunked" in head:
                while size := int(await reader.readuntil(b"\r\n"), 16):
                    body += (await reader.readexactly(size + 2))[:-2]
                await reader.readexactly(2)
            else:
                length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            broke = True
            if writer is not None:
                writer.close()
            reader = writer = None
        account.seen[judged(code, body, broke=broke)] += 1
    if writer is not None:
        writer.close()


def state_of(running: Running) -> dict[str, float]:
    """What the gateway holds now."""
    names = []
    for file in Path(f"/proc/{running.process.pid}/fd").iterdir():
        try:
            names.append(str(file.readlink()))
        except OSError:
            continue  # closed meanwhile
    url = f"http://127.0.0.1:{running.port}/metrics"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        page = answer.read().decode()

    def gauge(name: str) -> float:
        return float(page.partition(f"\n{name} ")[2].split("\n")[0])

    return {
        "answers": gauge("gateway_under_way"),
        "tasks": gauge("gateway_tasks"),
        "files": len(names),
        "sockets": sum(name.startswith("socket:") for name in names),
        "MB": round(running.rss_mb(), 1),
    }


async def load(running: Running, upstream: socket.socket, seconds: int, account: Account) -> None:
    """The upstream and the clients, for so long."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Failing, sock=upstream, backlog=1024)

    async def look(name: str) -> None:
        account.state.append((name, await asyncio.to_thread(state_of, running)))
        tell(f"{name}: {account.state[-1][1]}")

    async def spell(many: int, for_seconds: float) -> None:
        until = time.perf_counter() + for_seconds
        await asyncio.gather(*(client(running.port, account, until) for _ in range(many)))

    await spell(STREAMS, min(10.0, seconds / 4))  # what is allocated once is allocated now
    await asyncio.sleep(SETTLE)
    account.seen.clear()
    Failing.told.clear()
    await look("before")
    loading = asyncio.create_task(spell(STREAMS, seconds))
    await asyncio.sleep(seconds / 2)
    await look("under load")
    await loading
    await asyncio.sleep(SETTLE)
    await look("after")
    server.close()


def verdicts(account: Account) -> list[str]:
    """What is not as it has to be."""
    found = []
    total = account.seen.total()
    cut = account.seen["broke off in the middle, and says so"]
    failed = total - cut - account.seen["complete"]
    if failed > ALLOWED * (total - cut):
        found.append(f"{failed} of {total - cut:,} requests failed; {ALLOWED:.2%} are allowed")
    if account.seen["fake success"]:
        found.append("an answer that was cut looked complete")
    if cut > Failing.told["cut in the middle"]:
        found.append(
            f"{cut} answers broke off, of {Failing.told['cut in the middle']} that were cut"
        )
    states = dict(account.state)
    before, after = states["before"], states["after"]
    bounds: Mapping[str, Callable[[float], float]] = {
        "answers": lambda _: 0,
        "tasks": lambda was: was + 2,
        "files": lambda was: was + STREAMS,  # idle connections to the upstream wait for a minute
        "MB": lambda was: was + GROWTH,
    }
    found += [
        f"{name}: {before[name]:g} before, {after[name]:g} after"
        for name, most in bounds.items()
        if after[name] > most(before[name])
    ]
    return found


def run(seconds: int) -> int:
    """Gives the exit code: 1 where clients saw more than is allowed, or something is left."""
    account = Account()
    Failing.told, Failing.chance = Counter(), random.Random(SEED)  # noqa: S311 - not for secrets
    FOLDER.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as upstream, machine.pinned(machine.OTHERS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = FOLDER / "faulty.yaml"
        at = upstream.getsockname()[1]
        providers = [PROVIDER.format(number=number, upstream=at) for number in range(TARGETS)]
        fallback = ", ".join(f'"p{number}:x"' for number in range(1, TARGETS))
        text = CONFIG.format(port=port, providers="\n".join(providers), fallback=fallback)
        config.write_text(text)
        running = machine.start(
            [*gateway_command(), "serve", "--config", str(config)],
            port=port,
            health="/health",
            log=FOLDER / "faulty.log",
            environment={},
        )
        try:
            uvloop.run(load(running, upstream, seconds, account))
        finally:
            running.stop()
    total = account.seen.total()
    print(f"{total:,} requests of {STREAMS} clients in {seconds:,} s")
    for name, count in account.seen.most_common():
        print(f"  {count:8,}  {count / total:8.3%}  {name}")
    print("the upstream:")
    for name, count in Failing.told.most_common():
        print(f"  {count:8,}  {name}")
    for name, held in account.state:
        print(f"{name:>12}: " + ", ".join(f"{what} {value:g}" for what, value in held.items()))
    wrong = verdicts(account)
    for one in wrong:
        print(f"wrong: {one}")
    return 1 if wrong else 0
