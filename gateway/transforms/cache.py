"""Cache marks for targets that need them, in requests of clients that set none. No IO.

The marks are Anthropic's `cache_control`; each format writes them as its servers know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.messages import BILLING, MessagesRequest
from gateway.transforms.base import Edit, Kind, Options

Block = dict[str, Any]
Mark = dict[str, Any]

_MARKED = b'"cache_control"'


def _tools(request: MessagesRequest, mark: Mark) -> MessagesRequest:
    tools = request.tools
    if not tools:
        return request
    return request.replace(tools=[*tools[:-1], {**tools[-1], "cache_control": mark}])


def _system(request: MessagesRequest, mark: Mark) -> MessagesRequest:
    system = request.system
    if isinstance(system, str):
        return request.replace(system=_marked(system, mark)) if system.strip() else request
    if not system or str(system[-1].get("text") or "").startswith(BILLING):
        return request
    return request.replace(system=_marked(system, mark))


def _messages(request: MessagesRequest, mark: Mark) -> MessagesRequest:
    messages = request.messages
    last = messages[-1] if messages else {}
    if not last.get("content"):
        return request
    marked = {**last, "content": _marked(last["content"], mark)}
    return request.replace(messages=[*messages[:-1], marked])


def _marked(content: str | list[Block], mark: Mark) -> list[Block]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [*blocks[:-1], {**blocks[-1], "cache_control": mark}]


PLACES: Mapping[str, Callable[[MessagesRequest, Mark], MessagesRequest]] = {
    "tools": _tools,
    "system": _system,
    "messages": _messages,
}
"""Where a mark can stand: at the end of this part."""

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["breakpoints"],
    "properties": {
        "breakpoints": {
            "type": "array",
            "minItems": 1,
            "items": {"enum": list(PLACES), "x-expected": "tools, system or messages"},
            "description": "The parts of the prompt that get a mark at their end.",
            "x-expected": "a list such as [tools, system, messages]",
        },
        "ttl": {
            "enum": ["5m", "1h"],
            "description": "How long the cache is kept; the server's own time if nothing is said.",
            "examples": ["1h"],
            "x-expected": "5m or 1h",
        },
    },
    "x-expected": "a mapping such as {breakpoints: [tools, system, messages]}",
}


def build(options: Options) -> Edit:
    """The transform of checked options."""
    mark: Mark = {"type": "ephemeral"}
    if "ttl" in options:
        mark["ttl"] = options["ttl"]
    places = [put for name, put in PLACES.items() if name in options["breakpoints"]]

    def apply(request: MessagesRequest) -> MessagesRequest:
        if "cache_control" in request or any(
            _MARKED in (request.raw_field(name) or b"") for name in PLACES
        ):
            return request  # the client knows what it wants
        for put in places:
            request = put(request, mark)
        return request

    return apply


KIND = Kind(
    "Sets cache marks where the client sets none, for targets that cache only what is marked.",
    SCHEMA,
    build,
    "cache: {breakpoints: [tools, system, messages]}",
)
