"""`tokens:`, and what it says of a target."""

from __future__ import annotations

import pytest

from gateway.config import load
from gateway.routing import Target


def scale(said: str, target: str) -> float | None:
    """The scale of a target."""
    text = f"tokens: {{scale: {said}}}\ndefault: openai:gpt-5\n" if said else "default: openai:x\n"
    snapshot = load(text, file="config.yaml", environment={}).snapshot
    assert snapshot is not None
    return snapshot.scale_of(Target.parse(target))


@pytest.mark.parametrize(
    ("said", "target", "expected"),
    [
        ("", "openai:gpt-5", None),
        ("auto", "openai:gpt-5", None),
        ("1.15", "openai:gpt-5", 1.15),
        ("2", "lab:any/model:8b", 2.0),
        ('{"lab:*": 1.3, "*": auto}', "lab:x", 1.3),
        ('{"lab:*": 1.3, "*": auto}', "openai:x", None),
        ('{"lab:*": 1.3}', "openai:x", None),
        ('{"lab:a*": auto, "lab:*": 1.3}', "lab:abc", None),
        ('{"lab:a*": auto, "lab:*": 1.3}', "lab:b", 1.3),
    ],
)
def test_the_first_glob_that_fits_counts(said: str, target: str, expected: float | None) -> None:
    """Without one, and where it says `auto`, the scale is learned."""
    assert scale(said, target) == expected


@pytest.mark.parametrize("wrong", ["0", "11", "fast", "{}", '{"*": wide}', "[1]", "true"])
def test_what_means_nothing_is_found(wrong: str) -> None:
    """With its place."""
    text = f"default: openai:gpt-5\ntokens: {{scale: {wrong}}}\n"
    loaded = load(text, file="config.yaml", environment={})
    assert loaded.snapshot is None
    assert {finding.line for finding in loaded.findings} == {2}
