"""Puts a conversation right that servers would refuse: empty blocks, calls without results. No IO.

Targets of other formats get a tidy conversation anyway; this is for servers of the client's own format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.dialects.turns import NO_OUTPUT, NO_RESULT, blocks_of
from gateway.messages import MessagesRequest
from gateway.transforms.base import Edit, Kind, Options

Message = dict[str, Any]
Messages = list[Message]


def without_empty(messages: Messages) -> Messages:
    """Without blank texts, and without messages in which nothing else is."""
    kept = [new for message in messages if (new := _without_blanks(message)) is not None]
    same = len(kept) == len(messages) and all(a is b for a, b in zip(kept, messages, strict=True))
    return messages if same else kept


def _without_blanks(message: Message) -> Message | None:
    content = message.get("content")
    if not isinstance(content, list):
        return message if content else None
    kept: list[Any] = []
    for block in content:
        if block.get("type") != "text" or str(block.get("text") or "").strip():
            kept.append(block)
        elif "cache_control" in block and kept:
            kept[-1] = {"cache_control": block["cache_control"], **kept[-1]}
    if not kept:
        return None
    return message if len(kept) == len(content) else {**message, "content": kept}


def with_pairs(messages: Messages) -> Messages:
    """Every call is answered in the next message, and every result there has its call.

    A missing result is said to be missing; a result without a call becomes text.
    """
    out: Messages = []
    waiting: list[str] = []
    for message in messages:
        if message.get("role") == "assistant" and waiting:
            out.append({"role": "user", "content": [_missing(id) for id in waiting]})
            waiting = []
        if message.get("role") == "user":
            message, waiting = _answered(message, waiting), []
        elif message.get("role") == "assistant":
            calls = (b for b in blocks_of(message) if b.get("type") == "tool_use")
            waiting = [str(call.get("id")) for call in calls]
        out.append(message)
    same = len(out) == len(messages) and all(a is b for a, b in zip(out, messages, strict=True))
    return messages if same else out


def _answered(message: Message, calls: Sequence[str]) -> Message:
    """A user's message after an assistant's with these calls."""
    blocks: list[Any] = [dict(b) for b in blocks_of(message)]
    results = [b for b in blocks if b.get("type") == "tool_result"]
    if not calls and not results:
        return message
    ids = [str(block.get("tool_use_id")) for block in results]
    lacking = [id for id in calls if id not in ids]
    orphans = [block for block, id in zip(results, ids, strict=True) if id not in calls]
    if not lacking and not orphans:
        return message
    kept = [block for block in results if block not in orphans]
    rest = [block for block in blocks if block.get("type") != "tool_result"]
    told = [part for block in orphans for part in _told(block)]
    return {**message, "content": [*kept, *(_missing(id) for id in lacking), *told, *rest]}


def _missing(id: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": NO_RESULT}


def _told(result: Mapping[str, Any]) -> list[Any]:
    texts = [str(b.get("text") or "") for b in blocks_of(result) if b.get("type") == "text"]
    said = "\n".join(texts) or NO_OUTPUT
    text = {"type": "text", "text": f"[result of tool call {result.get('tool_use_id')}]\n{said}"}
    return [text, *(b for b in blocks_of(result) if b.get("type") in ("image", "document"))]


WAYS: Mapping[str, Callable[[Messages], Messages]] = {"empty": without_empty, "pairs": with_pairs}
"""What can be put right."""

SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {"enum": list(WAYS), "x-expected": "empty or pairs"},
    "x-expected": "a list such as [empty, pairs]",
}


def build(options: Options) -> Edit:
    """The transform of checked options."""
    ways = [way for name, way in WAYS.items() if name in options]

    def apply(request: MessagesRequest) -> MessagesRequest:
        messages = request.messages
        for way in ways:
            messages = way(messages)
        return request if messages is request.messages else request.replace(messages=messages)

    return apply


KIND = Kind(
    "Puts right what servers of the client's format refuse: `empty` takes out blank texts, `pairs` answers "
    "tool calls that have no result, and tells results that have no call as text.",
    SCHEMA,
    build,
    "tidy: [empty, pairs]",
)
