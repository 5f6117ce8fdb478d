"""The request body of the chat format, field by field. No IO.

Reference: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from gateway import json_text
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.identity import session_digest, user_digest
from gateway.dialects.offers import is_strict, offer_of, renamed
from gateway.dialects.openai_chat.content import Spelling, conversation
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.thinking import ask_to_think, takes_reasoning, thinking_words
from gateway.dialects.openai_chat.tools import offer_to_chat
from gateway.dialects.stops import stop_sequences
from gateway.dialects.thinking import Wish, wish_of
from gateway.dialects.turns import system_texts, turns_of
from gateway.messages import MessagesRequest

Body = dict[str, Any]

TRANSLATED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "max_tokens", "stream"),
        *("stop_sequences", "temperature", "top_p", "top_k", "thinking", "output_config"),
        *("metadata", "service_tier", "speed", "cache_control"),
    }
)
"""Fields that this module reads; every other field of a request is dropped, and said to be."""

TIERS = {"auto": "auto", "standard_only": "default"}
"""The client's service tiers -> the server's."""


def request_to_chat(
    request: MessagesRequest, destination: Destination, quirks: ChatQuirks
) -> Outgoing:
    """The whole request."""
    dropped = [name for name in request if name not in TRANSLATED]
    model = destination.model
    reasons = takes_reasoning(model, quirks)
    wish = wish_of(request)
    has = frozenset({"web_search"} if quirks.web_search != "none" else ())
    offer = offer_of(request.tools, dropped, has=has, policy=destination.server_tools)
    stops = stop_sequences(request)
    limit = quirks.stop_limit if quirks.stop_with_reasoning or not reasons else 0
    body: Body = {"model": model}
    _messages(body, request, destination, quirks, dropped, wish=wish if reasons else None)
    body |= offer_to_chat(offer, request.object_field("tool_choice"), quirks, dropped)
    _output_cap(body, request.get("max_tokens"), quirks, destination.max_output)
    _sampling(body, request, quirks, dropped, reasons=reasons)
    if stops[:limit]:
        body["stop"] = list(stops[:limit])
    if reasons:
        ask_to_think(body, wish, quirks)
    _format(body, request, quirks, dropped)
    _service(body, request, quirks, dropped)
    _identity(body, request, quirks, dropped)
    if request.stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return Outgoing(
        path=quirks.path,
        headers={"content-type": "application/json"},
        body=json_text.encode(_laid_over(body, quirks.extra or {})),
        dropped=tuple(dict.fromkeys(dropped)),
        tool_names=renamed(offer),
        stops=stops[limit:],
    )


def _messages(
    body: Body,
    request: MessagesRequest,
    destination: Destination,
    quirks: ChatQuirks,
    dropped: list[str],
    *,
    wish: Wish | None,
) -> None:
    """The conversation, and what stands beside it because of it."""
    system = system_texts(request.system, dropped)
    if wish is not None:
        system = [*thinking_words(wish, quirks), *system]
    spelling = Spelling.of(quirks, destination.model)
    turns = turns_of(request.messages, destination.seal, dropped)
    body["messages"] = messages = conversation(system, turns, spelling, dropped)
    is_begun = bool(messages) and messages[-1]["role"] == "assistant"
    if is_begun and quirks.prefill == "continue_final_message":
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if spelling.cache == "parts" and (cached := request.object_field("cache_control")):
        body["cache_control"] = cached


def _output_cap(body: Body, wanted: Any, quirks: ChatQuirks, limit: int | None) -> None:
    caps = [cap for cap in (wanted, limit) if isinstance(cap, int)]
    if caps:
        body[quirks.output_cap] = max(min(caps), quirks.least_output)


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


def _service(body: Body, request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]) -> None:
    """How fast and how dear: `service_tier`, and `speed`, which is a tier of its own here."""
    if (wanted := request.get("service_tier")) is not None:
        tier = TIERS.get(str(wanted))
        if quirks.service_tier and tier is not None:
            body["service_tier"] = tier
        else:
            dropped.append("service_tier")
    if request.get("speed") == "fast":
        if quirks.fast_tier:
            body["service_tier"] = quirks.fast_tier
        else:
            dropped.append("speed")


def _identity(body: Body, request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]) -> None:
    """Whose request it is: digests only, and only where there is a field for them."""
    known: dict[str, str | None] = {
        quirks.user_field: user_digest(request),
        quirks.session_field: session_digest(request),
    }
    found = {field: digest for field, digest in known.items() if field and digest is not None}
    body.update(found)
    if request.object_field("metadata") and not found:
        dropped.append("metadata")


def _laid_over(body: Body, extra: Body) -> Body:
    """The body with more fields; where both are objects, with both."""
    laid = dict(body)
    for name, value in extra.items():
        old = laid.get(name)
        is_both = isinstance(old, dict) and isinstance(value, dict)
        laid[name] = {**old, **value} if is_both and isinstance(old, dict) else value
    return laid
