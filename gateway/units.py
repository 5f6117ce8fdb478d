"""Sizes and durations as people write them. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
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

AMOUNTS: Mapping[str, int] = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
"""Suffix in lower case -> factor."""

PERIODS: Mapping[str, float] = {
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 24 * 3600.0,
}
"""What stands behind the slash of a rate -> seconds."""

LONGEST = 24 * 3600.0
LARGEST = 1024**4
MOST = 10**12

SIZE_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": LARGEST},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(([kKmMgG][iI]?)?[bB])?$"},
    ],
    "x-expected": "a size such as 32MiB or 500kB, at most 1024GiB",
}
ROOM_SCHEMA: Mapping[str, Any] = {
    "anyOf": [{**SIZE_SCHEMA["anyOf"][0], "minimum": 0}, SIZE_SCHEMA["anyOf"][1]],
    "x-expected": f"{SIZE_SCHEMA['x-expected']}, or 0 for none",
}
DURATION_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h)$"},
    ],
    "x-expected": "a duration such as 500ms, 5s or 2m, at most 24h",
}

RATE_SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)?[kKmMgG]? ?/ ?(s|m|min|h|d)$",
    "x-expected": "a rate such as 10/s, 60/min, 5000/h or 1M/min",
}

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kKmMgG]?) ?/ ?([a-z]+)\s*")
_NUMBER_AND_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)\s*")


@dataclass(frozen=True, slots=True)
class Rate:
    """So much in so long."""

    amount: int
    seconds: float


def parse_rate(value: str) -> Rate:
    """`60/min`, `10/s`, `1.5M/min`, `5000/h`: at least 1 and at most 1000G. Raises `ValueError`."""
    match = _RATE.fullmatch(value)
    if match is None or match[3] not in PERIODS:
        raise ValueError(f"expected {RATE_SCHEMA['x-expected']}")
    amount = int(Decimal(match[1]) * AMOUNTS[match[2].lower()])
    if not 1 <= amount <= MOST:
        raise ValueError(f"expected {RATE_SCHEMA['x-expected']}, of at least 1 and at most 1000G")
    return Rate(amount, PERIODS[match[3]])


def parse_size(value: int | str) -> int:
    """Bytes: 1048576, `32MiB`, `1.5GB`. Raises `ValueError`."""
    return int(_parse(value, SIZES, LARGEST, SIZE_SCHEMA))


def parse_room(value: int | str) -> int:
    """Bytes that something may take: a size, or 0 for nothing. Raises `ValueError`."""
    if value == "0" or (value == 0 and not isinstance(value, bool)):
        return 0
    return int(_parse(value, SIZES, LARGEST, ROOM_SCHEMA))


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
