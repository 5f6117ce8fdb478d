"""Rules, and the decision that they make. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.routing.conditions import Predicate
from gateway.routing.facts import Facts
from gateway.routing.target import Target

Origin = Literal["path", "model", "rule", "default"]


@dataclass(frozen=True, slots=True)
class Rule:
    """If every condition holds, this target."""

    name: str
    conditions: tuple[tuple[str, Predicate], ...]
    target: Target
    transforms: tuple[str, ...] = ()
    path_prefix: str | None = None
    """The prefix that the rule asks for, so that the server knows which URLs exist."""

    def failing(self, facts: Facts) -> str | None:
        """The name of the first condition that does not hold; None when the rule matches."""
        return next((name for name, holds in self.conditions if not holds(facts)), None)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that did not match, and the condition because of which."""

    rule: str
    condition: str


@dataclass(frozen=True, slots=True)
class Route:
    """A decision with its reasons."""

    target: Target
    origin: Origin
    """Chosen by the URL, by `provider:model` as the model, by a rule, or by `default`."""
    rule: str | None = None
    transforms: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def reason(self) -> str:
        """One phrase for logs and answers."""
        if self.origin == "rule":
            return f"rule {self.rule}"
        return {"path": "the URL", "model": "the model name", "default": "default"}[self.origin]


def route(rules: Sequence[Rule], default: Rule, facts: Facts) -> Route:
    """The first rule that matches, else the default."""
    skipped: list[Skipped] = []
    for rule in rules:
        condition = rule.failing(facts)
        if condition is None:
            return Route(rule.target, "rule", rule.name, rule.transforms, tuple(skipped))
        skipped.append(Skipped(rule.name, condition))
    return Route(default.target, "default", None, default.transforms, tuple(skipped))
