"""A step written as Anthropic messages, whole or streamed in small pieces. No IO.

https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from servers.chat_wire import (
    ARGUMENT_PIECE,
    TEXT_PIECE,
    THINKING_PIECE,
    Usage,
    pieces,
    text_of,
)
from servers.faults import ErrorAnswer, Faults
from servers.plays import Step, Text, Thinking, ToolCall, Turn

SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBzdHVi"
MIDSTREAM_ERROR = (
    b"event: error\n"
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
)


@dataclass(frozen=True, slots=True)
class Message:
    """One answer, ready to be written."""

    step: Step
    model: str
    usage: Usage
    faults: Faults
    thinks: bool = False
    """The request asked for thinking."""
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex[:20]}")

    def whole(self) -> dict[str, Any]:
        """The `message` object."""
        return self._envelope(
            content=self._blocks(), stop=self._stop(), output_tokens=self.usage.completion
        )

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each, up to `message_stop`."""
        start = self._envelope(content=[], stop=None, output_tokens=1)
        events = [_event("message_start", message=start), _event("ping")]
        for index, block in enumerate(self._blocks()):
            events += _block_events(index, block)
        delta = {"stop_reason": self._stop(), "stop_sequence": None}
        events.append(
            _event("message_delta", delta=delta, usage={"output_tokens": self.usage.completion})
        )
        return [*events, _event("message_stop")]

    def _blocks(self) -> list[dict[str, Any]]:
        return [_block(part) for part in self.step if self.thinks or not isinstance(part, Thinking)]

    def _stop(self) -> str:
        called = any(isinstance(part, ToolCall) for part in self.step)
        return "tool_use" if called and "finish-stop" not in self.faults else "end_turn"

    def _envelope(
        self, *, content: list[dict[str, Any]], stop: str | None, output_tokens: int
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": self.usage.prompt - self.usage.cached,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": self.usage.cached,
                "output_tokens": output_tokens,
            },
        }


def turns(body: dict[str, Any]) -> list[Turn]:
    """The request's messages in the terms that choose a step."""
    return [
        Turn(message.get("role", ""), text_of(message), _calls(message))
        for message in body.get("messages", [])
    ]


def count(body: dict[str, Any]) -> int:
    """A made-up token count that grows with the request: one for four characters."""
    return max(1, len(json.dumps(body.get("messages", []))) // 4)


def error(answer: ErrorAnswer) -> dict[str, Any]:
    """The Anthropic error envelope."""
    return {
        "type": "error",
        "error": {"type": answer.type, "message": answer.message},
        "request_id": f"req_{uuid.uuid4().hex[:12]}",
    }


def _calls(message: dict[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(block.get("type") == "tool_use" for block in content)


def _block(part: Thinking | Text | ToolCall) -> dict[str, Any]:
    match part:
        case Thinking(text):
            return {"type": "thinking", "thinking": text, "signature": SIGNATURE}
        case Text(text):
            return {"type": "text", "text": text}
        case ToolCall(name, value):
            call_id = f"toolu_{uuid.uuid4().hex[:20]}"
            return {"type": "tool_use", "id": call_id, "name": name, "input": value}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[bytes]:
    empty, deltas = {
        "thinking": _thinking,
        "text": _text,
        "tool_use": _tool_use,
    }[block["type"]](block)
    yield _event("content_block_start", index=index, content_block=empty)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


Halves = tuple[dict[str, Any], list[dict[str, Any]]]
"""A block as it starts, and the deltas that fill it."""


def _thinking(block: dict[str, Any]) -> Halves:
    deltas = [
        {"type": "thinking_delta", "thinking": piece}
        for piece in pieces(block["thinking"], THINKING_PIECE)
    ]
    signature = {"type": "signature_delta", "signature": block["signature"]}
    return block | {"thinking": "", "signature": ""}, [*deltas, signature]


def _text(block: dict[str, Any]) -> Halves:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"], TEXT_PIECE)]
    return block | {"text": ""}, deltas


def _tool_use(block: dict[str, Any]) -> Halves:
    text = json.dumps(block["input"], ensure_ascii=False)
    deltas = [
        {"type": "input_json_delta", "partial_json": piece}
        for piece in ("", *pieces(text, ARGUMENT_PIECE))
    ]
    return block | {"input": {}}, deltas


def _event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()
