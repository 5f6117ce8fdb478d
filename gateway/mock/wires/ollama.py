"""Ollama: a line of JSON for each piece. No IO.

https://docs.ollama.com/api/chat
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.mock.asked import JSON, Asked, objects, text_in, tool
from gateway.mock.said import Said, pieces
from gateway.mock.wires.base import Streamed, Wire, line


def read(_path: Mapping[str, str | None], body: JSON, size: int) -> Asked:
    """The request in the mock's terms. Streams are what is asked for where nothing is said."""
    turns = list(objects(body.get("messages")))
    last = turns[-1] if turns else {}
    functions = (offer.get("function") for offer in objects(body.get("tools")))
    return Asked(
        model=str(body.get("model")),
        streams=body.get("stream") is not False,
        size=size,
        words=text_in(last.get("content")) if last.get("role") == "user" else "",
        tools=tuple(
            tool(one.get("name"), one.get("parameters"))
            for one in functions
            if isinstance(one, dict)
        ),
        thinks=bool(body.get("think")),
    )


def whole(said: Said) -> dict[str, Any]:
    """The answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.thought:
        message["thinking"] = said.thought
    if said.calls:
        message["tool_calls"] = _calls(said)
    return _line(said, message, done=True)


def stream(said: Said) -> Streamed:
    """The lines; the last one says that it is done. Calls come whole, whatever the layout."""
    told: list[dict[str, Any]] = [
        {"content": "", "thinking": piece} for piece in pieces(said.thought)
    ]
    told += [{"content": piece} for piece in said.pieces]
    calls = _calls(said)
    if calls:
        rows = [calls] if said.layout == "packed" else [[call] for call in calls]
        told += [{"content": "", "tool_calls": row} for row in rows]
    lines = tuple(line(_line(said, {"role": "assistant", **one}, done=False)) for one in told)
    return Streamed(lines, (line(_line(said, {"role": "assistant", "content": ""}, done=True)),))


def refusal(_status: int, message: str) -> dict[str, Any]:
    """An error body."""
    return {"error": message}


def failure(_status: int, message: str) -> bytes:
    """An error in a stream."""
    return line({"error": message})


def _calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": call.input}}
        for index, call in enumerate(said.calls)
    ]


def _line(said: Said, message: dict[str, Any], *, done: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "model": said.model,
        "created_at": "2026-01-01T00:00:00Z",
        "message": message,
        "done": done,
    }
    if done:
        told["done_reason"] = "length" if said.stop == "length" else "stop"
    if done and said.tells_usage:
        told |= {"prompt_eval_count": said.prompt, "eval_count": said.output}
    return told


OLLAMA = Wire(
    dialect="ollama",
    path=re.compile(r"/api/chat$"),
    base="",
    stream_type="application/x-ndjson",
    read=read,
    whole=whole,
    stream=stream,
    refusal=refusal,
    failure=failure,
    comment=b"\n",
)
