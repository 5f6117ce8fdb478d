"""What installed packages need, by their own word: the lock must hold that, and nothing beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from supply.locks import Locked

HERE: Mapping[str, str] = {}
"""What markers are asked about: this machine."""


class NotInstalled(LookupError):
    """A package that is needed is not here, so what it needs is not known; the message is its name."""


def faults(wanted: Iterable[str], locked: Sequence[Locked]) -> Iterator[str]:
    """A sentence for each package that the lock lacks, or has for nothing, on this machine.

    Raises `NotInstalled`.
    """
    needs = needed(wanted)
    has = {entry.name for entry in locked if entry.applies(HERE)}
    yield from (f"{name} is needed, but not locked" for name in sorted(needs - has))
    yield from (f"{name} is locked, but nothing needs it" for name in sorted(has - needs))


def needed(wanted: Iterable[str]) -> set[NormalizedName]:
    """The packages that these requirements come to, on this machine. Raises `NotInstalled`."""
    found: set[NormalizedName] = set()
    seen: set[tuple[NormalizedName, str]] = set()
    waiting = [one for one in map(Requirement, wanted) if _counts(one, "")]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        found.add(name)
        for extra in {"", *one.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [more for more in _asked(name) if _counts(more, extra)]
    return found


def _asked(name: str) -> Iterator[Requirement]:
    try:
        said = requires(name)
    except PackageNotFoundError:
        raise NotInstalled(name) from None
    return map(Requirement, said or ())


def _counts(one: Requirement, extra: str) -> bool:
    return one.marker is None or one.marker.evaluate({**HERE, "extra": extra})
