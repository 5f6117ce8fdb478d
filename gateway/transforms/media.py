"""Images and documents for targets that cannot be shown any: a note in their place. No IO."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gateway.messages import MessagesRequest
from gateway.transforms.base import Edit, Kind, Options, text_option

Block = dict[str, Any]

BLOCKS: Mapping[str, str] = {"images": "image", "documents": "document"}
"""What the config calls them -> the type of their blocks."""

NOTE = "[{what}: not shown to this model]"

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["drop"],
    "properties": {
        "drop": {
            "type": "array",
            "minItems": 1,
            "items": {"enum": list(BLOCKS), "x-expected": "images or documents"},
            "description": "What the target is not shown. Documents that are plain text stay.",
            "x-expected": "a list such as [images, documents]",
        },
        "note": text_option("What stands in its place.", "[an image that you cannot see]"),
    },
    "x-expected": "a mapping such as {drop: [images]}",
}


def build(options: Options) -> Edit:
    """The transform of checked options."""
    kinds = frozenset(BLOCKS[name] for name in options["drop"])
    note: str | None = options.get("note") or None
    return lambda request: without_media(request, kinds, note)


def without_media(
    request: MessagesRequest, kinds: Collection[str], note: str | None = None
) -> MessagesRequest:
    """The request without blocks of these types; the same object when it has none."""
    if not kinds or not request.mentions(*[f'"{kind}"'.encode() for kind in sorted(kinds)]):
        return request
    messages = [_shown(message, kinds, note) for message in request.messages]
    if all(new is old for new, old in zip(messages, request.messages, strict=True)):
        return request
    return request.replace(messages=messages)


def _shown(holder: Block, kinds: Collection[str], note: str | None) -> Block:
    """A message, or the result of a tool."""
    content = holder.get("content")
    if not isinstance(content, list):
        return holder
    blocks = [_block(block, kinds, note) for block in content]
    same = all(new is old for new, old in zip(blocks, content, strict=True))
    return holder if same else {**holder, "content": blocks}


def _block(block: Block, kinds: Collection[str], note: str | None) -> Block:
    kind = block.get("type")
    if kind == "tool_result":
        return _shown(block, kinds, note)
    source = block.get("source")
    is_text = isinstance(source, Mapping) and source.get("type") in ("text", "content")
    if kind not in kinds or is_text:
        return block
    title = block.get("title")
    what = f"{kind} {title}" if isinstance(title, str) and title else f"{kind}"
    kept = {"cache_control": block["cache_control"]} if "cache_control" in block else {}
    return {"type": "text", "text": note or NOTE.format(what=what), **kept}


KIND = Kind(
    "Puts a note in the place of images and documents. Targets of which `models:` says `images: false` or "
    "`documents: false` get it without being asked.",
    SCHEMA,
    build,
    "media: {drop: [images]}",
)
