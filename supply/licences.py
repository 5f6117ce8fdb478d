"""Whether a licence expression is allowed, and whether the packages say the same of themselves.

Expressions are SPDX's: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/. They stand in
`locks/licences.toml`, since a lock holds packages of other platforms, and since many packages still
declare theirs in words that name no licence, such as `BSD License`: a new package is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata

from supply.locks import Locked
from supply.policy import ALLOWED, LICENCES


def faults(locked: Sequence[Locked], said: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each package whose licence is unknown, not allowed, or another one by now."""
    names = {str(entry.name) for entry in locked}
    for name in sorted(names - said.keys()):
        yield f"{name}: look up its licence, and write it into {LICENCES}"
    for name in sorted(said.keys() - names):
        yield f"{name}: is not locked, but stands in {LICENCES}"
    for name in sorted(names & said.keys()):
        if not is_allowed(said[name]):
            yield f"{name}: {said[name]} is not among the allowed licences"
        elif (declared := _declared(name)) not in (None, said[name]):
            yield f"{name}: declares {declared}, but {LICENCES} says {said[name]}"


def is_allowed(expression: str) -> bool:
    """One of the alternatives has nothing but allowed licences."""
    words = re.findall(r"[()]|[^\s()]+", expression)
    try:
        return _either(words) and not words
    except IndexError:
        return False


def _either(words: list[str]) -> bool:
    """Takes the words of `A OR B` off the front; AND binds closer."""
    found = _all(words)
    while words[:1] == ["OR"]:
        del words[0]
        found = _all(words) or found
    return found


def _all(words: list[str]) -> bool:
    found = _one(words)
    while words[:1] == ["AND"]:
        del words[0]
        found = _one(words) and found
    return found


def _one(words: list[str]) -> bool:
    word = words.pop(0)
    if word != "(":
        return word in ALLOWED
    found = _either(words)
    return words.pop(0) == ")" and found


def _declared(name: str) -> str | None:
    """What an installed package says itself, where it says so in SPDX's terms (PEP 639)."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    return next(iter(found.get_all("License-Expression") or ()), None)
