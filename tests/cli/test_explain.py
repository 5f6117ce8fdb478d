"""`gateway explain`: for people with and without colour, for programs, and for whatever is no request."""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from language import tool

from gateway.cli import main
from gateway.cli.explain import NARROWEST, Telling
from gateway.json_text import encode_text

CONFIG = """
rules:
  - {name: brief, params: {cap: {max_tokens: 100}}, continue: true}
  - {name: forbidden, when: {model: secret}, refuse: Not from here.}
  - name: local
    when: {any: [{model: "*haiku*"}, {system: SECRET}]}
    use: mock:small
    fallback: [mock:other]
    transforms: [bare]
  - {name: later, when: {model: "*haiku*", stream: true}, use: "mock:later"}
default: mock:*
transforms: {bare: [{tools: {drop: [Read]}}, {system: {replace: [{find: old, with: new}]}}]}
models: {mock:small: {context: 10, max_output: 50, price: {input: 1, output: 2}}}
"""
BODY = {
    "model": "claude-haiku",
    "max_tokens": 500,
    "system": "the old words\nof the system",
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [tool("Bash"), tool("Read")],
}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, with a config and a request."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """What the command comes to: its exit code, and what it prints and complains."""
    code = main(["explain", *words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("folder")
def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """The decision, the facts, every rule with what it saw, the edits, the request."""
    code, out, err = told(capsys, "body.json")
    assert (code, err) == (0, "")
    decision, facts, rules, edits, request = (part.splitlines() for part in out.split("\n\n"))
    assert decision == [
        "→ mock:small  by rule local",
        "  then: mock:other",
        "  edits of: brief",
        "  transforms: bare",
    ]
    assert facts[0] == "facts"
    assert "  model            claude-haiku" in facts
    assert "  max_tokens       500" in facts
    assert not [line for line in facts if "stream" in line]  # what is not so is not listed
    assert rules == [
        "rules",
        "  ✓ brief",
        "  ✗ forbidden",
        "      ✗ model secret   saw claude-haiku",
        "  ✓ local",
        "      ✓ any",
        "          ✓ model *haiku*   saw claude-haiku",
        "          ✗ system SECRET   saw the old words�of the system",
        "  ✗ later  (not reached)",
        "      ✓ model *haiku*   saw claude-haiku",
        "      ✗ stream true   saw false",
    ]
    assert edits[0] == "transforms"
    assert edits[1].startswith("  bare: changes system, tools; ")
    assert edits[2].startswith("  params and tags: changes max_tokens; ")
    assert request[0] == "request"
    assert request[1].startswith("  anthropic, ")
    assert "too many" in request[2]
    assert request[3].startswith("  costs ")


@pytest.mark.usefixtures("folder")
def test_the_edits_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--diff`: what is taken away and what takes its place."""
    lines = told(capsys, "body.json", "--diff")[1].splitlines()
    assert "    -the old words" in lines
    assert "    +the new words" in lines
    assert "    -Read: Does Read." in lines
    assert "    -500" in lines


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("folder")
def test_colour_adds_nothing_but_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal; and none where NO_COLOR is set."""
    plain = told(capsys, "body.json", "--diff")[1]
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    assert main(["explain", "body.json", "--diff"]) == 0
    coloured = terminal.getvalue()
    assert coloured != plain
    assert ESCAPE.sub("", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", again := Terminal())
    assert main(["explain", "body.json", "--diff"]) == 0
    assert again.getvalue() == plain


@pytest.mark.parametrize("columns", [0, 10, 40, 61, 200])
@pytest.mark.usefixtures("folder")
def test_lines_fit(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Facts and conditions are cut at the width of the terminal, which is taken to be no less than 40."""
    monkeypatch.setenv("COLUMNS", str(columns))
    out = told(capsys, "body.json", "--diff")[1]
    rules = out.split("\n\n")[2].splitlines()
    width = max(columns or 100, NARROWEST)
    assert max(map(len, rules)) <= width
    assert any(line.endswith("…") for line in rules) == (width < 50)


@pytest.mark.usefixtures("folder")
def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """`rule`, `target`, `facts` and `rules`, with all the rest."""
    code, out, err = told(capsys, "body.json", "--json")
    found: dict[str, Any] = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["rule"], found["target"], found["reason"]) == (
        "local",
        "mock:small",
        "rule local",
    )
    assert found["facts"]["model"] == "claude-haiku"
    assert found["facts"]["tools"] == ["Bash", "Read"]
    assert [(rule["rule"], rule["matches"]) for rule in found["rules"]] == [
        ("brief", True),
        ("forbidden", False),
        ("local", True),
        ("later", False),
    ]
    condition = {"condition": "model", "wanted": "secret", "saw": {"model": "claude-haiku"}}
    assert found["rules"][1]["tests"] == [{**condition, "holds": False}]
    assert found["route"]["fallback"] == ["mock:other"]
    assert [step["transform"] for step in found["transforms"]] == ["bare", "params and tags"]
    assert found["outgoing"]["dialect"] == "anthropic"
    assert found["fit"]["fits"] is False


def test_the_default_is_a_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And `*` is the model that was asked for."""
    (folder / "body.json").write_text(json.dumps({**BODY, "model": "gpt-x"}))
    found = json.loads(told(capsys, "body.json", "--json")[1])
    assert (found["rule"], found["target"]) == ("default", "mock:gpt-x")


def test_a_refusal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and first of all what the client would be told."""
    (folder / "body.json").write_text(json.dumps({**BODY, "model": "secret"}))
    code, out, _ = told(capsys, "body.json")
    assert code == 1
    assert out.startswith("refused: 400 policy_blocked: Not from here.\n")
    found = json.loads(told(capsys, "body.json", "--json")[1])
    assert (found["rule"], found["target"]) == ("forbidden", None)
    assert found["error"]["type"] == "policy_blocked"


@pytest.mark.usefixtures("folder")
def test_from_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`-` is the body, or what a client sent with its path and headers."""
    sent = {"path": "/mock:named/v1/messages?beta=true", "headers": {"X-A": "b"}, "body": BODY}
    raw = io.BytesIO(encode_text(sent).encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    code, out, _ = told(capsys, "-")
    assert code == 0
    assert out.startswith("→ mock:named  by the URL\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(st.characters(codec=None), min_size=1, max_size=20))
def test_nothing_gives_orders_to_the_terminal(text: str) -> None:
    """Whatever a request holds, each line that is printed is one line of printable characters."""
    reached = {
        "route": {"origin": "rule"},
        "reason": "rule a",
        "rule": "a",
        "target": f"mock:{text}",
    }
    test = {
        "condition": "model",
        "wanted": text,
        "saw": {"model": text, "b": [text]},
        "holds": True,
    }
    rules = [{"rule": "a", "matches": True, "tests": [test]}]
    error = {"status": 400, "type": "x", "message": text}
    step = {"transform": "t", "changed": ["system"], "bytes": [1, 2], "diff": [f"+{text}"]}
    seen = {
        **reached,
        "error": error,
        "facts": {"model": text},
        "rules": rules,
        "transforms": [step],
    }
    for line in Telling(color=False, width=500, diff=True).lines(seen):
        assert line.isprintable() or "\t" in line


@pytest.mark.parametrize(
    ("raw", "code", "says"),
    [
        (b"", 2, "it is not JSON"),
        (bytes(range(256)), 2, "it is not JSON"),
        (b"[]", 2, "it is not an object"),
        (b"{", 2, "it is not JSON"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 2, "it is not JSON"),
        (b'{"messages":[],"max_tokens":1}', 1, "model: Field required"),
        (b'{"model":5,"messages":[],"max_tokens":1}', 1, "model: Field required"),
        (b'{"body":[1]}', 1, "is no request"),
        (b'{"body":"}{"}', 1, "is no request"),
    ],
)
def test_what_is_no_request(
    folder: Path, capsys: pytest.CaptureFixture[str], raw: bytes, code: int, says: str
) -> None:
    """One line says so, and nothing is printed."""
    (folder / "odd.json").write_bytes(raw)
    found, out, err = told(capsys, "odd.json")
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("gateway: odd.json ")
    assert says in err


def test_a_character_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a pair of surrogates is printed as what can be."""
    (folder / "odd.json").write_text('{"model": "\\ud800", "max_tokens": 1, "messages": []}')
    assert told(capsys, "odd.json")[0] == 0
    code, out, _ = told(capsys, "odd.json", "--json")
    assert (code, json.loads(out)["target"]) == (0, "mock:\ud800")


def test_a_long_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five megabytes are explained like any other."""
    text = "lorem ipsum " * 430_000
    (folder / "big.json").write_text(
        json.dumps({**BODY, "messages": [{"role": "user", "content": text}]})
    )
    found = json.loads(told(capsys, "big.json", "--json")[1])
    assert found["facts"]["bytes"] > 5_000_000
    assert found["facts"]["tokens"] > 800_000


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ["nosuch.json"],
            2,
            "gateway: nosuch.json cannot be explained: No such file or directory\n",
        ),
        (["."], 2, "gateway: . cannot be explained: Is a directory\n"),
        (["body.json", "--config", "nosuch.yaml"], 2, "gateway: nosuch.yaml cannot be read: "),
        (["body.json", "--config", "body.json"], 1, "error[unknown-key]: unknown key `model`"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_files_that_are_not_what_they_should_be(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    """Findings of the config are told as the checker tells them."""
    found, out, err = told(capsys, *words)
    assert (found, out) == (code, "")
    assert says in err


def test_what_each_transform_saves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those for everything, then those of the target, then those of the rule; in bytes and in tokens."""
    config = CONFIG.replace("{context: 10,", "{transforms: [own], context: 10,").replace(
        "transforms: {bare:",
        "apply: [all]\ntransforms: {all: [{system: {remove: [old words]}}], "
        "own: [{tools: {drop: [Bash]}}], bare:",
    )
    (folder / "config.yaml").write_text(config)
    found = json.loads(told(capsys, "body.json", "--json")[1])
    *steps, params = found["transforms"]
    assert [step["transform"] for step in steps] == ["all", "own", "bare"]
    assert found["route"]["transforms"] == ["all", "own", "bare"]
    assert [step["changed"] for step in steps] == [["system"], ["tools"], ["tools"]]
    for before, after in pairwise(steps):
        assert before["bytes"][1] == after["bytes"][0]
        assert before["tokens"][1] == after["tokens"][0]
    assert all(old > new for step in steps for old, new in (step["bytes"], step["tokens"]))
    assert params["transform"] == "params and tags"
    assert found["fit"]["tokens"] == steps[-1]["tokens"][1]
    lines = told(capsys, "body.json")[1].splitlines()
    [line] = [line for line in lines if line.startswith("  own: ")]
    before, after = steps[1]["tokens"]
    assert line.endswith(f" bytes, {before} → {after} tokens")
