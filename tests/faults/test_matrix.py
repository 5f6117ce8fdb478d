"""What a client gets when a provider, or the way to it, fails: every fault, format and form of answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.lab import NETWORK
from faults.matrix import markdown, run

from gateway.mock.scenarios import SCENARIOS


@pytest.mark.timeout(300)
def test_the_matrix(tmp_path: Path) -> None:
    """Each cell gets the legal answer, the legal error or the fallback's answer that is stated for it.

    Nothing hangs, nothing that broke off looks like an end, and no connection is kept that is of no use.
    `make faults` prints the table.
    """
    matrix = run(tmp_path)
    print(markdown(matrix))  # noqa: T201 - shown by `pytest -s`, and beside a failure
    assert matrix.wrong == {}
    assert (matrix.still_playing, matrix.still_open, matrix.still_running) == (0, 0, [])


def test_the_faults_are_many() -> None:
    """They are of every phase; the more there are, the fewer are met for the first time outside."""
    phases = {scenario.phase for scenario in SCENARIOS.values()}
    assert len(phases) >= 5
    assert len(NETWORK) + len(SCENARIOS) >= 80
