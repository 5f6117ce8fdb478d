"""Gemini. No IO.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.mock.asked import JSON, Asked, objects, text_in, tool
from gateway.mock.said import Said, pieces
from gateway.mock.wires.base import Streamed, Wire, event

STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def read(path: Mapping[str, str | None], body: JSON, size: int) -> Asked:
    """The request in the mock's terms. The model and the stream stand in the path."""
    turns = list(objects(body.get("contents")))
    parts = turns[-1].get("parts") if turns else None
    config, choice = _object(body, "generationConfig"), _object(body, "toolConfig")
    declared = (objects(offer.get("functionDeclarations")) for offer in objects(body.get("tools")))
    brings = any("functionResponse" in part for part in objects(parts))
    return Asked(
        model=str(path.get("model")),
        streams=path.get("method") == "streamGenerateContent",
        size=size,
        words="" if brings else text_in(parts),
        tools=tuple(
            tool(one.get("name"), one.get("parametersJsonSchema") or one.get("parameters"))
            for some in declared
            for one in some
        ),
        must_call=_object(choice, "functionCallingConfig").get("mode") == "ANY",
        thinks=bool(_object(config, "thinkingConfig").get("includeThoughts")),
    )


def whole(said: Said) -> dict[str, Any]:
    """The `GenerateContentResponse`."""
    parts = [{"text": said.thought, "thought": True}] if said.thought else []
    parts += [{"text": said.text}] if said.text else []
    return _chunk(said, [*parts, *_calls(said)], finish=True)


def stream(said: Said) -> Streamed:
    """The chunks; the last one has the reason to finish. Calls come whole, whatever the layout."""
    told: list[list[dict[str, Any]]] = [
        *([{"text": piece, "thought": True}] for piece in pieces(said.thought)),
        *([{"text": piece}] for piece in said.pieces),
    ]
    calls = _calls(said)
    if calls:
        told += [calls] if said.layout == "packed" else [[call] for call in calls]
    said_so = tuple(event(_chunk(said, parts)) for parts in told)
    return Streamed(said_so, (event(_chunk(said, [{"text": ""}], finish=True)),))


def refusal(status: int, message: str) -> dict[str, Any]:
    """An error body of a Google API."""
    name = STATUSES.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": name}}


def failure(status: int, message: str) -> bytes:
    """An error in a stream."""
    return event(refusal(status, message))


def _calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"functionCall": {"id": call.id, "name": call.name, "args": call.input}}
        for call in said.calls
    ]


def _chunk(said: Said, parts: list[dict[str, Any]], *, finish: bool = False) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = "MAX_TOKENS" if said.stop == "length" else "STOP"
    chunk: dict[str, Any] = {
        "candidates": [candidate],
        "modelVersion": said.model,
        "responseId": said.id,
    }
    if said.tells_usage:
        counts = {"promptTokenCount": said.prompt, "candidatesTokenCount": said.output}
        chunk["usageMetadata"] = {**counts, "totalTokenCount": said.prompt + said.output}
    return chunk


def _object(value: JSON, name: str) -> JSON:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


GEMINI = Wire(
    dialect="gemini",
    path=re.compile(
        r"/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)$"
    ),
    base="/v1beta",
    stream_type="text/event-stream",
    read=read,
    whole=whole,
    stream=stream,
    refusal=refusal,
    failure=failure,
    comment=b": a comment\r\n\r\n",
)
