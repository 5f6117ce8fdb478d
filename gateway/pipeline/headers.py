"""Headers that are passed on. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

LONGEST_HEADER = 1_000
"""Characters of a header that lists things."""


def picked(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers with these names; a name may end in `*`."""
    exact = {name for name in names if not name.endswith("*")}
    starts = tuple(name[:-1] for name in names if name.endswith("*"))
    return {
        name: value
        for name, value in headers.items()
        if name in exact or (starts and name.startswith(starts))
    }


def header_text(text: str) -> str:
    """Text that can stand in a header: visible ASCII, bounded."""
    return quote(text[:LONGEST_HEADER], safe=" !\"#$&'()*+,-./:;<=>?@[]^_`{|}~")
