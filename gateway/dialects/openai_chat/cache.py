"""The client's cache marks on the parts of chat messages. No IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Cache = Literal["none", "parts", "breakpoints"]

MARKS = ("cache_control", "prompt_cache_breakpoint")
MOST = 4
"""Marks that a request may have; the last ones are kept, because they reach the farthest."""
LIFETIMES: Mapping[Any, str] = {"1h": "12h"}
"""How long a prompt is to be kept, in the client's words -> in the server's; all else is `30m`."""


def mark(cached: Mapping[str, Any] | None, cache: Cache) -> dict[str, Any]:
    """The field of a part that stands for the client's `cache_control`; none where there is none."""
    if cached is None or cache == "none":
        return {}
    if cache == "breakpoints":
        ttl = LIFETIMES.get(cached.get("ttl"), "30m")
        return {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": ttl}}
    known = {name: cached[name] for name in ("type", "ttl") if name in cached}
    return {"cache_control": known}


def keep_last_marks(messages: Sequence[Mapping[str, Any]]) -> None:
    """Takes away the first marks where there are too many."""
    contents = (message.get("content") for message in messages)
    parts = [part for content in contents if isinstance(content, list) for part in content]
    marked = [(part, name) for part in parts for name in MARKS if name in part]
    for part, name in marked[:-MOST]:
        del part[name]
