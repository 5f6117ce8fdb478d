"""A call that rules cannot repair, put to somebody else; what comes after it waits. No IO."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.correction.catalog import ToolCatalog
from gateway.correction.judging import correct
from gateway.correction.quirks import Quirk
from gateway.correction.result import Correction, Repair
from gateway.correction.schema import Uncheckable, clipped
from gateway.errors import GatewayError
from gateway.messages import Sink, StopReason, Usage

MAX_ASKED = 16_384
"""Characters of arguments that somebody is asked about; more would take too long to write again."""


@dataclass(frozen=True, slots=True)
class Question:
    """An invalid call of a known tool, and what is wrong with it."""

    tool: str
    arguments: str
    errors: tuple[str, ...]
    verdict: Correction
    """What holds if nobody knows better."""
    then: Callable[[Correction], None]
    """Goes on with a verdict."""

    def answered(
        self, arguments: str, catalog: ToolCatalog, *, quirks: frozenset[Quirk], by: str
    ) -> Correction | None:
        """The call with other arguments; None unless they make one valid call of the same tool."""
        found = correct(self.tool, arguments, catalog, quirks=quirks, split=False)
        if found.status not in ("valid", "repaired") or found.name != self.tool or found.closed:
            return None
        receipts = [Repair(self.tool, "model", "", "arguments", clipped(by))]
        if self.verdict.name != self.tool:
            receipts.insert(0, Repair(self.tool, "name", "", clipped(self.verdict.name), self.tool))
        return replace(
            found,
            status="repaired",
            repairs=(*receipts, *found.repairs),
            form=self.verdict.form,
        )


def tool_asked_about(verdict: Correction, catalog: ToolCatalog) -> str | None:
    """The tool of a call that somebody may be asked about; None for any other verdict.

    Nobody is asked to complete what was cut off, to choose the tool, or to write a long text again.
    """
    if verdict.status != "invalid" or verdict.form == "truncated":
        return None
    found = catalog.candidates(verdict.name)
    if len(found) != 1 or len(verdict.arguments) > MAX_ASKED:
        return None
    try:
        catalog.schema(found[0])
    except Uncheckable:
        return None
    # Several calls in one block that can hold only one: a single answer would lose the others.
    is_several = correct(verdict.name, verdict.arguments, catalog).status == "repaired"
    return None if is_several else found[0]


class Gate:
    """A sink after a `Corrector`: open until a question is asked, then shut until it is answered.

    What is said while it is shut is kept in order. `asked` is told of each question as its turn comes;
    its answer goes to `settle`.
    """

    __slots__ = ("_asked", "_question", "_sink", "_waiting")

    def __init__(self, sink: Sink, asked: Callable[[Question, Gate], None]) -> None:
        self._sink = sink
        self._asked = asked
        self._question: Question | None = None
        self._waiting: deque[Callable[[], None]] = deque()

    def ask(self, question: Question) -> None:
        """Shuts the gate until `settle`."""
        self._do(lambda: self._shut(question))

    def settle(self, verdict: Correction | None) -> None:
        """Answers the question; None when nobody knows. Then says what waited."""
        question, self._question = self._question, None
        if question is None:
            return
        question.then(verdict or question.verdict)
        while self._waiting and self._question is None:
            self._waiting.popleft()()

    def _shut(self, question: Question) -> None:
        self._question = question
        self._asked(question, self)

    def _do(self, action: Callable[[], None]) -> None:
        if self._question is None:
            action()
        else:
            self._waiting.append(action)

    # -- what is said ---------------------------------------------------------------------------

    def text(self, text: str) -> None:
        """Said in its turn, as everything below."""
        self._do(lambda: self._sink.text(text))

    def texts(self, pieces: Sequence[str]) -> None:
        self._do(lambda: self._sink.texts(pieces))

    def thinking(self, text: str) -> None:
        self._do(lambda: self._sink.thinking(text))

    def signature(self, signature: str) -> None:
        self._do(lambda: self._sink.signature(signature))

    def redacted_thinking(self, data: str) -> None:
        self._do(lambda: self._sink.redacted_thinking(data))

    def block(self, block: Mapping[str, Any]) -> None:
        self._do(lambda: self._sink.block(block))

    def tool_start(self, id: str | None, name: str) -> None:
        self._do(lambda: self._sink.tool_start(id, name))

    def tool_input(self, fragment: str) -> None:
        self._do(lambda: self._sink.tool_input(fragment))

    def tool_end(self) -> None:
        self._do(self._sink.tool_end)

    def usage(self, usage: Usage) -> None:
        self._do(lambda: self._sink.usage(usage))

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        self._do(lambda: self._sink.finish(reason, stop_sequence=stop_sequence))

    def fail(self, error: GatewayError) -> None:
        self._do(lambda: self._sink.fail(error))
