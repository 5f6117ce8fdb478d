"""What the tests of records ask: configs as text, records as facts."""

from __future__ import annotations

import random
from typing import Any

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.recording import Recorded
from gateway.tokens import TokenCounter

AT = 1_780_000_000.0


class Letters:
    """An encoder for which each character is a token."""

    def count(self, text: str) -> int:
        return len(text)


COUNTER = TokenCounter(Letters())


def snapshot(text: str) -> Snapshot:
    """The snapshot of a sound config; every provider named here has its key."""
    loaded = load(text, file="config.yaml", environment={"OPENAI_API_KEY": "sk-test-key"})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def recorded(**facts: Any) -> Recorded:
    """A record of an ordinary request, but for these facts."""
    return Recorded(**{"at": AT, "model": "claude-opus-5-5", "tokens": 1000, **facts})


def exchange(config: Snapshot, body: dict[str, Any], **inbound: Any) -> Exchange:
    """An exchange that has been routed."""
    whole = {"model": "claude-opus-5-5", "max_tokens": 1024, "messages": [], **body}
    made = Exchange(
        config, Inbound(json_text.encode(whole), **inbound), COUNTER, Vault(b"tests only")
    )
    _ = made.route
    return made


def generated(count: int, seed: int = 1) -> list[Recorded]:
    """Records of all sorts, always the same ones."""
    draw = random.Random(seed)  # noqa: S311  # the same on every run
    return [_one(draw, number) for number in range(count)]


def _one(draw: random.Random, number: int) -> Recorded:
    tools = draw.choice(((), ("Bash", "Edit"), ("Bash", "mcp__git__log"), ("WebSearch",)))
    thinking = draw.choice((None, "adaptive", "enabled", "disabled"))
    return recorded(
        at=AT + number,
        id=f"req_{number}",
        model=draw.choice(("claude-opus-5-5", "claude-sonnet-5", "claude-haiku-4-5", "fast")),
        tokens=draw.randrange(200_000),
        is_counted=draw.random() < 0.7,
        path_prefix=draw.choice(("", "", "", "/quick")),
        key=draw.choice((None, "laptop", "ci")),
        stream=draw.random() < 0.8,
        max_tokens=draw.choice((None, 1, 1024, 32_000)),
        thinking_type=thinking,
        thinking_budget=draw.choice((None, 4000)) if thinking == "enabled" else None,
        effort=draw.choice((None, "low", "high")),
        tools=tools,
        tool_count=len(tools),
        tool_is_forced=draw.random() < 0.1,
        contents=draw.choice(((), ("text",), ("image", "text"), ("tool_error", "tool_result"))),
        repeated_calls=draw.choice((0, 0, 1, 4)),
        tag=draw.choice((None, None, "cheap")),
        session=draw.choice((None, *"abcdefgh")),
        agent_type=draw.choice((None, "Explore")),
        request_class=draw.choice(("main", "main", "subagent", "compaction", "auxiliary")),
        lot=draw.random(),
        usage={"input": draw.randrange(10_000), "output": draw.randrange(2_000)},
    )
