"""How the tables are written: folded words, and what each of them may mean. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Words = Mapping[str, tuple[str, ...]]
"""Folded word -> what may be meant, spelled as it should be."""

_T = TypeVar("_T")


def named(words: str, *meant: _T) -> dict[str, tuple[_T, ...]]:
    """Every one of the words, with the same meaning."""
    return dict.fromkeys(words.split(), meant)
