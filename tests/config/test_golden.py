"""Configs with a mistake each, and beside each what is said of it, to the letter.

After a change of words that is meant: `gateway validate-config --format concise NAME.yaml > NAME.txt` in
the folder, without the line at the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Loaded, load, render_concise
from gateway.config_file import files_around

FOLDER = Path(__file__).parent / "err"
MISTAKES = sorted(FOLDER.glob("*.yaml"))
ENVIRONMENT = {"GATEWAY_KEY": "the-key-of-the-laptop-4711"}
FILES = replace(files_around(FOLDER), is_open=lambda name: False)


def loaded(path: Path) -> Loaded:
    """What a config comes to where only the key of clients is set."""
    text = path.read_text("utf-8")
    return load(
        text,
        file=path.name,
        environment=ENVIRONMENT,
        files=FILES,
        every_overlay=True,
    )


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_told_to_the_letter(path: Path) -> None:
    """File, line, column, code, message and help, and nothing besides."""
    expected = path.with_suffix(".txt").read_text("utf-8")
    assert render_concise(loaded(path).findings) + "\n" == expected


def test_there_are_many_mistakes_of_many_kinds() -> None:
    """One file is one mistake, but for the one with many."""
    found = {path.stem: loaded(path).findings for path in MISTAKES}
    numbers = {name: len(findings) for name, findings in found.items()}
    twenty = found["twenty"]
    assert {name: number for name, number in numbers.items() if number != 1} == {"twenty": 20}
    assert len(MISTAKES) > 50
    assert max(Counter(finding.code for finding in twenty).values()) <= 5
    assert [(f.line, f.column) for f in twenty] == sorted((f.line, f.column) for f in twenty)
