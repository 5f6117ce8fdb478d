"""Configs laid over each other: what a file says stands over what it includes. No IO.

Mappings merge, key by key. A rule takes the place of the one that has its name, and other rules come
before those of the file below. Everything else is replaced whole: lists, and the mappings of `WHOLE`,
half of which would mean something that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.text.positions import Path, Place

WHOLE: frozenset[Path] = frozenset({("default",), ("server_tools",)})
"""Mappings that are not merged."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A value, and where each part of it stands."""

    value: Any = field(repr=False)
    places: Mapping[Path, Place] = field(repr=False)

    def part(self, *path: str | int) -> Layer:
        """What stands at a path, as a layer of its own."""
        laying = _Laying()
        value = laying.copy(_Node(self, (), self.value).at(*path), ())
        return Layer(value, laying.places)

    def without(self, *keys: str) -> Layer:
        """The mapping without some of its keys."""
        value = {name: item for name, item in self.value.items() if name not in keys}
        return Layer(value, self.places)


def laid_over(over: Layer, under: Layer) -> Layer:
    """Both layers in one; what `over` says stands."""
    laying = _Laying()
    value = laying.merge(_Node(over, (), over.value), _Node(under, (), under.value), ())
    return Layer(value, laying.places)


@dataclass(frozen=True, slots=True)
class _Node:
    layer: Layer
    path: Path
    value: Any

    def at(self, *path: str | int) -> _Node:
        node = self
        for step in path:
            node = _Node(node.layer, (*node.path, step), node.value[step])
        return node

    @property
    def items(self) -> list[_Node]:
        return [self.at(index) for index in range(len(self.value))]


class _Laying:
    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}

    def copy(self, node: _Node, at: Path) -> Any:
        if (place := node.layer.places.get(node.path)) is not None:
            self.places[at] = place
        match node.value:
            case dict() as mapping:
                return {name: self.copy(node.at(name), (*at, name)) for name in mapping}
            case list():
                return self._list(node.items, at)
            case scalar:
                return scalar

    def merge(self, over: _Node, under: _Node, at: Path) -> Any:
        match over.value, under.value:
            case dict(), dict() if at not in WHOLE:
                return self._mapping(over, under, at)
            case list(), list() if at == ("rules",):
                return self._list(_rules(over, under), at)
            case _:
                return self.copy(over, at)

    def _mapping(self, over: _Node, under: _Node, at: Path) -> dict[str, Any]:
        if (place := over.layer.places.get(over.path)) is not None:
            self.places[at] = place
        value: dict[str, Any] = {}
        for name in {**over.value, **under.value}:
            inner = (*at, name)
            if name in over.value and name in under.value:
                value[name] = self.merge(over.at(name), under.at(name), inner)
            else:
                value[name] = self.copy((over if name in over.value else under).at(name), inner)
        return value

    def _list(self, nodes: list[_Node], at: Path) -> list[Any]:
        # The list itself may be made of two; it is found at the first of its items.
        if nodes and (place := nodes[0].layer.places.get(nodes[0].path[:-1])) is not None:
            self.places[at] = place
        return [self.copy(node, (*at, index)) for index, node in enumerate(nodes)]


def _rules(over: _Node, under: _Node) -> list[_Node]:
    """The rules of both: new ones first, the others where those of their names stand."""
    mine: dict[str | None, list[_Node]] = {}
    below = {_name(node) for node in under.items} - {None}
    for node in over.items:
        name = _name(node)
        mine.setdefault(name if name in below else None, []).append(node)
    rules = mine.pop(None, [])
    for node in under.items:
        name = _name(node)
        if name not in mine:
            rules.append(node)
            continue
        rules += mine[name]
        mine[name] = []
    return rules


def _name(node: _Node) -> str | None:
    name = node.value.get("name") if isinstance(node.value, dict) else None
    return name if isinstance(name, str) else None
