"""Streams and messages are two writings of one thing; these turn one into the other. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway import json_text
from gateway.messages.vocabulary import Message
from gateway.messages.writers import tool_input_of

_DELTA_FIELDS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "_input"}


def accumulate(events: Iterable[dict[str, Any]]) -> Message:
    """Folds decoded events into the message that the same answer is when it is not streamed.

    Raises `ValueError` on an order that the protocol does not allow, and on an error event.
    """
    message: Message = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message = {**event["message"], "content": []}
        elif kind == "error":
            raise ValueError(f"the stream ends with an error: {event['error']}")
        elif kind != "ping" and not message:
            raise ValueError(f"{kind} before message_start")
        elif kind == "content_block_start":
            blocks[event["index"]] = block = dict(event["content_block"])
            message["content"].append(block)
        elif kind == "content_block_delta":
            _grow(blocks[event["index"]], event["delta"])
        elif kind == "content_block_stop":
            _close(blocks[event["index"]])
        elif kind == "message_delta":
            message.update(event["delta"])
            message["usage"] = {**message["usage"], **_known(event.get("usage") or {})}
    return message


def _known(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in usage.items() if value is not None}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if kind == "signature_delta":
        block["signature"] = delta["signature"]
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta["citation"]]
    elif (field := _DELTA_FIELDS.get(kind)) is not None:
        source = "partial_json" if field == "_input" else field
        block[field] = block.get(field, "") + delta[source]


def _close(block: dict[str, Any]) -> None:
    if (text := block.pop("_input", None)) is not None:
        block["input"] = tool_input_of(text)


def unfold(message: Message) -> Iterator[dict[str, Any]]:
    """The events that a whole message is when it is streamed: `accumulate` gives it back.

    Every block keeps its fields; what clients expect to arrive as deltas arrives so. Raises
    `ValueError` when the message is not one.
    """
    content = message.get("content")
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise ValueError("its content is not a list of blocks")
    usage = message.get("usage") if isinstance(message.get("usage"), dict) else {}
    ending = {name: message[name] for name in _ENDING if name in message}
    opening = {**message, **dict.fromkeys(ending), "content": [], "usage": usage}
    yield {"type": "message_start", "message": opening}
    for index, block in enumerate(content):
        start, deltas = _unfolded(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 0, **(usage or {})}}
    yield {"type": "message_stop"}


_ENDING = ("stop_reason", "stop_sequence", "stop_details")


def _unfolded(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it starts, and its deltas."""
    match block.get("type"):
        case "text":
            start = {**block, "text": ""}
            citations = start.pop("citations") if isinstance(start.get("citations"), list) else []
            deltas = [{"type": "citations_delta", "citation": citation} for citation in citations]
            return start, [{"type": "text_delta", "text": block.get("text") or ""}, *deltas]
        case "thinking":
            start = {**block, "thinking": "", "signature": ""}
            thinking = {"type": "thinking_delta", "thinking": block.get("thinking") or ""}
            signed = {"type": "signature_delta", "signature": block.get("signature") or ""}
            return start, [thinking, signed]
        case _ if isinstance(block.get("input"), dict):
            text = json_text.encode_text(block["input"])
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": text}]
        case _:
            return block, []
