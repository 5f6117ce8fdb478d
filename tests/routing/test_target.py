"""Laws of targets: one way to write them, split at the first colon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.routing import BadTarget, Target

names = st.text(st.characters(exclude_characters=":"), min_size=1, max_size=8)
models = st.text(min_size=1, max_size=8)


@given(names, models)
def test_there_and_back(provider: str, model: str) -> None:
    """What is written is what was read; a model may hold colons and slashes."""
    target = Target.parse(f"{provider}:{model}")
    assert (target.provider, target.model) == (provider, model)
    assert str(target) == f"{provider}:{model}"


@given(names, models, models)
def test_a_name_is_no_part_of_a_target(provider: str, model: str, other: str) -> None:
    """One that was told of is equal to one that was not, and what is made of it has its own name."""
    told, fresh = Target(provider, model), Target(provider, model)
    assert told.name == str(told)
    assert (told, hash(told), repr(told)) == (fresh, hash(fresh), repr(fresh))
    assert replace(told, model=other).name == f"{provider}:{other}"


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
