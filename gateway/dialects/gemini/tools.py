"""The offer of tools in the Gemini format. No IO.

Reference: https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.dialects.gemini.quirks import GeminiQuirks
from gateway.dialects.gemini.schema import openapi_of, parameters_of
from gateway.dialects.offers import PLACEHOLDER, Function, Offer, function_of, legal_name

MODES: Mapping[str, str] = {"auto": "AUTO", "any": "ANY", "tool": "ANY", "none": "NONE"}

SEARCH = "web_search"
SEARCH_OPTIONS = ("max_uses", "allowed_domains", "blocked_domains", "user_location")
"""What Google Search cannot be told."""


def searchable(tools: Sequence[Mapping[str, Any]], quirks: GeminiQuirks) -> frozenset[str]:
    """The kinds of server tools that this request can have: search, where no function is in its way."""
    functions = (function_of(tool) for tool in tools)
    calls = any(function and function.name != PLACEHOLDER for function in functions)
    return frozenset() if calls and not quirks.search_with_functions else frozenset({SEARCH})


def tools_of(offer: Offer, quirks: GeminiQuirks, dropped: list[str]) -> list[dict[str, Any]]:
    """The entries of `tools`; none when nothing is offered."""
    tools: list[dict[str, Any]] = []
    if offer.functions:
        declared = [_declaration(function, quirks) for function in offer.functions]
        tools.append({"functionDeclarations": declared})
    if offer.server:
        tools.append({"googleSearch": {}})
    for tool in offer.server:
        dropped += [f"{tool.name}.{name}" for name in SEARCH_OPTIONS if tool.options.get(name)]
    return tools


def _declaration(function: Function, quirks: GeminiQuirks) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": legal_name(function.name, letter_first=True)}
    if function.description:
        entry["description"] = function.description
    if quirks.schema == "json":
        entry["parametersJsonSchema"] = {"type": "object", **function.parameters}
    elif (parameters := parameters_of(function.parameters)) is not None:
        entry["parameters"] = parameters
    return entry


def tool_config(
    choice: Mapping[str, Any], offer: Offer, dropped: list[str]
) -> dict[str, Any] | None:
    """The `toolConfig`; None when there is nothing to say."""
    if choice.get("disable_parallel_tool_use"):
        dropped.append("tool_choice.disable_parallel_tool_use")
    kind = str(choice.get("type"))
    if kind not in MODES or not offer.functions:
        return None
    calling: dict[str, Any] = {"mode": MODES[kind]}
    if kind == "tool":
        name = str(choice.get("name"))
        if all(function.name != name for function in offer.functions):
            dropped.append("tool_choice")
            return None
        calling["allowedFunctionNames"] = [legal_name(name, letter_first=True)]
    return {"functionCallingConfig": calling}


def answer_format(schema: Mapping[str, Any], quirks: GeminiQuirks) -> dict[str, Any]:
    """The fields of `generationConfig` that ask for JSON of this schema."""
    known = {key: value for key, value in schema.items() if key != "$schema"}
    if quirks.schema == "json":
        return {"responseMimeType": "application/json", "responseJsonSchema": known}
    return {"responseMimeType": "application/json", "responseSchema": openapi_of(known)}
