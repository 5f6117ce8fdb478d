"""Headers that are passed on. No IO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote

_PLAIN = re.compile(r"[ !-$&-~]*").fullmatch
"""Text that stands in a header as it is: visible ASCII, but for the sign that escapes."""

LONGEST_HEADER = 1_000
"""Characters of a header that lists things."""


def picked(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers with these names; a name may end in `*`."""
    exact, starts = _kinds(tuple(names))
    return {
        name: value
        for name, value in headers.items()
        if name in exact or (starts and name.startswith(starts))
    }


@lru_cache(maxsize=256)
def _kinds(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole names, and beginnings of names."""
    exact = frozenset(name for name in names if not name.endswith("*"))
    return exact, tuple(name[:-1] for name in names if name.endswith("*"))


def header_text(text: str) -> str:
    """Text that can stand in a header: visible ASCII, bounded."""
    if len(text) <= LONGEST_HEADER and _PLAIN(text) is not None:
        return text
    return quote(text[:LONGEST_HEADER], safe=" !\"#$&'()*+,-./:;<=>?@[]^_`{|}~")
