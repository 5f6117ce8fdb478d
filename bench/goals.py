"""How much a request may cost: the one table of goals, and how the guard reads it. No IO.

A goal is a ratio of CPU times in one run, not a time. `FLOOR_GOALS` compare the gateway, with all of its
stages, to the bare floor; `NGINX_GOALS` the passthrough to a reverse proxy in C.
"""

from __future__ import annotations

from collections.abc import Mapping

FLOOR_GOALS: Mapping[str, float] = {
    "small": 1.2,
    "139 KB": 1.0,
    "830 KB": 0.6,
    "turn 200k": 0.6,
    "turn 1M": 0.5,
    "burst": 1.3,
    "32 paced": 1.15,
}
NGINX_GOALS: Mapping[str, float] = {"small": 3.5, "32 paced": 2.3}

LIMITS: Mapping[str, float] = {
    "small": 2.0,
    "830 KB": 0.95,
    "turn 200k": 1.1,
    "burst": 1.5,
    "32 paced": 1.6,
}
"""The ratios beyond which the guard fails: what was reached and half as much again, because short runs
on shared machines err by a third. Where a goal is not reached yet, its limit comes down with every step."""

GUARDED = tuple(LIMITS)


def limit(case: str) -> float:
    """The ratio to the floor beyond which the guard fails."""
    return LIMITS[case]


def beyond(ratios: Mapping[str, float]) -> list[str]:
    """The cases that cost too much, in the order of the table."""
    return [case for case in FLOOR_GOALS if case in ratios and ratios[case] > limit(case)]
