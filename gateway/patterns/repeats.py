"""What the repeats of a pattern cost: room where they are counted, time where they are nested. No IO.

The engines write counted repeats out when they compile: `((a{1000}){1000}){1000}` takes all memory
there is. Repeats inside of repeats, as in `(a+)+$`, can take the slow engine years.
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


def is_nested(source: str) -> bool:
    """A group is repeated without end of which one branch is nothing but such a repeat: `(a+|b)*`."""
    branches: list[list[bool]] = [[]]  # for each item of the open branches: it repeats without end
    groups, closed = [False], False
    for item in _ITEM.finditer(source.replace("(?:", "(")):
        if item["open"]:
            branches.append([])
            groups.append(False)
        elif item["close"] and len(groups) > 1:
            closed = groups.pop() or branches[-1] == [True]
            branches.pop()
            branches[-1].append(closed)
            continue
        elif item[0] in ("*", "+") or (item["least"] is not None and item["most"] == ""):
            if closed:
                return True
            branches[-1][-1:] = [True]
        elif item[0] == "|":
            groups[-1] |= branches[-1] == [True]
            branches[-1].clear()
        elif item["least"] is None and item[0] != "?":
            branches[-1].append(False)
        closed = False
    return False
