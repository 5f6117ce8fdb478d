"""What is wrong with a config, and where. No IO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to correct. Lines and columns count from 1, columns in characters.

    No part of it holds a secret, or anything that the environment holds.
    """

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    help: str = ""
    """What to write instead, where that is known."""
    width: int = 1
    """Characters that are meant, from the column on, all in one line."""


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, by position."""
    return tuple(
        sorted(
            dict.fromkeys(findings),
            key=lambda found: (found.file, found.line, found.column, found.severity, found.message),
        )
    )
