"""The stage of an answer that corrects its tool calls. No IO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.correction.catalog import ToolCatalog
from gateway.correction.result import MAX_ARGUMENTS, Correction, Mode
from gateway.correction.stages import correct, oversized
from gateway.errors import GatewayError
from gateway.messages import Sink, StopReason, Usage


class Corrector:
    """A sink before another one.

    `report` is told of every call that is not valid. In the mode `repair` the input of a call is
    held until the call is complete, and its start too when no tool has that name; clients cannot
    run a call earlier, so holding costs them nothing. In the mode `report` nothing is held and
    nothing changed; in the mode `off` nothing is looked at.

    Text, thinking and usage are never held. Content that arrives inside a call ends the call first;
    an empty or blank piece is no content, because several providers send one beside each fragment.
    """

    __slots__ = ("_call", "_catalog", "_mode", "_report", "_sink")

    def __init__(
        self,
        sink: Sink,
        catalog: ToolCatalog,
        *,
        mode: Mode,
        report: Callable[[Correction], None],
    ) -> None:
        self._sink = sink
        self._catalog = catalog
        self._mode = mode
        self._report = report
        self._call: _Call | None = None

    def text(self, text: str) -> None:
        """Forwarded at once."""
        if text and not text.isspace():
            self._end_call()
        self._sink.text(text)

    def thinking(self, text: str) -> None:
        """Forwarded at once."""
        if text:
            self._end_call()
        self._sink.thinking(text)

    def signature(self, signature: str) -> None:
        """Forwarded at once."""
        if signature:
            self._end_call()
        self._sink.signature(signature)

    def redacted_thinking(self, data: str) -> None:
        """Forwarded at once."""
        self._end_call()
        self._sink.redacted_thinking(data)

    def tool_start(self, id: str | None, name: str) -> None:
        """Forwarded at once, unless the name may need repair."""
        self._end_call()
        started = self._mode != "repair" or name in self._catalog
        if started:
            self._sink.tool_start(id, name)
        if self._mode != "off":
            self._call = _Call(id, name, started)

    def tool_input(self, fragment: str) -> None:
        """Held until the call is complete, or has grown too large to be checked."""
        call = self._call
        if call is None or self._mode == "report" or call.oversized:
            self._sink.tool_input(fragment)
        if call is not None and not call.oversized:
            call.parts.append(fragment)
            call.size += len(fragment)
            if call.size > MAX_ARGUMENTS:
                self._let_go(call)

    def tool_end(self) -> None:
        """Checks the call, and says it as it should have been."""
        if self._call is None or self._mode == "report":
            self._sink.tool_end()
        self._end_call()

    def usage(self, usage: Usage) -> None:
        """Forwarded at once."""
        self._sink.usage(usage)

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """Ends the open call first: what the provider sent of it is all there will be."""
        self._end_call()
        self._sink.finish(reason, stop_sequence=stop_sequence)

    def fail(self, error: GatewayError) -> None:
        """Forgets the open call: one that broke off must not look complete."""
        self._call = None
        self._sink.fail(error)

    def _let_go(self, call: _Call) -> None:
        """Says what was held of a call that is too large; the rest of it goes on as it comes."""
        if self._mode == "repair":
            if not call.started:
                self._sink.tool_start(call.id, call.name)
            for part in call.parts:
                self._sink.tool_input(part)
        call.started = True
        call.parts.clear()

    def _end_call(self) -> None:
        if (call := self._call) is None:
            return
        self._call = None
        if call.oversized:
            correction = oversized(call.name, "")
        else:
            correction = correct(call.name, "".join(call.parts), self._catalog)
        if self._mode == "repair":
            self._say(call, correction)
        if correction.status != "valid":
            self._report(correction)

    def _say(self, call: _Call, correction: Correction) -> None:
        if not call.started:
            self._sink.tool_start(call.id, correction.name)
        if correction.arguments:
            self._sink.tool_input(correction.arguments)
        self._sink.tool_end()


@dataclass(slots=True)
class _Call:
    """The call that is being received."""

    id: str | None
    name: str
    started: bool
    """Its start has been forwarded."""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    """Characters received while the call was still to be checked."""

    @property
    def oversized(self) -> bool:
        return self.size > MAX_ARGUMENTS
