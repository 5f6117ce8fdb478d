"""Laws of targets: one way to write them, split at the first colon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing import BadTarget, Target

names = st.text(st.characters(exclude_characters=":"), min_size=1, max_size=8)
models = st.text(min_size=1, max_size=8)


@given(names, models)
def test_there_and_back(provider: str, model: str) -> None:
    """What is written is what was read; a model may hold colons and slashes."""
    target = Target.parse(f"{provider}:{model}")
    assert (target.provider, target.model) == (provider, model)
    assert str(target) == f"{provider}:{model}"


@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        ("openai:gpt-5", "openai", "gpt-5"),
        ("ollama:qwen3:4b", "ollama", "qwen3:4b"),
        ("openrouter:z-ai/glm:free", "openrouter", "z-ai/glm:free"),
    ],
)
def test_real_targets(text: str, provider: str, model: str) -> None:
    """The first colon divides."""
    assert Target.parse(text) == Target(provider, model)


@pytest.mark.parametrize("text", ["", "gpt-5", ":", "openai:", ":gpt-5"])
def test_what_is_no_target(text: str) -> None:
    """Both parts are needed, and the refusal shows how."""
    with pytest.raises(BadTarget, match="expected provider:model"):
        Target.parse(text)
