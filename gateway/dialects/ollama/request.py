"""The request body of Ollama's chat endpoint, field by field. No IO.

Reference: https://docs.ollama.com/api/chat
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from gateway import patterns
from gateway.dialects.base import Destination, Outgoing
from gateway.dialects.fields import answer_schema, output_cap
from gateway.dialects.offers import Function, Offer, Offered, legal_name, offer_of, renamed
from gateway.dialects.ollama.content import system_to_ollama, turns_to_ollama
from gateway.dialects.ollama.quirks import OllamaQuirks
from gateway.dialects.prompt import encoded, prompt_of
from gateway.dialects.stops import stop_sequences
from gateway.dialects.thinking import nearest_effort, wish_of
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

SAMPLING = ("temperature", "top_p", "top_k")


def request_to_ollama(
    request: MessagesRequest, destination: Destination, quirks: OllamaQuirks
) -> Outgoing:
    """The whole request."""
    dropped = [name for name in request if name not in TRANSLATED]
    asked = request.object_field("output_config")
    dropped += [f"output_config.{name}" for name in asked if name not in ("effort", "format")]
    offered = _offered(request, destination)
    dropped += offered.dropped
    prompt = prompt_of(request, destination.seal, turns_to_ollama, dropped, spelling="ollama")
    system = system_to_ollama(system_texts(request.system, dropped))
    prompt = replace(prompt, front=len(system))
    body: Body = {
        "model": destination.model,
        "messages": [*system, *turns_to_ollama(prompt.turns, dropped)],
    }
    body |= offered.fields
    if (think := _think(request, destination.model, quirks, dropped)) is not None:
        body["think"] = think
    if (schema := answer_schema(request)) is not None:
        body["format"] = schema
    if options := _options(request, destination, quirks):
        body["options"] = options
    if not quirks.truncate:
        body["truncate"] = False
    if quirks.keep_alive:
        body["keep_alive"] = quirks.keep_alive
    body["stream"] = request.stream  # said in either case: the server's default is to stream
    accept = "application/x-ndjson" if request.stream else "application/json"
    written, known_outline = encoded(body, "messages", prompt)
    return Outgoing(
        path=quirks.path,
        headers={"content-type": "application/json", "accept": accept},
        body=written,
        known_outline=known_outline,
        dropped=tuple(dict.fromkeys(dropped)),
        tool_names=offered.tool_names,
    )


def _offered(request: MessagesRequest, destination: Destination) -> Offered:
    """The fields that offer tools."""
    choice, policy = request.raw_field("tool_choice"), destination.server_tools

    def make() -> Offered:
        dropped: list[str] = []
        offer = offer_of(request.tools, dropped, policy=policy)
        tools = _tools(offer, request, dropped)
        return Offered.of({"tools": tools} if tools else {}, dropped, renamed(offer))

    return request.of("tools", ("ollama", policy, choice), make, Offered.size)


def _tools(offer: Offer, request: MessagesRequest, dropped: list[str]) -> list[dict[str, Any]]:
    """The functions, unless the client wants none called: the format cannot say which to call."""
    choice = request.object_field("tool_choice")
    kind = choice.get("type")
    if kind not in (None, "auto", "none"):
        dropped.append("tool_choice")
    if choice.get("disable_parallel_tool_use"):
        dropped.append("tool_choice.disable_parallel_tool_use")
    return [] if kind == "none" else [_tool(function) for function in offer.functions]


def _tool(function: Function) -> dict[str, Any]:
    named = {"name": legal_name(function.name), "description": function.description}
    return {"type": "function", "function": {**named, "parameters": function.parameters}}


def _think(
    request: MessagesRequest, model: str, quirks: OllamaQuirks, dropped: list[str]
) -> bool | str | None:
    """`think`; None to leave it to the model."""
    wish = wish_of(request)
    takes = patterns.matches_any(quirks.thinking_models, model)
    way = quirks.think if takes else "auto"
    if way != "level":
        dropped += ["output_config.effort"] if wish.effort is not None else []
        dropped += ["thinking.budget_tokens"] if wish.budget is not None else []
    if wish.is_off:
        return False
    if way == "level" and wish.level is not None:
        return nearest_effort(wish.level, quirks.efforts)
    return True if way != "auto" and wish.kind is not None else None


def _options(
    request: MessagesRequest, destination: Destination, quirks: OllamaQuirks
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if window := destination.context or quirks.num_ctx:
        options["num_ctx"] = window
    if (cap := output_cap(request, destination.max_output)) is not None:
        options["num_predict"] = cap
    options |= {name: value for name in SAMPLING if (value := request.get(name)) is not None}
    if stops := stop_sequences(request):
        options["stop"] = list(stops)
    return options
