"""No command prints a key, wherever it was put: in a config, in what it includes, in `.env`, in the
environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gateway.cli import COMMANDS, main

PLANTED = {
    "config": "planted-in-config-4711",
    "header": "planted-in-header-4712",
    "client": "planted-for-client-4713",
    "reasoning": "planted-for-reasoning-4714",
    "include": "planted-in-include-4715",
    "overlay": "planted-in-overlay-4716",
    "env_file": "planted-in-env-file-4717",
    "environment": "planted-in-environment-4718",
    "default": "planted-as-default-4719",
    "url": "planted-in-url-4720",
    "shape": "sk-planted-by-its-shape-4721",
}
CONFIG = f"""\
include: [./team.yaml]
server: {{auth: {{keys: [{{name: laptop, key: {PLANTED["client"]}}}]}}}}
providers:
  openai: {{api_key: {PLANTED["config"]}, headers: {{x-extra: {PLANTED["header"]}}}}}
  gemini: {{api_key: "${{GEMINI_API_KEY}}"}}
  deepseek: {{api_key: "${{DEEPSEEK_API_KEY}}"}}
  zai: {{api_key: "${{NONE:-{PLANTED["default"]}}}"}}
  ollama: {{base_url: "http://me:{PLANTED["url"]}@localhost:11434"}}
reasoning: {{key: {PLANTED["reasoning"]}}}
rules:
  - {{name: long, when: {{tokens: {{above: 1k}}}}, use: "box:x", transforms: [t]}}
transforms: {{t: [{{system: {{append: "{PLANTED["shape"]} ${{GEMINI_API_KEY}}"}}}}]}}
default: openai:gpt-5
overlays: {{prod: {{providers: {{openai: {{api_key: {PLANTED["overlay"]}}}}}}}}}
"""
TEAM = f"""\
providers:
  box: {{dialect: openai-chat, base_url: "http://box", api_key: {PLANTED["include"]}}}
"""
TESTS = """\
config: config.yaml
environment: {GEMINI_API_KEY: a, DEEPSEEK_API_KEY: b}
tests:
  - {name: short, given: {model: claude-x}, expect: {rule: default, target: "openai:gpt-5"}}
  - {name: wrong, given: {model: claude-x}, expect: {rule: long}}
"""
REQUEST = {
    "model": "claude-x",
    "max_tokens": 10,
    "system": "s",
    "messages": [{"role": "user", "content": "word " * 2000}],
}
MISTAKES = {
    "sound": "",
    "another mistake": "servr: {}\n",
    "no YAML": "rules: [\n",
    "a mistake at the keys": "models: {openai: {}}\n",
}
ASKED: tuple[tuple[str, ...], ...] = (
    *(("validate-config", "--format", f) for f in ("full", "concise", "json", "github", "sarif")),
    ("validate-config", "--notes", "--env", "prod"),
    ("config",),
    ("config", "--json"),
    ("config", "--resolved"),
    ("config", "--resolved", "--json"),
    ("config", "--resolved", "--env", "prod"),
    ("explain", "request.json"),
    ("explain", "request.json", "--diff"),
    ("explain", "request.json", "--json", "--env", "prod"),
    ("test", "."),
    ("test", ".", "--json"),
    ("init", "--yes", "new.yaml"),
    ("import", ".env"),
    ("import", ".env", "--json"),
    ("diff", "config.yaml", "config.yaml", "--on", "traffic.jsonl"),
    ("replay", "traffic.jsonl", "--config", "config.yaml"),
    ("conformance", "--target", "openai:gpt-5", "--list"),
    ("schema",),
    ("docs", "rules"),
    ("docs", "providers"),
    ("version",),
)
ELSEWHERE = {
    "serve": "it runs on",
    "stats": "it asks a server",
    "reload": "it asks a server",
    "mock": "it runs on, and reads no config",
    "correct": "it reads no config",
    "key": "it reads no config, and shows what it makes",
}
"""Commands of which other tests speak."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with keys in every place."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name not in ("PATH", "HOME")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GEMINI_API_KEY", PLANTED["environment"])
    monkeypatch.setattr("gateway.cli.local_servers.PORTS", {})
    (tmp_path / ".env").write_text(f"DEEPSEEK_API_KEY={PLANTED['env_file']}\n")
    (tmp_path / "config.test.yaml").write_text(TESTS)
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("place", ["config.yaml", "team.yaml"])
def test_no_command_prints_a_key(
    folder: Path, place: str, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the config is sound or not, and in whichever file the mistake is."""
    for name, text in (("config.yaml", CONFIG), ("team.yaml", TEAM)):
        (folder / name).write_text(text + (MISTAKES[mistake] if name == place else ""))
    for words in ASKED:
        code = main(words)
        printed = capsys.readouterr()
        assert code in (0, 1, 2), (words, printed.err)
        assert printed.out + printed.err, words
        leaked = [name for name, key in PLANTED.items() if key in printed.out or key in printed.err]
        assert leaked == [], words
    assert all(key not in (folder / "new.yaml").read_text() for key in PLANTED.values())


def test_every_command_is_asked() -> None:
    """A command that is added has to be tried, or to be told of here."""
    assert {words[0] for words in ASKED} | set(ELSEWHERE) == set(COMMANDS)
