"""Families of models: each learns by itself, few are remembered, and threads do not disturb each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.estimates import LEARNED, Estimates
from gateway.estimates.families import FAMILIES, family_of
from gateway.tokens import Size

PROMPT = Size(10_000, 2_000)


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-opus-4-6", "claude"),
        ("claude-opus-4-20250514", "claude"),
        ("claude-sonnet-4-5-20250929", "claude"),
        ("claude-3-5-haiku-latest", "claude"),
        ("anthropic/claude-4.5-haiku-20251001", "claude"),
        ("claude-opus-4-7", "claude-new"),
        ("anthropic/claude-opus-4.8", "claude-new"),
        ("claude-sonnet-5", "claude-new"),
        ("claude-haiku-5-5", "claude-new"),
        ("gpt-4", "gpt-4"),
        ("gpt-4.1-mini", "openai"),
        ("openai/gpt-5", "openai"),
        ("o3-mini", "openai"),
        ("gpt-oss:20b", "gpt-oss"),
        ("gemini-2.5-pro", "gemini"),
        ("qwen/qwen3-coder", "qwen"),
        ("Qwen3-Coder-480B", "qwen"),
        ("z-ai/glm-4.7", "glm"),
        ("meta-llama/llama-3.1-8b-instruct", "llama"),
        ("deepseek-ai/DeepSeek-R1", "deepseek"),
    ],
)
def test_a_model_has_the_family_of_its_tokenizer(model: str, family: str) -> None:
    """By its name, without the path before it, in any case."""
    assert family_of("p", model)[0] == f"p:{family}"


def test_every_family_has_a_member() -> None:
    """No line of the table stands in the shadow of one before it."""
    for family, (globs, _) in FAMILIES.items():
        names = [glob.replace("*", "x").replace("?", "0") for glob in globs]
        assert f"p:{family}" in {family_of("p", name)[0] for name in names}, family


def test_an_unknown_model_is_its_own_family() -> None:
    """It says nothing of others."""
    assert family_of("lab", "a/b") != family_of("lab", "a/c")


@given(st.floats(0.5, 2.0))
def test_families_and_providers_learn_apart(factor: float) -> None:
    """What one says changes no other; models of a family share what they learn."""
    estimates = Estimates()
    others = [("anthropic", "gpt-5"), ("openrouter", "gpt-5"), ("openai", "x")]
    before = [estimates.safe(*other, PROMPT) for other in others]
    for _ in range(30):
        estimates.learn("openai", "gpt-5", PROMPT, round(factor * PROMPT.total))
    assert [estimates.safe(*other, PROMPT) for other in others] == before
    assert estimates.safe("openai", "gpt-5-mini", PROMPT) == estimates.safe(
        "openai", "gpt-5", PROMPT
    )
    assert estimates.expected("openai", "gpt-5", PROMPT) == pytest.approx(
        factor * PROMPT.total, rel=0.02
    )


def test_what_is_expected_is_our_own_count_before_there_is_a_reason() -> None:
    """Nothing is refused on the word of a table."""
    estimates = Estimates()
    for _ in range(LEARNED):
        assert estimates.expected("lab", "x", PROMPT) == PROMPT.total
        estimates.learn("lab", "x", PROMPT, 2 * PROMPT.total)
    assert estimates.expected("lab", "x", PROMPT) > 1.5 * PROMPT.total


def test_a_lesson_says_how_far_off_the_estimate_was() -> None:
    """By what was said to the client, where that was something else."""
    estimates = Estimates()
    lesson = estimates.learn("lab", "x", PROMPT, 1_000, said=900)
    assert (lesson.family, lesson.answers, lesson.ratio, lesson.is_low) == ("lab:x", 0, 0.9, True)
    lesson = estimates.learn("lab", "x", PROMPT, 1_000, said=981)
    assert (lesson.answers, lesson.is_low) == (1, False)


def test_few_families_are_remembered() -> None:
    """The ones heard of last; a forgotten one begins anew."""
    estimates = Estimates(families=2)
    for model in ("a", "b", "a", "c"):
        estimates.learn("lab", model, PROMPT, 15_000)
    assert [estimates.answers("lab", model)[1] for model in ("a", "c", "b")] == [2, 1, 0]


def test_threads_do_not_lose_lessons() -> None:
    """Each answer counts once."""
    estimates = Estimates()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(estimates.learn, "lab", "x", PROMPT, 13_000)
    assert estimates.answers("lab", "x")[1] == 400
