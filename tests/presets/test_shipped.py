"""Every preset is sound, and so are its tests; it serves the client that it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import explain, routing_tests
from gateway.config import load
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.tokens import Tiktoken, TokenCounter
from presets.shipped import FOLDER, PRESETS, SUITES, first_turn, loaded, suite


def test_there_is_a_preset_for_each_story() -> None:
    """Five systems that users come from, and five things that they want; tests beside each."""
    assert PRESETS == [
        "claude-code",
        "cost-saver",
        "local-first",
        "nielspeter",
        "okeysir",
        "privacy",
        "quota-fallback",
        "simple-proxy",
        "tizee",
        "ultrathink",
    ]
    assert sorted(SUITES) == PRESETS
    assert all(suite(preset).config == f"{preset}.yaml" for preset in PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_no_findings(preset: str) -> None:
    """Neither without any variable nor with those of its tests: not even a warning."""
    for environment in ({}, suite(preset).environment):
        assert loaded(preset, environment).findings == ()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_introduces_itself(preset: str) -> None:
    """The first thing that a person reads in it is the schema for the editor, then what it is for."""
    first, second, third, *_ = (FOLDER / f"{preset}.yaml").read_text("utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=../schemas/config.schema.json"
    assert second == "#"
    assert third.startswith("# ")


def test_all_tests_pass_and_reach_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """As `gateway test rules/ --full-coverage`."""
    code = routing_tests.run([str(FOLDER)], None, as_json=True, junit=None, full_coverage=True)
    told = json.loads(capsys.readouterr().out)
    assert [one for one in told if one.get("problems") or one.get("uncovered")] == []
    assert code == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_explain_tells_what_route_decides(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the first turn of Claude Code: the same target, and a request that could be sent to it."""
    keys = ("OPENAI", "OPENROUTER", "DEEPSEEK", "GEMINI", "ANTHROPIC", "BIG_MODEL", "SMALL_MODEL")
    environment = {f"{name}_API_KEY": "a-test" for name in keys}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "config.yaml"
    text = (FOLDER / f"{preset}.yaml").read_text("utf-8")
    config.write_text(text, "utf-8")
    body = tmp_path / "first-turn.json"
    body.write_text(json.dumps(first_turn()))

    assert explain.run(str(body), config, as_json=True, diff=False) == 0
    told = json.loads(capsys.readouterr().out)

    snapshot = load(text, file=preset, environment=environment).snapshot
    assert snapshot is not None
    counter = TokenCounter(Tiktoken())
    exchange = Exchange(snapshot, Inbound(body.read_bytes()), counter, Vault(b"a test's own"))
    assert told["target"] == str(exchange.route.target)
    assert told["reason"] == exchange.route.reason
    assert told["outgoing"]["bytes"] == len(exchange.upstream_request().body)
    assert [rule["rule"] for rule in told["rules"]] == [rule.name for rule in snapshot.rules]
