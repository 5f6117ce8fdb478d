"""A step written as Anthropic messages, whole or streamed in small pieces. No IO.

https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from servers.error_answers import ErrorAnswer
from servers.plays import Part, Search, Text, Thinking, ToolCall, Turn
from servers.wire import (
    ARGUMENT_PIECE,
    TEXT_PIECE,
    THINKING_PIECE,
    Asked,
    Body,
    Issued,
    Received,
    calls_of,
    pieces,
    text_of,
    to_json,
)

SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBzdHVi"
MIDSTREAM_ERROR = (
    b"event: error\n"
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
)
ONLY_BASE64 = "Only base64 images are supported"

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One answer, ready to be written."""

    asked: Asked
    signs: bool = True
    """Thinking carries a signature, and the stream a ping: Ollama has neither."""
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex[:20]}")

    def whole(self) -> Body:
        """The `message` object."""
        return self._envelope(
            content=self._blocks(), stop=self._stop(), output_tokens=self.asked.usage.completion
        )

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each, up to `message_stop`."""
        start = self._envelope(content=[], stop=None, output_tokens=1)
        events = [_event("message_start", message=start)]
        if self.signs:
            events.append(_event("ping"))
        for index, block in enumerate(self._blocks()):
            events += _block_events(index, block)
        if "no-finish" in self.asked.faults:
            return events
        delta = {"stop_reason": self._stop(), "stop_sequence": None}
        spent = {"output_tokens": self.asked.usage.completion}
        events.append(_event("message_delta", delta=delta, usage=spent))
        return [*events, _event("message_stop")]

    def _blocks(self) -> list[Block]:
        return [block for part in self.asked.step for block in self._block(part)]

    def _block(self, part: Part) -> list[Block]:
        match part:
            case Thinking(text) if self._thinks:
                signature = {"signature": SIGNATURE} if self.signs else {}
                return [{"type": "thinking", "thinking": text, **signature}]
            case Text(text):
                return [{"type": "text", "text": text}]
            case ToolCall(name, value):
                call_id = f"toolu_{uuid.uuid4().hex[:20]}"
                return [{"type": "tool_use", "id": call_id, "name": name, "input": value}]
            case Search() if self._has_search:
                return _search(part)
        return []

    @property
    def _thinks(self) -> bool:
        """The request asked for thinking. Ollama goes by the effort and does not know `adaptive`."""
        body = self.asked.body
        kind = (body.get("thinking") or {}).get("type")
        by_effort = kind == "adaptive" and (
            self.signs or bool((body.get("output_config") or {}).get("effort"))
        )
        return kind == "enabled" or by_effort

    @property
    def _has_search(self) -> bool:
        tools = self.asked.body.get("tools") or []
        return any(str(tool.get("type")).startswith("web_search") for tool in tools)

    def _stop(self) -> str:
        called = bool(calls_of(self.asked.step))
        return "tool_use" if called and "finish-stop" not in self.asked.faults else "end_turn"

    def _envelope(self, *, content: list[Block], stop: str | None, output_tokens: int) -> Body:
        usage = self.asked.usage
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": usage.prompt - usage.cached,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": usage.cached,
                "output_tokens": output_tokens,
            },
        }


def ollama_message(asked: Asked) -> Message:
    """The answer of Ollama's endpoint in this format."""
    return Message(asked, signs=False)


def turns(body: Body) -> list[Turn]:
    """The request's messages in the terms that choose a step."""
    return [
        Turn(message.get("role", ""), text_of(message), _calls(message))
        for message in body.get("messages", [])
    ]


def offered(body: Body) -> set[str]:
    """The names of the tools."""
    return {tool["name"] for tool in body.get("tools", [])}


def check(received: Received, issued: Issued) -> list[str]:
    """Thinking that this server did not sign."""
    return [
        f"message {index}: foreign thinking"
        for index, message in enumerate(received.body.get("messages", []))
        for block in _blocks_of(message)
        if block.get("type") == "redacted_thinking"
        or (block.get("type") == "thinking" and block.get("signature") != SIGNATURE)
    ]


def ollama_check(received: Received, issued: Issued) -> list[str]:
    """Thinking that some other server signed: this one signs nothing."""
    return [
        f"message {index}: foreign thinking"
        for index, message in enumerate(received.body.get("messages", []))
        for block in _blocks_of(message)
        if block.get("type") == "redacted_thinking" or block.get("signature")
    ]


def ollama_refusal(asked: Asked) -> ErrorAnswer | None:
    """What Ollama's endpoint in this format does not take."""
    for message in asked.body["messages"]:
        for block in _blocks_of(message):
            source = block.get("source") or {}
            if block.get("type") == "document":
                kind = "unknown content block type: document"
                return ErrorAnswer(400, "invalid_request_error", None, kind)
            if block.get("type") == "image" and source.get("type") != "base64":
                return ErrorAnswer(400, "invalid_request_error", None, ONLY_BASE64)
    return None


def count(body: Body) -> int:
    """A made-up token count that grows with the request: one for four characters."""
    return max(1, len(json.dumps(body.get("messages", []))) // 4)


def error(answer: ErrorAnswer) -> Body:
    """The Anthropic error envelope."""
    return {
        "type": "error",
        "error": {"type": answer.type, "message": answer.message},
        "request_id": f"req_{uuid.uuid4().hex[:12]}",
    }


def _calls(message: Block) -> bool:
    return any(block.get("type") == "tool_use" for block in _blocks_of(message))


def _blocks_of(message: Block) -> list[Block]:
    """The message's blocks, and what stands in its tool results."""
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    inner = [_blocks_of(block) for block in blocks if block.get("type") == "tool_result"]
    return [*blocks, *(block for some in inner for block in some)]


def _search(search: Search) -> list[Block]:
    """The call of the server's own tool, and its result."""
    call_id = f"srvtoolu_{uuid.uuid4().hex[:20]}"
    results = [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title,
            "encrypted_content": "c2VhbGVk",
            "page_age": None,
        }
        for source in search.sources
    ]
    return [
        {
            "type": "server_tool_use",
            "id": call_id,
            "name": "web_search",
            "input": {"query": search.query},
        },
        {"type": "web_search_tool_result", "tool_use_id": call_id, "content": results},
    ]


def _block_events(index: int, block: Block) -> Iterator[bytes]:
    empty, deltas = DELTAS.get(block["type"], _whole)(block)
    yield _event("content_block_start", index=index, content_block=empty)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


Halves = tuple[Block, list[Block]]
"""A block as it starts, and the deltas that fill it."""


def _thinking(block: Block) -> Halves:
    deltas = [
        {"type": "thinking_delta", "thinking": piece}
        for piece in pieces(block["thinking"], THINKING_PIECE)
    ]
    if "signature" not in block:
        return block | {"thinking": ""}, deltas
    signature = {"type": "signature_delta", "signature": block["signature"]}
    return block | {"thinking": "", "signature": ""}, [*deltas, signature]


def _text(block: Block) -> Halves:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"], TEXT_PIECE)]
    return block | {"text": ""}, deltas


def _tool_use(block: Block) -> Halves:
    deltas = [
        {"type": "input_json_delta", "partial_json": piece}
        for piece in ("", *pieces(to_json(block["input"]), ARGUMENT_PIECE))
    ]
    return block | {"input": {}}, deltas


def _whole(block: Block) -> Halves:
    return block, []


DELTAS = {
    "thinking": _thinking,
    "text": _text,
    "tool_use": _tool_use,
    "server_tool_use": _tool_use,
}


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {to_json({'type': kind, **fields})}\n\n".encode()
