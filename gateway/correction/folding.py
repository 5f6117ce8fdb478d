"""One form for the many spellings of a name. No IO."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
MAX_FOLDED = 256
"""Characters of a name that are looked at; a longer one is compared as it is."""


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The name without case and separators: `web_search`, `Web-Search` and `WebSearch` are one."""
    return _SEPARATORS.sub("", name).casefold() if len(name) <= MAX_FOLDED else name


def words(name: str) -> tuple[str, ...]:
    """The words of a name, folded: `in`, `progress` of `inProgress` and of `IN-PROGRESS`."""
    return tuple(word.casefold() for word in _WORDS.findall(name[:MAX_FOLDED]))
