"""Running the kit against a server inside the test process. No IO."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from conformance.obedient import WINDOW

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.conformance import Result, Runner, chosen
from gateway.routing import Target
from gateway.tokens import TokenCounter
from gateway.upstream import Upstream

QUIRKS: dict[str, Any] = {
    "documents": True,
    "reasoning": "effort",
    "can_disable_reasoning": True,
    "top_k": True,
    "stop_limit": 0,
}
"""What the obedient server needs to be told about to be green in everything."""
TARGET = Target("lab", "obedient")


class Quarters:
    """An encoder that takes four characters for a token."""

    def count(self, text: str) -> int:
        return len(text) // 4


def config(quirks: dict[str, Any] | None = None, **sections: Any) -> str:
    """A config with one provider; JSON is YAML."""
    lab = {
        "dialect": "openai-chat",
        "base_url": "http://lab/v1",
        "quirks": QUIRKS if quirks is None else quirks,
    }
    return json_text.encode_text(
        {
            "providers": {"lab": lab},
            "models": {"lab:obedient": {"context": WINDOW}},
            "default": "lab:obedient",
            **sections,
        }
    )


def snapshot(text: str) -> Snapshot:
    """The compiled config, which has to be sound."""
    loaded = load(text, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def run(
    server: httpx.AsyncBaseTransport,
    *only: str,
    text: str | None = None,
    timeout: float = 60.0,
    target: Target = TARGET,
) -> list[Result]:
    """The results of these cases, or of all."""
    runner = Runner(
        snapshot(text or config()),
        target,
        upstream=Upstream({"http": server}),
        counter=TokenCounter(Quarters()),
        timeout=timeout,
        pause=0.0,
    )
    return asyncio.run(runner.run(chosen(only, large=True), lambda _: None))


def named(results: Sequence[Result], *outcomes: str) -> dict[str, str]:
    """The cases with these outcomes, and their remedies."""
    return {r.case.name: r.remedy for r in results if r.outcome in outcomes}


def red(results: Sequence[Result]) -> dict[str, str]:
    """The cases that do not work, and their remedies."""
    return named(results, "failed", "model did not")
