"""What people are told of targets that fail: circuits by target, keys by their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.availability import Access, Availability, State
from gateway.config import Snapshot


class Told(NamedTuple):
    """A circuit that is not closed."""

    target: str
    """`provider:model`, or the provider alone for a key that is refused whatever the model."""
    key: str | None
    """`key 2 of 3`, where the provider has several."""
    state: State
    seconds: float
    """Of cooldown that are left."""
    status: int
    """Of the failure that counted last."""


def told(availability: Availability, snapshot: Snapshot) -> list[Told]:
    """The circuits that count for a config: those of keys and addresses that it has no more are left out."""
    if not availability.circuits:
        return []
    places = dict(_places(snapshot))
    return [
        Told(_target(one.access), places[found], one.state, one.seconds, one.status)
        for one in availability.standings()
        if (found := (one.access.provider, one.access.key)) in places
    ]


def as_json(one: Told) -> dict[str, Any]:
    """`{target, key?, state, seconds, status}`"""
    key = {"key": one.key} if one.key is not None else {}
    seconds = round(one.seconds, 1)
    return {
        "target": one.target,
        **key,
        "state": one.state,
        "seconds": seconds,
        "status": one.status,
    }


def _target(access: Access) -> str:
    return f"{access.provider}:{access.model}" if access.model else access.provider


def _places(snapshot: Snapshot) -> Iterator[tuple[tuple[str, str], str | None]]:
    for name, endpoint in snapshot.endpoints.items():
        if not endpoint.pool:
            yield (name, endpoint.access), None
        for place, one in enumerate(endpoint.pool, 1):
            yield (name, one.access), f"key {place} of {len(endpoint.pool)}"
