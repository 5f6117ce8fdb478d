"""Conditions that the request does not decide: time, chance, and what went before. No IO."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from gateway.routing.conditions.base import (
    NUMBER_SCHEMA,
    BadValue,
    Condition,
    as_list,
    listed,
    range_schema,
    within,
)
from gateway.routing.facts import Edits, Facts
from gateway.routing.formula import Above, All, Flag, Formula, Holds, Known, Not, Number, Some
from gateway.units import DURATION_SCHEMA, parse_duration

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$"

TARGET_SCHEMA = {
    "type": "string",
    "pattern": "^[^:]+:.+$",
    "x-expected": "a target such as openai:gpt-5",
}
SHARE_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^(100|[0-9]{1,2}(\.[0-9]+)?)%$"},
    ],
    "x-expected": "a share such as 5%",
}
LOT = Number("lot", lambda facts: facts.lot, whole=False)


def parse_share(value: float | str) -> float:
    """A share as people write it: `5%`, or 0.05."""
    return float(value.rstrip("%")) / 100 if isinstance(value, str) else float(value)


def _sample(value: float | str, _: Edits) -> Formula:
    return All((Known(LOT), Not(Above(LOT, parse_share(value)))))


def _time(value: Mapping[str, Any], _: Edits) -> Formula:
    start, end = _clock(value.get("from", "0:00")), _clock(value.get("to", "0:00"))
    days = frozenset(DAYS.index(day) for day in as_list(value.get("days", list(DAYS))))
    zone = _zone(value["zone"]) if "zone" in value else None

    def is_now(facts: Facts) -> bool:
        now: datetime = facts.now.astimezone(zone)
        clock = now.time()
        if start < end:
            return now.weekday() in days and start <= clock < end
        # Over midnight: the hours after it belong to the day on which the window began.
        if clock >= start:
            return now.weekday() in days
        return clock < end and (now.weekday() - 1) % 7 in days

    written = " ".join(f"{name} {part}" for name, part in value.items())
    return Holds(Flag(f"time {written}", is_now))


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValue(f"there is no time zone {name!r}") from None


def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))


def _spend(value: Mapping[str, Any], _: Edits) -> Formula:
    seconds = parse_duration(value.get("within", "24h"))
    scope = value.get("scope", "session")

    def spent(facts: Facts) -> float | None:
        if scope == "all":
            return facts.readings.spent(None, seconds)
        name = facts.session if scope == "session" else facts.key
        return facts.readings.spent(name, seconds) if name is not None else None

    return within(Number(f"spend of {scope} in {seconds:g} s", spent, whole=False), value)


def _rate(value: Mapping[str, Any], _: Edits) -> Formula:
    provider, seconds = value["provider"], parse_duration(value.get("within", "1m"))
    name = f"requests to {provider} in {seconds:g} s"
    return within(Number(name, lambda facts: facts.readings.requests(provider, seconds)), value)


def _cooldown(value: Any, _: Edits) -> Formula:
    return Some(tuple(Holds(_cooling(target)) for target in as_list(value)))


def _cooling(target: str) -> Flag:
    return Flag(f"cooldown of {target}", lambda facts: facts.readings.cooling(target))


def _cache_hit_rate(value: Mapping[str, Any], _: Edits) -> Formula:
    target = value["target"]
    name = f"cache_hit_rate of {target}"
    number = Number(name, lambda facts: facts.readings.cache_hit_rate(target), whole=False)
    return within(number, _shares(value))


def _repair_rate(value: Mapping[str, Any], _: Edits) -> Formula:
    target = value["target"]
    name = f"repair_rate of {target}"
    number = Number(name, lambda facts: facts.readings.repair_rate(target), whole=False)
    return within(number, _shares(value))


def _shares(value: Mapping[str, Any]) -> dict[str, float]:
    return {name: parse_share(value[name]) for name in ("above", "below") if name in value}


def _rated(what: str) -> dict[str, Any]:
    target = {**TARGET_SCHEMA, "description": "The target whose answers are looked at."}
    expected = f"a target and a share such as {{target: openai:gpt-5, {what}}}"
    return {**range_schema(SHARE_SCHEMA, expected, target=target), "required": ["target"]}


CONDITIONS = (
    Condition(
        name="time",
        description="The time of day and the days of the week; the hours after midnight belong to the "
        "day on which the window began. The zone is the gateway's unless one is named.",
        example='time: {from: "22:00", to: "6:00", days: [mon, tue], zone: Europe/Berlin}',
        schema={
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {
                name: {"type": "string", "pattern": CLOCK, "x-expected": 'a time such as "22:00"'}
                for name in ("from", "to")
            }
            | {
                "days": listed({"enum": list(DAYS)}, "days such as [mon, tue]"),
                "zone": {
                    "type": "string",
                    "minLength": 1,
                    "x-expected": "a time zone such as Europe/Berlin",
                },
            },
            "x-expected": 'a window such as {from: "22:00", to: "6:00"}',
        },
        parse=_time,
        is_volatile=True,
    ),
    Condition(
        name="sample",
        description="A share of the sessions, always the same ones: for trying a target out.",
        example="sample: 5%",
        schema=SHARE_SCHEMA,
        parse=_sample,
    ),
    Condition(
        name="spend",
        description="What was spent within a time, by the prices under `models:`: by the session (the "
        "default), by the client key, or by all.",
        example="spend: {above: 2.5, scope: session, within: 24h}",
        schema=range_schema(
            NUMBER_SCHEMA,
            "an amount such as {above: 2.5, scope: session}",
            scope={"enum": ["session", "key", "all"], "x-expected": "session, key or all"},
            within=DURATION_SCHEMA,
        ),
        parse=_spend,
        is_volatile=True,
    ),
    Condition(
        name="rate",
        description="How many requests went to a provider within a time.",
        example="rate: {provider: openai, above: 50, within: 1m}",
        schema={
            **range_schema(
                NUMBER_SCHEMA,
                "a rate such as {provider: openai, above: 50, within: 1m}",
                provider={"type": "string", "minLength": 1, "x-expected": "a provider"},
                within=DURATION_SCHEMA,
            ),
            "required": ["provider"],
        },
        parse=_rate,
        is_volatile=True,
    ),
    Condition(
        name="cooldown",
        description="A target, or one of a list, failed lately and is left alone for a while.",
        example="cooldown: openai:gpt-5",
        schema=listed(TARGET_SCHEMA, "a target such as openai:gpt-5, or a list"),
        parse=_cooldown,
        is_volatile=True,
    ),
    Condition(
        name="cache_hit_rate",
        description="The share of the prompts of a target that came from its cache lately.",
        example="cache_hit_rate: {target: openai:gpt-5, below: 20%}",
        schema=_rated("below: 20%"),
        parse=_cache_hit_rate,
        is_volatile=True,
    ),
    Condition(
        name="repair_rate",
        description="The share of the tool calls of a target that had to be repaired lately.",
        example="repair_rate: {target: ollama:qwen3, above: 20%}",
        schema=_rated("above: 20%"),
        parse=_repair_rate,
        is_volatile=True,
    ),
)
