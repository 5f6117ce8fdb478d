"""What has to have a certain shape in a request, so that nobody meets something else later. No IO.

Each check raises `InvalidRequest`, which names the place, or `OverBound`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, ValidationError, convert

from gateway import json_text
from gateway.errors import InvalidRequest, OverBound

MOST_TOOLS = 10_000
DEEPEST = 8
"""Levels of content inside blocks of content; the protocol has three."""


class _Texts(Struct, gc=False, kw_only=True):
    """What is text in blocks of the usual kinds."""

    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    tool_use_id: str = ""


class _Told(_Texts, gc=False, kw_only=True):
    """A text inside the result of a tool."""

    type: Literal["text"]


class _Block(_Texts, gc=False, kw_only=True):
    """A block of the kinds that most blocks are."""

    type: Literal["text", "thinking", "redacted_thinking", "tool_use", "tool_result"]
    content: str | list[_Told] | None = None


class _Usual(Struct, gc=False):
    """A message as most are: what has this shape need not be looked at piece by piece."""

    content: str | list[_Block] | None = None


def check_messages(messages: Sequence[Any], first: int = 0) -> None:
    """Messages are objects; `first` is the place of the first one in the request."""
    try:
        convert(messages, list[_Usual])
    except (ValidationError, UnicodeError):  # half a character may stand in a name
        _check_messages(messages, first)


def _check_messages(messages: Sequence[Any], first: int) -> None:
    for index, message in enumerate(messages, first):
        if not isinstance(message, dict):
            check_object(message, f"messages.{index}")
        content = message.get("content")
        if not isinstance(content, str):
            check_content(content, f"messages.{index}.content")


def check_tools(tools: Sequence[Any]) -> None:
    """Tools are objects, and so are their schemas."""
    if len(tools) > MOST_TOOLS:
        raise OverBound(f"tools: at most {MOST_TOOLS}, got {len(tools)}", bound="tools")
    for index, tool in enumerate(tools):
        check_object(tool, f"tools.{index}")
        check_object(tool.get("input_schema") or {}, f"tools.{index}.input_schema")


def check_object(value: Any, where: str) -> None:
    """The value is an object."""
    if not isinstance(value, dict):
        raise InvalidRequest(f"{where}: expected an object, got {json_text.kind_of(value)}")


def check_content(content: Any, where: str, depth: int = 0) -> None:
    """Content is text or a list of blocks, and so is the content inside a block."""
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise InvalidRequest(
            f"{where}: expected a string or an array of blocks, got {json_text.kind_of(content)}"
        )
    if depth > DEEPEST:
        raise OverBound(f"{where}: content is nested more than {DEEPEST} deep", bound="depth")
    for index, block in enumerate(content):
        if not isinstance(block, dict):
            check_object(block, f"{where}.{index}")
        if not all(map(isinstance, map(block.get, _TEXTS, _ABSENT), _STRINGS)):
            raise _no_text(block, f"{where}.{index}")
        kind = block.get("type")
        if kind in _WITH_CONTENT:
            check_content(block.get("content"), f"{where}.{index}.content", depth + 1)
        elif kind in _WITH_SOURCE:
            source: Any = block.get("source")
            check_object(source, f"{where}.{index}.source")
            check_content(source.get("content"), f"{where}.{index}.source.content", depth + 1)


def _no_text(block: Mapping[str, Any], where: str) -> InvalidRequest:
    wrong = (name for name in _TEXTS if not isinstance(block.get(name, ""), str))
    return InvalidRequest(f"{where}.{next(wrong)}: expected a string")


_TEXTS = ("type", "text", "thinking", "id", "name", "tool_use_id")
"""Fields of blocks that are strings where they are there: there are many blocks, so they are looked at
without a loop of ours."""
_ABSENT = ("",) * len(_TEXTS)
_STRINGS = (str,) * len(_TEXTS)
_WITH_CONTENT = frozenset({"tool_result", "search_result"})
_WITH_SOURCE = frozenset({"image", "document"})
