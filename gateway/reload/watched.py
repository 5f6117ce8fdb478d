"""What is on disk: the files that decide what serves.

A look at times and sizes is cheap enough for every request, but it misses what changes within the grain
of a file system's clock; so the contents are compared too, now and then, and they alone decide.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from operator import attrgetter
from pathlib import Path

Stamp = tuple[int, int, int, int] | None
Look = tuple[Stamp, ...]


def look(paths: Iterable[Path | str]) -> Look:
    """What changes when a file is written, replaced or removed. Links are followed, as config maps
    swap a link."""
    return tuple(map(_stamp, paths))


_changing: Callable[[os.stat_result], tuple[int, int, int, int]] = attrgetter(
    "st_mtime_ns", "st_ctime_ns", "st_size", "st_ino"
)


def _stamp(path: Path | str) -> Stamp:
    try:
        return _changing(os.stat(path))  # noqa: PTH116 - each request asks, the method takes twice as long
    except OSError:
        return None


def contents(paths: Iterable[Path]) -> str:
    """A digest of what the files hold."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            held = path.read_bytes()
            digest.update(f"{path}\0{len(held)}\0".encode("utf-8", "surrogatepass"))
            digest.update(held)
        except OSError as error:
            digest.update(f"{path}\0{error.errno}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
