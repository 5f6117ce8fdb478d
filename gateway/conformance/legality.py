"""The order of an event stream, as clients rely on it. No IO.

Reference: https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Event = Mapping[str, Any]

DELTAS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text_delta", "citations_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "tool_use": frozenset({"input_json_delta"}),
    "server_tool_use": frozenset({"input_json_delta"}),
}
"""Block type -> the deltas that may grow it; other blocks come whole."""


def faults_of(events: Iterable[Event]) -> list[str]:
    """What is wrong with a complete stream; nothing when it is legal."""
    reader = _Reader()
    for event in events:
        reader.read(event)
    if reader.state != "ended":
        reader.faults.append("the stream ends without message_stop")
    return list(dict.fromkeys(reader.faults))


class _Reader:
    def __init__(self) -> None:
        self.state = "empty"
        """`empty`, `started`, `closing` (after message_delta) or `ended`."""
        self.faults: list[str] = []
        self._open: Mapping[str, Any] | None = None
        self._index = -1
        self._text = ""

    def read(self, event: Event) -> None:
        kind = str(event.get("type"))
        if kind == "ping":
            return
        if self.state == "ended":
            self.faults.append(f"{kind} after message_stop")
        elif self.state == "empty" and kind != "message_start":
            self.faults.append(f"{kind} before message_start")
        if (read := _READERS.get(kind)) is not None:
            read(self, event)

    def message_start(self, event: Event) -> None:
        message = _object(event.get("message"))
        self._require(self.state == "empty", "a second message_start")
        self._require(message.get("content") == [], "message_start holds content")
        self._require("input_tokens" in _object(message.get("usage")), "message_start lacks usage")
        self._require(bool(message.get("id")), "the message has no id")
        self.state = "started"

    def block_start(self, event: Event) -> None:
        self._require(self.state != "closing", "a content block after message_delta")
        self._require(self._open is None, "a content block inside another one")
        self._index += 1
        self._require(event.get("index") == self._index, "the indexes of blocks are not dense")
        self._open = _object(event.get("content_block"))
        self._text = str(self._open.get("text") or "")

    def delta(self, event: Event) -> None:
        delta, opened = _object(event.get("delta")), self._open
        if opened is None:
            self.faults.append("a delta outside a content block")
            return
        kind = str(opened.get("type"))
        fits = delta.get("type") in DELTAS.get(kind, frozenset())
        self._require(fits, f"{delta.get('type')} inside a {kind} block")
        self._require(event.get("index") == self._index, "a delta of another block")
        self._text += str(delta.get("text") or "")

    def block_stop(self, event: Event) -> None:
        self._require(self._open is not None, "a content_block_stop without its start")
        is_text = self._open is not None and self._open.get("type") == "text"
        self._require(not is_text or bool(self._text.strip()), "an empty text block")
        self._require(event.get("index") == self._index, "the content_block_stop of another block")
        self._open = None

    def message_delta(self, event: Event) -> None:
        self._require(self._open is None, "message_delta inside a content block")
        reason = _object(event.get("delta")).get("stop_reason")
        self._require(bool(reason), "message_delta lacks a stop_reason")
        self._require(
            "output_tokens" in _object(event.get("usage")), "message_delta lacks output_tokens"
        )
        self.state = "closing"

    def message_stop(self, _event: Event) -> None:
        self._require(self.state == "closing", "message_stop without message_delta")
        self.state = "ended"

    def _require(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_READERS: Mapping[str, Callable[[_Reader, Event], None]] = {
    "message_start": _Reader.message_start,
    "content_block_start": _Reader.block_start,
    "content_block_delta": _Reader.delta,
    "content_block_stop": _Reader.block_stop,
    "message_delta": _Reader.message_delta,
    "message_stop": _Reader.message_stop,
}
