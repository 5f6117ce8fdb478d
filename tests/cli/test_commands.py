"""The command line itself: every command is there, imported when it is needed, and quiet in a pipe."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from gateway import __version__
from gateway.cli import COMMANDS, main, parser

HEAVY = ("litestar", "uvicorn", "httptools", "httpx", "structlog")
"""What takes long to import, and what no command needs that only reads and prints."""


def commands(words: list[str]) -> list[str]:
    """The commands on the command line for these words."""
    [found] = (a for a in parser(words)._actions if isinstance(a, argparse._SubParsersAction))
    return list(found.choices)


def test_every_command_is_listed() -> None:
    """In the order of the table, for whoever asks for help or names none of them."""
    for words in ([], ["--help"], ["nosuch"]):
        assert commands(words) == list(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_added_by_the_module_that_the_table_names(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And knows how to help."""
    assert name in commands([name])
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: gateway {name} ")


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is no command: exit code 2, and the words that are."""
    with pytest.raises(SystemExit) as caught:
        main(["explian"])
    assert caught.value.code == 2
    assert "explain" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """As the distribution is called."""
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"rules-gateway {__version__}\n"


@pytest.mark.parametrize(
    "name", ["explain", "test", "validate-config", "schema", "docs", "version"]
)
def test_what_only_reads_and_prints_is_light(name: str) -> None:
    """No server and no client is imported for it."""
    asked = f"import sys, gateway.cli as c; c.parser([{name!r}]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True)
    assert set(HEAVY).isdisjoint(done.stdout.split())


@pytest.mark.parametrize("words", [["schema"], ["docs", "rules"], ["version"]])
def test_a_pipe_that_nobody_reads(words: list[str]) -> None:
    """As `| head` leaves it: the command ends in silence, with the exit code of one that SIGPIPE ends."""
    command = [sys.executable, "-m", "gateway", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (said, running.returncode) == (b"", 141)
