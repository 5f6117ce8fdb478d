"""What the events of a stream say of its items, type by type. No IO.

Reference: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.dialects.openai_responses.items import json_text_of
from gateway.dialects.openai_responses.telling import Telling

JSON = Mapping[str, Any]
Handler = Callable[[Telling, JSON], None]

GROWING: Mapping[str, tuple[str, str, str, str]] = {
    "output_text": ("message", "text", "content_index", "text"),
    "refusal": ("message", "refusal", "content_index", "refusal"),
    "reasoning_summary_text": ("reasoning", "summary", "summary_index", "text"),
    "reasoning_summary": ("reasoning", "summary", "summary_index", "text"),
    "reasoning_text": ("reasoning", "content", "content_index", "text"),
    "reasoning": ("reasoning", "content", "content_index", "text"),
    "function_call_arguments": ("function_call", "arguments", "", "arguments"),
}
"""What grows, as events name it (`response.NAME.delta` and `.done`) -> the kind of its item, its part,
the field that numbers the part, and the field of `.done` that holds all of it. Two names are older ones."""

PARTS: Mapping[str, str] = {
    "output_text": "output_text",
    "refusal": "refusal",
    "summary_text": "reasoning_summary_text",
    "reasoning_text": "reasoning_text",
}
"""Types of parts, which come whole too -> their name in `GROWING`."""


def _growth(name: str) -> Handler:
    kind, part, number, _ = GROWING[name]

    def grow(telling: Telling, value: JSON) -> None:
        item = telling.find(kind, value.get("output_index"), value.get("item_id"))
        telling.grow(item, (part, _number(value, number)), _text(part, value.get("delta")))

    return grow


def _completion(name: str) -> Handler:
    kind, part, number, whole = GROWING[name]

    def complete(telling: Telling, value: JSON) -> None:
        item = telling.find(kind, value.get("output_index"), value.get("item_id"))
        if kind == "function_call":
            item.label({"name": value.get("name"), "call_id": value.get("call_id")})
        telling.complete(item, (part, _number(value, number)), _text(part, value.get(whole)))

    return complete


def _part(telling: Telling, value: JSON) -> None:
    part = value.get("part")
    if not isinstance(part, dict) or (name := PARTS.get(str(part.get("type")))) is None:
        return
    kind, kept, number, whole = GROWING[name]
    item = telling.find(kind, value.get("output_index"), value.get("item_id"))
    telling.complete(item, (kept, _number(value, number)), _text(kept, part.get(whole)))
    telling.searches.cite(part.get("annotations"))


def _announcement(telling: Telling, value: JSON) -> None:
    if isinstance(item := value.get("item"), dict):
        telling.announce(item, value.get("output_index"))


def _item(telling: Telling, value: JSON) -> None:
    if isinstance(item := value.get("item"), dict):
        telling.close_at(value.get("output_index"), item)


def _annotation(telling: Telling, value: JSON) -> None:
    telling.searches.cite([value.get("annotation")])


def _number(value: JSON, name: str) -> int:
    number = value.get(name, 0)
    return number if isinstance(number, int) else 0


def _text(part: str, value: Any) -> str:
    if part == "arguments":
        return json_text_of(value)
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


HANDLERS: Mapping[str, Handler] = {
    "response.output_item.added": _announcement,
    "response.output_item.done": _item,
    "response.content_part.done": _part,
    "response.reasoning_part.done": _part,
    "response.reasoning_summary_part.done": _part,
    "response.output_text.annotation.added": _annotation,
    **{f"response.{name}.delta": _growth(name) for name in GROWING},
    **{f"response.{name}.done": _completion(name) for name in GROWING},
}
"""Event type -> who reads it. Types that are not here mean nothing to a client."""
