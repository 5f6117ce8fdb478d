"""One tool call on its way through the relay: held until it is complete, then let go. No IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway import json_text
from gateway.messages import Silent, Sink, StopReason, encode_event
from gateway.sse import Event

UNTOLD: StopReason = "max_tokens"
"""The end that correction is told of: the true one comes after the call, so the worst is assumed."""


class Capture(Silent):
    """A sink that keeps what correction makes of one tool call."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.pieces: list[str] = []

    def tool_start(self, id: str | None, name: str) -> None:
        self.name = name

    def tool_input(self, fragment: str) -> None:
        self.pieces.append(fragment)


class WholeCall:
    """A `tool_use` block of a whole answer."""

    def __init__(self, block: dict[str, Any], correct: Callable[[Sink], Sink]) -> None:
        self._block = block
        self._arguments = json_text.encode_text(block.get("input") or {})
        self._capture = Capture()
        stage = correct(self._capture)
        stage.tool_start(_id_of(block), str(block.get("name") or ""))
        stage.tool_input(self._arguments)
        stage.tool_end()
        stage.finish(UNTOLD)

    def change(self) -> bool:
        """Gives the block what correction made of it; False when that is the same."""
        name, arguments = self._capture.name or "", "".join(self._capture.pieces)
        if (name, arguments) == (self._block.get("name"), self._arguments):
            return False
        self._block["name"], self._block["input"] = name, json_text.decode(arguments)
        return True


def _id_of(block: dict[str, Any]) -> str | None:
    id = block.get("id")
    return id if isinstance(id, str) else None


class HeldCall:
    """A `tool_use` block of a stream. Its events are kept and given back untouched if it is valid."""

    def __init__(self, event: Event, data: dict[str, Any], correct: Callable[[Sink], Sink]) -> None:
        self.index: int = data["index"]
        self._data = data
        self._block: dict[str, Any] = data["content_block"]
        self._capture = Capture()
        self._stage = correct(self._capture)
        self._held: list[bytes] = []
        self._pieces: list[str] = []
        self._stage.tool_start(_id_of(self._block), str(self._block.get("name") or ""))
        self.announced = self._capture.name is not None
        """The name is final, so the client may see that a call begins."""
        self.opening = event.raw if self.announced else b""
        if not self.announced:
            self._held.append(event.raw)

    @property
    def raw(self) -> bytes:
        """The events that are held."""
        return b"".join(self._held)

    def delta(self, event: Event, data: dict[str, Any]) -> None:
        """Takes an event of the block."""
        self._held.append(event.raw)
        change = data.get("delta")
        piece = change.get("partial_json") if isinstance(change, dict) else None
        if isinstance(piece, str):
            self._pieces.append(piece)
            self._stage.tool_input(piece)

    def stop(self) -> None:
        """The block is complete."""
        if not any(self._pieces) and self._block.get("input"):
            # Clients ignore input that stands in the opening event; it has to come as a delta.
            self._stage.tool_input(json_text.encode_text(self._block["input"]))
        self._stage.tool_end()
        self._stage.finish(UNTOLD)

    def rest(self, event: Event) -> bytes:
        """Everything of the block that the client has not seen; `event` is the one that stops it."""
        name, arguments = self._capture.name or "", "".join(self._capture.pieces)
        if name == self._block.get("name") and arguments == "".join(self._pieces):
            return self.raw + event.raw
        parts = []
        if not self.announced:
            block = {**self._block, "name": name}
            parts.append(
                encode_event("content_block_start", {**self._data, "content_block": block})
            )
        if arguments:
            delta = {"type": "input_json_delta", "partial_json": arguments}
            parts.append(input_delta(self.index, delta))
        return b"".join([*parts, event.raw])

    def heartbeat(self) -> bytes:
        """An empty piece of the input: older clients do not count `ping` events."""
        if not self.announced:
            return encode_event("ping", {"type": "ping"})
        return input_delta(self.index, {"type": "input_json_delta", "partial_json": ""})


def input_delta(index: int, delta: dict[str, str]) -> bytes:
    """A delta event."""
    return encode_event(
        "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}
    )
