"""Conditions on amounts: tokens, the longest answer, thinking. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.routing.conditions.base import (
    COUNT_RANGE,
    COUNT_SCHEMA,
    Condition,
    as_list,
    every,
    listed,
    range_schema,
    wanted,
    within,
)
from gateway.routing.facts import Edits, Facts
from gateway.routing.formula import Flag, Formula, Holds, Number, OneOf, Text

TOKENS = Number(
    "tokens", lambda facts: facts.tokens, exceeds=Facts.tokens_exceed, counts_tokens=True
)
MAX_TOKENS = Number("max_tokens", lambda facts: facts.max_tokens)
BUDGET = Number("thinking budget", lambda facts: facts.thinking_budget)
THINKS = Flag("thinking", lambda facts: facts.thinks)
THINKING_TYPE = Text("thinking type", lambda facts: facts.thinking_type)
EFFORT = Text("effort", lambda facts: facts.effort)

EFFORT_SCHEMA: Mapping[str, Any] = {
    "enum": ["low", "medium", "high", "xhigh", "max"],
    "x-expected": "an effort: low, medium, high, xhigh or max",
}
TYPE_SCHEMA: Mapping[str, Any] = {
    "enum": ["enabled", "adaptive", "disabled", "between_tools"],
    "x-expected": "a type of thinking: enabled, adaptive, disabled or between_tools",
}


def _tokens(value: Mapping[str, Any], edits: Edits) -> Formula:
    if value.get("of") != "outgoing" or not edits:
        return within(TOKENS, value)
    name = f"tokens after {', '.join(edits)}"
    outgoing = Number(name, lambda facts: facts.outgoing_tokens(edits), counts_tokens=True)
    return within(outgoing, value)


def _thinking(value: Any, _: Edits) -> Formula:
    if isinstance(value, bool):
        return wanted(value, Holds(THINKS))
    if isinstance(value, str):
        return OneOf(THINKING_TYPE, frozenset({value}))
    parts: list[Formula] = []
    for name, text in (("type", THINKING_TYPE), ("effort", EFFORT)):
        if name in value:
            parts.append(OneOf(text, frozenset(as_list(value[name]))))
    if "budget" in value:
        parts.append(within(BUDGET, value["budget"]))
    return every(parts)


CONDITIONS = (
    Condition(
        name="tokens",
        description="The size of the prompt in tokens: system, tools and messages. With `of: outgoing`, "
        "after the transforms of the rule.",
        example="tokens: {above: 60k}",
        schema=range_schema(
            COUNT_SCHEMA,
            "a range of tokens such as {above: 60k} or {between: [60k, 200k]}",
            between={
                "type": "array",
                "items": COUNT_SCHEMA,
                "minItems": 2,
                "maxItems": 2,
                "description": "From the first to the second, both included.",
                "x-expected": "two numbers of tokens such as [60k, 200k]",
            },
            of={
                "enum": ["request", "outgoing"],
                "description": "What is measured: the request as it came (the default), or after the "
                "transforms of the rule.",
                "x-expected": "request or outgoing",
            },
        ),
        parse=_tokens,
        is_volatile=True,
    ),
    Condition(
        name="max_tokens",
        description="The longest answer that the client takes, in tokens.",
        example="max_tokens: {below: 1000}",
        schema=COUNT_RANGE,
        parse=lambda value, _: within(MAX_TOKENS, value),
    ),
    Condition(
        name="thinking",
        description="Whether and how the client asks for thinking. Current clients ask for "
        "adaptive thinking nearly always; effort tells requests apart.",
        example="thinking: {effort: [high, max]}",
        schema={
            "anyOf": [
                {"type": "boolean"},
                TYPE_SCHEMA,
                {
                    "type": "object",
                    "additionalProperties": False,
                    "minProperties": 1,
                    "properties": {
                        "type": listed(TYPE_SCHEMA, TYPE_SCHEMA["x-expected"]),
                        "effort": listed(EFFORT_SCHEMA, EFFORT_SCHEMA["x-expected"]),
                        "budget": COUNT_RANGE,
                    },
                },
            ],
            "x-expected": "true, false, a type such as adaptive, or {effort: high}",
        },
        parse=_thinking,
    ),
)
