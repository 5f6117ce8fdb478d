"""What a correction says about one tool call. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["off", "report", "repair"]
"""Do nothing; check and tell; check, repair and tell."""

MAX_ARGUMENTS = 8 * 1024 * 1024
"""Characters of a call's arguments; a longer text goes on as it came."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One change, for the log. It names keys and types, and never holds an argument's value."""

    rule: str
    """`name`, `parse`, `alias`, `type` or `null`."""
    path: str
    """JSON pointer inside the repaired arguments; empty for the call itself."""
    detail: str
    """Such as `write -> Write`, `path -> file_path`, `string -> integer`."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One call after the correction.

    `valid`: as it came, and its schema accepts it. `repaired`: changed, and its schema accepts it.
    `invalid`: as it came, and wrong. `unchecked`: as it came, and nobody can tell.
    """

    status: Literal["valid", "repaired", "invalid", "unchecked"]
    name: str
    arguments: str
    """JSON text; the very text that came unless the status is `repaired`.

    Empty in a stream's report of a call that was too large to hold.
    """
    repairs: tuple[Repair, ...] = ()
    errors: tuple[str, ...] = ()
    """Sentences for a person; they name keys and types, and never hold an argument's value."""
