"""`gateway correct`: JSON lines in, JSON lines out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main

TOOLS = [
    {
        "name": "Note",
        "input_schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}, "stars": {"type": "integer", "maximum": 5}},
            "required": ["text"],
            "additionalProperties": False,
        },
    },
    {"name": "Now", "input_schema": {"type": "object"}},
    {"name": "Search"},
]


def call(name: str, arguments: str, **more: Any) -> str:
    return json.dumps({"id": 1, "name": name, "arguments": arguments, "tools": TOOLS, **more})


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command over these lines of stdin; gives exit code, answers and complaints."""

    def run(*given: str, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]], str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in given)))
        code = main(["correct", *options])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def test_a_valid_call_is_unchanged(lines: Any) -> None:
    """Its text is the text that came."""
    code, (answer,), _ = lines(call("Note", '{ "text": "é" }'))
    assert code == 0
    assert answer == {
        "id": 1,
        "status": "unchanged",
        "name": "Note",
        "input": {"text": "é"},
        "arguments": '{ "text": "é" }',
        "calls": [{"name": "Note", "input": {"text": "é"}}],
        "errors": [],
        "repairs": [],
    }


def test_a_repair_is_told_with_its_receipts(lines: Any) -> None:
    """Each names its rule and its place, and none holds a value."""
    _, (answer,), _ = lines(call("note", '{"text": "secret", "stars": "3",}'))
    assert (answer["status"], answer["name"]) == ("repaired", "Note")
    assert answer["input"] == {"text": "secret", "stars": 3}
    assert answer["repairs"] == [
        {"tool": "Note", "rule": "name", "path": "", "before": "note", "after": "Note"},
        {"tool": "Note", "rule": "parse", "path": "", "before": "trailing comma", "after": ""},
        {
            "tool": "Note",
            "rule": "type",
            "path": "/stars",
            "before": "string(1)",
            "after": "integer",
        },
    ]
    assert "secret" not in str(answer["repairs"])


def test_several_calls_are_all_told(lines: Any) -> None:
    """The first of them stands in the fields of one call as well."""
    _, (answer,), _ = lines(call("Note", '{"text":"a"}{"text":"b"}'))
    assert answer["input"] == {"text": "a"}
    assert [made["input"] for made in answer["calls"]] == [{"text": "a"}, {"text": "b"}]


def test_what_cannot_be_repaired_is_told_with_its_errors(lines: Any) -> None:
    """And the input is what the text holds, if it holds an object."""
    _, answers, _ = lines(
        call("Note", '{"stars": 1}'), call("Note", '{"text": "a'), call("Search", "{}")
    )
    assert [answer["status"] for answer in answers] == ["unrepairable", "unrepairable", "unchecked"]
    assert [answer["input"] for answer in answers] == [{"stars": 1}, None, {}]
    assert all(answer["errors"] and answer["calls"] is None for answer in answers)


def test_blank_arguments_are_written_out(lines: Any) -> None:
    """A call without arguments has an empty object, where nothing is demanded."""
    _, (now, note), _ = lines(call("Now", ""), call("Note", " "))
    assert (now["status"], now["input"], now["repairs"][0]["before"]) == (
        "repaired",
        {},
        "no arguments",
    )
    assert note["status"] == "unrepairable"


def test_the_stop_reason_counts(lines: Any) -> None:
    """What only lacks a brace was cut off at the token limit."""
    text = '{"text": "a"'
    _, answers, _ = lines(call("Note", text), call("Note", text, stop_reason="max_tokens"))
    assert [answer["status"] for answer in answers] == ["repaired", "unrepairable"]


def test_quirks_are_asked_for(lines: Any) -> None:
    """Without being named none of them does anything."""
    line = call("Note", '{"text": "a", "stars": 9}')
    assert lines(line)[1][0]["status"] == "unrepairable"
    assert lines(line, options=("--quirk", "clamp"))[1][0]["input"] == {"text": "a", "stars": 5}


def test_calls_in_a_text_are_recovered(lines: Any) -> None:
    """The text without them is told beside them."""
    leaked = '<tool_call>{"name": "Note", "arguments": {"text": "a"}}</tool_call>'
    asked = [json.dumps({"id": 2, "text": text, "tools": TOOLS}) for text in (leaked, "Hello.")]
    _, (found, plain), _ = lines(*asked)
    assert (found["status"], found["text"]) == ("repaired", "")
    assert found["calls"] == [{"name": "Note", "input": {"text": "a"}}]
    assert (plain["status"], plain["text"], plain["calls"]) == ("unchanged", "Hello.", [])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object, got an array"),
        ('{"name": "x", "arguments": "{}"}', "tools: expected an array of objects"),
        ('{"name": "x", "arguments": {}, "tools": []}', "arguments: expected a string"),
        ('{"arguments": "{}", "tools": []}', "name: expected a string"),
        ('{"text": "x", "tools": [], "channel": "tv"}', "channel: expected one of"),
        ('{"name": "x", "arguments": "", "tools": [], "stop_reason": 5}', "stop_reason: expected"),
    ],
)
def test_a_line_that_is_no_call_is_named(lines: Any, line: str, why: str) -> None:
    """The other lines are answered all the same."""
    code, answers, complaints = lines("", line, call("Now", "{}"))
    assert code == 1
    assert len(answers) == 1
    assert complaints.startswith(f"<stdin>:2: {why}")


def test_files_are_read_in_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be read is told, and the others are."""
    file = tmp_path / "calls.jsonl"
    file.write_text(call("Now", "{}") + "\n", encoding="utf-8")
    assert main(["correct", str(tmp_path / "none"), str(file)]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "unchanged"
    assert "cannot be read" in err


def test_the_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """One that can be copied."""
    with pytest.raises(SystemExit):
        main(["correct", "--help"])
    assert "| gateway correct" in capsys.readouterr().out
