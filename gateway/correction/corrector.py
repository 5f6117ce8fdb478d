"""The stage of an answer that corrects its tool calls. No IO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gateway import json_text
from gateway.correction.asking import Question, tool_asked_about
from gateway.correction.catalog import ToolCatalog
from gateway.correction.judging import correct, oversized
from gateway.correction.policy import Policy
from gateway.correction.result import MAX_ARGUMENTS, Correction, Mode
from gateway.errors import GatewayError
from gateway.messages import Forwarding, Sink, StopReason
from gateway.messages.writers import UNPARSED_INPUT

Unparsed = Literal["wrap", "raw"]
"""What becomes of arguments that are no JSON object: put into one under `UNPARSED_INPUT`, so that the
model sees its own broken text, or passed on as they are."""

MAX_UNPARSED = 2_048
"""Characters of a broken text that the wrapper keeps."""

CHANGING: frozenset[Mode] = frozenset({"repair", "model"})
"""Modes in which a call may be changed, and is held for that."""

_COMPLETE: frozenset[StopReason] = frozenset({"tool_use", "end_turn"})


class Corrector(Forwarding):
    """A sink before another one. `tools` are asked for where there is a call.

    `report` is told of every call that is looked at, valid or not. In the mode `repair` the input of
    a call is held until the call is complete, and its start too when no tool has that name; clients
    cannot run a call earlier, so holding costs them nothing. In the mode `report` nothing is held and
    nothing changed; in the mode `off` nothing is looked at. The mode `model` is `repair`, and puts a
    call that stays invalid to `ask`, which says when to go on, and with which verdict. The policy
    chooses the mode by tool.

    A call that only lacks closing braces is held on until the answer ends or goes on: at
    `max_tokens` it was cut off. When the last call was cut off, an end that claims completeness
    (`tool_use`, `end_turn`) becomes `max_tokens`: providers get this wrong.

    Text, thinking and usage are never held. Content that arrives inside a call ends the call first;
    an empty or blank piece is no content, because several providers send one beside each fragment.
    """

    __slots__ = (
        "_ask",
        "_call",
        "_cut_off",
        "_policy",
        "_report",
        "_split",
        "_tools",
        "_unparsed",
    )

    def __init__(
        self,
        sink: Sink,
        tools: Callable[[], ToolCatalog],
        *,
        policy: Policy,
        report: Callable[[Correction], None],
        unparsed: Unparsed = "wrap",
        split: bool = True,
        ask: Callable[[Question], None] | None = None,
    ) -> None:
        self._sink = sink
        self._tools = tools
        self._policy = policy
        self._report = report
        self._unparsed = unparsed
        self._split = split
        self._ask = ask
        self._call: _Call | None = None
        self._cut_off = False

    def text(self, text: str) -> None:
        """Forwarded at once."""
        if self._call is not None and text and not text.isspace():
            self._end_call()
        self._sink.text(text)

    def texts(self, pieces: Sequence[str]) -> None:
        """Forwarded at once."""
        if self._call is None:
            self._sink.texts(pieces)
        else:
            super().texts(pieces)

    def thinking(self, text: str) -> None:
        """Forwarded at once."""
        if self._call is not None and text:
            self._end_call()
        self._sink.thinking(text)

    def signature(self, signature: str) -> None:
        """Forwarded at once."""
        if signature:
            self._end_call()
        self._sink.signature(signature)

    def tool_start(self, id: str | None, name: str) -> None:
        """Forwarded at once, unless the name may need repair."""
        self._end_call()
        self._cut_off = False
        catalog = self._tools()
        found = catalog.candidates(name)
        mode = self._policy.mode_of(found[0] if len(found) == 1 else name)
        started = mode not in CHANGING or name in catalog
        if started:
            self._sink.tool_start(id, name)
        if mode != "off":
            self._call = _Call(id, name, mode, started)

    def tool_input(self, fragment: str) -> None:
        """Held until the call is complete, or has grown too large to be checked."""
        call = self._call
        if call is None or call.mode == "report" or call.oversized:
            self._sink.tool_input(fragment)
        if call is not None and not call.oversized and call.verdict is None:
            call.parts.append(fragment)
            call.size += len(fragment)
            if call.size > MAX_ARGUMENTS:
                self._let_go(call)

    def tool_end(self) -> None:
        """Checks the call, and says it as it should have been."""
        call = self._call
        if call is None or call.mode == "report":
            self._sink.tool_end()
        if call is None or call.verdict is not None:
            return
        call.verdict = self._judged(call, None)
        if not call.verdict.closed:
            self._end_call()

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        """Ends the open call first: what the provider sent of it is all there will be."""
        if self._call is not None:
            self._end_call(reason)
        if self._cut_off and reason in _COMPLETE:
            reason = "max_tokens"
        self._sink.finish(reason, stop_sequence=stop_sequence)

    def fail(self, error: GatewayError) -> None:
        """Forgets the open call: one that broke off must not look complete."""
        self._call = None
        self._sink.fail(error)

    # -- the open call --------------------------------------------------------------------------

    def _leave(self) -> None:
        self._end_call()

    def _let_go(self, call: _Call) -> None:
        """Says what was held of a call that is too large; the rest of it goes on as it comes."""
        if call.mode in CHANGING:
            if not call.started:
                self._sink.tool_start(call.id, call.name)
            for part in call.parts:
                self._sink.tool_input(part)
        call.started = True
        call.parts.clear()

    def _end_call(self, reason: StopReason | None = None) -> None:
        if (call := self._call) is None:
            return
        self._call = None
        verdict = call.verdict
        if verdict is None or (verdict.closed and reason == "max_tokens"):
            verdict = self._judged(call, reason)
        if call.mode in CHANGING:
            self._cut_off = verdict.form == "truncated"
        if call.mode == "model" and self._ask is not None:
            tool = tool_asked_about(verdict, self._tools())
            if tool is not None:
                self._ask(self._question(call, tool, verdict))
                return
        self._settle(call, verdict)

    def _question(self, call: _Call, tool: str, verdict: Correction) -> Question:
        return Question(
            tool,
            verdict.arguments,
            verdict.errors,
            verdict,
            then=lambda found: self._settle(call, found),
        )

    def _settle(self, call: _Call, verdict: Correction) -> None:
        if call.mode in CHANGING:
            self._say(call, verdict)
        self._report(verdict)

    def _judged(self, call: _Call, reason: StopReason | None) -> Correction:
        if call.oversized:
            return oversized(call.name, "")
        return correct(
            call.name,
            "".join(call.parts),
            self._tools(),
            stop_reason=reason,
            quirks=self._policy.quirks,
            split=self._split,
        )

    def _say(self, call: _Call, correction: Correction) -> None:
        first, *more = correction.calls
        if not call.started:
            self._sink.tool_start(call.id, first.name)
        if arguments := self._going_on(correction):
            self._sink.tool_input(arguments)
        self._sink.tool_end()
        for other in more:
            self._sink.tool_start(None, other.name)
            self._sink.tool_input(other.arguments)
            self._sink.tool_end()

    def _going_on(self, correction: Correction) -> str:
        """The arguments of the call; those that are no object as the value of one."""
        is_broken = correction.form != "object" and correction.status in ("invalid", "unchecked")
        if self._unparsed == "raw" or not is_broken:
            return correction.arguments
        return json_text.encode_text({UNPARSED_INPUT: correction.arguments[:MAX_UNPARSED]})


@dataclass(slots=True)
class _Call:
    """The call that is being received, or that is complete but for its closing braces."""

    id: str | None
    name: str
    mode: Mode
    started: bool
    """Its start has been forwarded."""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    """Characters received while the call was still to be checked."""
    verdict: Correction | None = None
    """Of a call whose end has come, and that waits for how the answer goes on."""

    @property
    def oversized(self) -> bool:
        return self.size > MAX_ARGUMENTS
