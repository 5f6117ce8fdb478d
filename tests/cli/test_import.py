"""`gateway import`: files in, a config and a report out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from importers.examples import EXAMPLES, KEY, TIZEE, Example

from gateway.cli import main
from gateway.config_file import read_config
from gateway.importers import SYSTEMS, File


def written(folder: Path, files: Iterable[File]) -> list[str]:
    """The files as files."""
    paths = [folder / file.name for file in files]
    for path, file in zip(paths, files, strict=True):
        path.write_text(file.text, encoding="utf-8")
    return list(map(str, paths))


@pytest.fixture
def tizee(tmp_path: Path) -> list[str]:
    """Files of a system that has several."""
    return written(tmp_path, TIZEE.files)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.system)
def test_a_config_is_written_and_serves_beside_its_env(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `gateway serve` reads there is sound as soon as the variables that are named are set."""
    out = tmp_path / "new" / "config.yaml"
    out.parent.mkdir()
    assert main(["import", *written(tmp_path, example.files), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert KEY not in said.out
    assert f"imported from {example.system} to {out}" in said.out
    needed = json_of(tmp_path, example, capsys)["variables"]
    env = "\n".join(f"{one['name']}=http://localhost:9/" for one in needed)
    (out.parent / ".env").write_text(env)
    assert read_config(out).load().findings == ()


def json_of(folder: Path, example: Example, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `--json` says."""
    assert main(["import", *written(folder, example.files), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.system)
def test_json_holds_all_of_it_and_no_key(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The config, and what became of every setting."""
    told = json_of(tmp_path, example, capsys)
    assert told["system"] == example.system
    assert KEY not in json.dumps(told)
    assert {setting["outcome"] for setting in told["settings"]} <= {
        *("carried", "secret", "dropped", "unknown")
    }


def test_without_a_place_the_config_goes_to_stdout_and_the_report_to_stderr(
    tizee: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it can be piped into a file."""
    assert main(["import", *tizee]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# yaml-language-server")
    assert "not carried" in said.err
    assert "LOG_LEVEL" in said.err
    assert "variables that it needs" in said.err


def test_the_report_says_where_each_variable_is(
    tizee: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Set in a file already, or to be set."""
    main(["import", *tizee])
    lines = {line.split()[0]: line for line in capsys.readouterr().err.splitlines() if line.split()}
    assert "set in " in lines["GEMINI_API_KEY"] or "providers.gemini" in lines["GEMINI_API_KEY"]
    assert "to be set" in lines["WIDE_KEY"]


def test_a_config_that_exists_is_not_written_over(
    tizee: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless somebody says so."""
    out = tmp_path / "config.yaml"
    out.write_text("mine")
    assert main(["import", *tizee, "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["import", *tizee, "--out", str(out), "--force"]) == 0
    assert "long-context" in out.read_text()


def test_what_cannot_be_told_apart_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And `--from` answers."""
    [file] = written(tmp_path, [File(".env", "BIG_MODEL=a\nSMALL_MODEL=b\n")])
    assert main(["import", file]) == 2
    assert "okeysir, simple-proxy" in capsys.readouterr().err
    assert main(["import", file, "--from", "okeysir"]) == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "No such file"), (b"\xff\xfe=1", "UTF-8"), (b"{", "JSON"), (b"a: 1", "no system")],
)
def test_what_cannot_be_read_is_said_in_a_line(
    data: bytes | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and no traceback."""
    file = tmp_path / "file"
    if data is not None:
        file.write_bytes(data)
    assert main(["import", str(file)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_system_that_is_not_known_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names those that are."""
    with pytest.raises(SystemExit) as caught:
        main(["import", "x", "--from", "nobody"])
    assert caught.value.code == 2
    assert all(name in capsys.readouterr().err or name for name in SYSTEMS)


def test_what_the_environment_makes_wrong_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config is written, the finding is shown, and the exit code is 1."""
    monkeypatch.setenv("THEIR_SERVER", "no address")
    files = written(tmp_path, [File(".env", "OPENAI_BASE_URL=${THEIR_SERVER}\nPORT=1\n")])
    assert main(["import", *files, "--from", "nielspeter"]) == 1
    said = capsys.readouterr()
    assert "bad-url" in said.err
    assert 'base_url: "${THEIR_SERVER}"' in said.out
