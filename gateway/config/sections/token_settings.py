"""`tokens:`, what a config says of other tokenizers: its schema and its meaning. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.config.schemas.schema_parts import Schema, key, object_of

Scales = tuple[tuple[str, float | None], ...]
"""Globs of targets, each with its scale; None for one that is learned. The first that fits."""

LEAST, MOST = 0.1, 10.0


def schema() -> Schema:
    """`tokens:`"""
    number = {"type": "number", "minimum": LEAST, "maximum": MOST}
    one = {
        "anyOf": [{"const": "auto"}, number],
        "x-expected": f"auto or a number from {LEAST:g} to {MOST:g}",
    }
    each = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": one,
        "x-expected": "a mapping of targets to scales",
    }
    scale = {
        "anyOf": [*one["anyOf"], each],
        "x-expected": 'auto, a number such as 1.15, or a mapping such as {"anthropic:*": 1.5}',
    }
    value = object_of(
        {
            "scale": key(
                scale,
                "How many of a target's tokens one token of `o200k_base` is: `auto` starts from what is "
                "known of the model's family and learns from the usage that answers report; a number is "
                "taken as it is; a mapping has globs of targets, of which the first that fits counts. "
                "Used for the answers of `count_tokens` where the provider itself does not count, for the "
                "size that a stream begins with, and for `context:` of `models:`. Conditions of rules "
                "count in `o200k_base` without a scale.",
                "auto",
                1.15,
                {"lab:*": 1.3, "*": "auto"},
            )
        },
        "a mapping such as {scale: auto}",
    )
    return key(value, "How prompts are measured for models of other tokenizers.", {"scale": "auto"})


def scales(options: Mapping[str, Any]) -> Scales:
    """From a checked `tokens:`."""
    scale = options.get("scale", "auto")
    by_target = scale if isinstance(scale, Mapping) else {"*": scale}
    return tuple((glob, None if one == "auto" else float(one)) for glob, one in by_target.items())
