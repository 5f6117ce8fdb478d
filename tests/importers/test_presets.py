"""An import routes like the preset of the same system, given the same values."""

from __future__ import annotations

from pathlib import Path

import pytest
from importers.examples import env, sound, target

from gateway.config import load
from gateway.importers import convert

RULES = Path(__file__).parents[2] / "rules"

MODELS = (
    *("claude-opus-4-1", "claude-sonnet-4-5", "claude-3-5-haiku-20241022", "claude-x", "gpt-4o"),
    *(
        "gpt-5",
        "qwen/q",
        "stepfun/s:free",
        "x-ai/g",
        "nvidia/n",
        "meta/l",
        "ollama/z:4b",
        "llama3.2",
    ),
    *("gemini-2.5-pro", "deepseek-r1-250528", "custom/deepseek-v3-250324"),
)

VALUES: dict[str, dict[str, str]] = {
    "ultrathink": {
        "ANTHROPIC_DEFAULT_OPUS_MODEL": "openrouter:anthropic/claude-opus",
        "ANTHROPIC_DEFAULT_SONNET_MODEL": "openai:gpt-4o",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "ollama:llama3.2:3b",
        "OLLAMA_HOST": "http://gpu:11434",
    },
    "nielspeter": {
        "OPENAI_BASE_URL": "https://api.openai.com/v1",
        "ANTHROPIC_DEFAULT_OPUS_MODEL": "gpt-big",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "gpt-small",
    },
    "tizee": {"LONG_CONTEXT_THRESHOLD": "50000"},
    "okeysir": {"PREFERRED_PROVIDER": "ollama", "BIG_MODEL": "big:20b", "SMALL_MODEL": "small"},
    "simple-proxy": {
        "BIG_MODEL": "big",
        "BIG_MODEL_ENDPOINT": "https://big.example/v1/chat/completions",
        "SMALL_MODEL": "small",
        "SMALL_MODEL_ENDPOINT": "https://small.example/v1/chat/completions",
    },
}
"""What both are given, as variables of the system."""

ROUTES = {
    "ROUTER_BACKGROUND": "custom/deepseek-v3-250324",
    "ROUTER_THINK": "custom/deepseek-r1-250528",
    "ROUTER_LONG_CONTEXT": "custom/gemini-2.5-pro",
    "ROUTER_DEFAULT": "custom/deepseek-v3-250324",
}
"""The preset's own defaults, as tizee writes them; the preset takes targets."""


@pytest.mark.parametrize("system", VALUES)
def test_an_import_and_a_preset_send_requests_to_the_same_places(system: str) -> None:
    """For names of all kinds, short and long prompts, with and without thinking."""
    text = (RULES / f"{system}.yaml").read_text("utf-8")
    preset = load(text, file=f"{system}.yaml", environment=VALUES[system]).snapshot
    assert preset is not None
    given = {**VALUES[system], **(ROUTES if system == "tizee" else {})}
    imported = sound(convert(env(system, **given).files, system=system))
    for model in MODELS:
        for tokens in (10, 60_000):
            for thinking in (None, "adaptive"):
                facts = {"tokens": tokens, "thinking_type": thinking}
                assert target(imported, model, **facts) == target(preset, model, **facts)
