"""A change that moves too much is held until somebody takes it, and traffic is told before and after."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from servers.gateway import Gateway, serving
from servers.process import wait_until
from servers.scripted import Upstream

from gateway.cli import main

SECONDS = 20.0
KEY = "of-the-operator"
LIMIT = (
    f"server: {{admin: {{key: {KEY}}}}}\n"
    "reload: {max_changed: 20%, at_least: 50}\n"
    "recorder: {path: traffic.jsonl}\n"
)
HAIKU = "rules: [{name: haiku, when: {model: '*haiku*'}, use: chat:small}]\n"


def config(upstream: Upstream, rules: str = "") -> str:
    chat = f'{{dialect: openai-chat, base_url: "{upstream.url}/v1"}}'
    prices = (
        'models: {"chat:stub": {price: {input: 2, output: 8}}, "chat:small": {price: {input: 1}}}\n'
    )
    return f"providers: {{chat: {chat}}}\n{LIMIT}{prices}{rules}default: chat:stub\n"


@pytest.fixture
def gateway(upstream: Upstream, tmp_path: Path) -> Iterator[Gateway]:
    with serving(config(upstream), folder=tmp_path) as started:
        yield started


async def get(url: str) -> dict[str, Any]:
    shown = {"x-api-key": KEY}
    async with aiohttp.ClientSession(headers=shown) as session, session.get(url) as response:
        found: dict[str, Any] = await response.json()
        return found


def health(gateway: Gateway) -> dict[str, Any]:
    """What it tells of its config."""
    config: dict[str, Any] = asyncio.run(get(f"{gateway.url}/health"))["config"]
    return config


def ask(gateway: Gateway, *models: str) -> list[str]:
    """Asks for each model; gives the targets."""

    async def one(session: aiohttp.ClientSession, model: str) -> str:
        body = {
            "model": model,
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "PLAY=text"}],
        }
        async with session.post(f"{gateway.url}/v1/messages", json=body) as response:
            assert response.status == 200
            return response.headers["x-gateway-target"]

    async def every() -> list[str]:
        async with aiohttp.ClientSession(headers={"x-api-key": KEY}) as session:
            return [await one(session, model) for model in models]

    return asyncio.run(every())


def wait_for_records(gateway: Gateway, count: int) -> Path:
    """Records are made after the answers; gives the file with so many of them."""
    traffic = gateway.config.parent / "traffic.jsonl"
    wait_until(
        lambda: traffic.is_file() and traffic.read_bytes().count(b"\n") == count,
        seconds=SECONDS,
        what=f"{count} requests are written down",
    )
    return traffic


def command(*words: str, code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Runs a command of the gateway's; gives what it printed."""
    assert main(words) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_a_change_of_thirty_percent_is_held_and_taken(
    gateway: Gateway, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log and health say which rules and how much; `gateway reload --accept` takes it."""
    ask(gateway, *["claude-haiku-4-5"] * 21, *["claude-opus-5-5"] * 49)
    wait_for_records(gateway, 70)
    before = health(gateway)["id"]
    gateway.config.write_text(config(upstream, HAIKU), "utf-8")
    assert ask(gateway, "claude-haiku-4-5") == ["chat:stub"]
    held = health(gateway)["held"]
    assert health(gateway)["id"] == before
    assert (held["moved"], held["compared"], held["share"]) == (21, 70, 0.3)
    [move] = held["moves"]
    assert move == {
        "before": {"rule": "default", "target": "chat:stub"},
        "after": {"rule": "haiku", "target": "chat:small"},
        "count": 21,
        "share": 0.3,
    }
    words = (
        "21 of 70 recently seen requests (30.0 %) would go elsewhere: 21 from default (chat:stub) to "
        "haiku (chat:small); reload.max_changed allows 20 %"
    )
    assert held["message"] == words
    assert words in gateway.process.log_text()

    place = ("--url", gateway.url, "--key", KEY)
    assert "cannot" not in command("reload", *place, code=1, capsys=capsys)
    assert "401" in command("reload", "--url", gateway.url, code=1, capsys=capsys)
    told = command("reload", "--accept", *place, code=0, capsys=capsys)
    assert "serves now" in told
    assert ask(gateway, "claude-haiku-4-5") == ["chat:small"]
    assert (health(gateway)["held"], health(gateway)["id"]) == (None, held["id"])
    told = command("reload", "--accept", *place, code=0, capsys=capsys)
    assert "no change was held" in told


def test_recorded_traffic_tells_what_a_config_would_change(
    gateway: Gateway, upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`gateway diff` names the groups and their costs, `gateway replay` the sums."""
    ask(gateway, *["claude-haiku-4-5"] * 3, "claude-opus-5-5")
    traffic = wait_for_records(gateway, 4)
    new = tmp_path / "new.yaml"
    new.write_text(config(upstream, HAIKU), "utf-8")
    files = (str(gateway.config), str(new), "--on", str(traffic))
    told = json.loads(command("diff", *files, "--json", code=0, capsys=capsys))
    [move] = told["moves"]
    assert (told["moved"], told["compared"], move["count"]) == (3, 4, 3)
    assert move["after"] == {"rule": "haiku", "target": "chat:small"}
    cost = move["cost"]
    assert 0 < cost["after"] < cost["before"]
    assert cost["difference"] == pytest.approx(cost["after"] - cost["before"], abs=1e-6)
    assert "3 of 4 requests (75.0%)" in command("diff", *files, code=0, capsys=capsys)

    replay = ("replay", str(traffic), "--config", str(new))
    told = json.loads(command(*replay, "--json", code=0, capsys=capsys))
    counts = {(row["rule"], row["target"]): row["count"] for row in told["rows"]}
    assert counts == {("haiku", "chat:small"): 3, ("default", "chat:stub"): 1}
    assert "requests" in command(*replay, code=0, capsys=capsys)


def test_a_hangup_reloads_at_once(gateway: Gateway, upstream: Upstream) -> None:
    """And says so, also when nothing has changed."""
    os.kill(gateway.process.process.pid, signal.SIGHUP)
    wait_until(
        lambda: '"config_unchanged"' in gateway.process.log_text(),
        seconds=SECONDS,
        what="the log tells of the reload",
    )
    assert ask(gateway, "claude-haiku-4-5") == ["chat:stub"]


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "nothing.jsonl"),
        ("replay", "empty.jsonl"),
        ("diff", "nothing.yaml", "nothing.yaml", "--on", "empty.jsonl"),
    ],
)
def test_without_traffic_or_config_there_is_nothing_to_tell(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is the one for wrong usage."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("default: openai:gpt-5\n")
    (tmp_path / "empty.jsonl").write_text("no record\n")
    assert "gateway: " in command(*words, code=2, capsys=capsys)


def test_no_gateway_no_reload(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says where it asked."""
    told = command("reload", "--url", "http://127.0.0.1:9", code=1, capsys=capsys)
    assert "http://127.0.0.1:9" in told
