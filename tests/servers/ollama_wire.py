"""A step written as an answer of Ollama's `/api/chat`, whole or streamed as lines of JSON. No IO.

Thinking is shown unless the request switches it off; arguments are objects, and calls come whole.
https://docs.ollama.com/api/chat
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from servers.error_answers import ErrorAnswer
from servers.plays import Text, Thinking, Turn
from servers.wire import (
    TEXT_PIECE,
    THINKING_PIECE,
    Asked,
    Body,
    calls_of,
    pieces,
    said,
    text_of,
    to_json,
)

Message = dict[str, Any]

CONTENT_TYPE = "application/x-ndjson"
MIDSTREAM_ERROR = b'{"error": "an error was encountered while running the model"}\n'


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """One answer, ready to be written."""

    asked: Asked

    def whole(self) -> Body:
        """The answer as one object."""
        step = self.asked.step
        message: Message = {"role": "assistant", "content": said(step, Text)}
        if self._thinks and (thought := said(step, Thinking)):
            message["thinking"] = thought
        if calls := self._calls():
            message["tool_calls"] = calls
        return self._object(message, done=True)

    def events(self) -> list[bytes]:
        """The stream, one line each; calls have a line of their own."""
        lines = [self._object(message, done=False) for message in self._messages()]
        if "no-finish" not in self.asked.faults:
            lines.append(self._object({"role": "assistant", "content": ""}, done=True))
        return [f"{to_json(line)}\n".encode() for line in lines]

    def _messages(self) -> Iterator[Message]:
        for part in self.asked.step:
            if isinstance(part, Thinking) and self._thinks:
                for piece in pieces(part.text, THINKING_PIECE):
                    yield {"role": "assistant", "content": "", "thinking": piece}
            elif isinstance(part, Text):
                for piece in pieces(part.text, TEXT_PIECE):
                    yield {"role": "assistant", "content": piece}
        for call in self._calls():
            yield {"role": "assistant", "content": "", "tool_calls": [call]}

    def _calls(self) -> list[Message]:
        calls: list[Message] = []
        for index, part in enumerate(calls_of(self.asked.step)):
            call: Message = {
                "function": {"index": index, "name": part.name, "arguments": part.input}
            }
            if "no-ids" not in self.asked.faults:
                same = "same-ids" in self.asked.faults
                call["id"] = "call_0" if same else f"call_{uuid.uuid4().hex[:8]}"
            calls.append(call)
        return calls

    @property
    def _thinks(self) -> bool:
        return self.asked.body.get("think") is not False

    def _object(self, message: Message, *, done: bool) -> Body:
        answer: Body = {
            "model": self.asked.model,
            "created_at": "2026-11-20T12:00:00.000000Z",
            "message": message,
            "done": done,
        }
        if not done:
            return answer
        answer |= {"done_reason": "stop", "total_duration": 2_000_000, "load_duration": 1_000}
        if "no-usage" not in self.asked.faults:
            spent = self.asked.usage
            answer |= {"prompt_eval_count": spent.prompt, "eval_count": spent.completion}
        return answer


def turns(body: Body) -> list[Turn]:
    """The request's messages in the terms that choose a step."""
    return [
        Turn(message.get("role", ""), text_of(message), bool(message.get("tool_calls")))
        for message in body.get("messages", [])
    ]


def offered(body: Body) -> set[str]:
    """The names of the tools."""
    return {tool["function"]["name"] for tool in body.get("tools", [])}


def error(given: ErrorAnswer) -> Body:
    """The error body of Ollama."""
    return {"error": given.message}
