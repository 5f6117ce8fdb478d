"""The gateway talks to the providers of its config and to nobody else: no telemetry, no self-update.

Python tells of each connection before it is made (https://peps.python.org/pep-0578/), of each name that
is looked up, and of each program that is started. Event loops in C make some connections without it, so
the same is shown on asyncio's own. What else is written in C or Rust and could call judges schemas:
`tests/correction/test_input_schema.py` shows that it fetches none.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from servers.gateway import serving, two_dialects
from servers.process import wait_until
from servers.scripted import Upstream

WATCH = """\
import json, os, sys
{hide}
def tell(event, args):
    if event in {events}:
        with open(os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "w") as log:
            log.write(json.dumps([event, args[1] if event == "socket.connect" else repr(args)]) + "\\n")
sys.addaudithook(tell)
"""
EVENTS = {
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "socket.sendto",
    "socket.sendmsg",
    "subprocess.Popen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "urllib.Request",
    "webbrowser.open",
}
HIDE = {"uvloop": "", "asyncio": "sys.modules['uvloop'] = None"}
"""Event loop -> what makes the gateway take it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A gateway whose calls to the outside are written down."""

    log: Path
    url: str
    config: Path

    def told(self, event: str | None = None) -> list[Any]:
        """What was told of an event, or the names of all events."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        told = [json.loads(line) for line in lines]
        return (
            [args for kind, args in told if kind == event] if event else [kind for kind, _ in told]
        )

    def connected(self) -> set[tuple[str, int]]:
        """The addresses that were connected to."""
        return {(host, port) for host, port in self.told("socket.connect")}


@pytest.fixture(params=HIDE)
def watched(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path: Path
) -> Iterator[Watched]:
    """A gateway with a provider that is used, and one that only has a key."""
    log = tmp_path / "events"
    watch = WATCH.format(hide=HIDE[request.param], events=EVENTS, log=str(log))
    (tmp_path / "sitecustomize.py").write_text(watch)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    config = two_dialects(upstream.url).replace(
        "providers:", "providers:\n  openai: {api_key: sk-dummy}", 1
    )
    with serving(config, folder=tmp_path, env={"PYTHONPATH": path}) as gateway:
        seen = Watched(log, gateway.url, gateway.config)
        yield seen
        process = gateway.process.process
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert seen.connected() == {("127.0.0.1", upstream.port)}, "while it stopped"


def test_a_gateway_calls_its_providers_alone(watched: Watched, upstream: Upstream) -> None:
    """From its start over requests, counts, pages and a reload to its end, and without asking for names."""
    assert watched.told() == [], "before anybody asked for anything"
    with anthropic.Anthropic(base_url=watched.url, api_key="sk-any", max_retries=0) as client:
        asked = {"max_tokens": 100, "messages": [{"role": "user", "content": "PLAY=text please"}]}
        for model in ("claude-opus-5-5", "claude-haiku-5-5"):
            client.messages.create(model=model, **asked)  # type: ignore[call-overload]
            with client.messages.stream(model=model, **asked) as stream:  # type: ignore[arg-type]
                stream.get_final_message()
        client.messages.count_tokens(model="claude-opus-5-5", messages=asked["messages"])  # type: ignore[arg-type]
    with httpx.Client(base_url=watched.url, trust_env=False) as pages:
        for path in ("/", "/health", "/v1/models", "/v1/stats", "/metrics", "/nothing"):
            pages.get(path)
        before = pages.get("/health").json()["config"]["id"]
        watched.config.write_text(watched.config.read_text() + "# edited\n")
        pages.post("/admin/reload", json={"accept": True}).raise_for_status()
        watched.config.write_text(watched.config.read_text().replace("stub-model", "other-model"))
        pages.post("/admin/reload", json={"accept": True}).raise_for_status()
        wait_until(
            lambda: pages.get("/health").json()["config"]["id"] != before,
            seconds=10,
            what="the edited config serves",
        )
    assert watched.connected() == {("127.0.0.1", upstream.port)}
    assert {*watched.told()} <= {"socket.connect", "socket.getaddrinfo"}
    assert all(args.startswith("('127.0.0.1', ") for args in watched.told("socket.getaddrinfo"))
