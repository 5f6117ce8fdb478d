"""Answers about tools that were given other names: the client gets its own names back. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import json_text
from gateway.dialects.anthropic.relay import Relay
from gateway.dialects.base import AnswerContext
from gateway.errors import UpstreamBroken
from gateway.messages import encode_event
from gateway.sse import Event, EventTooLarge, Splitter

Names = Mapping[str, str]
"""As the server was told -> as the client knows them."""


class RenamingRelay(Relay):
    """A relay that reads the provider's bytes with the client's names in them."""

    def __init__(self, context: AnswerContext, *, seals: bool = False) -> None:
        super().__init__(context, seals=seals)
        self._names = context.tool_names
        self._incoming = Splitter()
        self._body = bytearray()
        self._is_read = False

    def receive(self, chunk: bytes) -> bytes:
        if not self._context.upstream_streams:
            self._body += chunk
            return b""
        try:
            events = [with_client_name(e, self._names).raw for e in self._incoming.feed(chunk)]
        except EventTooLarge as error:
            raise UpstreamBroken(f"The provider's stream makes no sense: {error}.") from None
        return super().receive(b"".join(events))

    def finish(self) -> bytes:
        out = b""
        if not self._is_read:
            self._is_read = True
            rest = [with_client_name(event, self._names).raw for event in self._incoming.finish()]
            read = [renamed_whole(bytes(self._body), self._names)] if self._body else rest
            out = super().receive(b"".join(read))
        return out + super().finish()


def with_client_name(event: Event, names: Names) -> Event:
    """An event, written anew if it begins the call of a tool by another name."""
    if b"tool_use" not in event.data:
        return event
    try:
        data = json_text.decode(event.data)
    except json_text.NotJSON:
        return event  # the relay says what is wrong with it
    block = data.get("content_block") if isinstance(data, dict) else None
    if not isinstance(block, dict) or not _rename(block, names):
        return event
    return event._replace(raw=encode_event("content_block_start", data))


def renamed_whole(body: bytes, names: Names) -> bytes:
    """A whole answer; its very bytes when it calls no tool by another name."""
    try:
        message = json_text.decode(body)
    except json_text.NotJSON:
        return body  # the relay says what is wrong with it
    content = message.get("content") if isinstance(message, dict) else None
    blocks = [b for b in content if isinstance(b, dict)] if isinstance(content, list) else []
    changed = [_rename(block, names) for block in blocks]
    return json_text.encode(message) if any(changed) else body


def _rename(block: dict[str, Any], names: Names) -> bool:
    known = names.get(str(block.get("name"))) if block.get("type") == "tool_use" else None
    if known is None:
        return False
    block["name"] = known
    return True
