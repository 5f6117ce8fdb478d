"""A step written as OpenAI chat completions, whole or streamed in small pieces. No IO.

https://platform.openai.com/docs/api-reference/chat/object and .../chat/streaming
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from servers.faults import ErrorAnswer, Faults
from servers.plays import Step, Text, Thinking, ToolCall, Turn

TEXT_PIECE = 6
THINKING_PIECE = 9
ARGUMENT_PIECE = 5
"""Characters in one delta."""

MIDSTREAM_ERROR = b'data: {"error": {"message": "The provider gave up.", "code": 502}}\n\n'


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts that follow from the request and the step, so that tests can know them."""

    prompt: int
    cached: int
    """Part of `prompt`."""
    completion: int
    reasoning: int
    """Part of `completion`."""

    @classmethod
    def of(cls, messages: int, step: Step) -> Usage:
        """Made-up numbers: 100 and 10 for each message in, a quarter of the characters out."""
        reasoning = sum(len(part.text) for part in step if isinstance(part, Thinking)) // 4
        texts = sum(len(part.text) for part in step if isinstance(part, Text))
        inputs = sum(len(json.dumps(part.input)) for part in step if isinstance(part, ToolCall))
        return cls(100 + 10 * messages, 40, 1 + reasoning + (texts + inputs) // 4, reasoning)

    def wire(self) -> dict[str, Any]:
        """The `usage` object of a chat completion."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, ready to be written."""

    step: Step
    model: str
    usage: Usage
    faults: Faults
    include_usage: bool = False
    """The request asked for a usage chunk."""
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:20]}")

    def whole(self) -> dict[str, Any]:
        """The `chat.completion` object."""
        message: dict[str, Any] = {"role": "assistant", "content": self._joined(Text) or None}
        if thought := self._joined(Thinking):
            message["reasoning_content"] = thought
        if calls := self._calls():
            message["tool_calls"] = [
                {**start, "function": {"name": name, "arguments": arguments}}
                for start, name, arguments in calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish()}
        answer = self._envelope("chat.completion", [choice])
        if "no-usage" not in self.faults:
            answer["usage"] = self.usage.wire()
        return answer

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each, with the closing `[DONE]`."""
        events = [b": the line is open\n\n", self._delta({"role": "assistant", "content": ""})]
        events += map(self._delta, self._said())
        events += map(self._delta, self._called())
        events.append(self._delta({}, self._finish()))
        if self.include_usage and "no-usage" not in self.faults:
            chunk = self._envelope("chat.completion.chunk", [])
            events.append(_event(chunk | {"usage": self.usage.wire()}))
        return [*events, b"data: [DONE]\n\n"]

    def _said(self) -> Iterator[dict[str, Any]]:
        for part in self.step:
            if isinstance(part, Thinking):
                for piece in pieces(part.text, THINKING_PIECE):
                    yield {"reasoning_content": piece}
            elif isinstance(part, Text):
                for piece in pieces(part.text, TEXT_PIECE):
                    yield {"content": piece}

    def _called(self) -> Iterator[dict[str, Any]]:
        """All calls open first; then their arguments grow by turns."""
        calls = self._calls()
        whole = "object-args" in self.faults
        for index, (start, name, arguments) in enumerate(calls):
            function = {"name": name, "arguments": arguments if whole else ""}
            yield {"tool_calls": [{"index": index, **start, "function": function}]}
        if whole:
            return
        for column in zip_longest(*(pieces(call[2], ARGUMENT_PIECE) for call in calls)):
            for index, piece in enumerate(column):
                if piece is not None:
                    delta = {"index": index, "function": {"arguments": piece}}
                    yield {"tool_calls": [delta]}

    def _calls(self) -> list[tuple[dict[str, str], str, Any]]:
        """(id and type, name, arguments) of each call."""
        calls: list[tuple[dict[str, str], str, Any]] = []
        for part in self.step:
            if not isinstance(part, ToolCall):
                continue
            start = {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function"}
            if "same-ids" in self.faults:
                start["id"] = "call_0"
            if "no-ids" in self.faults:
                del start["id"]
            as_object = "object-args" in self.faults
            text = part.input if as_object else json.dumps(part.input, ensure_ascii=False)
            calls.append((start, part.name, text))
        return calls

    def _joined(self, kind: type[Text] | type[Thinking]) -> str:
        return "".join(part.text for part in self.step if isinstance(part, kind))

    def _finish(self) -> str:
        called = any(isinstance(part, ToolCall) for part in self.step)
        return "tool_calls" if called and "finish-stop" not in self.faults else "stop"

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = self._envelope("chat.completion.chunk", [choice])
        return _event(chunk | {"usage": None} if self.include_usage else chunk)

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": 1_700_000_000,
            "model": self.model,
            "choices": choices,
        }


def turns(body: dict[str, Any]) -> list[Turn]:
    """The request's messages in the terms that choose a step."""
    return [
        Turn(message.get("role", ""), text_of(message), bool(message.get("tool_calls")))
        for message in body.get("messages", [])
    ]


def text_of(message: dict[str, Any]) -> str:
    """The text of a message's content, written as a string or as parts or blocks."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or [] if part.get("type") == "text")


def error(answer: ErrorAnswer) -> dict[str, Any]:
    """The error body of a chat server."""
    return {
        "error": {
            "message": answer.message,
            "type": "invalid_request_error" if answer.status < 500 else "server_error",
            "param": None,
            "code": answer.code,
        }
    }


def pieces(text: str, length: int) -> list[str]:
    """The text cut into pieces of `length` characters."""
    return [text[at : at + length] for at in range(0, len(text), length)]


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
