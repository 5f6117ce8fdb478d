"""`reload`, `recorder` and `tests` of a config."""

from __future__ import annotations

import pytest

from gateway.config import load
from gateway.config.sections.reload_settings import RecorderSettings, ReloadSettings

DEFAULT = "default: openai:gpt-5\n"


def test_what_is_said_is_compiled() -> None:
    """Shares and sizes as people write them."""
    text = (
        DEFAULT
        + "reload: {max_changed: 12.5%, at_least: 7}\n"
        + "recorder: {path: t.jsonl, bodies: true, max_size: 2MB}\n"
        + "tests: [a.test.yaml, b.test.yaml]\n"
    )
    snapshot = load(text, file="config.yaml", environment={}).snapshot
    assert snapshot is not None
    assert snapshot.reload == ReloadSettings(0.125, 7)
    assert snapshot.recorder == RecorderSettings("t.jsonl", True, 2_000_000)
    assert snapshot.tests == ("a.test.yaml", "b.test.yaml")


def test_without_a_word_nothing_is_held_recorded_or_tested() -> None:
    """All three are for who asks for them."""
    snapshot = load(DEFAULT, file="config.yaml", environment={}).snapshot
    assert snapshot is not None
    assert (snapshot.reload.max_changed, snapshot.recorder, snapshot.tests) == (None, None, ())


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("reload: {max_changed: 120%}", "reload.max_changed"),
        ("reload: {at_least: 0}", "reload.at_least"),
        ("recorder: {bodies: true}", "path"),
        ("recorder: {path: t, max_size: 3000GiB}", "recorder.max_size"),
        ("tests: []", "tests"),
    ],
)
def test_what_means_nothing_is_found(wrong: str, place: str) -> None:
    """With its place."""
    loaded = load(f"{DEFAULT}{wrong}\n", file="config.yaml", environment={})
    assert loaded.snapshot is None
    [finding] = loaded.findings
    assert finding.line == 2
    assert place in finding.message
