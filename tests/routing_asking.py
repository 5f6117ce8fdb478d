"""What the tests of rules ask: requests as facts, and configs as rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jsonschema
from language import request

from gateway.config.schema import build
from gateway.routing import CONDITIONS, Facts, Readings, compile_when
from gateway.routing.readings import NOTHING
from gateway.tokens import TokenCounter

VALIDATORS = {
    name: jsonschema.Draft202012Validator(
        {**condition.schema, "$defs": {"when": build()["$defs"]["when"]}}
    )
    for name, condition in CONDITIONS.items()
}


class Fixed:
    """An encoder that counts whatever it is shown as this many tokens, and how often it was asked."""

    def __init__(self, tokens: int = 0) -> None:
        self.tokens = tokens
        self.asked = 0

    def count(self, text: str) -> int:
        self.asked += 1
        return self.tokens


def check(condition: str, value: Any) -> None:
    """The value is one that the schema allows; raises `jsonschema.ValidationError`."""
    VALIDATORS[condition].validate(value)


def holds(condition: str, value: Any, found: Facts) -> bool:
    """The condition holds, and its value is one that the schema allows."""
    check(condition, value)
    [test] = compile_when({condition: value})
    assert test.condition == condition
    return test.holds(found)


def sized(tokens: int) -> Facts:
    """Facts of a prompt of this many tokens, in a body long enough to be counted."""
    return Facts(request(messages=[], system="x" * 3000), TokenCounter(Fixed(tokens)))


def asking(
    path_prefix: str = "",
    *,
    headers: dict[str, str] | None = None,
    key: str | None = None,
    readings: Readings = NOTHING,
    now: datetime | None = None,
    **fields: Any,
) -> Facts:
    """Facts of a request with these fields."""
    moment = now or datetime(2026, 3, 4, 12, 0).astimezone()
    return Facts(
        request(**fields),
        TokenCounter(Fixed()),
        path_prefix=path_prefix,
        headers=headers or {},
        key=key,
        readings=readings,
        clock=lambda: moment,
    )
