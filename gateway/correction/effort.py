"""How much work it is to check a value. No IO.

A schema comes from a client. Where alternatives refer to alternatives, every branch is tried in every
branch: a schema of a page can ask for more work than there is time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_STEPS = 50_000
"""Parts of a schema that are held against parts of a value, every branch counted."""
MAX_FORKS = 4_000
"""Those of them that are alternatives or references: each that fails is an error with a text of its own."""

_BRANCHES = ("anyOf", "oneOf", "allOf")
_PARTS = ("if", "then", "else", "not")
REFERENCES = ("$ref", "$dynamicRef")
IN_PLACE = frozenset({*_BRANCHES, *_PARTS, "dependentSchemas"})
"""Keywords that hold further parts against the same value."""


def is_affordable(document: Mapping[str, Any], value: Any) -> bool:
    """Whether the schema can be held against the value in `MAX_STEPS` steps and `MAX_FORKS` forks.

    A part that is held against the same value again is counted again and not walked again, so that the
    counting itself takes no more than `MAX_STEPS` steps.
    """
    costs: dict[tuple[int, int], tuple[int, int] | None] = {}  # None: under way
    root = _Frame(document, value, document)
    costs[root.key] = None
    stack, walked = [root], 0
    while stack:
        frame = stack[-1]
        if (child := frame.next()) is None:
            stack.pop()
            if frame.steps > MAX_STEPS or frame.forks > MAX_FORKS:
                return False
            costs[frame.key] = (frame.steps, frame.forks)
            continue
        walked += 1
        key = (id(child[0]), id(child[1]))
        if walked > MAX_STEPS or (key in costs and costs[key] is None):
            return False  # too large, or a circle
        if (known := costs.get(key)) is not None:
            frame.add(*known)
            continue
        costs[key] = None
        frame.at -= 1  # looked at again once it is known
        stack.append(_Frame(*child, document))
    return True


class _Frame:
    """One part held against one value: what is below it, and what that has come to."""

    __slots__ = ("_children", "at", "forks", "key", "steps")

    def __init__(self, part: Any, item: Any, document: Mapping[str, Any]) -> None:
        self.key = (id(part), id(item))
        self.steps, self.forks, self.at = 1, 0, 0
        self._children: list[tuple[Any, Any]] = []
        if isinstance(part, dict):
            self._children = [(inner, item) for inner in _in_place(part, document)]
            self.forks = len(self._children)
            self._children += _inside(part, item)

    def next(self) -> tuple[Any, Any] | None:
        """What is below it and was not looked at."""
        if self.at == len(self._children):
            return None
        self.at += 1
        return self._children[self.at - 1]

    def add(self, steps: int, forks: int) -> None:
        """One of those is known."""
        self.steps += steps
        self.forks += forks


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
    """What a reference leads to; None for a pointer that leads nowhere.

    One that is no pointer, such as a name or another document's, may lead anywhere: to the whole.
    """
    if not reference.startswith("#/"):
        return document
    part: Any = document
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict):
            part = part.get(key)
        elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        else:
            return None
    return part
