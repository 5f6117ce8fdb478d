"""Where the emitter writes: an event stream, or one JSON message. No IO.

Both are told the same things in the same order, so that a streamed and a whole answer cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gateway import json_text
from gateway.errors import GatewayError
from gateway.messages.vocabulary import Message, Usage

DELTAS: Mapping[str, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
    "server_tool_use": ("input_json_delta", "partial_json"),
}
"""Block type -> the type of its deltas, and the field that carries them."""

DELTA_END = b"}}\n\n"


class Writer(Protocol):
    """What the emitter calls; it keeps the order, a writer only writes."""

    def start(self, id: str, model: str, usage: Usage) -> None:
        """The message begins."""

    def block_start(self, index: int, block: dict[str, Any]) -> None:
        """A block begins; the deltas that follow are its own. `block` is the writer's to keep."""

    def delta(self, value: str) -> None:
        """The open block grows."""

    def deltas(self, values: Sequence[str]) -> None:
        """It grows several times, at least once."""

    def signature(self, signature: str) -> None:
        """The open thinking block is signed."""

    def block_stop(self) -> None:
        """The open block is complete."""

    def end(self, reason: str, stop_sequence: str | None, usage: Usage) -> None:
        """The message is complete."""

    def error(self, error: GatewayError) -> None:
        """The message broke off."""

    def ping(self) -> None:
        """Nothing to say yet."""

    def take(self) -> bytes:
        """What can be sent of what was written since the last call."""


def encode_event(name: str, data: Mapping[str, Any]) -> bytes:
    """One event of the wire. The name is always written: clients ignore records without one."""
    return b"event: " + name.encode() + b"\ndata: " + json_text.encode(data) + b"\n\n"


def error_event(error: GatewayError) -> bytes:
    """The last event of a stream that failed."""
    return b"event: error\ndata: " + error.event_body() + b"\n\n"


def opening(id: str, model: str) -> Message:
    """The message as it is before its first block, but for its usage, which comes last."""
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def ending(reason: str, stop_sequence: str | None) -> dict[str, Any]:
    """How the message ended. A refusal says what was refused, if anybody knows."""
    ended: dict[str, Any] = {"stop_reason": reason, "stop_sequence": stop_sequence}
    if reason == "refusal":
        ended["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return ended


class EventWriter:
    """Writes events into a buffer that the caller drains with `take`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._index = 0
        self._delta_prefix = b""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken

    def start(self, id: str, model: str, usage: Usage) -> None:
        message = opening(id, model)
        message["usage"] = usage.to_json()
        self._write("message_start", {"type": "message_start", "message": message})

    def block_start(self, index: int, block: dict[str, Any]) -> None:
        self._index = index
        if (names := DELTAS.get(block["type"])) is not None:
            # The constant part of every delta of this block, so that a chunk encodes only its text.
            self._delta_prefix = (
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
                b'"delta":{"type":"%b","%b":' % (index, names[0].encode(), names[1].encode())
            )
        self._write(
            "content_block_start",
            {"type": "content_block_start", "index": index, "content_block": block},
        )

    def delta(self, value: str) -> None:
        self._parts += (self._delta_prefix, json_text.encode(value), DELTA_END)

    def deltas(self, values: Sequence[str]) -> None:
        told = json_text.encode_each(values, DELTA_END + self._delta_prefix)
        self._parts += (self._delta_prefix, told, DELTA_END)

    def signature(self, signature: str) -> None:
        delta = {"type": "signature_delta", "signature": signature}
        self._write(
            "content_block_delta",
            {"type": "content_block_delta", "index": self._index, "delta": delta},
        )

    def block_stop(self) -> None:
        self._write("content_block_stop", {"type": "content_block_stop", "index": self._index})

    def end(self, reason: str, stop_sequence: str | None, usage: Usage) -> None:
        delta = ending(reason, stop_sequence)
        self._write(
            "message_delta", {"type": "message_delta", "delta": delta, "usage": usage.to_json()}
        )
        self._write("message_stop", {"type": "message_stop"})

    def error(self, error: GatewayError) -> None:
        self._parts.append(error_event(error))

    def ping(self) -> None:
        self._write("ping", {"type": "ping"})

    def _write(self, name: str, data: Mapping[str, Any]) -> None:
        self._parts.append(encode_event(name, data))


class MessageWriter:
    """Builds the whole message; `message` is it, once the emitter has ended."""

    def __init__(self) -> None:
        self.message: Message = {}
        self._block: dict[str, Any] = {}
        self._parts: list[str] = []

    def start(self, id: str, model: str, usage: Usage) -> None:
        self.message = opening(id, model)

    def block_start(self, index: int, block: dict[str, Any]) -> None:
        self._block = block
        self._parts = []
        self.message["content"].append(block)

    def delta(self, value: str) -> None:
        self._parts.append(value)

    def deltas(self, values: Sequence[str]) -> None:
        self._parts += values

    def signature(self, signature: str) -> None:
        self._block["signature"] = signature

    def block_stop(self) -> None:
        kind = self._block["type"]
        if kind == "text" or kind == "thinking":
            self._block[kind] = "".join(self._parts)
        elif kind == "tool_use" or kind == "server_tool_use":
            self._block["input"] = tool_input_of("".join(self._parts))

    def end(self, reason: str, stop_sequence: str | None, usage: Usage) -> None:
        self.message["usage"] = usage.to_json()
        self.message.update(ending(reason, stop_sequence))

    def error(self, error: GatewayError) -> None:
        """A whole answer that failed is none; whoever made it fail knows why."""

    def ping(self) -> None:
        """A whole answer has nobody to keep awake."""

    def take(self) -> bytes:
        """Nothing: a message is sent when it is complete."""
        return b""


UNPARSED_INPUT = "INVALID_JSON"
"""The key under which input that is not a JSON object reaches the client, as the API's documentation
of fine-grained tool streaming proposes: the model then sees its own broken text."""


def tool_input_of(text: str) -> dict[str, Any]:
    """The input object that a call's JSON text stands for; no text is no arguments."""
    if not text.strip():
        return {}
    try:
        value = json_text.decode(text)
    except json_text.NotJSON:
        value = text
    return value if isinstance(value, dict) else {UNPARSED_INPUT: value}
