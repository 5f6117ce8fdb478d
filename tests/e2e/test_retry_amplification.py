"""How many requests reach a provider that always fails: from the real Claude Code alone, and through us.

The client asks again by itself, ten times where nobody says otherwise. What the gateway adds to that, also
where a rule asks for as many repetitions as there can be, is at most a fifth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers.claude_code import ClaudeCode
from servers.gateway import Gateway
from servers.scripted import Upstream

pytestmark = pytest.mark.timeout(900)  # the first run on a machine downloads the client

RETRIES = 3
"""Of the client."""
MOST = 1.2
MODELS = {"e529": "stub", "e429-soon": "chat-stub", "e500": "stub"}
"""What the provider answers -> the model, and so the format in which the gateway asks it."""

CONFIG = """\
providers:
  native: {{dialect: anthropic, base_url: "{url}", api_key: sk-dummy}}
  chat: {{dialect: openai-chat, base_url: "{url}/v1", api_key: sk-dummy}}
rules:
  - {{name: chat, when: {{model: "chat-*"}}, use: "chat:*", retries: 5}}
default: {{use: "native:*", retries: 5}}
"""


def test_a_storm_is_not_multiplied(
    claude: ClaudeCode, gateway: Callable[[str], Gateway], upstream: Upstream, tmp_path: Path
) -> None:
    """Requests that reach the provider, by what it answers, as a table."""
    urls = {"alone": upstream.url, "through": gateway(CONFIG.format(url=upstream.url)).url}

    def asked(fault: str, way: str) -> int:
        folder = tmp_path / f"{way}-{fault}"
        folder.mkdir()
        claude.run(
            urls[way],
            prompt=f"Say hello to {folder}.",
            folder=folder,
            model=f"{MODELS[fault]}+{fault}",
            env={"CLAUDE_CODE_MAX_RETRIES": str(RETRIES)},
            seconds=60 + 60 * RETRIES,
        )
        return sum(one.streams for one in upstream.about(str(folder)))

    runs = [(fault, way) for fault in MODELS for way in urls]
    with ThreadPoolExecutor(max_workers=len(runs)) as pool:
        counts = dict(zip(runs, pool.map(lambda run: asked(*run), runs), strict=True))
    rows = [(fault, counts[fault, "alone"], counts[fault, "through"]) for fault in MODELS]
    rows.append(("all", sum(alone for _, alone, _ in rows), sum(ours for _, _, ours in rows)))
    for fault, alone, ours in [*rows]:
        sys.stdout.write(f"\n{fault:<10} {alone:>4} alone {ours:>4} with us {ours / alone:>6.2f}x")
    assert [alone for _, alone, _ in rows[:-1]] == [RETRIES + 1] * len(MODELS)
    assert all(ours >= alone for _, alone, ours in rows)
    assert rows[-1][2] <= MOST * rows[-1][1]
