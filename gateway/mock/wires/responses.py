"""OpenAI Responses. No IO.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any

from gateway.mock.asked import JSON, Asked, objects, text_in, tool
from gateway.mock.said import Call, Said, pieces
from gateway.mock.wires.base import Streamed, Wire, event
from gateway.mock.wires.chat import refusal

Told = tuple[str, dict[str, Any]]
"""The kind of an event, and its fields."""


def read(_path: Mapping[str, str | None], body: JSON, size: int) -> Asked:
    """The request in the mock's terms."""
    told = body.get("input")
    items = [{"role": "user", "content": told}] if isinstance(told, str) else list(objects(told))
    last: JSON = items[-1] if items else {}
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return Asked(
        model=str(body.get("model")),
        streams=body.get("stream") is True,
        size=size,
        words=text_in(last.get("content")) if last.get("role") == "user" else "",
        tools=tuple(
            tool(one.get("name"), one.get("parameters"))
            for one in objects(body.get("tools"))
            if one.get("type") == "function"
        ),
        must_call=body.get("tool_choice") not in (None, "auto", "none"),
        thinks=effort not in (None, "none"),
    )


def whole(said: Said) -> dict[str, Any]:
    """The response object."""
    return _response(said, _status(said), list(_items(said)))


def stream(said: Said) -> Streamed:
    """The events, numbered."""
    items, ending = list(_items(said)), _status(said)
    opening: list[Told] = [("response.created", {"response": _response(said, "in_progress", [])})]
    calls = len(said.calls)
    parts = [list(_events_of(index, item)) for index, item in enumerate(items)]
    rest, called = parts[: len(parts) - calls], parts[len(parts) - calls :]
    told = [*opening, *chain.from_iterable(rest), *_laid_out(said, called)]
    finish = (f"response.{ending}", {"response": _response(said, ending, items)})
    events = [_event(number, *one) for number, one in enumerate((*told, finish), 1)]
    if said.layout == "packed" and called:
        packed = sum(map(len, called))
        events[-1 - packed : -1] = [b"".join(events[-1 - packed : -1])]
    return Streamed(tuple(events[:-1]), (events[-1],))


def failure(status: int, message: str) -> bytes:
    """An error in a stream."""
    error = {"type": "error", "code": "server_error", "message": message, "status": status}
    return event({**error, "param": None, "sequence_number": 0}, "error")


def _laid_out(said: Said, called: list[list[Told]]) -> Iterator[Told]:
    rows = zip_longest(*called) if said.layout == "interleaved" else iter(called)
    return (told for row in rows for told in row if told is not None)


def _items(said: Said) -> Iterator[dict[str, Any]]:
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}]
        yield {"id": f"rs_{said.id}", "type": "reasoning", "summary": summary}
    if said.text:
        content = {"type": "output_text", "text": said.text, "annotations": []}
        yield {
            "id": f"msg_{said.id}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [content],
        }
    yield from map(_call, said.calls)


def _call(call: Call) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _events_of(index: int, item: dict[str, Any]) -> Iterator[Told]:
    at = {"output_index": index, "item_id": item["id"]}
    empty, inside = _INSIDE[item["type"]]
    yield "response.output_item.added", {"output_index": index, "item": {**item, **empty}}
    yield from ((kind, {**at, **fields}) for kind, fields in inside(item))
    yield "response.output_item.done", {"output_index": index, "item": item}


def _summary(item: JSON) -> Iterator[Told]:
    text = item["summary"][0]["text"]
    part = {"summary_index": 0, "part": {"type": "summary_text", "text": ""}}
    yield "response.reasoning_summary_part.added", part
    for piece in pieces(text):
        yield "response.reasoning_summary_text.delta", {"summary_index": 0, "delta": piece}
    yield "response.reasoning_summary_text.done", {"summary_index": 0, "text": text}


def _text(item: JSON) -> Iterator[Told]:
    part = item["content"][0]
    yield "response.content_part.added", {"content_index": 0, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield "response.output_text.delta", {"content_index": 0, "delta": piece}
    yield "response.output_text.done", {"content_index": 0, "text": part["text"]}
    yield "response.content_part.done", {"content_index": 0, "part": part}


def _argued(item: JSON) -> Iterator[Told]:
    for piece in pieces(item["arguments"], 6):
        yield "response.function_call_arguments.delta", {"delta": piece}
    yield "response.function_call_arguments.done", {"arguments": item["arguments"]}


_INSIDE: Mapping[str, tuple[dict[str, Any], Callable[[JSON], Iterator[Told]]]] = {
    "reasoning": ({"summary": []}, _summary),
    "message": ({"content": [], "status": "in_progress"}, _text),
    "function_call": ({"arguments": "", "status": "in_progress"}, _argued),
}
"""Kind of item -> what it lacks when it is added, and the events that bring it."""


def _status(said: Said) -> str:
    return "incomplete" if said.stop == "length" else "completed"


def _response(said: Said, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
    told: dict[str, Any] = {
        "id": f"resp_{said.id}",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": cut,
        "model": said.model,
        "output": output,
        "usage": None,
    }
    if status != "in_progress" and said.tells_usage:
        counts = {"input_tokens": said.prompt, "output_tokens": said.output}
        told["usage"] = {**counts, "total_tokens": said.prompt + said.output}
    return told


def _event(number: int, kind: str, fields: dict[str, Any]) -> bytes:
    return event({"type": kind, "sequence_number": number, **fields}, kind)


RESPONSES = Wire(
    dialect="openai-responses",
    path=re.compile(r"/responses$"),
    base="/v1",
    stream_type="text/event-stream",
    read=read,
    whole=whole,
    stream=stream,
    refusal=refusal,
    failure=failure,
    comment=b": a comment\n\n",
)
