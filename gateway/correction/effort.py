"""How much work it is to check a value. No IO.

A schema comes from a client. Where alternatives refer to alternatives, every branch is tried in every
branch: a schema of a page can ask for more work than there is time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_STEPS = 50_000
"""Parts of a schema that are held against parts of a value, every branch counted."""

_BRANCHES = ("anyOf", "oneOf", "allOf")
_PARTS = ("if", "then", "else", "not")
REFERENCES = ("$ref", "$dynamicRef")
IN_PLACE = frozenset({*_BRANCHES, *_PARTS, "dependentSchemas"})
"""Keywords that hold further parts against the same value."""


def is_affordable(document: Mapping[str, Any], value: Any) -> bool:
    """Whether every branch of the schema can be held against the value in `MAX_STEPS` steps."""
    waiting: list[tuple[Any, Any]] = [(document, value)]
    steps = 0
    while waiting:
        part, item = waiting.pop()
        steps += 1
        if steps + len(waiting) > MAX_STEPS:
            return False
        if isinstance(part, dict):
            waiting.extend((inner, item) for inner in _in_place(part, document))
            waiting.extend(_inside(part, item))
    return True


def _in_place(part: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Any]:
    """The parts that the same value is held against."""
    for keyword in _BRANCHES:
        if isinstance(branches := part.get(keyword), list):
            yield from branches
    for keyword in _PARTS:
        if keyword in part:
            yield part[keyword]
    if isinstance(dependent := part.get("dependentSchemas"), dict):
        yield from dependent.values()
    for keyword in REFERENCES:
        if isinstance(reference := part.get(keyword), str):
            yield resolved(document, reference)


def _inside(part: Mapping[str, Any], item: Any) -> Iterator[tuple[Any, Any]]:
    """The parts that the values inside are held against, and those values."""
    if isinstance(item, list):
        prefix = part.get("prefixItems")
        for keyword in ("items", "contains", "unevaluatedItems"):
            if isinstance(rest := part.get(keyword), dict):
                yield from ((rest, value) for value in item)
        if isinstance(prefix, list):
            yield from zip(prefix, item, strict=False)
    elif isinstance(item, dict):
        known = part.get("properties")
        known = known if isinstance(known, dict) else {}
        yield from ((known[key], value) for key, value in item.items() if key in known)
        if isinstance(patterns := part.get("patternProperties"), dict):
            yield from ((inner, value) for inner in patterns.values() for value in item.values())
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            if isinstance(rest := part.get(keyword), dict):
                yield from ((rest, value) for key, value in item.items() if key not in known)


def resolved(document: Mapping[str, Any], reference: str) -> Any:
    """What a reference inside the document leads to; None for one that leads nowhere."""
    if not reference.startswith("#"):
        return None
    part: Any = document
    for step in reference[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict):
            part = part.get(key)
        elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        else:
            return None
    return part
