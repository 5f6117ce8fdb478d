"""`limits:` of a provider: its schema and its meaning. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.admission import Limits
from gateway.config.schemas.schema_parts import Schema, key, number, object_of
from gateway.units import DURATION_SCHEMA, RATE_SCHEMA, parse_duration, parse_rate

RATES = ("requests", "tokens")

SAMPLE = {"concurrency": 8, "requests": "60/min", "tokens": "1M/min", "queue": 100, "wait": "60s"}


def schema() -> Schema:
    """`limits:`"""
    value = object_of(
        {
            "concurrency": key(
                number(1, 10_000),
                "Requests that are under way at once, to the last byte of their answers; 1 for a local "
                "server that serves one at a time.",
                1,
            ),
            "requests": key(
                RATE_SCHEMA,
                "Requests that are sent in any stretch of so long.",
                "60/min",
                "10/s",
            ),
            "tokens": key(
                RATE_SCHEMA,
                "Tokens in any stretch of so long, those of caches included: a prompt counts by its "
                "estimated size when it is sent, and prompt and answer by the usage that is reported once "
                "they have ended. A prompt that is larger than this is sent alone.",
                "1M/min",
            ),
            "queue": {
                **key(
                    number(0, 10_000),
                    "Requests that wait for room. Sessions take turns; when there are too many, the last of "
                    "the session that has most is refused with 429 and `retry-after`. 0: nobody waits.",
                    100,
                ),
                "default": Limits().queue,
            },
            "wait": {
                **key(
                    DURATION_SCHEMA,
                    "How long a request waits for room at most; then, or as soon as that is known to be too "
                    "short, it is refused with 429 and `retry-after`, or the rule's next fallback is asked.",
                    "60s",
                ),
                "default": f"{Limits().wait:g}s",
            },
        },
        "at least one limit, such as {concurrency: 1}",
        anyOf=[{"required": [name]} for name in ("concurrency", *RATES)],
    )
    return key(
        value, "How much it is asked at once and in a time. Nothing is limited by default.", SAMPLE
    )


def limits(options: Mapping[str, Any] | None) -> Limits | None:
    """From a checked `limits:`."""
    if options is None:
        return None
    given = dict(options)
    given |= {name: parse_rate(given[name]) for name in RATES if name in given}
    if "wait" in given:
        given["wait"] = parse_duration(given["wait"])
    return Limits(**given)
