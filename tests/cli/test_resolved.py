"""`gateway config`: the files of a config, and every value with its origin."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from config.whole import ENVIRONMENT, WHOLE
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import places, put

from gateway.cli.resolved import run
from gateway.config import Files, load
from gateway.config.text.source import parse_yaml
from gateway.config.told.resolved import HIDDEN, as_data, as_yaml, resolve

CONFIG = """\
include: [./team.yaml]
server: {port: 4001}
providers:
  openai: {api_key: "${OPENAI_API_KEY}"}
rules:
  - {name: long, when: {tokens: {above: 60k}}, use: "openai:gpt-4.1"}
overlays: {prod: {server: {host: localhost}}}
"""
TEAM = "default: openai:gpt-5\nproviders:\n  box: {dialect: gemini, base_url: 'http://b', api_key: k}\n"
RESOLVED = """\
server:
  port: 4001                         # config.yaml:2
  host: 127.0.0.1                    # default
providers:
  openai:
    api_key: ${OPENAI_API_KEY}       # config.yaml:4, OPENAI_API_KEY is set
  box:
    dialect: gemini                  # team.yaml:3
    base_url: http://b               # team.yaml:3
    api_key: '***'                   # team.yaml:3
rules:
  - name: long                       # config.yaml:6
    when:
      tokens:
        above: 60k                   # config.yaml:6
    use: openai:gpt-4.1              # config.yaml:6
default: openai:gpt-5                # team.yaml:1
missing_key: refuse                  # default
server_tools: auto                   # default
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, with a config of two files."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name not in ("PATH", "HOME")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "team.yaml").write_text(TEAM)
    return tmp_path


def squeezed(text: str) -> list[str]:
    """The lines without the room in front of comments, and without the lines of comments alone."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return ["  # ".join(part.rstrip() for part in line.split("  # ")) for line in lines]


def test_every_value_has_its_origin(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After all files were laid over each other; keys in files are hidden, variables are named."""
    assert run(None, env=None, resolved=True, as_json=False) == 0
    out = capsys.readouterr().out
    assert squeezed(out) == squeezed(RESOLVED)
    assert out.splitlines()[0].startswith("# yaml-language-server: $schema=")
    assert out.splitlines()[2:4] == ["# from config.yaml", "# and team.yaml"]


def test_an_overlay_shows_in_the_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the one that applies, and as the origin of what it says."""
    assert run(None, env="prod", resolved=True, as_json=True) == 0
    told = {one["key"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["server.host"] == {
        "key": "server.host",
        "value": "localhost",
        "file": "config.yaml",
        "line": 7,
        "column": 34,
        "variables": {},
    }
    assert told["providers.openai.api_key"]["variables"] == {"OPENAI_API_KEY": True}
    assert run(None, env="prod", resolved=False, as_json=False) == 0
    files = "config.yaml\nteam.yaml\noverlays: prod (applies)\n"
    assert capsys.readouterr().out == files
    assert run(None, env=None, resolved=False, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    both = ["config.yaml", "team.yaml"]
    assert told == {"files": both, "overlay": None, "overlays": ["prod"]}


def test_a_broken_config_is_shown_as_far_as_it_goes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong stands on stderr, and in the exit code."""
    (folder / "config.yaml").write_text("include: [./none.yaml]\nserver: {prot: 1}\n")
    assert run(None, env=None, resolved=True, as_json=False) == 1
    printed = capsys.readouterr()
    assert "  prot: 1  " in printed.out
    assert printed.err.count("\n") == 3
    (folder / "config.yaml").write_text("rules: [\n")
    assert run(None, env=None, resolved=True, as_json=False) == 1
    assert run(Path("nothing.yaml"), env=None, resolved=True, as_json=False) == 2


@given(st.data())
def test_the_resolved_text_is_the_config(data: st.DataObject) -> None:
    """Read again it has the same values, and the same mistakes: none that was not there before."""
    used = put(WHOLE, ("providers", "lab", "headers", "x-title"), HIDDEN)
    for name in data.draw(st.sets(st.sampled_from(list(WHOLE)))) - {"default"}:
        del used[name]
    told = resolve(json.dumps(used), file="c", environment=ENVIRONMENT, files=Files())
    text = as_yaml(told, schema="s")
    value, _, findings = parse_yaml(text, "again")
    assert findings == []
    assert value == told.value
    assert {name: item for name, item in value.items() if name in used and name != "server"} == {
        name: item for name, item in used.items() if name != "server"
    }
    again = load(text, file="again", environment=ENVIRONMENT)
    once = load(json.dumps(used), file="c", environment=ENVIRONMENT)
    assert {one.code for one in again.findings} == {one.code for one in once.findings}


odd = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))


@given(st.dictionaries(st.text(), st.one_of(odd, st.lists(odd), st.dictionaries(st.text(), odd))))
def test_whatever_stands_in_a_config_is_written_as_it_is(value: dict[str, Any]) -> None:
    """Any text and any number, as a key and as a value; only what looks like a secret is hidden."""
    text = json.dumps({"x": value}, ensure_ascii=False)
    assume(not parse_yaml(text, "c")[2])  # JSON with such characters is no YAML
    told = resolve(text, file="c", environment={}, files=Files())
    again, _, findings = parse_yaml(as_yaml(told, schema="s"), "again")
    assert findings == []
    assert again == told.value
    leaves = {at for at in places(told.value) if at[:1] == ("x",)}
    shown = {tuple(one.path) for one in told.settings.values() if one.path[:1] == ("x",)}
    assert shown <= leaves
    json.dumps(as_data(told))
