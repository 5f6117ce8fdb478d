"""The tools that a request offers, and what their calls must look like. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.correction import names
from gateway.correction.schema import Schema, Uncheckable, compiled


class ToolCatalog:
    """Built once per request from its `tools`; a schema is compiled when its tool is first called.

    An entry is `{name, description, input_schema}`. One without a schema (the server runs those
    tools itself) is known by its name only; one without a name is passed over. Of two entries with
    one name the first counts.
    """

    __slots__ = ("_documents", "names")

    def __init__(self, tools: Sequence[Mapping[str, Any]]) -> None:
        self._documents: dict[str, Any] = {}
        for tool in tools:
            if isinstance(name := tool.get("name"), str) and name:
                self._documents.setdefault(name, tool.get("input_schema"))
        self.names = tuple(self._documents)

    def __contains__(self, name: object) -> bool:
        return name in self._documents

    def find(self, name: str) -> str | None:
        """The tool of this name, or the only one whose name differs in case and separators."""
        if name in self._documents:
            return name
        found = names.matches(name, self.names)
        return found[0] if len(found) == 1 else None

    def schema(self, name: str) -> Schema:
        """The schema of a tool; raises `Uncheckable` when there is none that can be used."""
        document = self._documents[name]
        if not isinstance(document, Mapping):
            raise Uncheckable(f"The tool {name} has no input_schema.")
        return compiled(document)
