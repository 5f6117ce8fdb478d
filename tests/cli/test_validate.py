"""`gateway validate-config`."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from gateway.cli.validate import run

SOUND = "default: openai:gpt-5\n"
BROKEN = "defualt: openai:gpt-5\ndefault: opena:gpt-5\nproviders: {openai: {api_key: '${NONE}'}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name not in ("PATH", "HOME")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TARGET", "openai:gpt-5")
    return tmp_path


def test_a_sound_config_is_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says how much was checked."""
    text = (
        "rules: [{name: a, when: {model: x}, use: 'ollama:y', transforms: [t]}]\n"
        "transforms: {t: [{system: {append: z}}]}\ndefault: '${TARGET}'\n"
    )
    (folder / "config.yaml").write_text(text)
    assert run([], format="full") == 0
    assert capsys.readouterr().out == "config.yaml: ok (2 providers, 1 rule, 1 transform)\n"


def test_every_finding_is_printed_and_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Full by default: the line, the carets, the help; then the numbers."""
    (folder / "config.yaml").write_text(BROKEN)
    assert run([], format="full") == 1
    out = capsys.readouterr().out
    assert out.startswith(
        "error[unknown-key]: unknown key `defualt`\n"
        " --> config.yaml:1:1\n"
        "  |\n"
        "1 | defualt: openai:gpt-5\n"
        "  | ^^^^^^^\n"
        "help: did you mean `default`?\n"
        "\n"
        "error[unknown-provider]"
    )
    assert out.endswith("\n\nconfig.yaml: 2 errors, 1 warning\n")
    assert "\x1b" not in out


def test_concise_is_for_grep(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each finding, and the line about the file."""
    (folder / "a.yaml").write_text(BROKEN)
    assert run(["a.yaml"], format="concise") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "a.yaml:1:1:",
        "a.yaml:2:10:",
        "a.yaml:3:32:",
        "a.yaml:",
    ]


def test_json_is_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One list for all files, and nothing else on stdout."""
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(BROKEN)
    assert run(["a.yaml", "b.yaml"], format="json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [finding["file"] for finding in found] == ["a.yaml"] * 3 + ["b.yaml"] * 3


def test_forms_for_continuous_integration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One SARIF log for all files; annotations line by line."""
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(BROKEN)
    assert run(["a.yaml", "b.yaml"], format="sarif") == 1
    [ran] = json.loads(capsys.readouterr().out)["runs"]
    assert len(ran["results"]) == 6
    assert run(["a.yaml", "b.yaml"], format="github") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("file=")[-1][:6] for line in lines] == [
        *("a.yaml", "a.yaml", "a.yaml", "a.yaml"),
        *("b.yaml", "b.yaml", "b.yaml", "b.yaml"),
    ]


def test_every_overlay_is_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever applies; a name that does not exist is an error."""
    (folder / "config.yaml").write_text(f"{SOUND}overlays: {{prod: {{server: {{prot: 1}}}}}}\n")
    for env, line in ((None, "2:28"), ("prod", "2:28"), ("prdo", "2:1")):
        assert run([], format="concise", env=env) == 1
        assert capsys.readouterr().out.startswith(f"config.yaml:{line}: error")


def test_warnings_are_no_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are printed, counted, and let the config serve."""
    (folder / "config.yaml").write_text(f"{SOUND}transforms: {{t: [{{system: {{append: a}}}}]}}\n")
    assert run([], format="concise") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "config.yaml: ok (1 provider, 0 rules, 1 transform), 1 warning"


def test_the_example_stands_in_for_a_config(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before there is a config there is something to check."""
    (folder / "config.example.yaml").write_text(SOUND)
    assert run([], format="full") == 0
    assert capsys.readouterr().out.startswith("config.example.yaml: ok")


def test_a_file_that_cannot_be_read_is_a_matter_of_usage(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named on stderr; the other files are checked all the same."""
    (folder / "latin.yaml").write_bytes(b"default: \xe9")
    (folder / "good.yaml").write_text(SOUND)
    assert run(["none.yaml", "latin.yaml", "good.yaml"], format="full") == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "gateway: none.yaml cannot be read: No such file or directory\n"
        "gateway: latin.yaml cannot be read: byte 9 is not UTF-8\n"
    )
    assert printed.out == "good.yaml: ok (1 provider, 0 rules, 0 transforms)\n"
    assert run([], format="full") == 2


def test_stdin_is_a_file_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the variables of the process."""
    monkeypatch.setenv("GATEWAY_TEST_TARGET", "opena:x")
    monkeypatch.setattr("sys.stdin", io.StringIO("default: '${GATEWAY_TEST_TARGET}'"))
    assert run(["-"], format="concise") == 1
    assert capsys.readouterr().out.startswith("<stdin>:1:10: error[unknown-provider]")


class Terminal(io.StringIO):
    """A terminal that remembers what it was shown."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(("no_color", "is_colored"), [("", True), ("1", False)])
def test_colour_is_for_terminals(
    folder: Path, monkeypatch: pytest.MonkeyPatch, no_color: str, is_colored: bool
) -> None:
    """And for those who have not said NO_COLOR, see https://no-color.org."""
    (folder / "config.yaml").write_text(BROKEN)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert run([], format="full") == 1
    assert ("\x1b" in terminal.getvalue()) is is_colored
