"""The request body of the chat format, field by field. No IO.

Reference: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import filterfalse
from typing import Any

from msgspec import Struct

from gateway import json_text
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.fields import answer_schema, output_cap, service_tier
from gateway.dialects.identity import put_digests
from gateway.dialects.offers import NO_OFFER, Offered, is_strict, offer_of, renamed
from gateway.dialects.openai_chat.content import (
    Spelling,
    conversation,
    system_to_chat,
    turns_to_chat,
)
from gateway.dialects.openai_chat.quirks import ChatQuirks
from gateway.dialects.openai_chat.thinking import ask_to_think, thinking_words
from gateway.dialects.openai_chat.tools import offer_to_chat
from gateway.dialects.prompt import Prompt, encoded, prompt_of
from gateway.dialects.stops import stop_sequences
from gateway.dialects.thinking import NO_WISH, Wish, wish_of
from gateway.dialects.turns import Text, system_texts
from gateway.json_text import Raw
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


PLAIN = frozenset({"model", "messages", "system", "max_tokens", "stream"})
"""Fields that stand in most requests; for the others a request is read where it has one of them."""

HEADERS: Mapping[str, str] = {"content-type": "application/json"}


def request_to_chat(
    request: MessagesRequest, destination: Destination, spelling: Spelling
) -> Outgoing:
    """The whole request."""
    quirks, reasons = spelling.quirks, spelling.reasons
    dropped: list[str] = []
    stops: tuple[str, ...] = ()
    wish, offered = NO_WISH, NO_OFFER
    has_more = not PLAIN.issuperset(request)
    if has_more:
        dropped = list(filterfalse(TRANSLATED.__contains__, request))
        wish = wish_of(request)
        offered = _offered(request, destination, spelling)
        dropped += offered.dropped
        stops = stop_sequences(request)
    limit = quirks.stop_limit if quirks.stop_with_reasoning or not reasons else 0
    body: Body = {"model": destination.model}
    prompt = _messages(body, request, destination, spelling, dropped, wish)
    body |= offered.fields
    cap = output_cap(request, destination.max_output, least=quirks.least_output)
    if cap is not None:
        body[quirks.output_cap] = cap
    if has_more:
        _sampling(body, request, quirks, dropped, reasons=reasons)
        if stops[:limit]:
            body["stop"] = list(stops[:limit])
    if reasons:
        ask_to_think(body, wish, quirks)
    if has_more:
        _format(body, request, quirks, dropped)
        _account(body, request, quirks, dropped)
    if request.stream:
        body["stream"] = True
        if quirks.stream_usage:
            body["stream_options"] = {"include_usage": True}
    if quirks.extra:
        body = _laid_over(body, quirks.extra)
    written, known_outline = encoded(body, "messages", prompt)
    return Outgoing(
        path=quirks.path,
        headers=HEADERS,
        body=written,
        known_outline=known_outline,
        dropped=tuple(dict.fromkeys(dropped)) if dropped else (),
        tool_names=offered.tool_names,
        stops=stops[limit:],
    )


def _offered(request: MessagesRequest, destination: Destination, spelling: Spelling) -> Offered:
    """The fields that offer tools."""
    if "tools" not in request and "tool_choice" not in request:
        return NO_OFFER
    choice, policy = request.object_field("tool_choice"), destination.server_tools
    quirks = spelling.quirks

    def make() -> Offered:
        dropped: list[str] = []
        offer = offer_of(request.tools, dropped, has=quirks.server_tools, policy=policy)
        fields = offer_to_chat(offer, choice, quirks, dropped)
        return Offered.of(fields, dropped, renamed(offer))

    what = (spelling, policy, json_text.encode(choice))
    return request.of("tools", what, make, Offered.size)


def _messages(
    body: Body,
    request: MessagesRequest,
    destination: Destination,
    spelling: Spelling,
    dropped: list[str],
    wish: Wish,
) -> Prompt:
    """The conversation, and what stands beside it because of it."""
    quirks = spelling.quirks
    system: list[Text] = []
    front: tuple[Raw, ...] = ()
    if "system" in request:
        if spelling.settled:
            known = _front(request, spelling)
            front = known.messages
            dropped += known.dropped
        else:
            system = system_texts(request.system, dropped)
    if spelling.reasons:
        system = [*thinking_words(wish, quirks), *system]
    is_led = bool(front or system)
    prompt = prompt_of(
        request,
        destination.seal,
        lambda turns, lost: turns_to_chat(turns, spelling, lost),
        dropped,
        spelling=None if quirks.reminders == "hoist" else spelling,
        merges_with=(quirks.system_role if is_led else "") if quirks.merge_turns else None,
        front=int(is_led),
    )
    turns, follows = prompt.turns, bool(prompt.known)
    messages = conversation(system, turns, spelling, dropped, follows=follows)
    body["messages"] = [*front, *messages] if front else messages
    continues = quirks.prefill == "continue_final_message"
    if continues and messages and messages[-1]["role"] == "assistant":
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if spelling.cache == "parts" and (cached := request.object_field("cache_control")):
        body["cache_control"] = cached
    return prompt


class _Front(Struct, frozen=True):
    """The system prompt as it is sent, and what is left out of it."""

    messages: tuple[Raw, ...]
    """None where nothing is left of it, or one."""
    dropped: tuple[str, ...]

    def size(self) -> int:
        """Bytes that it takes."""
        return 300 + sum(map(len, self.messages))


def _front(request: MessagesRequest, spelling: Spelling) -> _Front:
    """The message that the system prompt is, where that is settled."""

    def make() -> _Front:
        dropped: list[str] = []
        messages = system_to_chat(system_texts(request.system, dropped), spelling)
        return _Front(tuple([Raw(json_text.encode(m)) for m in messages]), tuple(dropped))

    return request.of("system", ("chat", spelling), make, _Front.size)


def _sampling(
    body: Body,
    request: MessagesRequest,
    quirks: ChatQuirks,
    dropped: list[str],
    *,
    reasons: bool,
) -> None:
    refused = reasons and not quirks.sampling_with_reasoning
    for name in ("temperature", "top_p", "top_k"):
        if (value := request.get(name)) is None:
            continue
        if quirks.top_k if name == "top_k" else not refused:
            body[name] = value
        else:
            dropped.append(name)


def _format(body: Body, request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]) -> None:
    if (schema := answer_schema(request)) is None:
        return
    if not quirks.structured_output:
        dropped.append("output_config.format")
        return
    named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    body["response_format"] = {"type": "json_schema", "json_schema": named}


def _account(body: Body, request: MessagesRequest, quirks: ChatQuirks, dropped: list[str]) -> None:
    """What is paid for, and for whom."""
    tier = service_tier(request, dropped, known=quirks.service_tier, fast=quirks.fast_tier)
    if tier is not None:
        body["service_tier"] = tier
    user, session = quirks.user_field, quirks.session_field
    put_digests(body, request, dropped, user=user, session=session)


def _laid_over(body: Body, extra: Body) -> Body:
    """The body with more fields; where both are objects, with both."""
    laid = dict(body)
    for name, value in extra.items():
        old = laid.get(name)
        is_both = isinstance(old, dict) and isinstance(value, dict)
        laid[name] = {**old, **value} if is_both and isinstance(old, dict) else value
    return laid
