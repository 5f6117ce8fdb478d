"""Recovers the calls in a whole text. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.correction.catalog import ToolCatalog
from gateway.correction.leaked.cursor import Ending
from gateway.correction.leaked.scanner import Found, Scanner
from gateway.correction.result import Channel, Correction


@dataclass(frozen=True, slots=True)
class Recovered:
    """A text, and the calls that were in it.

    `repaired`: calls were found, and their markup removed from the text. `unrepairable`: as it
    came, and it holds calls of known tools that cannot be made. `unchanged`: as it came.
    """

    status: Literal["unchanged", "repaired", "unrepairable"]
    text: str
    calls: tuple[Correction, ...] = ()
    errors: tuple[str, ...] = ()


def recover(text: str, catalog: ToolCatalog, *, channel: Channel = "text") -> Recovered:
    """Finds the calls that a model wrote into its text, or into its reasoning. Never raises."""
    scanner = Scanner(catalog, channel)
    pieces = [*scanner.feed(text), *scanner.end(Ending.MESSAGE)]
    found = [piece for piece in pieces if isinstance(piece, Found)]
    if found:
        said = "".join(piece for piece in pieces if isinstance(piece, str))
        return Recovered("repaired", said, tuple(call for group in found for call in group.calls))
    errors = tuple(scanner.errors)
    return Recovered("unrepairable" if errors else "unchanged", text, (), errors)
