"""Checks of what YAML 1.1 reads otherwise than people, where any value is allowed. No IO.

Where only some values are allowed the schema says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from gateway.config.findings import Finding
from gateway.config.text.document import Document
from gateway.config.text.positions import Path

_ANY_VALUE = (("params", "set"), ("params", "default"), ("quirks", "extra"))
"""Pairs of keys under which the fields of requests stand as they are sent."""

_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+|0o[0-7]+")
"""Numbers for people, and for YAML 1.2."""


def free_values(document: Document) -> Iterator[Finding]:
    """Booleans that look like words, and texts that look like numbers."""
    for path, place in document.positions.places.items():
        if place.quote or not place.typed or not _is_free(path):
            continue
        value, typed = document.get(*path), document.typed(path)
        if isinstance(value, bool) and place.typed.lower() not in ("true", "false"):
            read = str(value).lower()
            message = f"{document.where(path)}YAML reads a bare {typed} as {read}"
            help = f'write {read}, or quote it, as in "{place.typed}"'
            yield document.positions.warning("odd-boolean", place.value, message, help)
        elif isinstance(value, str) and _NUMBER.fullmatch(place.typed):
            message = f"{document.where(path)}YAML reads {typed} as a text, not as a number"
            help = "write it with a dot and a sign, as in 1.0e+3, or without an exponent"
            yield document.positions.warning("odd-number", place.value, message, help)


def _is_free(path: Path) -> bool:
    return any(pair in _ANY_VALUE for pair in pairwise(path))
