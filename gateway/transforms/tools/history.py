"""What the conversation says of tools that are not offered any more. No IO.

Servers refuse calls of tools that they were not told of, and a model that reads of such calls makes more
of them. So calls and results become text, which every model can read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.turns import NO_OUTPUT, blocks_of
from gateway.messages import MessagesRequest

Block = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""Names that every codec writes in the same way."""


def told(request: MessagesRequest, gone: Collection[str]) -> MessagesRequest:
    """The request with the calls of these tools as text; the same object when it has none."""
    plain = all(_PLAIN.fullmatch(name) for name in gone)
    if plain and not request.mentions(*[f'"{name}"'.encode() for name in sorted(gone)]):
        return request  # nearly always, and then nothing has to be decoded
    calls: dict[str, str] = {}
    messages = [_told(message, gone, calls) for message in request.messages]
    if all(new is old for new, old in zip(messages, request.messages, strict=True)):
        return request
    return request.replace(messages=messages)


def _told(message: Block, gone: Collection[str], calls: dict[str, str]) -> Block:
    """A message; `calls` are the ids of the calls that were told so far, with the names of their tools."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    blocks: list[Block] = []
    results: list[Block] = []
    for block in content:
        kind = block.get("type")
        if kind == "tool_use" and block.get("name") in gone:
            calls[str(block.get("id"))] = str(block["name"])
            blocks.append(_text(f"[{block['name']}: {_json(block.get('input'))}]", block))
        elif kind == "tool_result" and str(block.get("tool_use_id")) in calls:
            results += _result(block, calls[str(block["tool_use_id"])])
        else:
            blocks.append(block)
    if not results and all(new is old for new, old in zip(blocks, content, strict=True)):
        return message
    # Results of calls stand first in a message, so what is text now stands behind them.
    at = next((i for i, b in enumerate(blocks) if b.get("type") != "tool_result"), len(blocks))
    return {**message, "content": [*blocks[:at], *results, *blocks[at:]]}


def _result(block: Block, name: str) -> list[Block]:
    inner = [dict(part) for part in blocks_of(block)]
    texts = [str(part.get("text") or "") for part in inner if part.get("type") == "text"]
    others = [part for part in inner if part.get("type") in ("image", "document")]
    said = "\n".join(texts) or NO_OUTPUT
    kind = "error" if block.get("is_error") else "result"
    return [_text(f"[{kind} of {name}]\n{said}", block), *others]


def _text(text: str, block: Mapping[str, Any]) -> Block:
    told: Block = {"type": "text", "text": text}
    return {**told, "cache_control": block["cache_control"]} if "cache_control" in block else told


def _json(value: Any) -> str:
    return json_text.encode_text(value if value is not None else {})
