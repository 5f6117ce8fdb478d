"""The client's request as one server of its format takes it. No IO.

What no quirk concerns keeps its bytes: fields that stay are not decoded, messages that stay are not
written anew, and a request in which nothing changes is sent as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.cache_guard import outline
from gateway.dialects.anthropic.history import History
from gateway.dialects.anthropic.quirks import EVERYTHING, AnthropicQuirks, knows
from gateway.dialects.anthropic.tools import tools_for
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.thinking import wish_of
from gateway.json_text import Raw
from gateway.messages import BILLING, MessagesRequest

BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 4096,
    "high": 16384,
    "xhigh": 32768,
    "max": 65536,
}
"""Effort -> thinking budget in tokens."""
LEAST_BUDGET = 1024

NEEDED = frozenset({"model", "messages", "max_tokens", "stream"})
"""Fields that every server knows."""

Changes = dict[str, Any]
"""Field -> its new value; None to leave it out."""


def request_for_server(
    request: MessagesRequest, destination: Destination, quirks: AnthropicQuirks
) -> Outgoing:
    """The whole request."""
    unknown: list[str] = []
    if quirks.fields != EVERYTHING:
        unknown = [name for name in request if not (name in NEEDED or knows(quirks.fields, name))]
    dropped, changes = list(unknown), dict[str, Any]()
    if request.model != destination.model:
        changes["model"] = destination.model
    changes |= _output_cap(request, destination.max_output, quirks)
    changes |= _system(request, quirks, dropped)
    changes |= _tools(request, destination, quirks, dropped)
    changes |= _thinking(request, changes.get("max_tokens"), quirks, dropped)
    changes |= _output_config(request, quirks, dropped)
    if not quirks.cache_control and "cache_control" in request:
        changes["cache_control"] = None
    history = History(quirks, destination.seal, dropped)
    if (messages := history.edited(request)) is not None:
        changes["messages"] = messages
    if history.breaks_thinking and wish_of(request).kind == "enabled":
        # With a fixed budget Anthropic refuses a turn in which calls stand without their thinking.
        changes["thinking"] = {"type": "disabled"}
        dropped.append("thinking")
    sent = _applied(request, changes | dict.fromkeys(unknown))
    return Outgoing(
        path=quirks.path,
        headers={"content-type": "application/json", "anthropic-version": "2023-06-01"},
        body=sent.encode(),
        dropped=tuple(dict.fromkeys(dropped)),
        known_outline=lambda: outline(sent.encode_without_messages(), history.known),
    )


def _applied(request: MessagesRequest, changes: Changes) -> MessagesRequest:
    gone = [name for name, value in changes.items() if value is None and name in request]
    # Encoded here, so that text which UTF-8 cannot carry touches no field but its own.
    new = {k: Raw(json_text.encode(value)) for k, value in changes.items() if value is not None}
    if gone:
        request = request.without(*gone)
    return request.replace(**new) if new else request


def _output_cap(request: MessagesRequest, limit: int | None, quirks: AnthropicQuirks) -> Changes:
    wanted = request.get("max_tokens")
    if wanted is None and quirks.default_max_tokens:
        wanted = quirks.default_max_tokens
    if limit is not None and isinstance(wanted, int):
        wanted = min(wanted, limit)
    return {"max_tokens": wanted} if wanted != request.get("max_tokens") else {}


def _system(request: MessagesRequest, quirks: AnthropicQuirks, dropped: list[str]) -> Changes:
    if quirks.billing_block and quirks.cache_control:
        return {}
    system = request.system
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    kept = [
        block
        for block in blocks
        if quirks.billing_block or not str(block.get("text") or "").startswith(BILLING)
    ]
    if len(kept) < len(blocks):
        dropped.append("system attribution block")
    if not quirks.cache_control:
        kept = [{k: v for k, v in block.items() if k != "cache_control"} for block in kept]
    if kept == blocks:
        return {}
    return {"system": kept or None}


def _tools(
    request: MessagesRequest,
    destination: Destination,
    quirks: AnthropicQuirks,
    dropped: list[str],
) -> Changes:
    knows_all = quirks.tool_fields == quirks.server_tools == EVERYTHING and quirks.typed_tools
    changes: Changes = {}
    if not (knows_all and quirks.cache_control) and "tools" in request:
        tools = tools_for(request, destination, quirks, dropped)
        if len(tools) != len(request.tools) or any(
            new is not old for new, old in zip(tools, request.tools, strict=True)
        ):
            changes["tools"] = tools or None
            if not tools and "tool_choice" in request:
                changes["tool_choice"] = None
    return changes | _choice(request, quirks, dropped)


def _choice(request: MessagesRequest, quirks: AnthropicQuirks, dropped: list[str]) -> Changes:
    if quirks.tool_choice or "tool_choice" not in request:
        return {}
    choice = request.object_field("tool_choice")
    if choice.get("type") == "none":
        return {"tool_choice": None, "tools": None}
    if choice.get("type") != "auto":
        dropped.append("tool_choice")
    if choice.get("disable_parallel_tool_use"):
        dropped.append("tool_choice.disable_parallel_tool_use")
    return {"tool_choice": None}


def _thinking(
    request: MessagesRequest, max_tokens: Any, quirks: AnthropicQuirks, dropped: list[str]
) -> Changes:
    way = quirks.adaptive_thinking
    if way == "keep" or not knows(quirks.fields, "thinking"):
        return {}
    wish = wish_of(request)
    if wish.kind in (None, "enabled", "disabled"):
        return {}
    if way == "enabled":
        limit = max_tokens if max_tokens is not None else request.get("max_tokens")
        budget = BUDGETS.get(wish.effort or "high", BUDGETS["high"])
        # Half of the answer is left for what is said.
        budget = min(budget, limit // 2) if isinstance(limit, int) else budget
        if budget >= LEAST_BUDGET:
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    dropped.append("thinking")
    return {"thinking": None if way == "drop" else {"type": "disabled"}}


def _output_config(
    request: MessagesRequest, quirks: AnthropicQuirks, dropped: list[str]
) -> Changes:
    if quirks.output_config == EVERYTHING or not knows(quirks.fields, "output_config"):
        return {}
    asked = request.object_field("output_config")
    kept = {name: value for name, value in asked.items() if knows(quirks.output_config, name)}
    if len(kept) == len(asked):
        return {}
    dropped += [f"output_config.{name}" for name in asked if name not in kept]
    return {"output_config": kept or None}
