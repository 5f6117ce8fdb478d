"""`gateway key`."""

from __future__ import annotations

import io
import sys

import pytest
import yaml

from gateway.cli import main
from gateway.config import load
from gateway.config.sections.access import hash_of
from gateway.server.access.auth import authorize


def test_a_new_key_opens_what_its_line_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line is the key, the second belongs into the config; the config never sees the key."""
    assert main(["key", "new", "--name", "my: ci"]) == 0
    key, line = capsys.readouterr().out.splitlines()
    assert key not in line
    config = yaml.safe_dump(
        {"server": {"auth": {"keys": yaml.safe_load(line)}}, "default": "mock:x"}
    )
    found = load(config, file="c", environment={})
    assert found.findings == ()
    assert found.snapshot is not None
    shown = authorize(found.snapshot.server, {"authorization": f"Bearer {key}"})
    assert shown is not None
    assert shown.name == "my: ci"


def test_no_two_keys_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """192 bits of chance each."""
    keys = []
    for _ in range(20):
        assert main(["key", "new"]) == 0
        keys.append(capsys.readouterr().out.splitlines()[0])
    assert len({*keys}) == 20
    assert {len(key) for key in keys} == {51}


@pytest.mark.parametrize(
    "typed", ["gw-0123456789abcdef", "gw-0123456789abcdef\n", " gw-0123456789abcdef \r\n"]
)
def test_the_hash_of_a_key_that_is_piped_in(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without what stands around it in its line."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main(["key", "hash"]) == 0
    assert capsys.readouterr().out == hash_of("gw-0123456789abcdef") + "\n"


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [("", 1, "no key"), ("\n", 1, "no key"), ("x" * 2000, 1, "at most"), ("abc", 0, "be guessed")],
)
def test_what_is_no_good_key_is_said(
    typed: str,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A hash does not make a guessable key a good one."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main(["key", "hash"]) == code
    assert says in capsys.readouterr().err
