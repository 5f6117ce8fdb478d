"""Which calls may be meant by the values that a text holds. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway import json_text
from gateway.correction import names, unwrapping
from gateway.correction.catalog import ToolCatalog
from gateway.correction.folding import folded
from gateway.correction.known.tools import PARALLEL_TOOLS
from gateway.correction.reading import read
from gateway.correction.schema import Schema
from gateway.json_text import NotJSON

MAX_CALLS = 32
"""Calls that one text may hold."""

_NOTHING = frozenset({"", "none", "null", "undefined"})

Planned = tuple[str, dict[str, Any]]
"""A tool, and the arguments of one call of it, not yet checked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to understand the values of a text."""

    calls: Sequence[Planned]
    what: str = ""
    """What was wrong with the text, for the receipt; nothing if it held one object."""


def plans(values: Sequence[Any], tool: str, schema: Schema, catalog: ToolCatalog) -> list[Plan]:
    """The ways to understand the values as calls of the tool; of two that validate none is taken."""
    if not values:
        return [Plan([(tool, {})])]
    repeated = len(values) > 1
    values = _distinct(values)
    if len(values) > 1:
        return list(_several(values, tool, catalog, "several objects"))
    (value,) = values
    if isinstance(value, dict):
        calls = unwrapping.listed(value)
        several = list(_several(calls, tool, catalog, "list of calls")) if calls else []
        return several or [Plan([(tool, value)], "repetition" if repeated else "")]
    found = (
        list(_several(value, tool, catalog, "array of objects")) if isinstance(value, list) else []
    )
    if _is_nothing(value):
        if schema.accepts({}):
            found.append(Plan([(tool, {})], "nothing"))
    elif sole := unwrapping.sole_required(schema):
        found.append(Plan([(tool, {sole: value})], "value without its parameter"))
    return found


def _is_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    return value is None or value == []


def joint(name: str, values: Sequence[Any], catalog: ToolCatalog) -> list[Plan]:
    """The calls that stand under a name of no tool: `ReadGrep`, `multi_tool_use.parallel`."""
    objects = [value for value in _distinct(values) if isinstance(value, dict)]
    tools = names.joined(name, catalog.names)
    if tools and len(tools) == len(objects) == len(values):
        return [Plan(list(zip(tools, objects, strict=True)), "several calls")]
    calls = unwrapping.listed(objects[0]) if len(objects) == 1 else None
    if calls is None or folded(name) not in PARALLEL_TOOLS:
        return []
    return list(_several(calls, "", catalog, "list of calls"))


def _several(items: Sequence[Any], tool: str, catalog: ToolCatalog, what: str) -> Iterator[Plan]:
    """One call for each item, which may name another tool itself."""
    if not items or len(items) > MAX_CALLS or not all(isinstance(item, dict) for item in items):
        return
    calls: list[Planned] = []
    for item in _distinct(items):
        written = unwrapping.named(item, catalog)
        if written is not None and not _takes(catalog, tool, item):
            arguments = _object(written[1])
            if arguments is None:
                return
            calls.append((written[0], arguments))
        elif tool:
            calls.append((tool, item))
        else:
            return
    yield Plan(calls, what)


def _takes(catalog: ToolCatalog, tool: str, item: dict[str, Any]) -> bool:
    return tool in catalog and catalog.schema(tool).accepts(item)


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        try:
            reading = read(value, frozenset())
        except NotJSON:
            return None
        value = reading.values[0] if len(reading.values) == 1 and not reading.unclosed else None
    return value if isinstance(value, dict) else None


def _distinct(values: Sequence[Any]) -> list[Any]:
    """The values without empty objects beside others, and without a repetition of all of them."""
    kept = [value for value in values if value != {}] or list(values[:1])
    texts = [json_text.encode(value) for value in kept]
    for period in range(1, len(kept)):
        if len(kept) % period == 0 and texts == texts[:period] * (len(kept) // period):
            return kept[:period]
    return kept
