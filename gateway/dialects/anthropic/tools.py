"""The tools of a request as another server takes them. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.dialects.anthropic.quirks import AnthropicQuirks, knows
from gateway.dialects.base import Destination
from gateway.dialects.offers import PLACEHOLDER, function_of, kind_of, offer_of, server_kinds
from gateway.messages import MessagesRequest

Tool = Mapping[str, Any]


def tools_for(
    request: MessagesRequest,
    destination: Destination,
    quirks: AnthropicQuirks,
    dropped: list[str],
) -> list[Tool]:
    """The entries of `tools`; one that may stay as it is stays the same object.

    Raises `InvalidRequest` when the server lacks a tool and the policy does not let it go.
    """
    tools = request.tools
    kinds = server_kinds(tools)
    has = frozenset(kind for kind in kinds if knows(quirks.server_tools, kind))
    if kinds - has:
        offer_of(tools, dropped, has=has, policy=destination.server_tools)
    kept = (tool for tool in tools if _is_offered(tool, has, quirks))
    return [_tool(tool, quirks, dropped) for tool in kept]


def _is_offered(tool: Tool, has: frozenset[str], quirks: AnthropicQuirks) -> bool:
    if function_of(tool) is None:
        return kind_of(str(tool.get("type") or "")) in has
    return tool.get("name") != PLACEHOLDER or knows(quirks.tool_fields, "defer_loading")


def _tool(tool: Tool, quirks: AnthropicQuirks, dropped: list[str]) -> Tool:
    if "input_schema" not in tool and not quirks.typed_tools:
        tool = _as_function(tool)
    unknown = [
        name
        for name in tool
        if (name == "cache_control" and not quirks.cache_control)
        or ("input_schema" in tool and not knows(quirks.tool_fields, name))
    ]
    dropped += [f"tools.{name}" for name in unknown if name not in _UNSAID]
    return {key: value for key, value in tool.items() if key not in unknown} if unknown else tool


def _as_function(tool: Tool) -> Tool:
    function = function_of(tool)
    if function is None:
        return tool
    entry: dict[str, Any] = {"name": function.name, "description": function.description}
    entry["input_schema"] = dict(function.schema)
    return {**entry, "cache_control": function.cached} if function.cached else entry


_UNSAID = frozenset({"type", "cache_control", "defer_loading", "eager_input_streaming"})
"""Keys without which a tool is the same tool."""
