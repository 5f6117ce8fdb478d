"""The request body of the Gemini format, field by field. No IO.

Reference: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from gateway import json_text
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.fields import answer_schema, output_cap
from gateway.dialects.gemini.content import contents_of, turns_to_contents
from gateway.dialects.gemini.quirks import GeminiQuirks, is_among
from gateway.dialects.gemini.thinking import thinking_config
from gateway.dialects.gemini.tools import answer_format, searchable, tool_config, tools_of
from gateway.dialects.offers import Offered, offer_of, renamed
from gateway.dialects.prompt import encoded, prompt_of
from gateway.dialects.stops import stop_sequences
from gateway.dialects.thinking import wish_of
from gateway.dialects.turns import system_texts
from gateway.messages import MessagesRequest

Body = dict[str, Any]

TRANSLATED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "max_tokens", "stream"),
        *("stop_sequences", "temperature", "top_p", "top_k", "thinking", "output_config"),
    }
)
"""Fields that this module reads; every other field of a request is dropped, and said to be."""

SAMPLING = (("temperature", "temperature"), ("top_p", "topP"), ("top_k", "topK"))

_WITH_COLLECTION = re.compile(r"(models|tunedModels)/([^/]+)\Z")


def request_to_gemini(
    request: MessagesRequest, destination: Destination, quirks: GeminiQuirks
) -> Outgoing:
    """The whole request."""
    dropped = [name for name in request if name not in TRANSLATED]
    model = destination.model
    offered = _offered(request, destination, quirks)
    dropped += offered.dropped
    prompt = prompt_of(
        request,
        destination.seal,
        lambda turns, lost: turns_to_contents(turns, model, quirks, lost),
        dropped,
        spelling=(quirks, model),
        merges_with="model",  # what the model begins gets something in front of it
    )
    write = turns_to_contents if prompt.known else contents_of
    body: Body = {"contents": write(prompt.turns, model, quirks, dropped)}
    if system := system_texts(request.system, dropped):
        body["systemInstruction"] = {"parts": [{"text": part.text} for part in system]}
    body |= offered.fields
    if generation := _generation(request, destination, quirks, offered, dropped):
        body["generationConfig"] = generation
    written, known_outline = encoded(body, "contents", prompt)
    return Outgoing(
        path=path_of(model, stream=request.stream),
        headers={"content-type": "application/json"},
        body=written,
        known_outline=known_outline,
        dropped=tuple(dict.fromkeys(dropped)),
        tool_names=offered.tool_names,
        stops=stop_sequences(request)[quirks.stop_limit :],
    )


def _offered(request: MessagesRequest, destination: Destination, quirks: GeminiQuirks) -> Offered:
    """The fields that offer tools."""
    choice, policy = request.object_field("tool_choice"), destination.server_tools

    def make() -> Offered:
        dropped: list[str] = []
        has = searchable(request.tools, quirks)
        offer = offer_of(request.tools, dropped, has=has, policy=policy)
        fields: Body = {}
        if tools := tools_of(offer, quirks, dropped):
            fields["tools"] = tools
        if config := tool_config(choice, offer, dropped):
            fields["toolConfig"] = config
        names = renamed(offer, letter_first=True)
        return Offered.of(fields, dropped, names, functions=len(offer.functions))

    what = (quirks, policy, json_text.encode(choice))
    return request.of("tools", what, make, Offered.size)


def path_of(model: str, *, stream: bool) -> str:
    """The path of the method that answers."""
    return method_path(model, "streamGenerateContent?alt=sse" if stream else "generateContent")


def method_path(model: str, method: str) -> str:
    """The path of a model's method. A name with its collection before it keeps that."""
    collection, name = "models", model
    if (found := _WITH_COLLECTION.match(model)) is not None:
        collection, name = found.groups()
    return f"/{collection}/{quote(name, safe='@', errors='replace')}:{method}"


def _generation(
    request: MessagesRequest,
    destination: Destination,
    quirks: GeminiQuirks,
    offered: Offered,
    dropped: list[str],
) -> Body:
    config: Body = {}
    if (cap := output_cap(request, destination.max_output)) is not None:
        config["maxOutputTokens"] = cap
    for name, known in SAMPLING:
        if (value := request.get(name)) is not None:
            config[known] = value
    if stops := stop_sequences(request)[: quirks.stop_limit]:
        config["stopSequences"] = list(stops)
    if thinking := thinking_config(wish_of(request), destination.model, quirks, dropped):
        config["thinkingConfig"] = thinking
    if (schema := answer_schema(request)) is not None:
        if offered.functions and not is_among(destination.model, quirks.format_with_functions):
            dropped.append("output_config.format")
        else:
            config |= answer_format(schema, quirks)
    return config
