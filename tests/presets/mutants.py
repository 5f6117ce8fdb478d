"""Presets with one mistake in them, and the proof that some of these are none.

Mutations are made on formulas, not on YAML: every condition becomes one, so nothing that a rule can ask
escapes, and the analysis that finds unreachable rules can say whether any request tells two lists apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, get_args

from gateway import patterns
from gateway.config import Snapshot
from gateway.dialects.offers import Policy
from gateway.routing import Check, Params, Rule, ServerTools, Target
from gateway.routing.analysis import formula_of, is_possible
from gateway.routing.formula import (
    Above,
    All,
    Formula,
    Holds,
    Known,
    Like,
    Not,
    OneOf,
    Some,
    compiled,
)

ELSEWHERE = Target("mock", "elsewhere")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A preset with one change."""

    rule: str
    """The rule that was changed, or the first of two."""
    change: str
    snapshot: Snapshot


def mutants(snapshot: Snapshot) -> Iterator[Mutant]:
    """Every condition, every pair of neighbours, every target and edit, changed one at a time."""
    rules = snapshot.rules
    for at, rule in enumerate(rules):
        for change, mutated in (*_conditions(rule), *_actions(rule)):
            changed = (*rules[:at], mutated, *rules[at + 1 :])
            yield Mutant(rule.name, change, replace(snapshot, rules=changed))
    for change, mutated in _actions(snapshot.default):
        yield Mutant("default", change, replace(snapshot, default=mutated))
    for at, (first, second) in enumerate(pairwise(rules)):
        swapped = (*rules[:at], second, first, *rules[at + 2 :])
        change = f"after {second.name}"
        yield Mutant(first.name, change, replace(snapshot, rules=swapped))
    if snapshot.named_targets == "refuse":
        allowed = replace(snapshot, named_targets="allow")
        yield Mutant("named_targets", "targets may be named", allowed)
    written = snapshot.server_tools if snapshot.server_tools != "auto" else None
    for policy in _policies(written) if written is not None else ():
        change = f"server tools: {policy}"
        yield Mutant("server_tools", change, replace(snapshot, server_tools=policy))


# -- conditions --------------------------------------------------------------------------------------


def _conditions(rule: Rule) -> Iterator[tuple[str, Rule]]:
    for at, test in enumerate(rule.tests):
        rest = (*rule.tests[:at], *rule.tests[at + 1 :])
        yield f"{test.condition} removed", replace(rule, tests=rest)
        for change, formula in changed(test.formula):
            mutated = Check(test.condition, test.wanted, formula, compiled(formula))
            tests = (*rule.tests[:at], mutated, *rule.tests[at + 1 :])
            yield f"{test.condition}: {change}", replace(rule, tests=tests)


def changed(formula: Formula) -> Iterator[tuple[str, Formula]]:
    """The formula with each operator flipped, negated, shifted by one, or left out."""
    match formula:
        case Not(part=part):
            yield "not left out", part
            yield from ((change, Not(mutated)) for change, mutated in changed(part))
        case All(parts=parts) | Some(parts=parts):
            yield from _joined(type(formula), parts)
        case Above() | Known() | OneOf() | Like() | Holds():
            yield "negated", Not(formula)
            yield from _shifted(formula)


def _joined(
    kind: type[All] | type[Some], parts: tuple[Formula, ...]
) -> Iterator[tuple[str, Formula]]:
    if len(parts) > 1:
        other = Some if kind is All else All
        yield f"{kind.__name__} to {other.__name__}", other(parts)
    for at, part in enumerate(parts):
        before, after = parts[:at], parts[at + 1 :]
        if len(parts) > 1:
            yield f"part {at + 1} left out", kind((*before, *after))
        yield from ((change, kind((*before, new, *after))) for change, new in changed(part))


def _shifted(atom: Formula) -> Iterator[tuple[str, Formula]]:
    match atom:
        case Above(number=number, limit=limit):
            step = 1 if number.whole else limit / 10
            yield "limit raised", Above(number, limit + step)
            yield "limit lowered", Above(number, limit - step)
        case OneOf(text=text, values=values) if len(values) > 1:
            for value in sorted(values):
                yield f"without {value}", OneOf(text, values - {value})
        case Like(text=text, pattern=pattern):
            for glob in _globs(pattern.source):
                yield f"{glob} for {pattern.source}", Like(text, patterns.compile_glob(glob))
        case _:
            return


def _globs(source: str) -> Iterator[str]:
    """The same glob with an end tied down, or set free."""
    if source.startswith("/") or "*" not in source:
        return
    yield source[1:] if source.startswith("*") else "*" + source
    yield source[:-1] if source.endswith("*") else source + "*"


# -- what rules do -----------------------------------------------------------------------------------


def _actions(rule: Rule) -> Iterator[tuple[str, Rule]]:
    for key in ("targets", "fallback"):
        for change, targets in _lists(getattr(rule, key), ELSEWHERE):
            if targets or key == "fallback":
                yield f"{key}: {change}", _with(rule, key, targets)
    for change, names in _lists(rule.transforms, None):
        yield f"transforms: {change}", _with(rule, "transforms", names)
    if rule.needs_fit:
        yield "needs nothing", _with(rule, "needs_fit", False)
    if rule.refuse is not None:
        yield "refuses in other words", _with(rule, "refuse", "No.")
    if rule.params is not None:
        yield from ((change, _with(rule, "params", new)) for change, new in _edits(rule.params))
    if rule.server_tools is not None:
        for policy in _policies(rule.server_tools):
            yield f"server tools: {policy}", _with(rule, "server_tools", policy)


def _with(rule: Rule, key: str, value: Any) -> Rule:
    changes: dict[str, Any] = {key: value}
    return replace(rule, **changes)


def _lists(items: tuple[Any, ...], other: Target | None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The list without an item, with another one in its place, and with two neighbours swapped."""
    for at, item in enumerate(items):
        before, after = items[:at], items[at + 1 :]
        yield f"without {item}", (*before, *after)
        if other is not None:
            yield f"{other} for {item}", (*before, other, *after)
        if after:
            yield f"{item} after {after[0]}", (*before, after[0], item, *after[1:])


def _edits(params: Params) -> Iterator[tuple[str, Params]]:
    for name, limit in params.cap.items():
        for shift in (-1, 1):
            yield f"{name} capped at {limit + shift}", replace(params, cap={name: limit + shift})
    yield "no params", Params()


def _policies(policy: ServerTools) -> Iterator[ServerTools]:
    if isinstance(policy, Target):
        yield ELSEWHERE
    yield from (other for other in get_args(Policy) if other != policy)


# -- mutations that change nothing -------------------------------------------------------------------


def same_decisions(one: Snapshot, other: Snapshot) -> bool:
    """Proved: no request at all is decided in two ways. Names of rules are no part of a decision.

    For each pair of different outcomes, one from either list, no request may reach both.
    """
    if (one.server_tools, one.named_targets) != (other.server_tools, other.named_targets):
        return False
    if any(rule.goes_on for rule in (*one.rules, *other.rules)) and _edited(one) != _edited(other):
        return False
    return not any(
        _outcome(first) != _outcome(second) and is_possible([*reached, *reached_too])
        for first, reached in _reached(one)
        for second, reached_too in _reached(other)
    )


def _edited(snapshot: Snapshot) -> list[tuple[int, Rule]]:
    return [(at, rule) for at, rule in enumerate(snapshot.rules) if rule.goes_on]


def _reached(snapshot: Snapshot) -> Iterator[tuple[Rule, list[Formula]]]:
    """Each rule that decides, with what holds of the requests that it gets."""
    before: list[Formula] = []
    for rule in snapshot.rules:
        if not rule.goes_on:
            asked = formula_of(rule)
            yield rule, [*before, asked]
            before.append(Not(asked))
    yield snapshot.default, before


def _outcome(rule: Rule) -> Rule:
    return replace(rule, name="", tests=(), path_prefixes=())
