"""Rules, and the decision that they make. No IO."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Literal, NamedTuple, TypeVar

from gateway.once import once
from gateway.routing.conditions import Check
from gateway.routing.corrections import CorrectionOverlay
from gateway.routing.decision import Origin, Params, Route, ServerTools, Skipped, Unfit
from gateway.routing.facts import Facts
from gateway.routing.formula import All, Formula, Predicate
from gateway.routing.pins import NO_PINS, Pins, compacted, pin_of
from gateway.routing.target import Target

_T = TypeVar("_T")

Sticky = Literal["session", "turn", "none"]
"""How long a conversation keeps the rule that it was given: until a boundary (see `route`), until the
user says something, or not at all."""

Fits = Callable[[Target, "Rule"], "Unfit | None"]
"""Why a target cannot serve the request by this rule; None if it can."""


HANDED_ON: Mapping[str, Callable[[str], str]] = {
    "*": lambda asked: asked,
    "/*": lambda asked: asked.partition("/")[2] or asked,
}
"""As the model of a target: the one that the client asked for, or what follows its first slash."""

MOST_ROUTES = 256
"""Decisions that are kept of a rule: which conditions fail varies less than that."""

MOST_MODELS = 256
"""Models for which it is known which rules they leave."""

NOWHERE = Target("none", "none")
"""Where a request goes that is refused."""


@dataclass(frozen=True)
class Rule:
    """If every test holds, these targets and these actions."""

    name: str
    tests: tuple[Check, ...]
    targets: tuple[Target, ...] = ()
    """The first one is meant, or with `needs_fit` the first one that can serve the request. None for a
    rule that refuses or goes on."""
    transforms: tuple[str, ...] = ()
    path_prefixes: tuple[str, ...] = ()
    """The prefixes that the rule asks for, so that the server knows which URLs exist."""
    server_tools: ServerTools | None = None
    """What becomes of server tools that the target lacks, if it differs from the config's."""
    weights: tuple[float, ...] = ()
    """Shares of the targets, drawn once per session; empty for the order of preference."""
    fallback: tuple[Target, ...] = ()
    """Asked in this order when the target fails before it has said anything."""
    needs_fit: bool = False
    params: Params | None = None
    correction: CorrectionOverlay | None = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Seconds, by name of the limit; they stand over the provider's."""
    retries: int | None = None
    refuse: str | None = None
    """What the client is told instead of an answer."""
    shadow: Target | None = None
    """Gets a copy of the request; its answer is thrown away."""
    goes_on: bool = False
    """Its actions are applied and the search goes on."""
    sticky: Sticky = "none"

    @property
    def target(self) -> Target:
        """The target that is meant first."""
        return self.targets[0] if self.targets else NOWHERE

    @once
    def hands_on(self) -> bool:
        """Some target takes the model that the client asked for."""
        return any(target.model in HANDED_ON for target in (*self.targets, *self.fallback))

    @once
    def is_settled(self) -> bool:
        """Where it leads depends on nothing of the request."""
        return not (self.hands_on or self.weights or self.needs_fit or self.shadow)

    @once
    def routes(self) -> dict[Hashable, Route]:
        """Decisions for this rule, if it is settled, by what they depend on: the same ones come again
        with nearly every request, and are kept with what was made of them."""
        return {}

    @once
    def formula(self) -> Formula:
        """What the rule asks, as one formula."""
        return All(tuple(test.formula for test in self.tests))

    @once
    def steps(self) -> tuple[tuple[Predicate, Skipped], ...]:
        """The tests in order, each with what is said of the rule when it does not hold."""
        return tuple((test.holds, Skipped(self.name, test.condition)) for test in self.tests)

    @once
    def failing(self) -> Callable[[Facts], Skipped | None]:
        """Tells the first condition that does not hold; None when the rule matches."""
        steps = self.steps
        if len(steps) == 1:
            [(holds, skipped)] = steps
            return lambda facts: None if holds(facts) else skipped
        return lambda facts: next((skipped for holds, skipped in steps if not holds(facts)), None)

    def out_of_model(self, facts: Facts) -> Skipped | None:
        """The condition because of which no request for the model matches, if none of another kind stands
        before it: that one may be the reason then."""
        for test, (holds, skipped) in zip(self.tests, self.steps, strict=True):
            if not test.is_of_model:
                return None
            if not holds(facts):
                return skipped
        return None


class Left(NamedTuple):
    """What there is to ask for a model."""

    rules: Iterable[tuple[tuple[Skipped, ...], Rule]]
    """Those that may match, each after those that stand before it and cannot."""
    rest: tuple[Skipped, ...] = ()
    """Those at the end that cannot match."""


class Rules(tuple[Rule, ...]):
    """Rules in their order. Most ask for the model first, and clients ask for few: which rules these leave
    is worked out once."""

    @once
    def _left(self) -> dict[str, Left]:
        return {}

    def left(self, facts: Facts) -> Left:
        """The rules that may match a request for this model."""
        known, model = self._left, facts.model
        if (found := known.get(model)) is None:
            if len(known) >= MOST_MODELS:
                known.clear()
            found = known[model] = self._worked_out(facts)
        return found

    def _worked_out(self, facts: Facts) -> Left:
        left: list[tuple[tuple[Skipped, ...], Rule]] = []
        out: list[Skipped] = []
        for rule in self:
            if (failed := rule.out_of_model(facts)) is not None:
                out.append(failed)
            else:
                left.append((tuple(out), rule))
                out.clear()
        return Left(tuple(left), tuple(out))


def anything_fits(target: Target, rule: Rule) -> Unfit | None:
    """Nothing is known of any target that would speak against it."""
    return None


def route(
    rules: Sequence[Rule],
    default: Rule,
    facts: Facts,
    *,
    pins: Pins = NO_PINS,
    fits: Fits = anything_fits,
) -> Route:
    """The first rule that matches, else the default.

    A conversation keeps the rule that it was given, although that rule matches no longer, until a
    boundary: an earlier rule claims the request, the client asks for another model, or the
    conversation has been compacted. Each change of target costs the prompt's cache and the reasoning
    state, so what merely fluctuates (the size of the prompt, say) shall not cause one.
    """
    skipped: list[Skipped] = []
    applied: list[Rule] = []
    kept = _kept(facts, pins)
    if kept is None and isinstance(rules, Rules):
        left = rules.left(facts)
    else:
        left = Left(zip(repeat(()), rules, strict=False))
    for out, rule in left.rules:
        skipped += out
        failed = rule.failing(facts)
        if failed is not None and (kept is None or rule.name != kept or not _stays(rule, facts)):
            skipped.append(failed)
        elif rule.goes_on:
            applied.append(rule)
        else:
            is_kept = failed is not None
            chosen = _chosen(rule, applied, skipped, facts, fits, is_kept=is_kept)
            _pin(rule, facts, pins)
            return chosen
    skipped += left.rest
    return _chosen(default, applied, skipped, facts, fits, origin="default")


def _kept(facts: Facts, pins: Pins) -> str | None:
    """The rule that the conversation was given, if any of its session was given one."""
    if pins is NO_PINS or facts.session is None or not pins.knows(facts.session):
        return None
    if facts.request_class == "compaction":
        pins.forget(compacted(facts))
    return pins.get(pin_of(facts))


def _stays(rule: Rule, facts: Facts) -> bool:
    return rule.sticky == "session" or (rule.sticky == "turn" and facts.continues_turn)


def _pin(rule: Rule, facts: Facts, pins: Pins) -> None:
    if pins is not NO_PINS and rule.sticky != "none":
        pins.set(pin_of(facts), rule.name)


def _chosen(
    rule: Rule,
    applied: Sequence[Rule],
    skipped: Sequence[Skipped],
    facts: Facts,
    fits: Fits,
    *,
    origin: Origin = "rule",
    is_kept: bool = False,
) -> Route:
    """The route of a rule, with the actions of those that went on before it."""
    if applied or not rule.is_settled:
        return _made(rule, applied, skipped, facts, fits, origin, is_kept=is_kept)
    known, what = rule.routes, (origin, is_kept, tuple(skipped))
    if (found := known.get(what)) is None:
        if len(known) >= MOST_ROUTES:
            known.clear()
        found = known[what] = _made(rule, (), skipped, facts, fits, origin, is_kept=is_kept)
    return found


def _made(
    rule: Rule,
    applied: Sequence[Rule],
    skipped: Sequence[Skipped],
    facts: Facts,
    fits: Fits,
    origin: Origin,
    *,
    is_kept: bool,
) -> Route:
    rule = _bound(rule, facts)
    target, unfit = _target(rule, facts, fits)
    every = (*applied, rule)
    shadow = _last([one.shadow for one in every])
    return Route(
        target,
        origin,
        rule.name if origin == "rule" else None,
        tuple(dict.fromkeys([name for one in every for name in one.transforms])),
        tuple(skipped),
        server_tools=_last([one.server_tools for one in every]),
        fallback=_others(rule, target),
        params=tuple([one.params for one in every if one.params is not None]),
        corrections=tuple([one.correction for one in every if one.correction is not None]),
        timeouts={name: limit for one in every for name, limit in one.timeouts.items()},
        retries=_last([one.retries for one in every]),
        refuse=rule.refuse,
        shadow=bound(shadow, facts) if shadow is not None else None,
        applied=tuple([one.name for one in applied]),
        unfit=tuple(unfit),
        is_kept=is_kept,
    )


def bound(target: Target, facts: Facts) -> Target:
    """The target, with the model that the client asked for where it says so."""
    handed_on = HANDED_ON.get(target.model)
    return target if handed_on is None else Target(target.provider, handed_on(facts.model))


def _bound(rule: Rule, facts: Facts) -> Rule:
    """The rule with the model that the client asked for in each target that says so."""
    if not rule.hands_on:
        return rule
    targets, fallback = (
        tuple(bound(target, facts) for target in named) for named in (rule.targets, rule.fallback)
    )
    return replace(rule, targets=targets, fallback=fallback)


def _last(values: Sequence[_T | None]) -> _T | None:
    """The last value that is one: a later rule speaks over an earlier one."""
    for value in reversed(values):
        if value is not None:
            return value
    return None


def _others(rule: Rule, target: Target) -> tuple[Target, ...]:
    """Who is asked when the target fails: the fallbacks, after other targets of the same rank."""
    equals = rule.targets if rule.needs_fit else ()
    return tuple(other for other in dict.fromkeys((*equals, *rule.fallback)) if other != target)


def _target(rule: Rule, facts: Facts, fits: Fits) -> tuple[Target, list[Unfit]]:
    if not rule.targets:
        return NOWHERE, []
    if rule.weights:
        return drawn(rule.targets, rule.weights, facts), []
    unfit: list[Unfit] = []
    for target in (*rule.targets, *rule.fallback) if rule.needs_fit else ():
        found = fits(target, rule)
        if found is None:
            return target, unfit
        unfit.append(found)
    return rule.targets[0], unfit


def drawn(targets: Sequence[Target], weights: Sequence[float], facts: Facts) -> Target:
    """The target whose share the session's lot falls into."""
    mark, reached = facts.lot * sum(weights), 0.0
    for target, weight in zip(targets, weights, strict=True):
        reached += weight
        if mark < reached:
            return target
    return targets[-1]
