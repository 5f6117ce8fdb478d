"""The protocol faults that a chat completions request can hold. No IO.

Strict where real servers are strict: every level has its known keys, every tool call is answered at
once and by one message, and nothing of the Anthropic format shows.
https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from servers.wire import Issued, Received, is_object_text

TOP_KEYS = frozenset(
    [
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    ]
)
REASONING_KEYS = frozenset({"reasoning", "reasoning_content", "reasoning_details"})
"""Not OpenAI's own: what servers with visible reasoning send, and some want back."""

MESSAGE_KEYS: dict[str, frozenset[str]] = {
    "system": frozenset({"role", "content", "name"}),
    "developer": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset({"role", "content", "name", "refusal", "tool_calls"}) | REASONING_KEYS,
    "tool": frozenset({"role", "content", "tool_call_id"}),
}
PART_TYPES: dict[str, frozenset[str]] = {
    "system": frozenset({"text"}),
    "developer": frozenset({"text"}),
    "user": frozenset({"text", "image_url", "input_audio", "file"}),
    "assistant": frozenset({"text", "refusal"}),
    "tool": frozenset({"text"}),
}
LEGAL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_USER = 64
LONGEST_CALL_ID = 40


def check(received: Received, issued: Issued) -> list[str]:
    """Every fault of a request that came over the wire; reasoning comes back as it was, if it does."""
    return [*faults(received.body), *_echoes(received.body, issued)]


def faults(body: dict[str, Any]) -> list[str]:
    """Every fault in one request, each as a line that says where; an empty list for a sound one."""
    return [*_top(body), *_tools(body), *_messages(body)]


def _top(body: dict[str, Any]) -> Iterator[str]:
    for key in sorted(body.keys() - TOP_KEYS):
        yield f"unknown field {key}"
    if {"max_tokens", "max_completion_tokens"} <= body.keys():
        yield "both max_tokens and max_completion_tokens"
    if "stream_options" in body and not body.get("stream"):
        yield "stream_options without stream"
    if not body.get("tools"):
        for key in sorted({"tools", "tool_choice", "parallel_tool_calls"} & body.keys()):
            yield f"{key} without tools"
    if not body.get("messages"):
        yield "no messages"
    if len(str(body.get("user", ""))) > LONGEST_USER:
        yield f"user is longer than {LONGEST_USER}"


def _tools(body: dict[str, Any]) -> Iterator[str]:
    names: set[str] = set()
    for index, tool in enumerate(body.get("tools") or []):
        at = f"tool {index}"
        function = tool.get("function") or {}
        name = str(function.get("name"))
        if tool.get("type") != "function":
            yield f"{at}: type {tool.get('type')!r}"
        if not LEGAL_NAME.fullmatch(name):
            yield f"{at}: illegal name {name!r}"
        if name in names:
            yield f"{at}: second tool named {name}"
        names.add(name)
        yield from _unknown(at, tool, {"type", "function"})
        yield from _unknown(at, function, {"name", "description", "parameters", "strict"})
        if function.get("parameters", {}).get("type", "object") != "object":
            yield f"{at}: parameters are not an object schema"


def _messages(body: dict[str, Any]) -> Iterator[str]:
    waiting: set[str] = set()
    seen: set[str] = set()
    for index, message in enumerate(body.get("messages") or []):
        at = f"message {index}"
        role = message.get("role")
        if role not in MESSAGE_KEYS:
            yield f"{at}: unknown role {role!r}"
            continue
        yield from _unknown(at, message, MESSAGE_KEYS[role])
        yield from _content(at, message)
        if role == "tool":
            answered = message.get("tool_call_id")
            if answered not in waiting:
                yield f"{at}: answers {answered!r}, which is not an open call"
            waiting.discard(answered)
            continue
        if waiting:
            yield f"{at}: calls not answered before it: {sorted(waiting)}"
            waiting.clear()
        if role == "assistant":
            yield from _calls(at, message, seen=seen, waiting=waiting)
    if waiting:
        yield f"end: calls not answered: {sorted(waiting)}"


def _calls(at: str, message: dict[str, Any], *, seen: set[str], waiting: set[str]) -> Iterator[str]:
    """The faults of a message's calls, whose ids are added to `seen` and `waiting`."""
    calls = message.get("tool_calls")
    if calls == []:
        yield f"{at}: an empty list of calls"
    if not calls and not message.get("content"):
        yield f"{at}: nothing said and nothing called"
    for call in calls or []:
        call_id, function = str(call.get("id")), call.get("function") or {}
        if not call.get("id") or len(call_id) > LONGEST_CALL_ID:
            yield f"{at}: call id {call.get('id')!r}"
        if call_id in seen:
            yield f"{at}: call id {call_id} is used twice"
        seen.add(call_id)
        waiting.add(call_id)
        if call.get("type") != "function":
            yield f"{at}: call type {call.get('type')!r}"
        yield from _unknown(at, call, {"id", "type", "function"})
        yield from _unknown(at, function, {"name", "arguments"})
        if not LEGAL_NAME.fullmatch(str(function.get("name"))):
            yield f"{at}: illegal call name {function.get('name')!r}"
        if not is_object_text(function.get("arguments")):
            yield f"{at}: arguments are not the text of a JSON object"


def _echoes(body: dict[str, Any], issued: Issued) -> Iterator[str]:
    for index, message in enumerate(body.get("messages") or []):
        echoed = message.get("reasoning_content")
        for call in message.get("tool_calls") or [] if echoed is not None else []:
            if issued.thoughts.get(call.get("id"), echoed) != echoed:
                yield f"message {index}: not the reasoning of call {call['id']}"


def _content(at: str, message: dict[str, Any]) -> Iterator[str]:
    role, content = message["role"], message.get("content")
    if content is None:
        if role != "assistant":
            yield f"{at}: no content"
        return
    if isinstance(content, str):
        return
    if not content:
        yield f"{at}: an empty list of parts"
    for part in content:
        kind = part.get("type")
        if kind not in PART_TYPES[role]:
            yield f"{at}: part {kind!r} in role {role}"
        yield from _unknown(at, part, {"type", str(kind)})


def _unknown(at: str, value: dict[str, Any], known: set[str] | frozenset[str]) -> Iterator[str]:
    for key in sorted(value.keys() - known):
        yield f"{at}: unknown field {key}"
