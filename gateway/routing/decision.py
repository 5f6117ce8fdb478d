"""What is decided of a request, and why. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct

from gateway.dialects.offers import Policy
from gateway.once import once
from gateway.routing.corrections import CorrectionOverlay
from gateway.routing.target import Target

Origin = Literal["path", "model", "rule", "default", "server_tools"]

ServerTools = Policy | Target
"""A policy, or the target of requests with server tools that the chosen one lacks."""


@dataclass(frozen=True, slots=True)
class Params:
    """Edits of the request's own fields."""

    set: Mapping[str, Any] = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)
    """Set where the client says nothing."""
    cap: Mapping[str, float] = field(default_factory=dict)
    """Numbers that may be no greater."""
    drop: tuple[str, ...] = ()
    """Fields that are left out."""


class Skipped(Struct, frozen=True):
    """A rule that did not match, and the condition because of which."""

    rule: str
    condition: str


class Unfit(Struct, frozen=True):
    """A target that was passed over, and why it could not serve the request."""

    target: Target
    reason: str
    context: int | None = None
    """The tokens that it can hold, where that is the reason."""


class Route(Struct, frozen=True, dict=True):
    """A decision with its reasons."""

    target: Target
    origin: Origin
    """Chosen by the URL, by `provider:model` as the model, by a rule, by `default`, or because the
    request offers server tools that the target of the rule lacks."""
    rule: str | None = None
    transforms: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    server_tools: ServerTools | None = None
    """The rule's policy, if it has one."""
    fallback: tuple[Target, ...] = ()
    params: tuple[Params, ...] = ()
    corrections: tuple[CorrectionOverlay, ...] = ()
    """What the rules say of tool correction, each over the one before."""
    timeouts: Mapping[str, float] = {}
    retries: int | None = None
    refuse: str | None = None
    shadow: Target | None = None
    applied: tuple[str, ...] = ()
    """Rules that matched and went on, in order."""
    unfit: tuple[Unfit, ...] = ()
    is_kept: bool = False
    """The conversation keeps the rule that it was given earlier."""

    @once
    def reason(self) -> str:
        """One phrase for logs and answers."""
        if self.origin == "rule":
            return f"rule {self.rule}" + (", kept from earlier turns" if self.is_kept else "")
        return _REASONS[self.origin]

    @once
    def trace(self) -> str:
        """The search in one line: `long!tokens fast!path_prefix brief+ background`.

        `!` and a condition: the rule did not match because of it. `+`: it matched and went on.
        """
        steps = [f"{skipped.rule}!{skipped.condition}" for skipped in self.skipped]
        steps += [f"{name}+" for name in self.applied]
        return " ".join([*steps, self.rule or self.origin])

    @once
    def targets(self) -> tuple[Target, ...]:
        """Whom to ask, in order, once each."""
        return tuple(dict.fromkeys((self.target, *self.fallback)))


_REASONS: Mapping[Origin, str] = {
    "path": "the URL",
    "model": "the model name",
    "default": "default",
    "server_tools": "server_tools",
}
