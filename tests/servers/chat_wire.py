"""A step written as OpenAI chat completions, whole or streamed in small pieces. No IO.

https://platform.openai.com/docs/api-reference/chat/object and .../chat/streaming
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from servers.error_answers import ErrorAnswer
from servers.plays import Text, Thinking, Turn
from servers.wire import (
    ARGUMENT_PIECE,
    TEXT_PIECE,
    THINKING_PIECE,
    Asked,
    Body,
    Usage,
    calls_of,
    pieces,
    said,
    text_of,
    to_json,
)

MIDSTREAM_ERROR = b'data: {"error": {"message": "The provider gave up.", "code": 502}}\n\n'
ECHO_WANTED = "The `reasoning_content` in the thinking mode must be passed back to the API."


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, ready to be written."""

    asked: Asked
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:20]}")

    def whole(self) -> Body:
        """The `chat.completion` object."""
        step = self.asked.step
        message: dict[str, Any] = {"role": "assistant", "content": said(step, Text) or None}
        if thought := said(step, Thinking):
            message["reasoning_content"] = thought
        if calls := self._calls():
            message["tool_calls"] = [
                {**start, "function": {"name": name, "arguments": arguments}}
                for start, name, arguments in calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish()}
        answer = self._envelope("chat.completion", [choice])
        if "no-usage" not in self.asked.faults:
            answer["usage"] = usage(self.asked.usage)
        return answer

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each, with the closing `[DONE]`."""
        events = [b": the line is open\n\n", self._delta({"role": "assistant", "content": ""})]
        events += map(self._delta, self._said())
        events += map(self._delta, self._called())
        if "no-finish" in self.asked.faults:
            return events
        events.append(self._delta({}, self._finish()))
        if self._tells_usage and "no-usage" not in self.asked.faults:
            chunk = self._envelope("chat.completion.chunk", [])
            events.append(_event(chunk | {"usage": usage(self.asked.usage)}))
        return [*events, b"data: [DONE]\n\n"]

    @property
    def _tells_usage(self) -> bool:
        """The request asked for a usage chunk."""
        return bool((self.asked.body.get("stream_options") or {}).get("include_usage"))

    def _said(self) -> Iterator[dict[str, Any]]:
        for part in self.asked.step:
            if isinstance(part, Thinking):
                for piece in pieces(part.text, THINKING_PIECE):
                    yield {"reasoning_content": piece}
            elif isinstance(part, Text):
                for piece in pieces(part.text, TEXT_PIECE):
                    yield {"content": piece}

    def _called(self) -> Iterator[dict[str, Any]]:
        """All calls open first; then their arguments grow by turns."""
        calls = self._calls()
        whole = "object-args" in self.asked.faults
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
        thought = said(self.asked.step, Thinking)
        for part in calls_of(self.asked.step):
            start = {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function"}
            if thought:
                self.asked.issued.thoughts[start["id"]] = thought
            if "same-ids" in self.asked.faults:
                start["id"] = "call_0"
            if "no-ids" in self.asked.faults:
                del start["id"]
            as_object = "object-args" in self.asked.faults
            calls.append((start, part.name, part.input if as_object else part.arguments))
        return calls

    def _finish(self) -> str:
        called = bool(calls_of(self.asked.step))
        return "tool_calls" if called and "finish-stop" not in self.asked.faults else "stop"

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = self._envelope("chat.completion.chunk", [choice])
        return _event(chunk | {"usage": None} if self._tells_usage else chunk)

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> Body:
        return {
            "id": self.id,
            "object": kind,
            "created": 1_700_000_000,
            "model": self.asked.model,
            "choices": choices,
        }


def usage(spent: Usage) -> Body:
    """The `usage` object of a chat completion."""
    return {
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.completion,
        "total_tokens": spent.prompt + spent.completion,
        "prompt_tokens_details": {"cached_tokens": spent.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": spent.reasoning},
    }


def turns(body: Body) -> list[Turn]:
    """The request's messages in the terms that choose a step."""
    return [
        Turn(message.get("role", ""), text_of(message), bool(message.get("tool_calls")))
        for message in body.get("messages", [])
    ]


def offered(body: Body) -> set[str]:
    """The names of the tools."""
    return {tool["function"]["name"] for tool in body.get("tools", [])}


def refusal(asked: Asked) -> ErrorAnswer | None:
    """With `echo-reasoning`: turns with calls have to bring their reasoning back, as at DeepSeek."""
    calling = [message for message in asked.body["messages"] if message.get("tool_calls")]
    if "echo-reasoning" in asked.faults and not all(
        message.get("reasoning_content") for message in calling
    ):
        return ErrorAnswer(400, "invalid_request_error", "invalid_request_error", ECHO_WANTED)
    return None


def error(answer: ErrorAnswer) -> Body:
    """The error body of a chat server."""
    return {
        "error": {
            "message": answer.message,
            "type": "invalid_request_error" if answer.status < 500 else "server_error",
            "param": None,
            "code": answer.code,
        }
    }


def _event(value: Body) -> bytes:
    return b"data: " + to_json(value).encode() + b"\n\n"
