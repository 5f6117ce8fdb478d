"""The stage of an answer that recovers the calls in its text and its reasoning. No IO."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import blake2b

from gateway import json_text
from gateway.correction.catalog import ToolCatalog
from gateway.correction.judging import correct
from gateway.correction.leaked.cursor import Ending
from gateway.correction.leaked.examples import TAIL
from gateway.correction.leaked.scanner import MAX_HELD, Found, Leak, Piece, Scanner
from gateway.correction.result import Channel, Correction
from gateway.errors import GatewayError
from gateway.messages import Forwarding, Sink, StopReason

_CUT: frozenset[StopReason] = frozenset({"max_tokens", "model_context_window_exceeded"})


class LeakFilter(Forwarding):
    """A sink before a `Corrector`.

    Text flows on, except from where a call may begin until that is known. A call that is recovered
    is said in its place, without an id; its markup is not said. A `report` tells of each. An answer
    with such calls ends for `tool_use` where it would have ended its turn.

    A call in the reasoning counts only when nothing but the end of the answer follows it: a model
    that goes on to speak or to act has not meant it. Some servers both recover a call and leave it
    in the text, so a call that comes as such after it was recovered is not said again.
    """

    __slots__ = ("_acted", "_call", "_made", "_recovered", "_report", "_text", "_thoughts")

    def __init__(
        self,
        sink: Sink,
        catalog: ToolCatalog,
        *,
        channels: Collection[Channel],
        report: Callable[[Leak], None],
    ) -> None:
        super().__init__(sink)
        self._report = report
        if not catalog.names:
            channels = ()
        self._text = Scanner(catalog, "text") if "text" in channels else None
        self._thoughts = _Thoughts(sink, catalog) if "reasoning" in channels else None
        self._made = _Made(catalog)
        self._call: _Call | None = None
        self._acted = False
        self._recovered = False

    # -- what is looked at ----------------------------------------------------------------------

    def text(self, text: str) -> None:
        """Forwarded at once, as far as it can be no call."""
        if text and not text.isspace():
            self._end_call()
            self._leave_thoughts()
        elif self._thoughts is not None and self._thoughts.hold_text(text):
            return
        if self._text is None:
            self._sink.text(text)
        else:
            self._say(self._text.feed(text))

    def thinking(self, text: str) -> None:
        """Forwarded at once, as far as it can be no call."""
        if text:
            self._end_call()
            self._leave_text()
        if self._thoughts is None:
            self._sink.thinking(text)
        else:
            self._thoughts.feed(text)

    def signature(self, signature: str) -> None:
        """Forwarded after the thinking that it signs."""
        if signature:
            self._end_call()
            self._leave_text()
        if self._thoughts is None or not self._thoughts.hold_signature(signature):
            self._sink.signature(signature)

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """Says what was held, and that tools are to be used if calls were recovered."""
        if reason == "refusal":
            self._abandon()
        ending = Ending.CUT if reason in _CUT else Ending.MESSAGE
        self._end_call()
        if self._text is not None:
            self._say(self._text.end(ending))
        if self._acted or self._recovered or ending is Ending.CUT:
            self._leave_thoughts()
        if self._thoughts is not None:
            for found in self._thoughts.end(ending):
                self._say_calls(found, "reasoning")
        if self._recovered and reason == "end_turn":
            reason = "tool_use"
        self._sink.finish(reason, stop_sequence=stop_sequence)

    def fail(self, error: GatewayError) -> None:
        """Says what was held as the text that it was: what broke off must not look complete."""
        self._abandon()
        self._call = None
        self._sink.fail(error)

    # -- what passes ----------------------------------------------------------------------------

    def tool_start(self, id: str | None, name: str) -> None:
        """Forwarded at once, unless the call may be one that was recovered already."""
        self._leave()
        self._acted = True
        if self._made:
            self._call = _Call(id, name)
        else:
            self._sink.tool_start(id, name)

    def tool_input(self, fragment: str) -> None:
        """Forwarded at once, unless its start is held."""
        if (call := self._call) is None:
            self._sink.tool_input(fragment)
            return
        call.parts.append(fragment)
        call.size += len(fragment)
        if call.size > MAX_HELD:
            self._call = None
            call.say(self._sink)

    def tool_end(self) -> None:
        """Forwarded, with a call that was held unless it was recovered already."""
        if self._call is None:
            self._sink.tool_end()
        self._end_call()

    # -- what was held --------------------------------------------------------------------------

    def _say(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Found):
                self._say_calls(piece, "text")
            elif piece:
                self._sink.text(piece)

    def _say_calls(self, found: Found, channel: Channel) -> None:
        self._recovered = True
        for call in found.calls:
            self._made.add(call)
            self._sink.tool_start(None, call.name)
            self._sink.tool_input(call.arguments)
            self._sink.tool_end()
            self._report(Leak(found.format, channel, call))

    def _leave(self) -> None:
        self._end_call()
        self._leave_text()
        self._leave_thoughts()
        if self._text is not None:
            self._text.interrupt()

    def _leave_text(self) -> None:
        if self._text is not None:
            self._say(self._text.end(Ending.SEGMENT))

    def _leave_thoughts(self) -> None:
        if self._thoughts is not None:
            self._thoughts.let_go()

    def _abandon(self) -> None:
        self._leave_thoughts()
        if self._text is not None and (text := self._text.abandon()):
            self._sink.text(text)

    def _end_call(self) -> None:
        call, self._call = self._call, None
        if call is None or self._made.take(call.name, "".join(call.parts)):
            return
        call.say(self._sink)
        self._sink.tool_end()


class _Thoughts:
    """The reasoning, and what came after it while it may still end in a call."""

    __slots__ = ("_blank", "_scanner", "_signature", "_sink")

    def __init__(self, sink: Sink, catalog: ToolCatalog) -> None:
        self._sink = sink
        self._scanner = Scanner(catalog, "reasoning")
        self._signature = ""
        self._blank = ""

    def feed(self, text: str) -> None:
        """More reasoning."""
        if self._signature or self._blank:
            self.let_go()
        for piece in self._scanner.feed(text):
            self._think(piece if isinstance(piece, str) else "".join(piece.markup))

    def hold_signature(self, signature: str) -> bool:
        """Keeps the signature of reasoning that is held; whether there is any."""
        if self._scanner.holds:
            self._signature = self._signature or signature
        return self._scanner.holds

    def hold_text(self, blank: str) -> bool:
        """Keeps a little white space after reasoning that is held; whether there is any."""
        if len(self._blank) + len(blank) >= TAIL:
            self.let_go()
        elif self._scanner.holds:
            self._blank += blank
        return self._scanner.holds

    def let_go(self) -> None:
        """Says what is held as it came."""
        if self._scanner.holds:
            self._think(self._scanner.abandon())
        self._rest()

    def end(self, ending: Ending) -> list[Found]:
        """Says what is held, without the calls in it, which it gives back."""
        pieces = self._scanner.end(ending)
        for piece in pieces:
            if isinstance(piece, str):
                self._think(piece)
        self._rest()
        return [piece for piece in pieces if isinstance(piece, Found)]

    def _rest(self) -> None:
        signature, self._signature = self._signature, ""
        blank, self._blank = self._blank, ""
        if signature:
            self._sink.signature(signature)
        if blank:
            self._sink.text(blank)

    def _think(self, text: str) -> None:
        if text:
            self._sink.thinking(text)


class _Made:
    """The calls that were recovered, each to be met once more at most."""

    __slots__ = ("_calls", "_catalog")

    def __init__(self, catalog: ToolCatalog) -> None:
        self._catalog = catalog
        self._calls: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, call: Correction) -> None:
        """Takes note of a call."""
        self._calls.append(_identity(call))

    def take(self, name: str, arguments: str) -> bool:
        """Whether the call was made already; it is forgotten then."""
        identity = _identity(correct(name, arguments, self._catalog))
        if identity not in self._calls:
            return False
        self._calls.remove(identity)
        return True


def _identity(call: Correction) -> bytes:
    """A digest that calls with the same name and equal arguments share."""
    try:
        value = json_text.decode(call.arguments or "{}")
    except json_text.NotJSON:
        value = call.arguments
    fields = sorted(value.items()) if isinstance(value, dict) else value
    return blake2b(json_text.encode([call.name, fields]), digest_size=16).digest()


@dataclass(slots=True)
class _Call:
    """A call of the provider's that may have been recovered from the text before."""

    id: str | None
    name: str
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def say(self, sink: Sink) -> None:
        """Its start, and what came of its input."""
        sink.tool_start(self.id, self.name)
        for part in self.parts:
            sink.tool_input(part)
