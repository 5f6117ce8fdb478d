"""The protocol faults that a request to the Responses API can hold. No IO.

Strict where the real server is strict, and for a client that keeps no state there: nothing is stored,
nothing is referred to, encrypted reasoning is asked for and comes back as it was, before its calls.
https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from servers.responses_wire import ENCRYPTED, SEARCH_TOOLS, items_of
from servers.wire import Body, Issued, Received, is_object_text

Item = dict[str, Any]

TOP_KEYS = frozenset(
    {
        *("include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata"),
        *("model", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store"),
        *("stream", "stream_options", "temperature", "text", "tool_choice", "tools"),
        *("top_logprobs", "top_p", "truncation", "user"),
    }
)
"""Without those that lean on stored state: `previous_response_id`, `conversation`, `background`."""

ITEM_KEYS: dict[str, frozenset[str]] = {
    "message": frozenset({"type", "id", "role", "content", "status", "phase"}),
    "reasoning": frozenset({"type", "id", "summary", "content", "encrypted_content", "status"}),
    "function_call": frozenset({"type", "id", "call_id", "name", "arguments", "status"}),
    "function_call_output": frozenset({"type", "id", "call_id", "output", "status"}),
    "web_search_call": frozenset({"type", "id", "status", "action"}),
}
INPUT_PARTS: dict[str, frozenset[str]] = {
    "input_text": frozenset({"type", "text", "prompt_cache_breakpoint"}),
    "input_image": frozenset({"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"}),
    "input_file": frozenset(
        {"type", "file_data", "file_id", "file_url", "filename", "prompt_cache_breakpoint"}
    ),
}
OUTPUT_PARTS: dict[str, frozenset[str]] = {
    "output_text": frozenset({"type", "text", "annotations", "logprobs"}),
    "refusal": frozenset({"type", "refusal"}),
}
PARTS = {
    "user": INPUT_PARTS,
    "system": INPUT_PARTS,
    "developer": INPUT_PARTS,
    "assistant": OUTPUT_PARTS,
}
FUNCTION_KEYS = frozenset(
    {"type", "name", "description", "parameters", "strict", "defer_loading", "output_schema"}
)
SEARCH_KEYS = frozenset(
    {"type", "filters", "user_location", "search_context_size", "external_web_access"}
)
INCLUDABLE = frozenset({ENCRYPTED, "web_search_call.action.sources", "web_search_call.results"})
REASONING_KEYS = frozenset({"effort", "summary", "context", "mode", "generate_summary"})
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
SUMMARIES = frozenset({"auto", "concise", "detailed", None})
LEGAL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_CALL_ID = 64
LEAST_OUTPUT = 16


def check(received: Received, issued: Issued) -> list[str]:
    """Every fault of a request that came over the wire."""
    return faults(received.body, issued)


def faults(body: Body, issued: Issued | None = None) -> list[str]:
    """Every fault in one request, each as a line that says where; an empty list for a sound one.

    Reasoning is compared with what was `issued`; without that, only its form and its place are judged.
    """
    return [*_top(body), *_reasoning_field(body), *_tools(body), *_Items(issued).judge(body)]


def _top(body: Body) -> Iterator[str]:
    yield from _unknown("request", body, TOP_KEYS)
    if body.get("store") is not False:
        yield "store is not false"
    if not body.get("input"):
        yield "no input"
    if "stream_options" in body and not body.get("stream"):
        yield "stream_options without stream"
    if body.get("max_output_tokens", LEAST_OUTPUT) < LEAST_OUTPUT:
        yield f"max_output_tokens is below {LEAST_OUTPUT}"
    for name in body.get("include") or []:
        if name not in INCLUDABLE:
            yield f"cannot include {name!r}"
    if not isinstance(body.get("instructions", ""), str):
        yield "instructions are not text"


def _reasoning_field(body: Body) -> Iterator[str]:
    reasoning = body.get("reasoning")
    if reasoning is None:
        return
    yield from _unknown("reasoning", reasoning, REASONING_KEYS)
    if reasoning.get("effort", "low") not in EFFORTS:
        yield f"reasoning: effort {reasoning['effort']!r}"
    if reasoning.get("summary") not in SUMMARIES:
        yield f"reasoning: summary {reasoning['summary']!r}"
    if reasoning.get("effort") != "none" and ENCRYPTED not in (body.get("include") or []):
        yield "reasoning that is not included: it would be lost"


def _tools(body: Body) -> Iterator[str]:
    names: set[str] = set()
    tools = body.get("tools") or []
    if not tools:
        for key in sorted({"tools", "tool_choice", "parallel_tool_calls"} & body.keys()):
            yield f"{key} without tools"
    for index, tool in enumerate(tools):
        at = f"tool {index}"
        if tool.get("type") in SEARCH_TOOLS:
            yield from _unknown(at, tool, SEARCH_KEYS)
            continue
        name = str(tool.get("name"))
        if tool.get("type") != "function":
            yield f"{at}: type {tool.get('type')!r}"
        if not LEGAL_NAME.fullmatch(name):
            yield f"{at}: illegal name {name!r}"
        if name in names:
            yield f"{at}: second tool named {name}"
        names.add(name)
        yield from _unknown(at, tool, FUNCTION_KEYS)
        yield from _function(at, tool)
    choice = body.get("tool_choice")
    if (
        isinstance(choice, dict)
        and choice.get("type") == "function"
        and choice["name"] not in names
    ):
        yield f"tool_choice: no tool named {choice['name']!r}"


def _function(at: str, tool: Item) -> Iterator[str]:
    if not isinstance(tool.get("strict"), bool):
        yield f"{at}: strict is not said"
    parameters = tool.get("parameters")
    if not isinstance(parameters, dict) or parameters.get("type", "object") != "object":
        yield f"{at}: parameters are not an object schema"
    elif tool.get("strict") and not (
        parameters.get("additionalProperties") is False
        and set(parameters.get("required", ())) == set(parameters.get("properties", ()))
    ):
        yield f"{at}: strict, but the schema is open"


@dataclass(slots=True)
class _Items:
    """Judges the input, item by item."""

    issued: Issued | None
    waiting: set[str] = field(default_factory=set)
    """Calls without their output."""
    seen: set[str] = field(default_factory=set)
    """The ids of all calls, and of all reasoning."""
    thought: Item | None = None
    """Reasoning that nothing has followed yet."""
    led_to: set[str] = field(default_factory=set)
    """The calls of the reasoning items so far."""

    def judge(self, body: Body) -> Iterator[str]:
        for index, item in enumerate(items_of(body)):
            at, kind = f"item {index}", item.get("type", "message")
            if kind not in ITEM_KEYS:
                yield f"{at}: unknown type {kind!r}"
                continue
            yield from _unknown(at, item, ITEM_KEYS[kind])
            if self.thought is not None and not _is_models(item):
                yield f"{at}: the reasoning before it leads to nothing"
                self.thought = None
            if self.waiting and kind == "message":
                yield f"{at}: calls not answered before it: {sorted(self.waiting)}"
                self.waiting.clear()
            yield from JUDGES[kind](self, at, item)
        if self.thought is not None:
            yield "end: reasoning that leads to nothing"
        if self.waiting:
            yield f"end: calls not answered: {sorted(self.waiting)}"

    def message(self, at: str, item: Item) -> Iterator[str]:
        role, content = item.get("role"), item.get("content")
        self.thought = None
        if role not in PARTS:
            yield f"{at}: unknown role {role!r}"
            return
        if not content:
            yield f"{at}: no content"
        if not isinstance(content, str):
            yield from _parts(at, content or [], PARTS[role])

    def reasoning(self, at: str, item: Item) -> Iterator[str]:
        id = str(item.get("id"))
        self.thought = item
        if id in self.seen:
            yield f"{at}: reasoning {id} stands here twice"
        self.seen.add(id)
        if not item.get("encrypted_content"):
            yield f"{at}: reasoning without its encrypted content"
        if not isinstance(item.get("summary"), list):
            yield f"{at}: reasoning without a summary, which may be empty"
        if self.issued is None:
            return
        own = self.issued.reasoning.get(id)
        if own is None:
            yield f"{at}: foreign reasoning {id}"
        elif own.encrypted != item.get("encrypted_content"):
            yield f"{at}: the encrypted content of {id} could not be verified"
        else:
            self.led_to.update(own.call_ids)

    def function_call(self, at: str, item: Item) -> Iterator[str]:
        call_id, name = str(item.get("call_id")), str(item.get("name"))
        self.thought = None
        if not item.get("call_id") or len(call_id) > LONGEST_CALL_ID:
            yield f"{at}: call id {item.get('call_id')!r}"
        if call_id in self.seen:
            yield f"{at}: call id {call_id} is used twice"
        self.seen.add(call_id)
        self.waiting.add(call_id)
        if not str(item.get("id", "fc_")).startswith("fc"):
            yield f"{at}: item id {item['id']!r}"
        if not LEGAL_NAME.fullmatch(name):
            yield f"{at}: illegal call name {name!r}"
        if not is_object_text(item.get("arguments")):
            yield f"{at}: arguments are not the text of a JSON object"
        owned = self.issued.reasoning.values() if self.issued else ()
        if any(call_id in own.call_ids for own in owned) and call_id not in self.led_to:
            yield f"{at}: the reasoning of call {call_id} does not stand before it"

    def function_call_output(self, at: str, item: Item) -> Iterator[str]:
        call_id, output = item.get("call_id"), item.get("output")
        if call_id not in self.waiting:
            yield f"{at}: answers {call_id!r}, which is not an open call"
        self.waiting.discard(str(call_id))
        if isinstance(output, list) and output:
            yield from _parts(at, output, INPUT_PARTS)
        elif not isinstance(output, str):
            yield f"{at}: no output"

    def web_search_call(self, at: str, item: Item) -> Iterator[str]:
        self.thought = None
        if not str(item.get("id")).startswith("ws_"):
            yield f"{at}: item id {item.get('id')!r}"


JUDGES = {
    "message": _Items.message,
    "reasoning": _Items.reasoning,
    "function_call": _Items.function_call,
    "function_call_output": _Items.function_call_output,
    "web_search_call": _Items.web_search_call,
}


def _is_models(item: Item) -> bool:
    """The model said it, so that reasoning may stand before it."""
    kind = item.get("type", "message")
    return kind in ("reasoning", "function_call", "web_search_call") or (
        kind == "message" and item.get("role") == "assistant"
    )


def _parts(at: str, parts: list[Item], known: dict[str, frozenset[str]]) -> Iterator[str]:
    for part in parts:
        kind = part.get("type")
        if kind not in known:
            yield f"{at}: part {kind!r} does not stand here"
            continue
        yield from _unknown(at, part, known[kind])
        if kind in ("input_text", "output_text") and not part.get("text"):
            yield f"{at}: an empty text"
        image = part.get("image_url")
        if image is not None and not str(image).startswith(("data:image/", "http")):
            yield f"{at}: image_url is no address"


def _unknown(at: str, value: Item, known: frozenset[str]) -> Iterator[str]:
    for key in sorted(value.keys() - known):
        yield f"{at}: unknown field {key}"
