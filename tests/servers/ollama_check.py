"""The protocol faults that a request to Ollama's `/api/chat` can hold. No IO.

Ollama itself ignores what it does not know; this judge does not, because what is ignored is lost.
https://docs.ollama.com/api/chat
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from servers.wire import Body, Issued, Received

Object = dict[str, Any]

TOP_KEYS = frozenset(
    {
        *("model", "messages", "tools", "stream", "think", "format", "options", "keep_alive"),
        *("truncate", "shift"),
    }
)
MESSAGE_KEYS: dict[str, frozenset[str]] = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content", "images"}),
    "assistant": frozenset({"role", "content", "thinking", "tool_calls"}),
    "tool": frozenset({"role", "content", "tool_name", "tool_call_id", "images"}),
}
OPTION_KEYS = frozenset(
    {
        *("num_ctx", "num_predict", "num_keep", "temperature", "top_k", "top_p", "min_p", "stop"),
        *("seed", "repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty"),
    }
)
LEVELS = ("low", "medium", "high", "max")
LEGAL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check(received: Received, issued: Issued) -> list[str]:
    """Every fault of a request that came over the wire."""
    return faults(received.body)


def faults(body: Body) -> list[str]:
    """Every fault in one request, each as a line that says where; an empty list for a sound one."""
    return [*_top(body), *_tools(body), *_messages(body)]


def _top(body: Body) -> Iterator[str]:
    yield from _unknown("request", body, TOP_KEYS)
    yield from _unknown("options", body.get("options") or {}, OPTION_KEYS)
    if not isinstance(body.get("stream"), bool):
        yield "stream is not said: the default is to stream"
    think = body.get("think")
    if think is not None and not isinstance(think, bool) and think not in LEVELS:
        yield f"think {think!r}"
    if not body.get("messages"):
        yield "no messages"
    form = body.get("format", "json")
    if form != "json" and not isinstance(form, dict):
        yield f"format {form!r}"
    for name in ("num_ctx", "num_predict"):
        number = (body.get("options") or {}).get(name, 1)
        if not isinstance(number, int) or number < 1:
            yield f"options: {name} {number!r}"


def _tools(body: Body) -> Iterator[str]:
    names: set[str] = set()
    if body.get("tools") == []:
        yield "an empty list of tools"
    for index, tool in enumerate(body.get("tools") or []):
        at, function = f"tool {index}", tool.get("function") or {}
        name = str(function.get("name"))
        if tool.get("type") != "function":
            yield f"{at}: type {tool.get('type')!r}"
        if not LEGAL_NAME.fullmatch(name):
            yield f"{at}: illegal name {name!r}"
        if name in names:
            yield f"{at}: second tool named {name}"
        names.add(name)
        yield from _unknown(at, tool, frozenset({"type", "function"}))
        yield from _unknown(at, function, frozenset({"name", "description", "parameters"}))
        if (function.get("parameters") or {}).get("type") != "object":
            yield f"{at}: parameters are not an object schema"


def _messages(body: Body) -> Iterator[str]:
    waiting: list[tuple[str, str]] = []
    for index, message in enumerate(body.get("messages") or []):
        at, role = f"message {index}", message.get("role")
        if role not in MESSAGE_KEYS:
            yield f"{at}: unknown role {role!r}"
            continue
        yield from _unknown(at, message, MESSAGE_KEYS[role])
        yield from _content(at, message)
        if role == "tool":
            yield from _answer(at, message, waiting)
            continue
        if waiting:
            yield f"{at}: calls not answered before it: {waiting}"
        waiting = []
        for call in message.get("tool_calls") or []:
            yield from _call(at, call)
            waiting.append(
                (str((call.get("function") or {}).get("name")), str(call.get("id") or ""))
            )
    if waiting:
        yield f"end: calls not answered: {waiting}"


def _content(at: str, message: Object) -> Iterator[str]:
    content = message.get("content", "")
    if not isinstance(content, str):
        yield f"{at}: content is no text"
    if not (content or message.get("images") or message.get("tool_calls")):
        yield f"{at}: nothing said"
    if message.get("tool_calls") == [] or message.get("images") == []:
        yield f"{at}: an empty list"
    for image in message.get("images") or []:
        if not _is_base64(image):
            yield f"{at}: an image that is not bare base64: {str(image)[:16]!r}"


def _call(at: str, call: Object) -> Iterator[str]:
    function = call.get("function") or {}
    yield from _unknown(at, call, frozenset({"id", "type", "function"}))
    yield from _unknown(at, function, frozenset({"index", "name", "description", "arguments"}))
    if not LEGAL_NAME.fullmatch(str(function.get("name"))):
        yield f"{at}: illegal call name {function.get('name')!r}"
    if not isinstance(function.get("arguments"), dict):
        yield f"{at}: arguments are no object"


def _answer(at: str, message: Object, waiting: list[tuple[str, str]]) -> Iterator[str]:
    """A result names its tool; with an id as well, it answers that very call."""
    name, id = message.get("tool_name"), message.get("tool_call_id")
    if not name:
        yield f"{at}: a result without the name of its tool"
    found = next(
        (call for call in waiting if call[0] == name and (not id or not call[1] or call[1] == id)),
        None,
    )
    if found is None:
        yield f"{at}: answers {name!r}, which is not an open call"
    else:
        waiting.remove(found)


def _is_base64(image: object) -> bool:
    if not isinstance(image, str) or not image:
        return False
    try:
        b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _unknown(at: str, value: Object, known: frozenset[str]) -> Iterator[str]:
    for key in sorted(value.keys() - known):
        yield f"{at}: unknown field {key}"
