"""Other names for tools. The model sees the new ones, the client its own: calls are mapped back. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.messages import MessagesRequest
from gateway.transforms.base import Edit, Options

PROPERTIES: Mapping[str, Any] = {
    "rename": {
        "type": "object",
        "additionalProperties": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{1,64}$",
            "x-expected": "a name of letters, digits, `_` and `-`",
        },
        "description": "Tool name -> the name that the model sees, in the offer and in the conversation. A "
        "name that another tool has already is not given twice.",
        "examples": [{"Bash": "run_shell"}],
        "x-expected": "a mapping of tool names to tool names",
    }
}


def build(options: Options) -> Edit:
    """The transform. Raises `ValueError` when two tools would get one name."""
    wanted: Mapping[str, str] = options.get("rename") or {}
    if len(set(wanted.values())) < len(wanted):
        raise ValueError("two tools cannot get the same name")

    def apply(request: MessagesRequest) -> MessagesRequest:
        if not wanted or "tools" not in request:
            return request
        names = _possible(wanted, [str(tool.get("name") or "") for tool in request.tools])
        return _renamed(request, names) if names else request

    return apply


def _possible(wanted: Mapping[str, str], offered: list[str]) -> dict[str, str]:
    """Old -> new, for tools that are on offer, where the new name is free."""
    names = {old: new for old, new in wanted.items() if old in offered and new != old}
    while taken := [o for o, new in names.items() if new in offered and new not in names]:
        for old in taken:  # it keeps its name, which may be the one that another wanted
            del names[old]
    return names


def _renamed(request: MessagesRequest, names: Mapping[str, str]) -> MessagesRequest:
    changes: dict[str, Any] = {"tools": [_with_name(tool, "name", names) for tool in request.tools]}
    choice = request.object_field("tool_choice")
    if choice.get("name") in names:
        changes["tool_choice"] = _with_name(choice, "name", names)
    messages = [_message(message, names) for message in request.messages]
    if any(new is not old for new, old in zip(messages, request.messages, strict=True)):
        changes["messages"] = messages
    return request.replace(**changes).renaming({new: old for old, new in names.items()})


def _message(message: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    blocks = [_block(block, names) for block in content]
    same = all(new is old for new, old in zip(blocks, content, strict=True))
    return message if same else {**message, "content": blocks}


def _block(block: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    match block.get("type"):
        case "tool_use":
            return _with_name(block, "name", names)
        case "tool_reference":
            return _with_name(block, "tool_name", names)
        case "tool_result":
            return _message(block, names)
        case _:
            return block


def _with_name(holder: dict[str, Any], field: str, names: Mapping[str, str]) -> dict[str, Any]:
    new = names.get(str(holder.get(field)))
    return holder if new is None else {**holder, field: new}
