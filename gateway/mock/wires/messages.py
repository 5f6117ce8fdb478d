"""Anthropic messages. No IO.

https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from gateway.mock.asked import JSON, Asked, objects, text_in, tool
from gateway.mock.said import Said, pieces
from gateway.mock.wires.base import Streamed, Wire, event

SIGNATURE = "bW9jaw=="
ERRORS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}

Part = tuple[bytes, ...]
"""The events of one block."""


def read(_path: Mapping[str, str | None], body: JSON, size: int) -> Asked:
    """The request in the mock's terms."""
    turns = list(objects(body.get("messages")))
    content = turns[-1].get("content") if turns else None
    brings = any(part.get("type") == "tool_result" for part in objects(content))
    choice, thinking = body.get("tool_choice"), body.get("thinking")
    return Asked(
        model=str(body.get("model")),
        streams=body.get("stream") is True,
        size=size,
        words="" if brings else text_in(content),
        tools=tuple(
            tool(one.get("name"), one["input_schema"])
            for one in objects(body.get("tools"))
            if "input_schema" in one
        ),
        must_call=isinstance(choice, dict) and choice.get("type") in ("any", "tool"),
        thinks=isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive"),
    )


def whole(said: Said) -> dict[str, Any]:
    """The message."""
    return _message(said, [block.whole for block in _blocks(said)], _stop(said), said.output)


def stream(said: Said) -> Streamed:
    """The events, as https://docs.anthropic.com/en/api/messages-streaming orders them."""
    opening = _event("message_start", message=_message(said, [], None, 1))
    blocks = [tuple(_events_of(index, block)) for index, block in enumerate(_blocks(said))]
    calls = len(said.calls)
    told = [*blocks[: len(blocks) - calls], *_LAYOUTS[said.layout](blocks[len(blocks) - calls :])]
    delta = {"stop_reason": _stop(said), "stop_sequence": None}
    spent = {"usage": {"output_tokens": said.output}} if said.tells_usage else {}
    finish = _event("message_delta", delta=delta, **spent), _event("message_stop")
    return Streamed((opening, *(piece for part in told for piece in part)), finish)


def refusal(status: int, message: str) -> dict[str, Any]:
    """The error envelope."""
    otherwise = "invalid_request_error" if status < 500 else "api_error"
    return {
        "type": "error",
        "error": {"type": ERRORS.get(status, otherwise), "message": message},
        "request_id": "req_mock",
    }


def failure(status: int, message: str) -> bytes:
    """An error in a stream."""
    return event(refusal(status, message), "error")


def _packed(calls: list[Part]) -> list[Part]:
    return [(b"".join(event for call in calls for event in call),)] if calls else []


def _one_by_one(calls: list[Part]) -> list[Part]:
    return calls


def _interleaved(calls: list[Part]) -> list[Part]:
    return [tuple(piece for piece in row if piece) for row in zip_longest(*calls)]


_LAYOUTS = {"packed": _packed, "one by one": _one_by_one, "interleaved": _interleaved}


class _Block(NamedTuple):
    whole: dict[str, Any]
    empty: dict[str, Any]
    """What is different while it is empty."""
    deltas: list[dict[str, Any]]


def _blocks(said: Said) -> Iterator[_Block]:
    if said.thought:
        block = {"type": "thinking", "thinking": said.thought, "signature": SIGNATURE}
        told = [{"type": "thinking_delta", "thinking": p} for p in pieces(said.thought)]
        signed = {"type": "signature_delta", "signature": SIGNATURE}
        yield _Block(block, {"thinking": "", "signature": ""}, [*told, signed])
    if said.text:
        told = [{"type": "text_delta", "text": p} for p in said.pieces]
        yield _Block({"type": "text", "text": said.text}, {"text": ""}, told)
    for call in said.calls:
        use = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}
        told = [{"type": "input_json_delta", "partial_json": p} for p in pieces(call.arguments, 6)]
        yield _Block(use, {"input": {}}, told)


def _events_of(index: int, block: _Block) -> Iterator[bytes]:
    empty = {**block.whole, **block.empty}
    yield _event("content_block_start", index=index, content_block=empty)
    for delta in block.deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _stop(said: Said) -> str:
    if said.stop == "length":
        return "max_tokens"
    return "tool_use" if said.calls else "end_turn"


def _message(
    said: Said, content: list[dict[str, Any]], stop: str | None, output: int
) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
    }
    if said.tells_usage:
        message["usage"] = {"input_tokens": said.prompt, "output_tokens": output}
    return message


def _event(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


MESSAGES = Wire(
    dialect="anthropic",
    path=re.compile(r"/messages$"),
    base="",
    stream_type="text/event-stream",
    read=read,
    whole=whole,
    stream=stream,
    refusal=refusal,
    failure=failure,
    comment=_event("ping"),
)
