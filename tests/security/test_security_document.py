"""SECURITY.md promises nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", DOCUMENT)))
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| ") and "| ---" not in line]


@pytest.mark.parametrize("file", NAMED)
def test_a_test_that_is_named_is_there(file: str) -> None:
    """And holds tests."""
    assert re.search(r"^(?:async )?def test_", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_promise_names_its_tests() -> None:
    """Each row of each table."""
    promises = [row for row in ROWS if "Shown by" not in row]
    assert len(promises) > 30
    assert [row for row in promises if not re.search(r"`tests/[\w/]+\.py`", row)] == []


def test_every_test_of_security_is_named() -> None:
    """What is shown is promised."""
    own = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/security").glob("test_*.py")
    }
    assert own - {Path(__file__).relative_to(ROOT).as_posix()} <= set(NAMED)
