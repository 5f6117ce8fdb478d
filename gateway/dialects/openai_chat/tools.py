"""The offer of tools as functions of the chat format, and the choice among them. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.dialects.offers import Function, Offer, ServerTool, legal_name
from gateway.dialects.openai_chat.quirks import ChatQuirks

KINDS: Mapping[str, str] = {"auto": "auto", "any": "required", "none": "none", "tool": "function"}
"""The client's kinds of choice -> the values of `tool_choice`, as the quirks name them."""

NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords of a schema whose keys are names of the tool's own."""
DATA = frozenset({"enum", "const", "default", "example", "examples"})
"""Keywords of a schema that hold values, not schemas."""


def offer_to_chat(
    offer: Offer, choice: Mapping[str, Any], quirks: ChatQuirks, dropped: list[str]
) -> dict[str, Any]:
    """The fields of the body that offer tools: `tools`, `tool_choice`, `parallel_tool_calls`, `plugins`."""
    functions, wanted = _chosen(offer, choice, quirks, dropped)
    tools = [_entry(function, quirks) for function in functions]
    fields: dict[str, Any] = {}
    if quirks.web_search == "plugin" and offer.server:
        fields["plugins"] = [_plugin(tool) for tool in offer.server]
    elif quirks.web_search == "tool":
        tools += [_server_tool(tool) for tool in offer.server]
    if not tools:
        return fields
    fields["tools"] = tools
    if wanted is not None:
        fields["tool_choice"] = wanted
    if choice.get("disable_parallel_tool_use"):
        if quirks.parallel_tool_calls:
            fields["parallel_tool_calls"] = False
        else:
            dropped.append("tool_choice.disable_parallel_tool_use")
    return fields


def _chosen(
    offer: Offer, choice: Mapping[str, Any], quirks: ChatQuirks, dropped: list[str]
) -> tuple[Sequence[Function], Any]:
    """The functions to offer and the `tool_choice` to send, None for none.

    A choice that the server does not know is made by offering less, as far as that does it.
    """
    functions, kind = offer.functions, KINDS.get(str(choice.get("type")))
    if kind is None or (kind == "auto" and kind not in quirks.tool_choices):
        return functions, None
    if kind == "none":
        return (functions, kind) if kind in quirks.tool_choices else ((), None)
    if kind == "auto":
        return functions, kind
    if kind == "function":
        name = str(choice.get("name"))
        only = tuple(function for function in functions if function.name == name)
        if only and kind in quirks.tool_choices:
            return functions, {"type": "function", "function": {"name": legal_name(name)}}
        functions = only or functions
        if not only:
            dropped.append("tool_choice tool")
            return functions, None
    if "required" in quirks.tool_choices and functions:
        return functions, quirks.required_word
    dropped.append(f"tool_choice {choice.get('type')}")
    return functions, None


def _entry(function: Function, quirks: ChatQuirks) -> dict[str, Any]:
    refused = frozenset(quirks.refused_keywords)
    parameters: Any = function.parameters
    entry: dict[str, Any] = {
        "name": legal_name(function.name),
        "parameters": without_keywords(parameters, refused) if refused else parameters,
    }
    if function.description:
        entry["description"] = function.description
    if function.strict and "strict" not in refused:
        entry["strict"] = True
    return {"type": "function", "function": entry}


def without_keywords(schema: Any, refused: frozenset[str]) -> Any:
    """A copy of a schema that lacks these keywords; properties and values of such names stay."""
    top = [schema]
    work: list[tuple[Any, Any, bool]] = [(top, 0, False)]
    while work:  # not recursive: a schema may be nested deeper than the interpreter's stack
        holder, at, is_named = work.pop()
        value = holder[at]
        if isinstance(value, dict):
            kept = {key: v for key, v in value.items() if is_named or key not in refused}
            holder[at] = kept
            work += [(kept, key, not is_named and key in NAMED) for key in kept if key not in DATA]
        elif isinstance(value, list):
            holder[at] = list(value)
            work += [(holder[at], index, False) for index in range(len(value))]
    return top[0]


# -- web search --------------------------------------------------------------------------------------
# https://openrouter.ai/docs/guides/features/server-tools/web-search

PLUGIN_OPTIONS: Mapping[str, str] = {
    "max_uses": "max_uses",
    "allowed_domains": "include_domains",
    "blocked_domains": "exclude_domains",
    "user_location": "user_location",
}
TOOL_OPTIONS: Mapping[str, str] = {
    "allowed_domains": "allowed_domains",
    "blocked_domains": "excluded_domains",
    "user_location": "user_location",
}
"""The client's options of a search -> the router's."""


def _plugin(tool: ServerTool) -> dict[str, Any]:
    return {"id": "web", **_options(tool, PLUGIN_OPTIONS)}


def _server_tool(tool: ServerTool) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "openrouter:web_search"}
    if options := _options(tool, TOOL_OPTIONS):
        entry["parameters"] = options
    return entry


def _options(tool: ServerTool, names: Mapping[str, str]) -> dict[str, Any]:
    options = tool.options
    return {new: options[old] for old, new in names.items() if options.get(old)}
