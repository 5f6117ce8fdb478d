"""What a request asks for, in the few terms that the mock answers by. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

JSON = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the request offers."""

    name: str
    schema: JSON


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, whatever its wire format."""

    model: str
    streams: bool
    size: int
    """Bytes of the body."""
    words: str = ""
    """The text of the last turn; empty when that brings results of tools."""
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    thinks: bool = False
    """It asks for reasoning."""

    @property
    def wanted(self) -> tuple[Tool, ...]:
        """The tools to call: those that the last turn names, or the first where one has to be called.

        No tool is called unasked: a real client would run it.
        """
        named = tuple(tool for tool in self.tools if tool.name in self.words)
        return named or (self.tools[:1] if self.must_call else ())


def text_in(content: Any) -> str:
    """The text of a message's content: a string, or parts that hold some."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part["text"] for part in objects(parts) if isinstance(part.get("text"), str))


def objects(items: Any) -> Iterable[JSON]:
    """Those items of a list that are objects; nothing where there is no list."""
    return (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()


def tool(name: Any, schema: Any) -> Tool:
    """A tool as it is offered, whose schema may be missing."""
    return Tool(str(name), schema if isinstance(schema, dict) else {})
