"""`server.drain` and the bounds of what a gateway serves at once: their schema and their meaning. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.schemas.schema_parts import Schema, key
from gateway.units import DURATION_SCHEMA, parse_duration


@dataclass(frozen=True, slots=True)
class Life:
    """How much is served at once, and how a gateway ends."""

    drain: float = 120.0
    """Seconds that answers under way get to end when the gateway is told to stop."""
    max_streams: int = 1000
    """Answers under way, streamed or not."""
    max_connections: int = 4000
    """Connections of clients, idle ones among them."""


COUNTS = ("max_streams", "max_connections")


def properties() -> Schema:
    """Keys of `server:`."""
    count = {"type": "integer", "minimum": 1, "x-expected": "a number such as 1000"}
    return {
        "drain": key(
            DURATION_SCHEMA,
            "How long answers under way may go on when the gateway is told to stop (SIGTERM, Ctrl+C); those "
            "that are left then end with an error, as they do at once after a second signal. What runs the "
            "gateway has to wait a little longer before it kills it.",
            "2m",
        ),
        "max_streams": key(
            count, "How many answers may be under way at once; one more is refused with 529.", 1000
        ),
        "max_connections": key(
            count, "How many connections clients may have; one more is refused with 503.", 4000
        ),
    }


def life(options: Mapping[str, Any]) -> Life:
    """From a checked `server:`."""
    given = {name: options[name] for name in COUNTS if name in options}
    if "drain" in options:
        given["drain"] = parse_duration(options["drain"])
    return Life(**given)
