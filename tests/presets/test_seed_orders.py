"""The presets of five systems decide as their documents say, for requests of any kind and size."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language import JSON

from gateway.config import Snapshot
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter
from presets.asked import Letters, bodies, count, sized
from presets.seed_orders import ORDERS, Env
from presets.shipped import snapshot

ENVIRONMENTS: dict[str, list[Env]] = {
    "ultrathink": [
        {"ANTHROPIC_DEFAULT_SONNET_MODEL": "openai:gpt-4o"},
        {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "ollama:llama3.2:3b"},
        {
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "openrouter:anthropic/claude-opus",
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "openai:gpt-4o",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "ollama:mistral",
        },
    ],
    "nielspeter": [
        {
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "x-ai/grok-code-fast-1",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "google/gemini-2.5-flash",
        },
        {
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "openai/gpt-5",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "llama3.1:8b",
        },
    ],
    "tizee": [
        {"LONG_CONTEXT_THRESHOLD": "4000"},
        {
            "LONG_CONTEXT_THRESHOLD": "2500",
            "ROUTER_LONG_CONTEXT": "openrouter:google/gemini-2.5-pro",
            "ROUTER_THINK": "openai:o3",
            "ROUTER_BACKGROUND": "ollama:qwen3:4b",
            "ROUTER_DEFAULT": "openai:gpt-4o",
        },
    ],
    "okeysir": [
        {"PREFERRED_PROVIDER": "ollama", "BIG_MODEL": "gpt-oss:20b", "SMALL_MODEL": "gpt-oss:20b"},
        {
            "PREFERRED_PROVIDER": "google",
            "BIG_MODEL": "gemini-2.5-pro",
            "SMALL_MODEL": "gemini-2.5-flash",
        },
    ],
    "simple-proxy": [{"BIG_MODEL": "gpt-5", "SMALL_MODEL": "qwen3:4b"}, {"SMALL_MODEL": "phi"}],
}
"""Variables that people set; every preset is asked without any too."""


@cache
def preset_in(preset: str, at: int) -> tuple[Env, Snapshot]:
    """A preset in one of its environments; the first is empty."""
    environment = [{}, *ENVIRONMENTS[preset]][at]
    return environment, snapshot(preset, environment)


@pytest.mark.parametrize("preset", sorted(ORDERS))
def test_the_documented_order(preset: str) -> None:
    """Provider and model are those of the document, also where it hands on the model asked for."""

    @settings(max_examples=1000, derandomize=True)
    @given(
        bodies(), st.integers(0, len(ENVIRONMENTS[preset])), st.sampled_from([-1, 0, 1, 500, -1500])
    )
    def check(body: JSON, at: int, beside: int) -> None:
        environment, config = preset_in(preset, at)
        threshold = int(environment.get("LONG_CONTEXT_THRESHOLD") or 128_000)
        size = threshold if preset == "tizee" else 3000
        raw = sized(body, size + beside)
        decided = ORDERS[preset](body, count(raw), environment)
        counter = TokenCounter(Letters())
        target = Exchange(config, Inbound(raw), counter, Vault(b"a test's own")).route.target
        assert (target.provider, target.model) == decided

    check()


@pytest.mark.parametrize("preset", sorted(ORDERS))
def test_nothing_is_remembered(preset: str) -> None:
    """None of these systems knows what it decided before, so no rule keeps a conversation."""
    rules = preset_in(preset, 0)[1].rules
    assert {rule.sticky for rule in rules} == {"none"}
