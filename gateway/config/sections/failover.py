"""How failures are answered: the schema of `failover:`, and what it says. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.availability import Settings
from gateway.config.findings import Finding
from gateway.config.schemas.schema_parts import Schema, key, number, object_of
from gateway.config.text.document import Document
from gateway.config.text.positions import Path
from gateway.routing.conditions.outside import parse_share
from gateway.units import DURATION_SCHEMA, parse_duration

MOST_FAILURES = 100
LARGEST_SHARE = 0.2
MOST_PER_MINUTE = 600

DURATIONS = ("window", "cooldown", "longest_cooldown", "longest_wait")


def schema() -> Schema:
    """`failover:`"""
    share = {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": LARGEST_SHARE},
            {"type": "string", "pattern": r"^(20|1?[0-9](\.[0-9]+)?)%$"},
        ],
        "x-expected": "a share such as 10%, at most 20%",
    }
    value = object_of(
        {
            "failures": key(
                number(1, MOST_FAILURES),
                "A provider's model that fails so often in a row, with one key, is passed over while "
                "another target of the rule can be asked.",
                5,
            ),
            "window": key(
                DURATION_SCHEMA, "Failures count together when they fall within this time.", "1m"
            ),
            "cooldown": key(
                DURATION_SCHEMA,
                "How long it is passed over at first. Then one request tries it; when that fails the time "
                "is doubled. A `retry-after` of the provider counts in its place.",
                "10s",
            ),
            "longest_cooldown": key(
                DURATION_SCHEMA,
                "Where the doubling ends. A key that a provider refuses is left alone for so long.",
                "5m",
            ),
            "longest_wait": key(
                DURATION_SCHEMA,
                "A `retry-after` up to this is waited for where a rule has `retries`, or a fallback; a "
                "longer one goes to the fallback, or to the client.",
                "5s",
            ),
            "retry_share": key(
                share,
                "How many repetitions at targets that were asked before all requests together may cause, "
                "as a share of them.",
                "10%",
            ),
            "retries_per_minute": key(
                number(0, MOST_PER_MINUTE),
                "Repetitions allowed beside these, for clients that do not ask again by themselves: those "
                "that send no `x-stainless-retry-count`.",
                5,
            ),
        },
        "a mapping such as {cooldown: 10s}",
    )
    return key(
        value,
        "What happens to targets that fail, and how often they are asked again.",
        {"cooldown": "10s", "retry_share": "10%"},
    )


def settings(options: Mapping[str, Any]) -> Settings:
    """From a checked `failover:`."""
    given = dict(options)
    given |= {name: parse_duration(given[name]) for name in DURATIONS if name in given}
    if "retry_share" in given:
        given["retry_share"] = parse_share(given["retry_share"])
    return Settings(**given)


def cooldowns(document: Document) -> Iterator[Finding]:
    """The longest cooldown is not shorter than the first one."""
    defaults, times = Settings(), dict[str, float]()
    for name in ("cooldown", "longest_cooldown"):
        said = document.get("failover", name)
        try:
            times[name] = parse_duration(said) if said is not None else getattr(defaults, name)
        except (TypeError, ValueError):
            return  # said elsewhere
    if times["cooldown"] <= times["longest_cooldown"]:
        return
    said_longest = document.get("failover", "longest_cooldown") is not None
    path: Path = ("failover", "longest_cooldown" if said_longest else "cooldown")
    message = (
        f"{document.where(path)}the longest cooldown, {times['longest_cooldown']:g} s, is shorter than "
        f"the first one, {times['cooldown']:g} s"
    )
    help = "`cooldown` is where it begins and `longest_cooldown` where its doubling ends"
    span = document.positions.value(path)
    yield document.positions.error("bad-value", span, message, help)
