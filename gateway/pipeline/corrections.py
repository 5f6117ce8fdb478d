"""What becomes of the tool calls of one answer: the stages, and the account of what they did. No IO."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gateway.config import CorrectionSettings
from gateway.correction import (
    Correction,
    Corrector,
    Gate,
    Question,
    Repair,
    ToolCatalog,
)
from gateway.correction.corrector import CHANGING
from gateway.messages import MessagesRequest, Sink, Usage

if TYPE_CHECKING:
    from gateway.correction.leaked import Leak

MAX_QUESTIONS = 4
"""Calls of one answer about which a model is asked; an answer with more is beyond help."""

UNKNOWN_TOOL = "(unknown)"
"""How calls are counted whose name is no tool's: models invent any number of names."""


@dataclass(frozen=True, slots=True)
class Consulted:
    """What came of asking a model about a call."""

    target: str
    tool: str
    outcome: str
    """`repaired`, `unrepaired` (it had no valid call to offer), or `failed` (it did not answer)."""
    seconds: float
    usage: Usage | None = None
    error: str | None = None


NO_TOOLS = ToolCatalog(())
"""Of a request that offers none."""


def _size(catalog: ToolCatalog) -> int:
    """Bytes, with the schemas that will be compiled."""
    return 2_000 * len(catalog.names)


class Corrections(Struct, eq=False):
    """Of one try at one target."""

    _request: MessagesRequest
    settings: CorrectionSettings
    relays: bool
    """Each call is told by itself (see `Dialect.relays`)."""
    consults: bool
    """Whoever feeds the answer takes care of `question`."""
    outcomes: dict[tuple[str, str], int] = {}
    """(tool, status) -> calls."""
    found: list[Correction] = []
    """Every call that was not valid."""
    consulted: list[Consulted] = []
    questions: deque[tuple[Question, Gate]] = field(default_factory=deque)
    """What somebody is to be asked, and who waits for it."""
    _asked: int = 0
    _catalog: ToolCatalog | None = None

    __repr__ = object.__repr__
    """What it holds is nobody's business."""

    def catalog(self) -> ToolCatalog:
        """The tools of the request, as the settings know them."""
        catalog, request = self._catalog, self._request
        if catalog is None:
            if "tools" not in request:
                catalog = NO_TOOLS
            else:
                catalog = request.of("tools", "catalog", lambda: ToolCatalog(request.tools), _size)
            self._catalog = catalog = catalog.with_tables(self.settings.tables)
        return catalog

    @property
    def calls(self) -> int:
        """How many calls were looked at."""
        return sum(self.outcomes.values())

    @property
    def repairs(self) -> tuple[tuple[str, str], ...]:
        """(tool, class) of what was changed, once each; what was only reported is not among it."""
        if not self.found:
            return ()
        policy = self.settings.policy
        return tuple(
            dict.fromkeys(
                (repair.tool, repair.rule)
                for one in self.found
                if policy.mode_of(one.name) in CHANGING
                for repair in one.repairs
            )
        )

    def stages(self, sink: Sink) -> Sink:
        """The stages before a sink."""
        settings = self.settings
        policy, ask = settings.policy, None
        if settings.model is not None and self.consults and policy.asks:
            sink = gate = Gate(sink, self._ask)
            ask = gate.ask
        corrector = Corrector(
            sink,
            self.catalog,
            policy=policy,
            report=self._judged,
            unparsed=settings.unparsed,
            split=not self.relays,
            ask=ask,
        )
        if not settings.text_calls or self.relays or not policy.holds:
            return corrector
        from gateway.correction.leaked import LeakFilter  # few providers write calls out

        return LeakFilter(
            corrector, self._changeable, channels=settings.text_calls, report=self._recovered
        )

    @property
    def _changeable(self) -> ToolCatalog:
        """The tools whose calls may be changed: a call in the text of any other is text."""
        policy = self.settings.policy
        if not policy.overrides:
            return self.catalog()
        names = {name for name in self.catalog().names if policy.mode_of(name) in CHANGING}
        tools = [tool for tool in self._request.tools if tool.get("name") in names]
        return ToolCatalog(tools, tables=self.settings.tables)

    # -- questions ------------------------------------------------------------------------------

    @property
    def question(self) -> Question | None:
        """What somebody is to be asked; nothing goes on before it is answered by `settle`."""
        return self.questions[0][0] if self.questions else None

    def waits(self) -> bool:
        """There is a question."""
        return bool(self.questions)

    def settle(self, verdict: Correction | None) -> None:
        """Answers the question; None when nobody knows."""
        if self.questions:
            _, gate = self.questions.popleft()
            gate.settle(verdict)

    def _ask(self, question: Question, gate: Gate) -> None:
        self._asked += 1
        if self._asked > MAX_QUESTIONS:
            gate.settle(None)
        else:
            self.questions.append((question, gate))

    # -- the account ----------------------------------------------------------------------------

    def _judged(self, correction: Correction) -> None:
        name = correction.name
        tool = name if name in self.catalog() else UNKNOWN_TOOL
        self._count(tool, correction.status, 1)
        if correction.status != "valid":
            self.found.append(correction)

    def _recovered(self, leak: Leak) -> None:
        """The call was judged already, on its way: as a valid one, because it had been corrected."""
        call = leak.call
        receipt = Repair(call.name, "text", "", f"{leak.format} in the {leak.channel}", "a call")
        self._count(call.name, "valid", -1)
        self._count(call.name, "repaired", 1)
        self.found.append(replace(call, status="repaired", repairs=(receipt, *call.repairs)))

    def _count(self, tool: str, status: str, calls: int) -> None:
        self.outcomes[tool, status] = self.outcomes.get((tool, status), 0) + calls
