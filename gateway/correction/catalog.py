"""The tools that a request offers, and what their calls must look like. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.correction import names
from gateway.correction.schema import Schema, Uncheckable, compiled
from gateway.correction.tables import DEFAULT, Tables


class ToolCatalog:
    """Built once per request from its `tools`; a schema is compiled when its tool is first called.

    An entry is `{name, description, input_schema}`. One without a schema (the server runs those
    tools itself) is known by its name only; one without a name is passed over. Of two entries with
    one name the first counts. `tables` say what models write for the names of tools, parameters and
    options.
    """

    __slots__ = ("_documents", "_schemas", "names", "tables")

    def __init__(self, tools: Sequence[Mapping[str, Any]], *, tables: Tables = DEFAULT) -> None:
        self._documents: dict[str, Any] = {}
        for tool in tools:
            if isinstance(name := tool.get("name"), str) and name:
                self._documents.setdefault(name, tool.get("input_schema"))
        self._schemas: dict[str, Schema] = {}
        self.names = tuple(self._documents)
        self.tables = tables

    def with_tables(self, tables: Tables) -> ToolCatalog:
        """The same tools, whose schemas are compiled once for both, with other tables."""
        if tables is self.tables:
            return self
        same = ToolCatalog((), tables=tables)
        same.names, same._documents, same._schemas = self.names, self._documents, self._schemas
        return same

    def __contains__(self, name: object) -> bool:
        return name in self._documents

    def candidates(self, name: str) -> tuple[str, ...]:
        """The tool of this name, or else those that may be meant: one if the name is clear."""
        if name in self._documents:
            return (name,)
        return names.candidates(name, self.names, self.tables)

    def schema(self, name: str) -> Schema:
        """The schema of a tool; raises `Uncheckable` when there is none that can be used."""
        if (schema := self._schemas.get(name)) is not None:
            return schema
        document = self._documents[name]
        if not isinstance(document, Mapping):
            raise Uncheckable(f"The tool {name} has no input_schema.")
        schema = self._schemas[name] = compiled(document)
        return schema
