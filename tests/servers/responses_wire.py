"""A step written as a response of OpenAI's Responses API, whole or streamed in small pieces. No IO.

The server thinks unless it is told not to, shows a summary when it is asked for one, and hands out
encrypted reasoning when the request includes it.
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from servers.error_answers import ErrorAnswer
from servers.plays import Search, Source, Text, Thinking, ToolCall, Turn
from servers.wire import (
    ARGUMENT_PIECE,
    TEXT_PIECE,
    THINKING_PIECE,
    Asked,
    Body,
    Reasoning,
    Usage,
    pieces,
    text_of,
)

Item = dict[str, Any]

ENCRYPTED = "reasoning.encrypted_content"
SEARCH_TOOLS = frozenset({"web_search", "web_search_2025_08_26"})
MIDSTREAM_ERROR = (
    b"event: error\n"
    b'data: {"type": "error", "code": "server_error", "message": "The provider gave up.", '
    b'"param": null, "sequence_number": 99}\n\n'
)
CODES = {404: "model_not_found", 429: "rate_limit_exceeded"}


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, ready to be written."""

    asked: Asked
    items: list[Item]
    id: str = field(default_factory=lambda: f"resp_{uuid.uuid4().hex}")

    def whole(self) -> Body:
        """The `response` object."""
        return self._object(self._ending(), self.items)

    def events(self) -> list[bytes]:
        """The stream, one server-sent event each, up to the event that says how it ended."""
        opened = {"response": self._object("in_progress", [])}
        said = [("response.created", opened), ("response.in_progress", opened), *self._items()]
        if "no-finish" not in self.asked.faults:
            ending = self._ending()
            said.append((f"response.{ending}", {"response": self._object(ending, self.items)}))
        return [_event(kind, number, fields) for number, (kind, fields) in enumerate(said)]

    def _items(self) -> Iterator[tuple[str, Item]]:
        calls = [
            (index, item)
            for index, item in enumerate(self.items)
            if item["type"] == "function_call"
        ]
        for index, item in enumerate(self.items):
            if "interleave" not in self.asked.faults or item["type"] != "function_call":
                yield from _item_events(index, item, self.asked)
        if "interleave" in self.asked.faults:
            columns = zip_longest(*(_item_events(*call, self.asked) for call in calls))
            yield from (event for column in columns for event in column if event is not None)

    def _ending(self) -> str:
        return next(
            (name for name in ("failed", "incomplete") if name in self.asked.faults), "completed"
        )

    def _object(self, status: str, output: list[Item]) -> Body:
        body, faults = self.asked.body, self.asked.faults
        ended = status != "in_progress"
        failed = {"code": "server_error", "message": "The provider gave up."}
        return {
            "id": self.id,
            "object": "response",
            "created_at": 1_700_000_000,
            "status": status,
            "error": failed if status == "failed" else None,
            "incomplete_details": {"reason": "max_output_tokens"}
            if status == "incomplete"
            else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self.asked.model,
            "output": output,
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None} | (body.get("reasoning") or {}),
            "store": body.get("store", True),
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools", []),
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": usage(self.asked.usage) if ended and "no-usage" not in faults else None,
            "metadata": {},
        }


def answer(asked: Asked) -> Response:
    """The items of the step, whose reasoning is remembered as issued."""
    items: list[Item] = []
    sources: tuple[Source, ...] = ()
    for part in asked.step:
        match part:
            case Thinking(text) if _thinks(asked):
                items.append(_reasoning(text, asked))
            case Search() if asked.searches(_has_search(asked.body)):
                items.append(_searched(part))
                sources = part.sources
            case Text(text):
                items.append(_message(text, sources))
            case ToolCall(name):
                items.append(_call(name, part.arguments, asked))
    _remember(items, asked)
    return Response(asked, items)


def usage(spent: Usage) -> Body:
    """The `usage` object of a response."""
    return {
        "input_tokens": spent.prompt,
        "input_tokens_details": {"cached_tokens": spent.cached, "cache_write_tokens": 0},
        "output_tokens": spent.completion,
        "output_tokens_details": {"reasoning_tokens": spent.reasoning},
        "total_tokens": spent.prompt + spent.completion,
    }


def turns(body: Body) -> list[Turn]:
    """The request's items in the terms that choose a step: calls in a row are one turn."""
    told: list[Turn] = []
    for item in items_of(body):
        match item.get("type", "message"):
            case "message":
                text = item["content"] if isinstance(item["content"], str) else _said(item)
                told.append(Turn(item.get("role", ""), text, calls=False))
            case "function_call" if not (told and told[-1].calls):
                told.append(Turn("assistant", "", calls=True))
            case "function_call_output":
                told.append(Turn("tool", "", calls=False))
    return told


def items_of(body: Body) -> list[Item]:
    """The input as items."""
    value = body.get("input", [])
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


def offered(body: Body) -> set[str]:
    """The names of the client's tools."""
    return {tool["name"] for tool in body.get("tools", []) if tool["type"] == "function"}


def error(given: ErrorAnswer) -> Body:
    """The error body of the Responses API."""
    return {
        "error": {
            "message": given.message,
            "type": "invalid_request_error" if given.status < 500 else "server_error",
            "param": None,
            "code": given.code or CODES.get(given.status),
        }
    }


# -- items -------------------------------------------------------------------------------------------


def _thinks(asked: Asked) -> bool:
    return (asked.body.get("reasoning") or {}).get("effort") != "none"


def _has_search(body: Body) -> bool:
    return any(tool.get("type") in SEARCH_TOOLS for tool in body.get("tools", []))


def _reasoning(text: str, asked: Asked) -> Item:
    shown = (asked.body.get("reasoning") or {}).get("summary") and "no-summary" not in asked.faults
    item: Item = {
        "id": f"rs_{uuid.uuid4().hex}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text}] if shown else [],
    }
    asked.issued.hidden.append(item["id"])
    if ENCRYPTED in (asked.body.get("include") or []):
        item["encrypted_content"] = asked.issued.secret()
    return item


def _searched(search: Search) -> Item:
    action = {"type": "search", "query": search.query, "queries": [search.query]}
    item = {"id": f"ws_{uuid.uuid4().hex}", "type": "web_search_call", "status": "completed"}
    return item | {"action": action}


def _message(text: str, sources: tuple[Source, ...]) -> Item:
    """Each source is cited at the whole text."""
    cited = [
        {
            "type": "url_citation",
            "start_index": 0,
            "end_index": len(text),
            "url": source.url,
            "title": source.title,
        }
        for source in sources
    ]
    content = {"type": "output_text", "text": text, "annotations": cited, "logprobs": []}
    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [content],
    }


def _call(name: str, arguments: str, asked: Asked) -> Item:
    call_id = "call_0" if "same-ids" in asked.faults else f"call_{uuid.uuid4().hex[:24]}"
    return {
        "id": f"fc_{uuid.uuid4().hex}",
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": call_id,
        "name": name,
    }


def _remember(items: list[Item], asked: Asked) -> None:
    calls = tuple(item["call_id"] for item in items if item["type"] == "function_call")
    for item in items:
        if item["type"] == "reasoning" and "encrypted_content" in item:
            kept = Reasoning(item["encrypted_content"], calls)
            asked.issued.reasoning[item["id"]] = kept


def _said(item: Item) -> str:
    return text_of(
        {"content": [{**part, "type": "text"} for part in item["content"] if "text" in part]}
    )


# -- events ------------------------------------------------------------------------------------------


def _item_events(index: int, item: Item, asked: Asked) -> Iterator[tuple[str, Item]]:
    at = {"output_index": index, "item_id": item["id"]}
    added = {**item, **EMPTY[item["type"]]}
    if "status" in item:
        added["status"] = "in_progress"
    if "encrypted_content" in item:
        # What is not yet complete must not be kept: the judge does not know it.
        added["encrypted_content"] = asked.issued.secret(24)
    yield "response.output_item.added", {"output_index": index, "item": added}
    yield from INSIDE[item["type"]](item, at, asked)
    yield "response.output_item.done", {"output_index": index, "item": item}


def _summary_events(item: Item, at: Item, asked: Asked) -> Iterator[tuple[str, Item]]:
    for number, part in enumerate(item["summary"]):
        here = {**at, "summary_index": number}
        start = {"type": "summary_text", "text": ""}
        yield "response.reasoning_summary_part.added", {**here, "part": start}
        for piece in pieces(part["text"], THINKING_PIECE):
            yield "response.reasoning_summary_text.delta", {**here, "delta": piece}
        yield "response.reasoning_summary_text.done", {**here, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**here, "part": part}


def _message_events(item: Item, at: Item, asked: Asked) -> Iterator[tuple[str, Item]]:
    for number, part in enumerate(item["content"]):
        here = {**at, "content_index": number}
        start = {**part, "text": "", "annotations": []}
        yield "response.content_part.added", {**here, "part": start}
        for piece in pieces(part["text"], TEXT_PIECE):
            yield "response.output_text.delta", {**here, "delta": piece, "logprobs": []}
        for place, cited in enumerate(part["annotations"]):
            note = {"annotation_index": place, "annotation": cited}
            yield "response.output_text.annotation.added", {**here, **note}
        yield "response.output_text.done", {**here, "text": part["text"], "logprobs": []}
        yield "response.content_part.done", {**here, "part": part}


def _call_events(item: Item, at: Item, asked: Asked) -> Iterator[tuple[str, Item]]:
    if "args-in-item" in asked.faults:
        return
    if "args-in-done" not in asked.faults:
        for piece in pieces(item["arguments"], ARGUMENT_PIECE):
            yield "response.function_call_arguments.delta", {**at, "delta": piece}
    done = {"arguments": item["arguments"], "name": item["name"]}
    yield "response.function_call_arguments.done", {**at, **done}


def _search_events(item: Item, at: Item, asked: Asked) -> Iterator[tuple[str, Item]]:
    for state in ("in_progress", "searching", "completed"):
        yield f"response.web_search_call.{state}", at


EMPTY: dict[str, Item] = {
    "reasoning": {"summary": []},
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "web_search_call": {},
}
"""What an item has not yet when it is added."""

INSIDE = {
    "reasoning": _summary_events,
    "message": _message_events,
    "function_call": _call_events,
    "web_search_call": _search_events,
}


def _event(kind: str, number: int, fields: Item) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()
