"""The request body of the Responses format, field by field. No IO.

Reference: https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Any

from gateway import json_text, patterns
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.fields import answer_schema, output_cap, service_tier
from gateway.dialects.identity import put_digests
from gateway.dialects.offers import Offered, is_strict, offer_of, renamed
from gateway.dialects.openai_responses.content import turns_to_items
from gateway.dialects.openai_responses.quirks import ResponsesQuirks
from gateway.dialects.openai_responses.tools import put_tools
from gateway.dialects.prompt import Prompt, encoded, prompt_of
from gateway.dialects.stops import stop_sequences
from gateway.dialects.thinking import Wish, effort_for, wish_of
from gateway.dialects.turns import system_texts
from gateway.messages import MessagesRequest

Body = dict[str, Any]

TRANSLATED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "max_tokens", "stream"),
        *("stop_sequences", "temperature", "top_p", "top_k", "thinking", "output_config"),
        *("metadata", "service_tier", "speed"),
    }
)
"""Fields that this module reads; every other field of a request is dropped, and said to be."""


def request_to_responses(
    request: MessagesRequest, destination: Destination, quirks: ResponsesQuirks
) -> Outgoing:
    """The whole request. Stop sequences are the gateway's to keep: this format has none."""
    dropped = [name for name in request if name not in TRANSLATED]
    offered = _offered(request, destination, quirks)
    dropped += offered.dropped
    reasons = takes_reasoning(destination.model, quirks)
    body: Body = {"model": destination.model}
    prompt = _input(body, request, destination, quirks, dropped)
    body |= offered.fields
    cap = output_cap(request, destination.max_output, least=quirks.min_output)
    if cap is not None:
        body["max_output_tokens"] = cap
    _sampling(body, request, dropped, refused=reasons and not quirks.sampling_with_reasoning)
    if reasons:
        _reasoning(body, wish_of(request), quirks)
    _format(body, request, quirks, dropped)
    user = "safety_identifier" if quirks.safety_identifier else ""
    session = "prompt_cache_key" if quirks.prompt_cache_key else ""
    put_digests(body, request, dropped, user=user, session=session)
    tier = service_tier(request, dropped, known=quirks.service_tier, fast=quirks.fast_tier)
    if tier is not None:
        body["service_tier"] = tier
    if quirks.store:
        body["store"] = False
    if request.stream:
        body["stream"] = True
    written, known_outline = encoded(body, "input", prompt)
    return Outgoing(
        path=quirks.path,
        headers={"content-type": "application/json"},
        body=written,
        known_outline=known_outline,
        dropped=tuple(dict.fromkeys(dropped)),
        tool_names=offered.tool_names,
        stops=stop_sequences(request),
    )


def _offered(
    request: MessagesRequest, destination: Destination, quirks: ResponsesQuirks
) -> Offered:
    """The fields that offer tools."""
    choice, policy = request.object_field("tool_choice"), destination.server_tools

    def make() -> Offered:
        dropped: list[str] = []
        offer = offer_of(request.tools, dropped, has=quirks.server_tools, policy=policy)
        fields: Body = {}
        put_tools(fields, offer, choice=choice, quirks=quirks, dropped=dropped)
        return Offered.of(fields, dropped, renamed(offer))

    what = (quirks, policy, json_text.encode(choice))
    return request.of("tools", what, make, Offered.size)


def takes_reasoning(model: str, quirks: ResponsesQuirks) -> bool:
    """The model takes `reasoning`."""
    return patterns.matches_any(quirks.reasoning_models, model)


def _input(
    body: Body,
    request: MessagesRequest,
    destination: Destination,
    quirks: ResponsesQuirks,
    dropped: list[str],
) -> Prompt:
    items: list[dict[str, Any]] = []
    texts = [part.text for part in system_texts(request.system, dropped)]
    if texts and quirks.system == "instructions":
        body["instructions"] = "\n\n".join(texts)
    elif texts:
        content = [{"type": "input_text", "text": text} for text in texts]
        items.append({"type": "message", "role": quirks.system, "content": content})
    prompt = prompt_of(
        request,
        destination.seal,
        lambda turns, lost: turns_to_items(turns, quirks, lost),
        dropped,
        spelling=quirks,
        front=len(items),
    )
    body["input"] = items + turns_to_items(prompt.turns, quirks, dropped)
    return prompt


def _sampling(body: Body, request: MessagesRequest, dropped: list[str], *, refused: bool) -> None:
    for name, is_known in {"temperature": True, "top_p": True, "top_k": False}.items():
        if (value := request.get(name)) is None:
            continue
        if is_known and not refused:
            body[name] = value
        else:
            dropped.append(name)


def _reasoning(body: Body, wish: Wish, quirks: ResponsesQuirks) -> None:
    reasoning: Body = {}
    effort = effort_for(wish, quirks.efforts, can_disable=quirks.can_disable_reasoning)
    if effort is not None:
        reasoning["effort"] = effort
    if quirks.summary and wish.kind is not None and wish.shown and not wish.is_off:
        reasoning["summary"] = quirks.summary
    if reasoning:
        body["reasoning"] = reasoning
    if quirks.encrypted_reasoning:
        body["include"] = ["reasoning.encrypted_content"]


def _format(
    body: Body, request: MessagesRequest, quirks: ResponsesQuirks, dropped: list[str]
) -> None:
    if (schema := answer_schema(request)) is None:
        return
    if not quirks.structured_output:
        dropped.append("output_config.format")
        return
    named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    body["text"] = {"format": {"type": "json_schema", **named}}
