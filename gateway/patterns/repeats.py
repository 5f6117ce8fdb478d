"""How large a pattern becomes when its counted repeats are written out. No IO.

The engines write them out when they compile: `((a{1000}){1000}){1000}` takes all memory there is.
"""

from __future__ import annotations

import re

LARGEST = 50_000
"""Items of a pattern that is still compiled, in some hundredths of a second."""

_ITEM = re.compile(
    r"""(?xs)
    (?P<open> \( ) | (?P<close> \) )
    | \{ (?P<least> [0-9]* ) (?: , (?P<most> [0-9]* ) )? \}
    | \[ \^? \]? (?: \\. | [^\]\\] )* \]?
    | \\. | .
    """
)


def written_out(source: str) -> int:
    """The number of items, about: repeats of repeats multiply."""
    totals, last = [0], [0]
    for item in _ITEM.finditer(source):
        if item["open"]:
            totals.append(0)
            last.append(0)
            continue
        if item["least"] is not None:
            added = last[-1] * max(0, _times(item) - 1)
            last[-1] += added
        else:
            is_group = item["close"] is not None and len(totals) > 1
            added = max(1, totals.pop()) if is_group else 1
            if is_group:
                last.pop()
            last[-1] = added
        totals[-1] += added
    return sum(totals)


def _times(item: re.Match[str]) -> int:
    counts = [count[:9] for count in (item["least"], item["most"]) if count]
    return max((int(count) for count in counts), default=1)
