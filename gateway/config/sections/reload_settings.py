"""What a config says of its own reload, of its tests, and of what is recorded. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.routing.conditions.base import as_list
from gateway.routing.conditions.outside import parse_share
from gateway.units import parse_size


@dataclass(frozen=True, slots=True)
class ReloadSettings:
    """How much a saved change may change."""

    max_changed: float | None = None
    """Share of the recently seen requests, from 0 to 1, that may go elsewhere at once; None for all."""
    at_least: int = 50
    """Requests that have to be comparable before the limit holds."""


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Where the facts of requests are written down."""

    path: str
    """Relative to the config."""
    bodies: bool = False
    """With what the client sent, without secrets."""
    max_size: int = 50 * 1024 * 1024
    """Bytes of the file; the one before it is kept."""


def reload_settings(options: Mapping[str, Any]) -> ReloadSettings:
    """From a checked `reload:`."""
    given = dict(options)
    if "max_changed" in given:
        given["max_changed"] = parse_share(given["max_changed"])
    return ReloadSettings(**given)


def recorder_settings(options: Mapping[str, Any] | None) -> RecorderSettings | None:
    """From a checked `recorder:`."""
    if options is None:
        return None
    given = dict(options)
    if "max_size" in given:
        given["max_size"] = parse_size(given["max_size"])
    return RecorderSettings(**given)


def test_files(value: str | list[str] | None) -> tuple[str, ...]:
    """From a checked `tests:`."""
    return tuple(as_list(value)) if value is not None else ()
