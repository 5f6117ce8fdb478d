"""What facts ask of a conversation, read of each passage once. No IO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway import json_text
from gateway.dialects.turns import blocks_of
from gateway.messages import MessagesRequest

Message = Mapping[str, Any]
Call = tuple[Any, bytes]
"""The name of a tool, and a digest of what it was given."""


class Said(NamedTuple):
    """Of some messages that follow each other."""

    kinds: frozenset[str]
    """Types of blocks, those inside results too, and `tool_error` for a result that is one."""
    calls: tuple[Call, ...]
    ids: frozenset[str]
    """Of the calls."""
    system: tuple[str, ...]
    """The texts of system messages."""
    user: tuple[str, ...] | None
    """The texts of the last message of the user that is not a mere answer of tools; None without one."""


def said_in(request: MessagesRequest) -> list[Said]:
    """Of each passage of the conversation."""
    return request.each("said", _said, _size)


def _said(messages: Sequence[Message]) -> Said:
    calls = [
        block
        for message in messages
        if message.get("role") == "assistant"
        for block in blocks_of(message)
        if block.get("type") == "tool_use"
    ]
    later = (message for message in messages if message.get("role") == "system")
    last = _last_of_user(messages)
    return Said(
        frozenset(kind for message in messages for kind in _kinds_of(message)),
        tuple((call.get("name"), _digest(call.get("input"))) for call in calls),
        frozenset(_ids(messages)),
        tuple(str(b.get("text") or "") for message in later for b in blocks_of(message)),
        None if last is None else tuple(_texts(last)),
    )


def _kinds_of(message: Message) -> Iterator[str]:
    for block in blocks_of(message):
        kind = str(block.get("type"))
        yield kind
        if kind == "tool_result":
            yield from (str(inner.get("type")) for inner in blocks_of(block))
            if block.get("is_error"):
                yield "tool_error"


def _ids(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        for block in blocks_of(message):
            if block.get("type") == "tool_use":
                yield str(block.get("id"))


def _last_of_user(messages: Sequence[Message]) -> Message | None:
    said = (
        message
        for message in reversed(messages)
        if message.get("role") == "user"
        and any(block.get("type") != "tool_result" for block in blocks_of(message))
    )
    return next(said, None)


def _texts(message: Message) -> Iterator[str]:
    for block in blocks_of(message):
        if block.get("type") == "text":
            yield str(block.get("text") or "")


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(json_text.encode(value), digest_size=16).digest()


def _size(said: Said) -> int:
    texts = (*said.system, *(said.user or ()))
    return 800 + 250 * len(said.calls) + sum(4 * len(text) + 64 for text in texts)
