"""What templates may name: facts of a request, and what a pattern of the config finds in it. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from gateway import patterns
from gateway.dialects.turns import blocks_of
from gateway.messages import MessagesRequest
from gateway.patterns import Pattern
from gateway.transforms.base import PATTERN, Options, PatternAt, entries


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that every template may name."""

    description: str
    read: Callable[[MessagesRequest], Any]
    changes: str = ""
    """How it changes within a conversation, if it does: a prompt that begins with it is never cached."""


def _now(_: MessagesRequest) -> datetime:
    return datetime.now().astimezone()


FACTS: Mapping[str, Fact] = {
    "model": Fact("The model that the client asked for.", lambda request: request.model),
    "tools": Fact(
        "The names of the tools on offer.",
        lambda request: [str(tool.get("name") or "") for tool in request.tools],
    ),
    "today": Fact(
        "The date, such as 2026-03-04.",
        lambda request: _now(request).date().isoformat(),
        "once a day",
    ),
    "now": Fact("The time: `{{ now.strftime('%H:%M') }}`.", _now, "with every request"),
}
"""Name -> what it is."""

PROPERTY: Mapping[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$", "x-expected": "a name such as cwd"},
    "additionalProperties": PATTERN,
    "description": "Facts for templates: name -> a regular expression that is looked for in the system "
    "prompt and in what stands before the first answer. The fact is its first group, or an empty text.",
    "examples": [{"cwd": r"Primary working directory: (\S+)"}],
    "x-expected": "a mapping of names to regular expressions",
}
"""The option `facts` of a step."""

Read = Callable[[MessagesRequest, Iterable[str]], dict[str, Any]]
"""The facts of these names."""


def reader_of(options: Options) -> Read:
    """Reads the facts of a step. Raises `BadPattern`."""
    named: Mapping[str, str] = options.get("facts") or {}
    found = {name: patterns.compile_regex(source) for name, source in named.items()}

    def read(request: MessagesRequest, names: Iterable[str]) -> dict[str, Any]:
        return {
            name: _extracted(found[name], request) if name in found else FACTS[name].read(request)
            for name in names
            if name in found or name in FACTS
        }

    return read


def declared_in(options: Options) -> frozenset[str]:
    """The names that a step declares."""
    return frozenset(str(name) for name, _ in entries(options, "facts"))


def patterns_of(options: Options) -> Iterator[PatternAt]:
    """The patterns that find facts."""
    for name, source in entries(options, "facts"):
        yield PatternAt(("facts", name), source)


def _extracted(pattern: Pattern, request: MessagesRequest) -> str:
    for text in _texts(request):
        if (found := pattern.first(text)) is not None:
            return found
    return ""


def _texts(request: MessagesRequest) -> Iterator[str]:
    """What stands at the beginning of a conversation, and stays there."""
    begun = request.messages_from(0, 1)
    asked = takewhile(lambda message: message.get("role") != "assistant", begun)
    for holder in ({"content": request.system}, *asked):
        for block in blocks_of(holder):
            if isinstance(text := block.get("text"), str):
                yield text
