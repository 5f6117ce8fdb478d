"""A prompt that does not fit is an error that the real Claude Code understands: it compacts and goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from servers.claude_code import ClaudeCode
from servers.claude_plays import Session
from servers.error_answers import OVERFLOWS
from servers.gateway import Gateway
from servers.plays import SUMMARY_WANTED
from servers.scripted import Upstream
from servers.targets import TARGETS

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client

TURNS = 3
"""Turns with calls before the prompt is too long."""

SERVERS = {
    "overflow-openai": "chat",
    "overflow-configured": "chat",
    "overflow-openrouter": "chat",
    "overflow-openrouter-stream": "chat",
    "overflow-vllm": "chat",
    "overflow-llama-cpp": "chat",
    "overflow-cerebras": "chat",
    "overflow-tgi": "chat",
    "overflow-bedrock": "chat",
    "overflow-perplexity": "chat",
    "overflow-responses": "responses",
    "overflow-responses-stream": "responses",
    "overflow-gemini": "google",
    "overflow-ollama": "local",
    "overflow-anthropic": "native",
}
"""The overflow error of a server -> the target whose format it speaks."""


def test_every_overflow_is_played() -> None:
    """No error answer of the table is left out below."""
    assert SERVERS.keys() == OVERFLOWS.keys()


@pytest.mark.parametrize(("overflow", "provider"), SERVERS.items(), ids=SERVERS)
def test_the_client_compacts_and_goes_on(
    claude: ClaudeCode,
    gateway: Callable[[str], Gateway],
    upstream: Upstream,
    *,
    tmp_path: Path,
    word: str,
    overflow: str,
    provider: str,
) -> None:
    """After some turns the server says that the prompt is too long; the client sums up and finishes."""
    target = TARGETS[provider]
    session = Session(claude, gateway(target.config(upstream.url)).url, tmp_path)
    outcome = session.play("talk", path=f"/{target.path}+{overflow}+late={TURNS}")
    assert (outcome.exit_code, outcome.result) == (0, "DONE compacted"), outcome
    assert outcome.tool_names[:TURNS] == ["Bash"] * TURNS
    assert set(outcome.tool_names[TURNS:]) == {"Write"}
    assert outcome.files == {"talk.txt": b"1\n2\n3\n", "after.txt": b"after\n"}
    requests = upstream.about(word)
    assert sum(SUMMARY_WANTED.encode() in received.raw for received in requests) == 1
    assert all(received.streams for received in requests)
    assert outcome.retries == 0
