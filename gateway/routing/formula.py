"""What a rule asks, as a formula over facts of the request. No IO.

One formula yields the predicate that serves traffic (`compiled`), the explanation, and what static
analysis reasons about, so that the three cannot drift apart. A fact is read through a `Variable`; atoms
say something of one variable each. A number that is not there is neither above nor below anything, and
a text that is not there is like nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.patterns import Pattern

if TYPE_CHECKING:
    from gateway.routing.facts import Facts

Predicate = Callable[["Facts"], bool]


@dataclass(frozen=True, slots=True)
class Variable:
    """A fact that formulas ask for. Two variables of one name are one."""

    name: str
    read: Callable[[Facts], Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variable) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Number(Variable):
    """A number, or None. `exceeds` may answer without working the number out."""

    exceeds: Callable[[Facts, float], bool] | None = None
    whole: bool = True
    """It has no fraction, so more than 5 is 6 or more."""
    counts_tokens: bool = False
    """Working it out takes the encoder."""


@dataclass(frozen=True, slots=True, eq=False)
class Text(Variable):
    """A text, or None."""


@dataclass(frozen=True, slots=True, eq=False)
class Names(Variable):
    """A set of texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Flag(Variable):
    """Yes or no; what no other kind of variable describes."""


# -- atoms and what joins them ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Above:
    """The number is greater than the limit."""

    number: Number
    limit: float


@dataclass(frozen=True, slots=True)
class Known:
    """The number is there."""

    number: Number


@dataclass(frozen=True, slots=True)
class OneOf:
    """The text is one of these."""

    text: Text
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Like:
    """The pattern occurs in the text, or in one of the names."""

    text: Text | Names
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Holds:
    """The flag is set."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Formula


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Formula, ...]


Atom = Above | Known | OneOf | Like | Holds
Formula = Atom | Not | All | Some

TRUE = All(())


def below(number: Number, limit: float) -> Formula:
    """The number is there, and less than the limit."""
    most = limit - 1 if number.whole else limit
    return All((Known(number), Not(Above(number, most))))


def atoms(formula: Formula) -> Iterator[Atom]:
    """What a formula is made of, in order."""
    match formula:
        case Not(part=part):
            yield from atoms(part)
        case All(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from atoms(part)
        case _:
            yield formula


def variables(formula: Formula) -> list[Variable]:
    """What a formula asks for, once each, in order."""
    return list(dict.fromkeys(map(variable_of, atoms(formula))))


def variable_of(atom: Atom) -> Variable:
    """The fact that an atom asks for."""
    match atom:
        case Above(number=variable) | Known(number=variable):
            return variable
        case OneOf(text=variable) | Like(text=variable):
            return variable
        case Holds(flag=variable):
            return variable


# -- the predicate -----------------------------------------------------------------------------------


def compiled(formula: Formula) -> Predicate:
    """The formula as a function of the facts, which asks for no more of them than it needs."""
    match formula:
        case Above(number=number, limit=limit):
            return _above(number, limit)
        case Known(number=Number(read=read, exceeds=exceeds)):
            # A number that can be bounded without being read is always there.
            return (lambda facts: read(facts) is not None) if exceeds is None else _always
        case OneOf(text=Text(read=read), values=values):
            return lambda facts: read(facts) in values
        case Like(text=variable, pattern=pattern):
            return _like(variable, pattern)
        case Holds(flag=Flag(read=read)):
            return lambda facts: bool(read(facts))
        case Not(part=part):
            negated = compiled(part)
            return lambda facts: not negated(facts)
        case All(parts=parts):
            return _every([compiled(part) for part in parts])
        case Some(parts=parts):
            return _any([compiled(part) for part in parts])


def _above(number: Number, limit: float) -> Predicate:
    read, exceeds = number.read, number.exceeds
    if exceeds is not None:
        return lambda facts: exceeds(facts, limit)
    return lambda facts: (value := read(facts)) is not None and value > limit


def _always(facts: Facts) -> bool:
    return True


def _every(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda facts: first(facts) and second(facts)
    return lambda facts: all(part(facts) for part in parts)


def _any(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda facts: first(facts) or second(facts)
    return lambda facts: any(part(facts) for part in parts)


REMEMBERED = 512
"""Texts per pattern whose answer is kept: few models and tools are asked for again and again."""
SHORT = 200
"""Characters of a text that is worth remembering."""


class _Remembering(dict[Any, bool]):
    """What was answered for a text, or for a set of names: the next time it is one look, in C."""

    def __init__(self, answer: Callable[[Any], bool]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, asked: Any) -> bool:
        answer = self._answer(asked)
        if not isinstance(asked, str) or len(asked) <= SHORT:
            if len(self) >= REMEMBERED:
                self.clear()
            self[asked] = answer
        return answer


def _like(variable: Text | Names, pattern: Pattern) -> Predicate:
    read, search = variable.read, pattern.search
    if isinstance(variable, Text):
        known = _Remembering(lambda text: text is not None and search(text))
        return lambda facts: known[read(facts)]
    matches = _Remembering(search)
    sets = _Remembering(lambda names: any(matches[name] for name in names))
    return lambda facts: sets[read(facts)]  # a client offers the same tools turn by turn
