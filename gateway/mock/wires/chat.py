"""OpenAI chat completions. No IO.

https://platform.openai.com/docs/api-reference/chat/object and .../chat/streaming
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from gateway.mock.asked import JSON, Asked, objects, text_in, tool
from gateway.mock.said import Call, Said, pieces
from gateway.mock.wires.base import Streamed, Wire, event

DONE = b"data: [DONE]\n\n"
CODES: Mapping[int, str] = {
    401: "invalid_api_key",
    404: "model_not_found",
    429: "rate_limit_exceeded",
}


def read(_path: Mapping[str, str | None], body: JSON, size: int) -> Asked:
    """The request in the mock's terms."""
    turns = list(objects(body.get("messages")))
    last = turns[-1] if turns else {}
    functions = (offer.get("function") for offer in objects(body.get("tools")))
    return Asked(
        model=str(body.get("model")),
        streams=body.get("stream") is True,
        size=size,
        words=text_in(last.get("content")) if last.get("role") == "user" else "",
        tools=tuple(
            tool(one.get("name"), one.get("parameters"))
            for one in functions
            if isinstance(one, dict)
        ),
        must_call=body.get("tool_choice") not in (None, "auto", "none"),
        thinks=body.get("reasoning_effort") not in (None, "none") or "reasoning" in body,
    )


def whole(said: Said) -> dict[str, Any]:
    """The `chat.completion` object."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.thought:
        message["reasoning_content"] = said.thought
    if said.calls:
        message["tool_calls"] = [
            _opening(index, call, call.arguments) for index, call in enumerate(said.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": _finish(said)}
    return _envelope(said, "chat.completion", [choice]) | _usage(said)


def stream(said: Said) -> Streamed:
    """The chunks, with the closing `[DONE]`."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(said.thought)]
    deltas += [{"content": piece} for piece in said.pieces]
    deltas += _LAYOUTS[said.layout](said.calls)
    finish = [_chunk(said, {}, _finish(said))]
    if said.tells_usage:
        finish.append(event(_envelope(said, "chat.completion.chunk", []) | _usage(said)))
    return Streamed(tuple(_chunk(said, delta) for delta in deltas), (*finish, DONE))


def refusal(status: int, message: str) -> dict[str, Any]:
    """An error body."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": CODES.get(status)}
    return {"error": error}


def failure(status: int, message: str) -> bytes:
    """An error in a stream."""
    return event({"error": {"message": message, "code": status}})


def _packed(calls: tuple[Call, ...]) -> Iterator[dict[str, Any]]:
    if calls:
        whole = [_opening(index, call, call.arguments) for index, call in enumerate(calls)]
        yield {"tool_calls": whole}


def _one_by_one(calls: tuple[Call, ...]) -> Iterator[dict[str, Any]]:
    for index, call in enumerate(calls):
        yield {"tool_calls": [_opening(index, call)]}
        yield from (_grows(index, piece) for piece in pieces(call.arguments, 6))


def _interleaved(calls: tuple[Call, ...]) -> Iterator[dict[str, Any]]:
    for index, call in enumerate(calls):
        yield {"tool_calls": [_opening(index, call)]}
    for row in zip_longest(*(pieces(call.arguments, 6) for call in calls)):
        yield from (_grows(index, piece) for index, piece in enumerate(row) if piece is not None)


_LAYOUTS = {"packed": _packed, "one by one": _one_by_one, "interleaved": _interleaved}


def _opening(index: int, call: Call, arguments: str = "") -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"index": index, "id": call.id, "type": "function", "function": function}


def _grows(index: int, piece: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _finish(said: Said) -> str:
    if said.stop == "length":
        return "length"
    return "tool_calls" if said.calls else "stop"


def _chunk(said: Said, delta: JSON, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(_envelope(said, "chat.completion.chunk", [choice]))


def _envelope(said: Said, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{said.id}",
        "object": kind,
        "created": 1,
        "model": said.model,
        "choices": choices,
    }


def _usage(said: Said) -> dict[str, Any]:
    if not said.tells_usage:
        return {}
    counts = {"prompt_tokens": said.prompt, "completion_tokens": said.output}
    return {"usage": {**counts, "total_tokens": said.prompt + said.output}}


CHAT = Wire(
    dialect="openai-chat",
    path=re.compile(r"/chat/completions$"),
    base="/v1",
    stream_type="text/event-stream",
    read=read,
    whole=whole,
    stream=stream,
    refusal=refusal,
    failure=failure,
    comment=b": a comment\n\n",
)
