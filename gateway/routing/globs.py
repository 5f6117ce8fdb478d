"""What can be said of name patterns without a name: inclusion, and names that fit. No IO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.patterns import Pattern, is_regex

_SPECIAL = re.compile(r"[\^$()\[\]{}|+*?.\\]")


@lru_cache(maxsize=4096)
def covers(wide: str, narrow: str) -> bool:
    """Every name that `narrow` takes is taken by `wide`. False also when that cannot be told."""
    if wide == narrow:
        return True
    if is_regex(wide) or is_regex(narrow):
        return False
    return _includes(wide.casefold(), narrow.casefold())


def _includes(wide: str, narrow: str) -> bool:
    """Glob inclusion: a `*` of the narrow one has to fall wholly into a `*` of the wide one.

    Reached positions of `wide` after each character of `narrow`, as for matching a text, but a
    wildcard of the narrow pattern is taken by a wildcard only.
    """
    reached = _skipped({0}, wide)
    for char in narrow:
        following: set[int] = set()
        for at in reached:
            if at == len(wide):
                continue
            if wide[at] == "*":
                following.add(at)
            elif char != "*" and (wide[at] == "?" or wide[at] == char):
                following.add(at + 1)
        reached = _skipped(following, wide)
    return len(wide) in reached


@lru_cache(maxsize=4096)
def share(one: str, other: str) -> bool:
    """Some name is taken by both. True also when that cannot be told."""
    return is_regex(one) or is_regex(other) or _meet(one.casefold(), other.casefold())


def _meet(one: str, other: str) -> bool:
    """Both globs read one name together; a position in each is where they stand."""
    reached, left = {(0, 0)}, [(0, 0)]
    while left:
        at, at_other = left.pop()
        char, other_char = one[at : at + 1], other[at_other : at_other + 1]
        following: list[tuple[int, int]] = []
        if char == "*":  # it stands for nothing
            following.append((at + 1, at_other))
        if other_char == "*":
            following.append((at, at_other + 1))
        if char and other_char and (char == other_char or {char, other_char} & {"*", "?"}):
            following.append((at + (char != "*"), at_other + (other_char != "*")))
        left += [place for place in following if place not in reached]
        reached.update(following)
    return (len(one), len(other)) in reached


def _skipped(positions: set[int], wide: str) -> set[int]:
    """A `*` may stand for nothing."""
    found = set(positions)
    for at in positions:
        while at < len(wide) and wide[at] == "*":
            at += 1
            found.add(at)
    return found


def names_like(pattern: Pattern) -> Iterator[str]:
    """Some names that the pattern may take; whoever uses them has to look."""
    source = pattern.source
    if not is_regex(source):
        for filling in ("", "x", "-1"):
            yield source.replace("*", filling).replace("?", "x")
        return
    inner = source[1:-1]
    yield inner.strip("^$")
    # The longest plain stretches, and the first of each choice: enough for what people write.
    for choice in inner.strip("^$").split("|"):
        plain = _SPECIAL.sub("", re.sub(r"\(\?[a-zA-Z:]*|\[(.)[^\]]*\]", r"\1", choice))
        yield plain
        yield f"x{plain}x"
