"""The real Claude Code gets its work done with a model that writes its tool calls wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from servers import garbled
from servers.claude_code import ClaudeCode, work_folder
from servers.claude_plays import Expected, Session, check, check_traffic
from servers.garbled import Garbled
from servers.gateway import Gateway
from servers.process import wait_until
from servers.scripted import Upstream
from servers.targets import TARGETS

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client

OFF = "tool_correction: {mode: off}"
TEXT_CALLS = "tool_correction: {text_calls: [text]}"
EVERY = {**garbled.OBJECTS, **garbled.TEXTS}
ROUTES = {
    "chat": ("garbled", EVERY),
    "responses": ("garbled", EVERY),
    "google": ("garbled-objects", garbled.OBJECTS),
    "native": ("garbled-objects", garbled.OBJECTS),
}
"""Target -> the play, and the calls in it: some formats carry arguments as objects only."""

IDLE_SECONDS = 15
"""Silence after which the client is told to give up; more than the gateway lets pass without a word."""
HOLD_SECONDS = 17.0
SEEN_SECONDS = 30.0
"""For the client's first request to get upstream, on a busy machine."""

Start = Callable[..., Session]


@pytest.fixture
def start(
    claude: ClaudeCode, gateway: Callable[[str], Gateway], upstream: Upstream, tmp_path: Path
) -> Start:
    """Gives a client in front of a gateway that knows one target, with more lines in its config."""
    return lambda target, *more: Session(
        claude, gateway(TARGETS[target].config(upstream.url, *more)).url, tmp_path
    )


@pytest.mark.parametrize(
    ("target", "play", "calls"), [(name, *route) for name, route in ROUTES.items()], ids=ROUTES
)
def test_garbled_calls_are_put_right(
    start: Start,
    upstream: Upstream,
    word: str,
    *,
    target: str,
    play: str,
    calls: Mapping[str, Garbled],
) -> None:
    """Each call does what it was meant to do, at the first try, and goes back upstream as a sound one."""
    outcome = start(target).play(play, path=f"/{TARGETS[target].path}")
    check(outcome, play, Expected(garbled.tools(calls), garbled.files(calls)))
    check_traffic(upstream.about(word))


@pytest.mark.parametrize("target", ["chat", "native"])
def test_without_correction_every_garbled_call_fails(start: Start, target: str) -> None:
    """The client refuses each of the same calls, and nothing is done: it is correction that helps."""
    play, calls = ROUTES[target]
    outcome = start(target, OFF).play(play, path=f"/{TARGETS[target].path}")
    assert [tool.name for tool in outcome.tool_errors] == [call.name for call in calls.values()]
    assert outcome.tool_errors == list(outcome.tools)
    assert outcome.files == {}


def test_a_slow_call_is_waited_for(
    claude: ClaudeCode, gateway: Callable[[str], Gateway], upstream: Upstream, tmp_path: Path
) -> None:
    """While the arguments of a call are held, heartbeats keep the client from asking again."""
    target = TARGETS["chat"]
    gate = "slow-arguments"
    work = work_folder(tmp_path)
    url = gateway(target.config(upstream.url)).url

    def hold() -> None:
        def is_there() -> bool:
            return any(received.waits for received in upstream.about(str(tmp_path)))

        try:
            wait_until(is_there, seconds=SEEN_SECONDS, what="the arguments have begun")
            sleep(HOLD_SECONDS)
        finally:
            upstream.open(gate)

    holding = Thread(target=hold)
    holding.start()
    outcome = claude.run(
        f"{url}/{target.path}+hold={gate}",
        prompt=f"PLAY=leaf IN={work} please",
        folder=tmp_path,
        env={"CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": str(IDLE_SECONDS * 1000)},
    )
    holding.join()
    check(outcome, "leaf", Expected(("Write",), {"leaf.txt": b"leaf\n"}))
    requests = upstream.about(str(tmp_path))
    check_traffic(requests)
    assert [received.ending for received in requests] == ["done", "done"]


def test_calls_in_the_text_are_made(start: Start, upstream: Upstream, word: str) -> None:
    """A model that writes its calls into its answer works like any other, where the config says so."""
    outcome = start("chat", TEXT_CALLS).play("text-calls", path=f"/{TARGETS['chat'].path}")
    content = garbled.CONTENT.encode()
    files = {"hermes.txt": content, "qwen.txt": content}
    check(outcome, "text-calls", Expected(("Write", "Write"), files))
    requests = upstream.about(word)
    check_traffic(requests)
    assert all(b"<tool_call>" not in received.raw for received in requests)


def test_elsewhere_calls_in_the_text_stay_text(start: Start) -> None:
    """Nobody may run what an answer only shows, so the same answer is told as it came."""
    outcome = start("chat").play("text-calls", path=f"/{TARGETS['chat'].path}")
    assert outcome.result is not None
    assert "<tool_call>" in outcome.result
    assert (outcome.tools, outcome.files) == ((), {})


def test_what_was_put_right_is_counted(start: Start) -> None:
    """`gateway stats repairs` says of each tool what was wrong with its calls."""
    session = start("chat", "# a gateway that only this test asks")
    session.play("garbled-objects", path=f"/{TARGETS['chat'].path}")
    command = [sys.executable, "-m", "gateway", "stats", "repairs", "--json"]
    told = subprocess.run([*command, "--url", session.base_url], capture_output=True, check=True)
    counted = {row["tool"]: (row["repaired"], row["classes"]) for row in json.loads(told.stdout)}
    assert counted == {
        "Write": (4, {"name": 2, "alias": 1, "unwrap": 1}),
        "Bash": (2, {"type": 2}),
        "ReportFindings": (1, {"type": 1}),
    }
