"""`gateway conformance`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conformance.lab import Quarters, config
from conformance.obedient import Obedient, refuses

from gateway.cli import main
from gateway.cli.conformance import Options, run
from gateway.conformance import CASES
from gateway.upstream import Upstream

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, with a config in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", *KEYS):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config.yaml").write_text(config())
    return tmp_path


def conformance(server: Obedient | None = None, **options: Any) -> int:
    """The command, with a server in place of the network."""
    given = Options(**{"target": "lab:obedient", **options})
    connections = Upstream({"http": server or Obedient()})
    return run(given, upstream=connections, encoder=Quarters())


def test_a_target_that_does_everything_is_green(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cost is said first, then group by group, then the sum; what was left out is no failure."""
    assert conformance() == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("lab:obedient (openai-chat): ")
    assert first.endswith(" tokens.")
    assert lines[:2] == ["", "text"]
    assert lines[2].split()[:2] == ["ok", "reply"]
    assert " failed" not in lines[-1]
    assert "\x1b" not in "".join(lines)


def test_a_fault_is_red_with_what_to_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code says so, and the line below names the key."""
    server = Obedient(before=refuses("response_format"))
    assert conformance(server, only=["structured-stream"]) == 1
    out = capsys.readouterr().out
    assert "failed         structured-stream" in out
    assert "change: providers: {lab: {quirks: {structured_output: false}}}" in out


def test_a_remedy_is_printed_once_in_a_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One key that is wrong turns many lines red; they need not all say it."""
    assert conformance(Obedient(before=refuses("stream_options")), only=["schemas"]) == 1
    changes = [line for line in capsys.readouterr().out.splitlines() if "change: " in line]
    assert "stream_usage: false" in changes[0]
    assert changes[1].endswith("change: as above")


def test_nothing_tried_is_no_success(folder: Path) -> None:
    """A prompt that does not fit cannot be made while nobody knows what does."""
    (folder / "config.yaml").write_text(config(models={}))
    assert conformance(only=["overflow"], large=True) == 1


def test_json_is_all_that_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No heading stands before it."""
    assert conformance(only=["text"], as_json=True) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["outcome"] for row in rows] == ["ok"] * 4
    assert rows[0].keys() == {"case", "group", "outcome", "detail", "remedy", "seconds"}


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "colours"), [("", True), ("1", False)])
def test_a_terminal_has_colour(
    folder: Path, monkeypatch: pytest.MonkeyPatch, no_color: str, colours: bool
) -> None:
    """Unless NO_COLOR says otherwise (https://no-color.org)."""
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert conformance(only=["reply"]) == 0
    assert ("\x1b[32mok" in out.getvalue()) is colours


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": None}, "--target openai:gpt-5"),
        ({"target": "gpt-5"}, "expected provider:model"),
        ({"target": "lob:obedient"}, "did you mean 'lab'?"),
        ({"target": "elsewhere:m"}, "under `providers`"),
        ({"target": "openai:gpt-5"}, "set OPENAI_API_KEY"),
        ({"only": ["parralel"]}, "did you mean 'parallel'?"),
        ({"only": ["zzz"]}, "--list"),
        ({"config": Path("missing.yaml")}, "missing.yaml cannot be read"),
        ({"config": Path("broken.yaml")}, "unknown key `defualt`"),
    ],
)
def test_what_cannot_be_carried_out_is_a_matter_of_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], words: str
) -> None:
    """Exit code 2, one reason on stderr, and nothing is sent."""
    (folder / "broken.yaml").write_text("defualt: openai:gpt-5\n")
    server = Obedient()
    assert conformance(server, **options) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""
    assert server.asked == []


def test_a_missing_key_is_not_mocked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the config answers such requests itself, the kit would examine the mock."""
    (folder / "config.yaml").write_text("default: openai:gpt-5\nmissing_key: mock\n")
    assert conformance(target="openai:gpt-5") == 2
    assert "there is no key for openai" in capsys.readouterr().err


def test_a_known_provider_needs_no_config(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the declarations hold, and keys come from the environment."""
    (folder / "config.yaml").unlink()
    assert main(["conformance", "--target", "mock:any", "--only", "stream-order,error-*"]) == 0
    assert "ok             stream-order" in capsys.readouterr().out


def test_the_list_needs_no_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every case, also those that cost much; some when named."""
    assert main(["conformance", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CASES)
    assert main(["conformance", "--list", "--json", "--only", "usage", "--only", "over*"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["group"] for row in rows} == {"usage", "limits"}


def test_a_timeout_is_a_duration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is none is refused with the form that is meant."""
    with pytest.raises(SystemExit, match="2"):
        main(["conformance", "--list", "--timeout", "soon"])
    assert "a duration such as 500ms" in capsys.readouterr().err
    assert main(["conformance", "--list", "--timeout", "2m"]) == 0
