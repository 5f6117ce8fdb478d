"""The gateway needs no network but its upstream: not to start, not to count, not to answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest
from servers.gateway import serving, two_dialects
from servers.process import free_port
from servers.scripted import Upstream


@pytest.fixture
def client(upstream: Upstream, tmp_path: Path) -> Iterator[anthropic.Anthropic]:
    """A client of a gateway whose proxies are all dead and whose home is empty."""
    dead = f"http://127.0.0.1:{free_port()}"
    proxies = {
        name: dead
        for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        for name in (upper, upper.lower())
    }
    with (
        serving(two_dialects(upstream.url), folder=tmp_path, env=proxies) as gateway,
        anthropic.Anthropic(base_url=gateway.url, api_key="sk-any", max_retries=0) as client,
    ):
        yield client


def test_tokens_are_counted_offline(client: anthropic.Anthropic) -> None:
    """The token ranks come with the package."""
    counted = client.messages.count_tokens(
        model="claude-opus-5-5", messages=[{"role": "user", "content": "How many tokens?"}]
    )
    assert counted.input_tokens > 0


def test_a_loopback_upstream_is_reached_past_a_proxy(client: anthropic.Anthropic) -> None:
    """A proxy from the environment is not used for a server on this machine."""
    message = client.messages.create(
        model="claude-opus-5-5",
        max_tokens=100,
        messages=[{"role": "user", "content": "PLAY=text please"}],
    )
    assert [block.type for block in message.content] == ["text"]
