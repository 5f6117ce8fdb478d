"""Configs with marks: `⟪…⟫` stands around what a finding is expected to point at."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config import Finding, Loaded, load

OPEN, CLOSE = "⟪", "⟫"
FILE = "config.yaml"

Spot = tuple[int, int, int]
"""Line, column and width, counted from 1."""


def unmark(marked: str) -> tuple[str, list[Spot]]:
    """The text without its marks, and what was marked, in the order of the text."""
    lines: list[str] = []
    spots: list[Spot] = []
    for number, line in enumerate(marked.split("\n"), start=1):
        while OPEN in line:
            start = line.index(OPEN)
            line = line.replace(OPEN, "", 1)
            end = line.index(CLOSE)
            line = line.replace(CLOSE, "", 1)
            spots.append((number, start + 1, end - start))
        lines.append(line)
    return "\n".join(lines), spots


def loaded(text: str, **environment: str) -> Loaded:
    """What a config comes to in an environment that holds nothing else."""
    return load(text, file=FILE, environment=environment)


def findings(text: str, **environment: str) -> tuple[Finding, ...]:
    """What is wrong with a config."""
    return loaded(text, **environment).findings


def spot(finding: Finding) -> Spot:
    """Where a finding points."""
    return finding.line, finding.column, finding.width


def codes(found: tuple[Finding, ...]) -> Mapping[str, int]:
    """How often each code was found."""
    return {finding.code: sum(other.code == finding.code for other in found) for finding in found}
