"""How much thinking a client asks for, in the words of a target. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gateway.messages import MessagesRequest

EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max")
BUDGETS = ((2048, "low"), (8192, "medium"), (24576, "high"))
"""Thinking budgets in tokens, below which an effort is meant; above the last one, `xhigh`."""


class Wish(Struct, frozen=True):
    """What the client says of thinking."""

    kind: str | None
    """`enabled`, `adaptive`, `disabled`, …; None when it says nothing."""
    budget: int | None
    """Tokens, where it grants a number."""
    effort: str | None
    """`output_config.effort`."""
    shown: bool
    """It wants to see the thinking, or a summary of it."""

    @property
    def is_off(self) -> bool:
        """No thinking before the answer."""
        return self.kind in ("disabled", "between_tools")

    @property
    def level(self) -> str | None:
        """The effort that is meant, in Anthropic's words; None when nothing is said of it."""
        if self.effort or self.kind != "enabled":
            return self.effort
        budget = self.budget or 0
        return next((name for below, name in BUDGETS if budget < below), "xhigh")


NO_WISH = Wish(kind=None, budget=None, effort=None, shown=True)
"""Of a request that says nothing of thinking."""


def wish_of(request: MessagesRequest) -> Wish:
    """Read from `thinking` and `output_config`."""
    if "thinking" not in request and "output_config" not in request:
        return NO_WISH
    thinking: Mapping[str, Any] = request.object_field("thinking")
    kind, budget = thinking.get("type"), thinking.get("budget_tokens")
    effort = request.object_field("output_config").get("effort")
    return Wish(
        kind=kind if isinstance(kind, str) else None,
        budget=budget if isinstance(budget, int) else None,
        effort=effort if isinstance(effort, str) else None,
        shown=thinking.get("display") != "omitted",
    )


def effort_for(wish: Wish, known: tuple[str, ...], *, can_disable: bool) -> str | None:
    """The effort in this server's words; `none` for no thinking at all.

    None when the client says nothing, so that the server's default holds. A server that cannot do
    without thinking is asked for the least.
    """
    if wish.is_off:
        return "none" if can_disable else known[0]
    return nearest_effort(wish.level, known) if wish.level is not None else None


def nearest_effort(effort: str, known: tuple[str, ...]) -> str:
    """`effort` itself if the server knows it, otherwise the nearest one that it knows."""
    if effort in known:
        return effort
    ranked = [name for name in known if name in EFFORTS]
    if effort not in EFFORTS or not ranked:
        return known[-1]
    return min(ranked, key=lambda name: abs(EFFORTS.index(name) - EFFORTS.index(effort)))
