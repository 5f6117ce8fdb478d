"""The request body of the chat format, field by field. No IO.

Reference: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway import json_text, patterns
from gateway.dialects.base import Outgoing
from gateway.dialects.openai_chat.content import message_to_chat, paired, system_to_chat
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.tools import choice_to_chat, is_strict, tools_to_chat
from gateway.messages import MessagesRequest

Body = dict[str, Any]

EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max")
BUDGETS = ((2048, "low"), (8192, "medium"), (24576, "high"))
"""Thinking budgets in tokens, below which an effort is meant; above the last one, `xhigh`."""

TRANSLATED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "max_tokens", "stream"),
        *("stop_sequences", "temperature", "top_p", "top_k", "thinking", "output_config"),
    }
)
"""Fields that this module reads; every other field of a request is dropped, and said to be."""


def request_to_chat(
    request: MessagesRequest, model: str, quirks: ChatQuirks, *, max_output: int | None
) -> Outgoing:
    """The whole request."""
    dropped = [name for name in request if name not in TRANSLATED]
    reasons = takes_reasoning(model, quirks)
    functions, renamed = tools_to_chat(request.tools, dropped)
    body: Body = {"model": model, "messages": _messages(request, quirks, dropped)}
    if functions:
        body["tools"] = functions
        _tool_choice(body, request.object_field("tool_choice"), quirks, dropped)
    _output_cap(body, request.get("max_tokens"), quirks, max_output)
    _sampling(body, request, quirks, dropped, reasons=reasons)
    if reasons:
        _REASONING[quirks.reasoning](body, effort_of(request, quirks), quirks)
    _format(body, request, quirks, dropped)
    if request.stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return Outgoing(
        path=quirks.path,
        headers={"content-type": "application/json"},
        body=json_text.encode(body),
        dropped=tuple(dict.fromkeys(dropped)),
        tool_names=renamed,
    )


def _messages(
    request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]
) -> list[dict[str, Any]]:
    messages = system_to_chat(request.system, dropped)
    for message in request.messages:
        messages += message_to_chat(message, quirks, dropped)
    return paired(messages)


def _tool_choice(
    body: Body, choice: Mapping[str, Any], quirks: ChatQuirks, dropped: list[str]
) -> None:
    if (wanted := choice_to_chat(choice)) is not None:
        body["tool_choice"] = wanted
    if choice.get("disable_parallel_tool_use"):
        if quirks.parallel_tool_calls:
            body["parallel_tool_calls"] = False
        else:
            dropped.append("tool_choice.disable_parallel_tool_use")


def _output_cap(body: Body, wanted: Any, quirks: ChatQuirks, limit: int | None) -> None:
    caps = [cap for cap in (wanted, limit) if isinstance(cap, int) and cap > 0]
    if caps:
        body[quirks.output_cap] = min(caps)


def _sampling(
    body: Body,
    request: MessagesRequest,
    quirks: ChatQuirks,
    dropped: list[str],
    *,
    reasons: bool,
) -> None:
    refused = reasons and not quirks.sampling_with_reasoning
    known = {"temperature": not refused, "top_p": not refused, "top_k": quirks.top_k}
    for name, is_known in known.items():
        if (value := request.get(name)) is None:
            continue
        if is_known:
            body[name] = value
        else:
            dropped.append(name)
    stops = [stop for stop in request.list_field("stop_sequences") if stop]
    if stops:
        body["stop"] = stops[: quirks.stop_limit]
        dropped += [f"stop_sequences[{i}]" for i in range(quirks.stop_limit, len(stops))]


def _format(body: Body, request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]) -> None:
    wanted = request.object_field("output_config").get("format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return
    if not quirks.structured_output:
        dropped.append("output_config.format")
        return
    schema = wanted.get("schema") or {}
    named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    body["response_format"] = {"type": "json_schema", "json_schema": named}


# -- reasoning ---------------------------------------------------------------------------------------


def takes_reasoning(model: str, quirks: ChatQuirks) -> bool:
    """The model takes the provider's reasoning parameters."""
    if quirks.reasoning == "none":
        return False
    return any(patterns.compile_glob(glob).search(model) for glob in quirks.reasoning_models)


def effort_of(request: MessagesRequest, quirks: ChatQuirks) -> str | None:
    """The effort that the client means, in this server's words; `none` for no thinking at all.

    None when the client says nothing, so that the server's default holds.
    """
    thinking = request.object_field("thinking")
    kind = thinking.get("type")
    if kind == "disabled":
        return "none" if quirks.can_disable_reasoning else quirks.efforts[0]
    effort = request.object_field("output_config").get("effort")
    if kind == "enabled" and not effort:
        budget = thinking.get("budget_tokens")
        budget = budget if isinstance(budget, int) else 0
        effort = next((name for below, name in BUDGETS if budget < below), "xhigh")
    return nearest_effort(effort, quirks.efforts) if isinstance(effort, str) else None


def nearest_effort(effort: str, known: tuple[str, ...]) -> str:
    """`effort` itself if the server knows it, otherwise the nearest one that it knows."""
    if effort in known:
        return effort
    ranked = [name for name in known if name in EFFORTS]
    if effort not in EFFORTS or not ranked:
        return known[-1]
    return min(ranked, key=lambda name: abs(EFFORTS.index(name) - EFFORTS.index(effort)))


def _as_effort(body: Body, effort: str | None, quirks: ChatQuirks) -> None:
    if effort is not None:
        body["reasoning_effort"] = effort


def _as_object(body: Body, effort: str | None, quirks: ChatQuirks) -> None:
    if effort is not None:
        body["reasoning"] = {"effort": effort}


def _as_switch(body: Body, effort: str | None, quirks: ChatQuirks) -> None:
    body["thinking"] = {"type": "disabled" if effort == "none" else "enabled"}
    if effort is not None and effort != "none":
        body["reasoning_effort"] = effort


_REASONING: Mapping[str, Callable[[Body, str | None, ChatQuirks], None]] = {
    "effort": _as_effort,
    "object": _as_object,
    "switch": _as_switch,
}
