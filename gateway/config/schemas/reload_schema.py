"""The schema of reload, recorder and tests. No IO."""

from __future__ import annotations

from gateway.config.schemas.schema_parts import Schema, key, object_of, text
from gateway.routing.conditions.base import listed
from gateway.routing.conditions.outside import SHARE_SCHEMA
from gateway.units import SIZE_SCHEMA


def reload() -> Schema:
    """`reload:`"""
    at_least = {"type": "integer", "minimum": 1, "x-expected": "a number of requests such as 50"}
    value = object_of(
        {
            "max_changed": key(
                SHARE_SCHEMA,
                "The share of the recently seen requests that may go to another target at once. A "
                "change of more is held until `gateway reload --accept`; the limit that counts is the "
                "one of the config that serves.",
                "20%",
            ),
            "at_least": key(
                at_least, "How many requests have to be seen before the limit counts.", 50
            ),
        },
        "a mapping such as {max_changed: 20%}",
    )
    return key(value, "How much a saved change may change.", {"max_changed": "20%", "at_least": 50})


def recorder() -> Schema:
    """`recorder:`"""
    value = object_of(
        {
            "path": key(
                text("a file such as traffic.jsonl"),
                "The file, relative to the config. When it is full it is renamed to end in `.1`.",
                "traffic.jsonl",
            ),
            "bodies": key(
                {"type": "boolean", "x-expected": "true or false"},
                "Write what the client sent too, without secrets; otherwise facts alone.",
                False,
            ),
            "max_size": key(SIZE_SCHEMA, "How large the file may grow.", "50MiB"),
        },
        "a mapping such as {path: traffic.jsonl}",
        required=["path"],
    )
    return key(
        value,
        "Writes the facts of each request down, for `gateway diff` and `gateway replay`.",
        {"path": "traffic.jsonl"},
    )


def tests() -> Schema:
    """`tests:`"""
    file = text("a file such as config.test.yaml")
    return key(
        listed(file, "a file of tests such as config.test.yaml, or a list"),
        "Files of routing tests, relative to the config. The config is refused when one fails.",
        "config.test.yaml",
        ["config.test.yaml", "more.test.yaml"],
    )
