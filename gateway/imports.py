"""Imports without what nobody here uses: some libraries import whatever they find installed. No IO."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """What is imported inside finds these packages not installed, unless they are imported already.

    None in `sys.modules` is Python's own way to say so:
    https://docs.python.org/3/reference/import.html#the-module-cache. For the main thread at the start:
    another thread that imports one of them meanwhile would not find it either.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is allowed to stand there
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
