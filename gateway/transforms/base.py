"""What a kind of transform is, and the pieces that several have in common. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.messages import MessagesRequest

Edit = Callable[[MessagesRequest], MessagesRequest]
"""A request in, a new one out, or the very same object when there is nothing to change."""

Options = Any
"""What the config says of a step: a mapping or a list, as its schema has it."""

Place = tuple[str | int, ...]
"""Where something stands inside the options."""


@dataclass(frozen=True, slots=True)
class PatternAt:
    """A regular expression of a step."""

    place: Place
    source: Any
    replacement: Any = None
    """What stands under `with` beside it."""


@dataclass(frozen=True, slots=True)
class TemplateAt:
    """A text of a step that may be a template."""

    place: Place
    source: Any
    declared: frozenset[str] = frozenset()
    """Facts that it may name beside those that are always there."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """Something in a step that changes the beginning of the prompt from turn to turn."""

    place: Place
    why: str


def nothing(options: Options) -> Iterator[Any]:
    """A kind of transform that has no such thing."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind:
    """What can stand as a step under `transforms:` in the config."""

    description: str
    schema: Mapping[str, Any]
    build: Callable[[Options], Edit]
    """From checked options. Raises `ValueError`, such as `BadPattern` and `BadTemplate`."""
    example: str
    """A step in YAML."""
    patterns: Callable[[Options], Iterator[PatternAt]] = nothing
    """May be asked of options that are not sound."""
    templates: Callable[[Options], Iterator[TemplateAt]] = nothing
    breaks: Callable[[Options], Iterator[Breaks]] = nothing


PATTERN: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "x-expected": "a regular expression",
}

GLOBS: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "x-expected": "a glob such as mcp__*"},
    "x-expected": "a list of globs such as [NotebookEdit, mcp__*]",
}


def text_option(description: str, sample: str) -> dict[str, Any]:
    """The schema of a text."""
    return {
        "type": "string",
        "description": description,
        "examples": [sample],
        "x-expected": "a text",
    }


def entries(options: Options, *path: str) -> Iterator[tuple[Any, Any]]:
    """(key or index, value) of a mapping or list inside the options; none if it is something else."""
    value = options
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
