"""One call under repair, and what was done to it. No IO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.correction.result import Repair, Rule
from gateway.correction.schema import Schema, clipped, pointer
from gateway.correction.tables import DEFAULT, Tables

Path = tuple[str | int, ...]
"""Keys and indexes from the arguments down to a value."""

MISSING: Any = object()
"""There is no value at that path; also what a value is replaced with to remove it."""

_MAX_SHOWN = 80
"""Characters of a name in a receipt."""

Spellings = dict[float, set[str]]
"""How each number with a fraction or an exponent was written: 3.10 is not the text 3.1."""


@dataclass(slots=True)
class Draft:
    """The arguments, decoded for this correction alone, so that the stages may change them."""

    tool: str
    schema: Schema
    tables: Tables = DEFAULT
    value: dict[str, Any] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    spellings: Spellings = field(default_factory=dict)
    wrapped: list[list[Any]] = field(default_factory=list)
    """Arrays made around one object; they stand until the schema proves that it wants objects."""

    def note(self, rule: Rule, path: Iterable[str | int], before: str, after: str = "") -> None:
        """Writes a repair down."""
        at = clipped(pointer(path))
        self.repairs.append(Repair(self.tool, rule, at, before[:_MAX_SHOWN], after[:_MAX_SHOWN]))

    def at(self, path: Path) -> Any:
        """The value at a path, or `MISSING`."""
        value: Any = self.value
        for step in path:
            match value:
                case dict() if step in value:
                    value = value[step]
                case list() if isinstance(step, int) and step < len(value):
                    value = value[step]
                case _:
                    return MISSING
        return value

    def put(self, path: Path, value: Any) -> None:
        """Replaces the value at a path that exists and is not the whole; `MISSING` removes it."""
        parent = self.at(path[:-1])
        if value is MISSING:
            del parent[path[-1]]
        else:
            parent[path[-1]] = value
