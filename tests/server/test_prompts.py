"""What the gateway tells of prompts: in the log, in headers, in counts. And that it never stands still."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import Gateway, answering, says
from sessions import turns
from structlog.testing import capture_logs

from gateway import observe
from gateway.server.pages import metrics

CONFIG = """
providers:
  chat: {dialect: openai-chat, base_url: "http://a.test/v1", api_key: "sk-gateway-secret"}
  native: {dialect: anthropic, base_url: "http://a.test", api_key: "sk-gateway-secret"}
models:
  chat:blind: {images: false, transforms: [short]}
apply: [brief]
transforms:
  brief: [{system: {append: "Be brief. The key is sk-gateway-secret."}}]
  short: [{tools: {rename: {Bash: run_shell}}}]
  clock: [{system: {prepend: "{{ now.isoformat() }}"}}]
rules:
  - {name: timed, when: {path_prefix: /timed}, use: "chat:m", transforms: [clock]}
default: {use: "chat:m", fallback: ["chat:blind"]}
print_system: true
"""

OK = says("Hello", "stop") + b"data: [DONE]\n\n"
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@pytest.fixture
def log() -> Iterator[list[Any]]:
    """What is logged, after keys were blotted out."""
    with capture_logs(processors=[observe.redacted]) as lines:
        yield lines


def gateway(folder: Path, config: str = CONFIG) -> Gateway:
    """A gateway whose provider says hello."""
    path = folder / "config.yaml"
    path.write_text(config, encoding="utf-8")
    return Gateway(path, provider=answering(OK))


def ask(server: Gateway, body: Any, prefix: str = "") -> Any:
    """A turn of one session."""
    headers = {"x-claude-code-session-id": "s"}
    return server.ask("POST", f"{prefix}/v1/messages", body, headers=headers)


def test_where_a_prompt_broke(tmp_path: Path, log: list[Any]) -> None:
    """A header, a field of the log and a count name the part; a prompt that only grew is counted too."""
    server = gateway(tmp_path)
    first, second, third = turns(3)
    prefixes = ["", "", "/timed", "/timed"]
    heard = [
        ask(server, *turn) for turn in zip((first, second, second, third), prefixes, strict=True)
    ]
    broken = [None, None, "system", "system"]
    assert [one.headers.get("x-gateway-cache-break") for one in heard] == broken
    told = [line for line in log if line["event"] == "request"]
    assert [line.get("prefix_broke_at") for line in told] == broken
    assert [line.get("prefix_kept") for line in told[:2]] == [None, 1.0]
    assert server.services is not None
    text = metrics.render(server.services, tasks=0).decode()
    assert 'gateway_prompt_prefixes_total{broke_at="nowhere",target="chat:m"} 1.0' in text


def test_the_system_prompt_in_the_log(tmp_path: Path, log: list[Any]) -> None:
    """As it is sent, with keys blotted out, and only where the config asks for it."""
    [body] = turns(1)
    ask(gateway(tmp_path), body)
    [line] = [line for line in log if line["event"] == "system_prompt"]
    assert line["text"].endswith("Be brief. The key is [secret].")
    ask(gateway(tmp_path, CONFIG.replace("print_system: true", "")), body)
    assert [line for line in log if line["event"] == "system_prompt"] == [line]


def test_targets_have_their_own_edits(tmp_path: Path) -> None:
    """A fallback gets those of its own target, and what it cannot be shown is said to be left out."""
    asked: list[dict[str, Any]] = []
    fine = answering(OK)

    async def provider(request: Any) -> Any:
        asked.append(json.loads(request.content))
        return await (fine if len(asked) > 1 else answering(b"{}", status=500))(request)

    server = gateway(tmp_path)
    server.provider = provider
    [body] = turns(1)
    body["messages"][0]["content"].insert(0, IMAGE)
    heard = ask(server, body)
    names = [{tool["function"]["name"] for tool in one["tools"]} for one in asked]
    assert ["Bash" in found for found in names] == [True, False]
    assert ["run_shell" in found for found in names] == [False, True]
    assert [json.dumps(one).count("image_url") > 0 for one in asked] == [True, False]
    assert "[image: not shown to this model]" in json.dumps(asked[1])
    assert "image" in heard.headers["x-gateway-dropped"].split(", ")


def test_calls_come_back_under_the_name_of_the_client(tmp_path: Path) -> None:
    """The model calls the tool that it was shown, the client hears of its own."""
    call = {"index": 0, "id": "c1", "function": {"name": "run_shell", "arguments": '{"path":"a"}'}}
    chunk = {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    server = gateway(tmp_path)
    server.provider = answering(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")
    [body] = turns(1)
    heard = ask(server, {**body, "stream": False}, "/chat:blind")
    [block] = [b for b in heard.json["content"] if b["type"] == "tool_use"]
    assert (block["name"], block["input"]) == ("Bash", {"path": "a"})


SLOW = CONFIG.replace("{append:", r"{remove: ['^(a+)+\1$'], time_limit: 200ms, append:")


def test_a_hostile_pattern_is_stopped_and_stops_nobody(tmp_path: Path) -> None:
    """It runs beside the loop, so that others are served meanwhile, and the client is told of it."""
    server = gateway(tmp_path, SLOW)
    [body] = turns(1)
    ticks = 0

    async def both() -> Any:
        nonlocal ticks
        attack = asyncio.ensure_future(
            server._ask("POST", "/v1/messages", {**body, "system": "a" * 100_000 + "b"}, {}, None)
        )
        while not attack.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return await attack

    heard = asyncio.run(both())
    assert heard.status == 500
    assert "took longer than 200 ms" in heard.json["error"]["message"]
    assert heard.headers["x-should-retry"] == "false"
    assert ticks > 3


@pytest.mark.parametrize("room", [0, "64MiB"])
def test_a_gateway_can_do_without_memory(tmp_path: Path, room: Any) -> None:
    """Turns are answered all the same, and nothing of them is kept."""
    server = gateway(tmp_path, f"{CONFIG}\nserver: {{memory: {room}}}\n")
    asked = turns(3)
    assert [ask(server, turn).status for turn in asked] == [200, 200, 200]
    assert server.services is not None
    assert bool(server.services.conversations.size) is bool(room)
