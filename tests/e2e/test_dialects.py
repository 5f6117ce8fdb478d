"""The real Claude Code works through every dialect, and every upstream sees sound requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anthropic
import pytest
from servers.claude_code import ClaudeCode
from servers.claude_plays import EXPECTED, PNG_BASE64, Session, check, check_traffic
from servers.gateway import Gateway
from servers.plays import SOURCES
from servers.responses_wire import ENCRYPTED
from servers.scripted import Upstream
from servers.targets import TARGETS, Target
from servers.wire import Received

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client

NEW = {name: target for name, target in TARGETS.items() if name not in ("chat", "native")}
"""The others play every play in `test_claude_code`."""

EVERY = pytest.mark.parametrize("target", NEW.values(), ids=NEW)
SEARCHING = {name: target for name, target in TARGETS.items() if target.searches}
SLOPPY = {
    "responses": (
        "interleave",
        "args-in-done",
        "args-in-item",
        "no-summary",
        "no-usage",
        "bytes=3",
    ),
    "google": ("no-ids", "same-ids", "no-usage", "bytes=3"),
    "local": ("no-ids", "same-ids", "no-usage", "bytes=3"),
    "local-native": ("no-usage", "bytes=3"),
}

Start = Callable[[Target], Session]


def image_arrives(requests: list[Received]) -> None:
    """The picture that a tool has read stands in the next request."""
    first, last = requests
    assert PNG_BASE64 not in first.raw
    assert PNG_BASE64 in last.raw


def tool_arrives(requests: list[Received]) -> None:
    """A deferred tool becomes a plain one once it is found."""
    before, after = requests[:2]
    assert "CronList" not in before.tools
    assert "CronList" in after.tools


def anything(requests: list[Received]) -> None:
    """The play has no more to show."""


ARRIVES = {"image": image_arrives, "tool-search": tool_arrives}


@pytest.fixture
def start(
    claude: ClaudeCode,
    gateway: Callable[[str], Gateway],
    upstream: Upstream,
    tmp_path: Path,
) -> Start:
    """Gives a client in front of a gateway that knows one target."""
    return lambda target: Session(claude, gateway(target.config(upstream.url)).url, tmp_path)


@EVERY
@pytest.mark.parametrize("play", [play for play in EXPECTED if play != "web-search"])
def test_a_play_works(
    start: Start, upstream: Upstream, word: str, *, target: Target, play: str
) -> None:
    """Every play gives the exact files and result, with sound requests that lack nothing."""
    check(start(target).play(play, path=f"/{target.path}"), play)
    requests = upstream.about(word)
    check_traffic(requests)
    ARRIVES.get(play, anything)(requests)
    assert {received.path for received in requests} == {target.endpoint}
    assert {received.model for received in requests} == {target.model}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        pytest.param(TARGETS[name], fault, id=f"{name}-{fault}")
        for name in SLOPPY
        for fault in SLOPPY[name]
    ],
)
def test_a_sloppy_server_is_put_right(
    start: Start, upstream: Upstream, word: str, *, target: Target, fault: str
) -> None:
    """Missing or repeated ids, late arguments and pieces of any size never reach the client."""
    outcome = start(target).play("write-bash-read", path=f"/{target.path}+{fault}")
    check(outcome, "write-bash-read")
    check_traffic(upstream.about(word))


@pytest.mark.parametrize("target", SEARCHING.values(), ids=SEARCHING)
def test_the_provider_searches_the_web(
    start: Start, upstream: Upstream, word: str, target: Target
) -> None:
    """The client's own search request is answered by the provider, and the pages reach the model."""
    check(start(target).play("web-search", path=f"/{target.path}"), "web-search")
    requests = upstream.about(word)
    check_traffic(requests)
    assert SOURCES[0].url.encode() in requests[-1].raw
    assert SOURCES[0].title.encode() in requests[-1].raw


def test_a_search_goes_where_there_is_one(
    claude: ClaudeCode,
    gateway: Callable[[str], Gateway],
    upstream: Upstream,
    *,
    tmp_path: Path,
    word: str,
) -> None:
    """A target without a search of its own keeps the conversation; its searches are sent to another."""
    target, other = TARGETS["chat"], TARGETS["responses"]
    elsewhere = f'server_tools: {{use: "{other.path}"}}'
    config = target.config(upstream.url, f"  {other.entry(upstream.url)}", elsewhere)
    session = Session(claude, gateway(config).url, tmp_path)
    check(session.play("web-search", path=f"/{target.path}"), "web-search")
    requests = upstream.about(word)
    check_traffic(requests)
    endpoints = [received.path for received in requests]
    assert endpoints == [target.endpoint, target.endpoint, other.endpoint, target.endpoint]
    assert SOURCES[0].url.encode() in requests[-1].raw


def test_the_window_is_as_large_as_the_config_says(
    gateway: Callable[[str], Gateway], upstream: Upstream, word: str
) -> None:
    """Ollama loads the model with the window that the config knows it to have."""
    target = TARGETS["local"]
    window = f'models: {{"{target.path}": {{context: 40960}}}}'
    url = gateway(target.config(upstream.url, window)).url
    with anthropic.Anthropic(base_url=url, api_key="sk-any", max_retries=0) as client:
        client.messages.create(
            model=target.path, max_tokens=100, messages=[{"role": "user", "content": word}]
        )
    (received,) = upstream.about(word)
    assert received.body["options"]["num_ctx"] == 40960
    assert received.faults == []


def test_reasoning_comes_back_to_its_server(start: Start, upstream: Upstream, word: str) -> None:
    """Each turn of the Responses API brings back all encrypted reasoning of the turns before it."""
    target = TARGETS["responses"]
    start(target).play("write-bash-read", path=f"/{target.path}")
    requests = upstream.about(word)
    thoughts = [
        [item["id"] for item in received.body["input"] if item.get("type") == "reasoning"]
        for received in requests
    ]
    assert [len(ids) for ids in thoughts] == [0, 1, 1, 2]
    assert all(ENCRYPTED in received.body["include"] for received in requests)


def test_signatures_come_back_to_their_server(start: Start, upstream: Upstream, word: str) -> None:
    """Each call in Gemini's history carries the signature that it came with."""
    target = TARGETS["google"]
    start(target).play("write-bash-read", path=f"/{target.path}")
    last = upstream.about(word)[-1]
    parts = [part for content in last.body["contents"] for part in content["parts"]]
    signed = [part["thoughtSignature"] for part in parts if "functionCall" in part]
    assert len(set(signed)) == 3
    assert set(signed) <= upstream.issued.signatures.keys()
