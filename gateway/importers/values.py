"""Values of a config that others wrote: each is taken if it is what it should be. No IO."""

from __future__ import annotations

import re
from typing import Any

from gateway.routing.rules import HANDED_ON

MOST = 10**12
"""No count is larger, and no price of a million tokens."""

_HEADER = re.compile(r"[\x20-\x7e]+")


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def count(value: Any) -> int | None:
    """A whole number above nothing, also as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 < value <= MOST else None


def amount(value: Any) -> float | None:
    """A number, nothing included."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MOST else None


def per_million(value: Any) -> float | None:
    """The price of a million tokens from that of one."""
    price = amount(value)
    return round(price * 1_000_000, 6) if price is not None and price < MOST / 10**6 else None


def is_model(value: Any) -> bool:
    """A text that can be the model of a target."""
    return (
        isinstance(value, str)
        and value.split() == [value]
        and value.isprintable()
        and value not in HANDED_ON
    )


def header_text(value: Any) -> str | None:
    """A text that a header can carry."""
    return value if isinstance(value, str) and _HEADER.fullmatch(value) else None
