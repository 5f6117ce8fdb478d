"""Arithmetic of results. No IO."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed. Raises `ValueError` for none."""
    if not values:
        raise ValueError("no values")
    at = math.ceil(share * len(values)) - 1
    return sorted(values)[max(0, at)]


def middle(values: Sequence[float]) -> float | None:
    """The median; None for none."""
    return median(values) if values else None


def ratio(value: float | None, base: float | None) -> float | None:
    """How many times the base a value is; None where there is nothing to compare."""
    if value is None or not base:
        return None
    return value / base


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line through the points by least squares. Raises `ValueError` for fewer than two."""
    if len({x for x, _ in points}) < 2:
        raise ValueError("a line needs two points")
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)


def shown(value: float | None) -> str:
    """A number with as many digits as mean something: three."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}"
