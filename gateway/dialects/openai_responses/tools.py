"""The offer of tools in the Responses format. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.dialects.offers import Function, Offer, ServerTool, legal_name
from gateway.dialects.openai_responses.quirks import ResponsesQuirks

Body = dict[str, Any]

CHOICES: Mapping[str, str] = {"auto": "auto", "any": "required", "none": "none"}
PLACE = ("city", "region", "country", "timezone")
UNKNOWN_OPTIONS = ("blocked_domains",)
"""Options of a web search that this format has no words for."""


def put_tools(
    body: Body,
    offer: Offer,
    *,
    choice: Mapping[str, Any],
    quirks: ResponsesQuirks,
    dropped: list[str],
) -> None:
    """`tools`, and what says how they are to be used; nothing at all when none is offered."""
    searches = [_web_search(tool, quirks, dropped) for tool in offer.server]
    tools = [_function(function) for function in offer.functions] + searches
    if not tools:
        return
    body["tools"] = tools
    if (wanted := _choice(choice, offer, quirks)) is not None:
        body["tool_choice"] = wanted
    elif choice.get("type") == "tool":
        dropped.append(f"tool_choice {choice.get('name')}")
    if choice.get("disable_parallel_tool_use"):
        if quirks.parallel_tool_calls:
            body["parallel_tool_calls"] = False
        else:
            dropped.append("tool_choice.disable_parallel_tool_use")
    _bound(body, offer.server, quirks, dropped)


def _function(function: Function) -> Body:
    entry: Body = {
        "type": "function",
        "name": legal_name(function.name),
        "parameters": function.parameters,
        "strict": function.strict,  # always said: servers of this format take its absence for true
    }
    if function.description:
        entry["description"] = function.description
    return entry


def _web_search(tool: ServerTool, quirks: ResponsesQuirks, dropped: list[str]) -> Body:
    entry: Body = {"type": quirks.web_search}
    if domains := tool.options.get("allowed_domains"):
        entry["filters"] = {"allowed_domains": domains}
    place = tool.options.get("user_location")
    if isinstance(place, Mapping):
        known = {name: place[name] for name in PLACE if place.get(name)}
        entry["user_location"] = {"type": "approximate", **known}
    dropped += [f"{tool.name}.{name}" for name in UNKNOWN_OPTIONS if tool.options.get(name)]
    return entry


def _choice(choice: Mapping[str, Any], offer: Offer, quirks: ResponsesQuirks) -> Any:
    """`tool_choice`; None when there is nothing to say, or the tool is not on offer."""
    if choice.get("type") != "tool":
        return CHOICES.get(str(choice.get("type")))
    name = str(choice.get("name"))
    if any(function.name == name for function in offer.functions):
        return {"type": "function", "name": legal_name(name)}
    if any(tool.name == name for tool in offer.server):
        return {"type": quirks.web_search}
    return None


def _bound(
    body: Body, server: tuple[ServerTool, ...], quirks: ResponsesQuirks, dropped: list[str]
) -> None:
    """How often the server may search. The bound is one for all of its tools, and so is the sum."""
    uses = [tool.options.get("max_uses") for tool in server]
    known = [use for use in uses if isinstance(use, int) and use > 0]
    if quirks.max_tool_calls and known and len(known) == len(uses):
        body["max_tool_calls"] = sum(known)
    elif known:
        dropped += [f"{tool.name}.max_uses" for tool in server if tool.options.get("max_uses")]
