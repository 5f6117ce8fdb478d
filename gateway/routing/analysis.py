"""What can be proved of rules without a request: which are never reached, and which overlap. No IO.

A rule's formula and the opposites of all earlier ones are put together; if nothing can satisfy them,
no request ever reaches the rule. What the search does not understand (a regular expression, the time)
it takes for possible, so that what it reports as unreachable is never chosen. The search is bounded:
when it gives up, it reports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from gateway.patterns import Pattern, is_regex
from gateway.routing.formula import (
    Above,
    All,
    Atom,
    Flag,
    Formula,
    Holds,
    Known,
    Like,
    Names,
    Not,
    Number,
    OneOf,
    Some,
    Text,
    Variable,
    variables,
)
from gateway.routing.globs import covers, names_like, share
from gateway.routing.rules import Rule

STEPS = 5_000
"""Steps of one search, after which it gives up."""


class GaveUp(Exception):
    """The search took too long."""


@dataclass(slots=True)
class Bounds:
    """What is known of a number."""

    above: float = -1.0  # numbers of requests are not negative
    most: float = float("inf")
    known: bool | None = None

    def is_possible(self, number: Number) -> bool:
        if self.known is False:
            return self.above < 0
        if number.whole:
            return self.above + 1 <= self.most
        return self.above < self.most or self.above < 0 <= self.most


@dataclass(slots=True)
class Words:
    """What is known of a text, or of a collection of names."""

    allowed: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    like: tuple[Pattern, ...] = ()
    unlike: tuple[Pattern, ...] = ()

    def is_possible(self, variable: Text | Names) -> bool:
        if any(covers(no.source, yes.source) for yes in self.like for no in self.unlike):
            return False
        pairs = combinations(self.like, 2) if isinstance(variable, Text) else ()
        if not all(share(one.source, other.source) for one, other in pairs):
            return False
        if isinstance(variable, Names) or self.allowed is None:
            # A literal among the patterns is the only name that there is.
            literals = [yes.source for yes in self.like if not _is_wild(yes.source)]
            # Globs do not mind case, regular expressions do: with one of those, nothing is certain.
            is_plain = not any(is_regex(p.source) for p in (*self.like, *self.unlike))
            if isinstance(variable, Text) and literals and is_plain:
                return self._takes(literals[0])
            return True
        return any(self._takes(value) for value in self.allowed)

    def _takes(self, value: str) -> bool:
        return (
            value not in self.excluded
            and (self.allowed is None or value in self.allowed)
            and all(pattern.search(value) for pattern in self.like)
            and not any(pattern.search(value) for pattern in self.unlike)
        )

    def example(self, variable: Text | Names) -> object:
        """A value for a witness: a text, a set of names, or None where nothing is asked."""
        if isinstance(variable, Names):
            return frozenset(self._name([pattern]) or "" for pattern in self.like)
        if self.allowed is not None:
            return next((value for value in sorted(self.allowed) if self._takes(value)), None)
        if not self.like:
            return None
        return self._name(self.like)

    def _name(self, patterns: Sequence[Pattern]) -> str | None:
        for pattern in patterns:
            for name in names_like(pattern):
                hit = name and all(p.search(name) for p in patterns)
                if hit and not any(p.search(name) for p in self.unlike):
                    return name
        return None


def _is_wild(source: str) -> bool:
    return is_regex(source) or "*" in source or "?" in source


@dataclass(slots=True)
class World:
    """A set of requests: all that satisfy what has been assumed so far."""

    numbers: dict[Number, Bounds] = field(default_factory=dict)
    words: dict[Text | Names, Words] = field(default_factory=dict)
    flags: dict[Flag, bool] = field(default_factory=dict)

    def copy(self) -> World:
        """Assumptions of one do not reach the other."""
        return World(
            {n: Bounds(b.above, b.most, b.known) for n, b in self.numbers.items()},
            {t: Words(w.allowed, w.excluded, w.like, w.unlike) for t, w in self.words.items()},
            dict(self.flags),
        )

    def assume(self, atom: Atom, *, holds: bool) -> bool:
        """Takes the atom, or its opposite, for granted; False when nothing is left."""
        match atom:
            case Above(number=number) | Known(number=number):
                bounds = self.numbers.setdefault(number, Bounds())
                return _bound(bounds, atom, holds=holds) and bounds.is_possible(number)
            case Holds(flag=flag):
                return self.flags.setdefault(flag, holds) is holds
            case OneOf(text=text, values=values):
                words = self.words.setdefault(text, Words())
                if holds:
                    words.allowed = values if words.allowed is None else words.allowed & values
                else:
                    words.excluded |= values
                return words.is_possible(text)
            case Like(text=text, pattern=pattern):
                words = self.words.setdefault(text, Words())
                if holds:
                    words.like += (pattern,)
                else:
                    words.unlike += (pattern,)
                return words.is_possible(text)

    def example(self) -> dict[Variable, object]:
        """A value for every fact that was spoken of."""
        found: dict[Variable, object] = dict(self.flags.items())
        found |= {text: words.example(text) for text, words in self.words.items()}
        for number, bounds in self.numbers.items():
            step = 1.0 if number.whole else 0.0
            least = bounds.above + step if bounds.above >= 0 else 0.0
            value = min(least, bounds.most) if number.whole else _between(bounds)
            is_needed = bounds.known or bounds.above >= 0 or number.exceeds is not None
            found[number] = (int(value) if number.whole else value) if is_needed else None
        return found


def _between(bounds: Bounds) -> float:
    low = max(bounds.above, 0.0)
    return (low + bounds.most) / 2 if bounds.most < float("inf") else low + 1.0


def _bound(bounds: Bounds, atom: Above | Known, *, holds: bool) -> bool:
    """Narrows the bounds; False when the number would have to be there and not there."""
    if isinstance(atom, Known):
        is_always_there = atom.number.exceeds is not None
        if bounds.known is (not holds) or (is_always_there and not holds):
            return False
        bounds.known = holds
    elif holds:
        if bounds.known is False:
            return False
        bounds.known = True
        bounds.above = max(bounds.above, atom.limit)
    else:
        # Not above: it is less or equal, or it is not there at all.
        bounds.most = min(bounds.most, atom.limit)
    return True


class Search:
    """Looks for a world in which every formula holds."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def find(self, formulas: Iterable[Formula]) -> World | None:
        """A world, or None when there is none. Raises `GaveUp`."""
        return self._solve([(formula, True) for formula in formulas], World())

    def _solve(self, goals: list[tuple[Formula, bool]], world: World) -> World | None:
        """Takes the certain goals first, then tries the branches of the first choice."""
        choices: list[tuple[Sequence[Formula], bool]] = []
        while goals:
            self._step()
            formula, holds = goals.pop()
            match formula:
                case Not(part=part):
                    goals.append((part, not holds))
                case All(parts=parts) if holds:
                    goals += [(part, True) for part in parts]
                case Some(parts=parts) if not holds:
                    goals += [(part, False) for part in parts]
                case All(parts=parts) | Some(parts=parts):
                    if len(parts) == 1:
                        goals.append((parts[0], holds))
                    else:
                        choices.append((parts, holds))
                case _:
                    if not world.assume(formula, holds=holds):
                        return None
        return self._choose(choices, world)

    def _choose(self, choices: list[tuple[Sequence[Formula], bool]], world: World) -> World | None:
        if not choices:
            return world
        choices.sort(key=lambda choice: len(choice[0]))
        (parts, holds), rest = choices[0], choices[1:]
        for part in parts:
            later: list[tuple[Formula, bool]] = [
                (All(tuple(p)) if not h else Some(tuple(p)), h) for p, h in rest
            ]
            found = self._solve([*later, (part, holds)], world.copy())
            if found is not None:
                return found
        return None

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise GaveUp


# -- what is reported --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No request comes as far as this rule."""

    rule: str
    because: tuple[str, ...]
    """The earlier rules that take everything; empty when the rule contradicts itself."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Some requests that this rule asks for are taken by an earlier one, with another target."""

    rule: str
    earlier: str
    witness: dict[str, object]
    """Facts of such a request, by name."""


def formula_of(rule: Rule) -> Formula:
    """What the rule asks, as one formula."""
    return rule.formula


def unreachable(rules: Sequence[Rule]) -> list[Unreachable]:
    """Rules that are never chosen, whatever the request."""
    found: list[Unreachable] = []
    earlier: list[_Asked] = []
    for rule in rules:
        asked = _Asked(rule)
        because = _why_unreachable(asked, earlier)
        if because is not None:
            found.append(Unreachable(rule.name, because))
        elif not rule.goes_on:
            earlier.append(asked)
    return found


class _Asked:
    """A rule with what the search needs of it, worked out once."""

    def __init__(self, rule: Rule) -> None:
        self.name = rule.name
        self.formula = formula_of(rule)
        self.variables = frozenset(variables(self.formula))
        self.is_plain = not any(isinstance(v, Text | Names) for v in self.variables)


TOGETHER = 64
"""How many earlier rules are looked at together."""


def _why_unreachable(rule: _Asked, earlier: Sequence[_Asked]) -> tuple[str, ...] | None:
    if not is_possible([rule.formula]):
        return ()
    for other in earlier:  # one rule alone says it best
        # What it asks of a fact that this rule does not ask for, some request does not meet.
        may_cover = other.variables <= rule.variables
        if may_cover and not is_possible([rule.formula, Not(other.formula)]):
            return (other.name,)
    near = [o for o in earlier if o.is_plain or o.variables <= rule.variables][-TOGETHER:]
    if len(near) < 2 or is_possible([rule.formula, *(Not(other.formula) for other in near)]):
        return None
    return tuple(o.name for o in near if is_possible([rule.formula, o.formula]))


def opposite(formula: Formula) -> Formula:
    """What holds when the formula does not."""
    return Not(formula)


def is_possible(formulas: Sequence[Formula]) -> bool:
    """Some request may satisfy all of them; True also when that cannot be told."""
    try:
        return Search().find(formulas) is not None
    except GaveUp:
        return True


def overlaps(rules: Sequence[Rule]) -> list[Overlap]:
    """Pairs of rules with different targets of which neither asks for all that the other does.

    A rule after a wider one is unreachable and a wider one after it is the way rules are meant; it is
    the pairs that cross in which one takes something that a reader would expect the other to get.
    """
    found: list[Overlap] = []
    for at, rule in enumerate(rules):
        for earlier in rules[:at]:
            if earlier.goes_on or rule.goes_on or earlier.targets == rule.targets:
                continue
            if (witness := _crossing(earlier, rule)) is not None:
                found.append(Overlap(rule.name, earlier.name, witness))
    return found


def _crossing(earlier: Rule, rule: Rule) -> dict[str, object] | None:
    first, second = formula_of(earlier), formula_of(rule)
    try:
        both = Search().find([first, second])
        if both is None or not is_possible([second, Not(first)]):
            return None
        if not is_possible([first, Not(second)]):
            return None
    except GaveUp:
        return None
    witness = both.example()
    asked: list[tuple[Any, Any]] = [
        (words.like or words.allowed, witness[text]) for text, words in both.words.items()
    ]
    if any(
        wanted and (value is None or (isinstance(value, frozenset) and "" in value))
        for wanted, value in asked
    ):
        return None  # the search knows no name that fits, so there is nothing to show
    return {variable.name: value for variable, value in witness.items()}
