"""Tools that the client offers only by name until the model looks them up. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.dialects.turns import blocks_of
from gateway.messages import MessagesRequest
from gateway.transforms.base import Breaks, Options

Tools = Sequence[dict[str, Any]]

PROPERTIES: Mapping[str, Any] = {
    "deferred": {
        "enum": ["load", "referenced"],
        "description": "What becomes of tools with `defer_loading`: `load` offers all of them from the "
        "start; `referenced` offers those that the model has looked up. Without it they stay as they are.",
        "examples": ["load"],
        "x-expected": "load or referenced",
    }
}


def build(options: Options) -> Callable[[Tools, MessagesRequest], Tools]:
    """The offer with its deferred tools resolved."""
    way: str | None = options.get("deferred")

    def resolved(tools: Tools, request: MessagesRequest) -> Tools:
        if way is None or not any(tool.get("defer_loading") for tool in tools):
            return tools
        known = None if way == "load" else frozenset(_looked_up(request))
        return [
            _loaded(tool)
            for tool in tools
            if known is None or not tool.get("defer_loading") or tool.get("name") in known
        ]

    return resolved


def breaks_in(options: Options) -> Iterator[Breaks]:
    """`referenced` changes the beginning of the prompt."""
    if options.get("deferred") == "referenced":
        why = "the offer grows whenever the model looks up a tool: `load` keeps it the same"
        yield Breaks(("deferred",), why)


def _loaded(tool: dict[str, Any]) -> dict[str, Any]:
    if not tool.get("defer_loading"):
        return tool
    return {name: value for name, value in tool.items() if name != "defer_loading"}


def _looked_up(request: MessagesRequest) -> Iterator[str]:
    """The tools to which the conversation refers."""
    for message in request.messages:
        for block in blocks_of(message):
            if block.get("type") == "tool_use":
                yield str(block.get("name"))
            for inner in (block, *(blocks_of(block) if block.get("type") == "tool_result" else ())):
                if inner.get("type") == "tool_reference":
                    yield str(inner.get("tool_name"))
