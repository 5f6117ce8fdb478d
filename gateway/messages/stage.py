"""What the stages of an answer share: passing on what they leave as it is, or nothing. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.errors import GatewayError
from gateway.messages.vocabulary import Sink, StopReason, Usage


class Forwarding:
    """A sink before another one; a stage says what it does with text, and overrides what it changes.

    Whatever ends a text is told to `_leave` first: everything but the input and the end of a tool
    call, which follow its start, the usage, which is no part of the content, and a failure.
    """

    __slots__ = ("_sink",)

    text: Callable[[str], None]
    """What a stage says of it itself."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def _leave(self) -> None:
        """Something else than text is said, or nothing more."""

    def texts(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self.text(piece)

    def thinking(self, text: str) -> None:
        self._leave()
        self._sink.thinking(text)

    def signature(self, signature: str) -> None:
        self._leave()
        self._sink.signature(signature)

    def redacted_thinking(self, data: str) -> None:
        self._leave()
        self._sink.redacted_thinking(data)

    def block(self, block: Mapping[str, Any]) -> None:
        self._leave()
        self._sink.block(block)

    def tool_start(self, id: str | None, name: str) -> None:
        self._leave()
        self._sink.tool_start(id, name)

    def tool_input(self, fragment: str) -> None:
        self._sink.tool_input(fragment)

    def tool_end(self) -> None:
        self._sink.tool_end()

    def usage(self, usage: Usage) -> None:
        self._sink.usage(usage)

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        self._leave()
        self._sink.finish(reason, stop_sequence=stop_sequence)

    def fail(self, error: GatewayError) -> None:
        self._sink.fail(error)


class Silent:
    """A sink that takes everything and says nothing."""

    __slots__ = ()

    def text(self, text: str) -> None: ...

    def texts(self, pieces: Sequence[str]) -> None: ...

    def thinking(self, text: str) -> None: ...

    def signature(self, signature: str) -> None: ...

    def redacted_thinking(self, data: str) -> None: ...

    def block(self, block: Mapping[str, Any]) -> None: ...

    def tool_start(self, id: str | None, name: str) -> None: ...

    def tool_input(self, fragment: str) -> None: ...

    def tool_end(self) -> None: ...

    def usage(self, usage: Usage) -> None: ...

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None: ...

    def fail(self, error: GatewayError) -> None: ...
