"""Names that mean the same although they are written differently. No IO."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from gateway.correction.schema import clipped

_SEPARATORS = re.compile(r"[\s_.\-]+")
_MAX_SHOWN = 64
"""Characters of an unknown name that a message repeats."""


def folded(name: str) -> str:
    """The name without case and separators: `web_search`, `Web-Search` and `WebSearch` are one."""
    return _SEPARATORS.sub("", name).casefold()


def matches(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The known names that differ from this one only in case and separators."""
    key = folded(name)
    return tuple(other for other in known if folded(other) == key) if key else ()


def unknown(name: str, known: Sequence[str]) -> str:
    """Says that there is no such tool, and which ones come closest."""
    shown = name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "…"
    by_fold = {folded(other): other for other in known}
    near = difflib.get_close_matches(folded(name[:_MAX_SHOWN]), list(by_fold), n=3, cutoff=0.6)
    same = matches(name, known)
    closest = same or tuple(by_fold[key] for key in near)
    hint = f"closest: {', '.join(closest)}" if closest else f"{len(known)} were offered"
    return clipped(f"There is no tool {shown!r} ({hint}).")
