"""Sizes and durations as people write them. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SIZES: Mapping[str, int] = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
"""Unit in lower case -> bytes."""

DURATIONS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
"""Unit -> seconds."""

LONGEST = 24 * 3600.0
LARGEST = 1024**4

SIZE_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": LARGEST},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(([kKmMgG][iI]?)?[bB])?$"},
    ],
    "x-expected": "a size such as 32MiB or 500kB, at most 1024GiB",
}
DURATION_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h)$"},
    ],
    "x-expected": "a duration such as 500ms, 5s or 2m, at most 24h",
}

_NUMBER_AND_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)\s*")


def parse_size(value: int | str) -> int:
    """Bytes: 1048576, `32MiB`, `1.5GB`. Raises `ValueError`."""
    return int(_parse(value, SIZES, LARGEST, SIZE_SCHEMA))


def parse_duration(value: float | str) -> float:
    """Seconds: 5, `500ms`, `2m`. Raises `ValueError`."""
    return _parse(value, DURATIONS, LONGEST, DURATION_SCHEMA)


def _parse(
    value: float | str, units: Mapping[str, float], most: float, schema: Mapping[str, Any]
) -> float:
    number: float | None = None
    if not isinstance(value, str):
        number = value
    elif (match := _NUMBER_AND_UNIT.fullmatch(value)) and match[2].lower() in units:
        number = float(match[1]) * units[match[2].lower()]
    if number is None or not 0 < number <= most:
        raise ValueError(f"expected {schema['x-expected']}")
    return number
