"""A sink for tests of what stands before one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import GatewayError
from gateway.messages import StopReason, Usage


class Recorder:
    """A sink that writes down what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def text(self, text: str) -> None:
        self.said.append(("text", text))

    def texts(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self.text(piece)

    def thinking(self, text: str) -> None:
        self.said.append(("thinking", text))

    def signature(self, signature: str) -> None:
        self.said.append(("signature", signature))

    def redacted_thinking(self, data: str) -> None:
        self.said.append(("redacted_thinking", data))

    def block(self, block: Mapping[str, Any]) -> None:
        self.said.append(("block", dict(block)))

    def tool_start(self, id: str | None, name: str) -> None:
        self.said.append(("tool_start", id, name))

    def tool_input(self, fragment: str) -> None:
        self.said.append(("tool_input", fragment))

    def tool_end(self) -> None:
        self.said.append(("tool_end",))

    def usage(self, usage: Usage) -> None:
        self.said.append(("usage", usage))

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        self.said.append(("finish", reason, stop_sequence))

    def fail(self, error: GatewayError) -> None:
        self.said.append(("fail", error))
