"""The tools on offer: which of them, and in what words. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import patterns
from gateway.messages import MessagesRequest

DESCRIPTION = "Chooses the tools that are offered, by glob, and rewrites their descriptions."

_GLOBS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "x-expected": "a glob such as mcp__*"},
    "x-expected": "a list of globs such as [NotebookEdit, mcp__*]",
}

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "keep": {**_GLOBS, "description": "Only tools whose names match are offered."},
        "drop": {**_GLOBS, "description": "Tools whose names match are not offered."},
        "describe": {
            "type": "object",
            "additionalProperties": {"type": "string", "x-expected": "a description"},
            "description": "Tool name -> the description that it gets.",
            "x-expected": "a mapping of tool names to descriptions",
        },
    },
    "x-expected": "keep, drop or describe",
}


def build(options: Mapping[str, Any]) -> Callable[[MessagesRequest], MessagesRequest]:
    """The transform of checked options."""
    keep = [patterns.compile_glob(glob) for glob in options.get("keep", ())]
    drop = [patterns.compile_glob(glob) for glob in options.get("drop", ())]
    describe: Mapping[str, str] = options.get("describe") or {}

    def is_offered(name: str) -> bool:
        if any(glob.search(name) for glob in drop):
            return False
        return not keep or any(glob.search(name) for glob in keep)

    def apply(request: MessagesRequest) -> MessagesRequest:
        tools = request.tools
        kept = [tool for tool in tools if is_offered(str(tool.get("name") or ""))]
        changed = [_described(tool, describe) for tool in kept]
        if len(kept) == len(tools) and all(a is b for a, b in zip(changed, tools, strict=True)):
            return request
        if not changed:  # an empty offer is none, and a choice among none is an error
            return request.without("tools", "tool_choice")
        return _with_choice(
            request.replace(tools=changed), {str(tool.get("name")) for tool in changed}
        )

    return apply


def _described(tool: dict[str, Any], describe: Mapping[str, str]) -> dict[str, Any]:
    text = describe.get(str(tool.get("name")))
    return (
        tool if text is None or text == tool.get("description") else {**tool, "description": text}
    )


def _with_choice(request: MessagesRequest, offered: set[str]) -> MessagesRequest:
    """A choice that forces a tool which is no longer offered is withdrawn."""
    choice = request.object_field("tool_choice")
    if choice.get("type") == "tool" and choice.get("name") not in offered:
        return request.without("tool_choice")
    return request
