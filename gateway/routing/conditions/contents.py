"""Conditions on what a request holds: streaming, tools, images and other content. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import patterns
from gateway.routing.conditions.base import (
    PATTERN_SCHEMA,
    Condition,
    as_list,
    every,
    listed,
    named,
    object_schema,
    range_schema,
    wanted,
    within,
)
from gateway.routing.facts import Edits
from gateway.routing.formula import Above, Flag, Formula, Holds, Like, Names, Number, Some

STREAM = Flag("stream", lambda facts: facts.stream)
TOOLS = Names("tools", lambda facts: facts.tools)
TOOL_COUNT = Number("tool count", lambda facts: facts.tool_count)
FORCED = Flag("forced tool", lambda facts: facts.tool_is_forced)
CONTENTS = Names("contents", lambda facts: facts.contents)
REPEATED = Number("repeated calls", lambda facts: facts.repeated_calls)

KINDS = (
    *("image", "document", "thinking", "redacted_thinking", "tools", "tool_use", "tool_result"),
    *("tool_error", "tool_reference", "search_result", "server_tool", "web_search", "web_fetch"),
    *("code_execution", "compaction"),
)
KIND_SCHEMA: Mapping[str, Any] = {"enum": list(KINDS), "x-expected": f"one of {', '.join(KINDS)}"}
NAMES_SCHEMA = listed(PATTERN_SCHEMA, "a tool such as Bash, a glob, a /regex/, or a list")


TOOLS_KEYS = {
    "include": {**NAMES_SCHEMA, "description": "At least one has such a name."},
    "count": range_schema(
        {"type": "integer", "minimum": 0, "x-expected": "a number such as 20"},
        "a range such as {above: 20}",
    ),
    "forced": {"type": "boolean", "description": "The model has to call a tool."},
}


def _tools(value: Any, _: Edits) -> Formula:
    if isinstance(value, bool):
        return wanted(value, Above(TOOL_COUNT, 0))
    parts: list[Formula] = []
    if "include" in value:
        parts.append(named(TOOLS, value["include"]))
    if "count" in value:
        parts.append(within(TOOL_COUNT, value["count"]))
    if "forced" in value:
        parts.append(wanted(value["forced"], Holds(FORCED)))
    return every(parts)


def _has(value: Any, _: Edits) -> Formula:
    return Some(tuple(Like(CONTENTS, patterns.compile_glob(kind)) for kind in as_list(value)))


def _loop(value: int | Mapping[str, Any], _: Edits) -> Formula:
    return Above(REPEATED, value - 1 if isinstance(value, int) else value["calls"] - 1)


CALLS_SCHEMA = {"type": "integer", "minimum": 2, "x-expected": "a number of calls such as 3"}

CONDITIONS = (
    Condition(
        name="stream",
        description="Whether the client wants an event stream.",
        example="stream: false",
        schema={"type": "boolean", "x-expected": "true or false"},
        parse=lambda value, _: wanted(value, Holds(STREAM)),
    ),
    Condition(
        name="tools",
        description="The tools on offer: whether there are any, whether one of them has such a name, "
        "how many there are, and whether the model has to call one.",
        example="tools: {include: [mcp__*], count: {above: 20}}",
        schema={
            "anyOf": [
                {"type": "boolean"},
                object_schema("tools such as {include: [Bash]}", TOOLS_KEYS),
            ],
            "x-expected": "true, false, or {include: [globs], count: {above: n}, forced: true}",
        },
        parse=_tools,
        patterns=("include",),
    ),
    Condition(
        name="has",
        description="What the request holds anywhere, or any of a list: content such as an image, a "
        "tool's error, or an offered tool of the provider's servers.",
        example="has: [image, document]",
        schema=listed(KIND_SCHEMA, KIND_SCHEMA["x-expected"]),
        parse=_has,
        is_volatile=True,
    ),
    Condition(
        name="loop",
        description="The model made the same tool call, with the same input, this often in a row.",
        example="loop: 3",
        schema={
            "anyOf": [CALLS_SCHEMA, object_schema("such as {calls: 3}", {"calls": CALLS_SCHEMA})],
            "x-expected": "a number of calls such as 3",
        },
        parse=_loop,
        is_volatile=True,
    ),
)
