"""Overrides in the form of files that other proxies have: `system_overrides.yaml`, `tools_override.yaml`.

What stands in such a file can be a step as it is. No IO.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.transforms import system, tools
from gateway.transforms.base import PATTERN, Edit, Kind, Options, PatternAt, entries, text_option


def _text(description: str, sample: str) -> dict[str, Any]:
    """A text, which such files may leave empty."""
    return {**text_option(description, sample), "type": ["string", "null"]}


_SYSTEM: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "removePatterns": {
            "type": ["array", "null"],
            "items": PATTERN,
            "description": "Regular expressions; what they match is removed.",
            "examples": [["IMPORTANT: .*"]],
            "x-expected": "a list of regular expressions",
        },
        "replacements": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["find", "replace"],
                "properties": {
                    "find": {"type": "string", "minLength": 1, "description": "Text as it is."},
                    "replace": {"type": "string", "description": "What stands there instead."},
                },
                "x-expected": "{find: text, replace: text}",
            },
            "description": "Replacements, in order.",
            "examples": [[{"find": "Claude Code", "replace": "AI Assistant"}]],
            "x-expected": "a list such as [{find: Claude Code, replace: AI Assistant}]",
        },
        "prepend": _text("Put in front.", "Custom prefix content"),
        "append": _text("Put at the end.", "Custom suffix content"),
    },
    "examples": [{"prepend": "Custom prefix content"}],
    "x-expected": "removePatterns, replacements, prepend or append",
}

_TOOLS: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "string", "x-expected": "a description"},
    "x-expected": "a mapping of tool names to descriptions",
}


def _build_system(options: Options) -> Edit:
    replacements = options.get("replacements") or ()
    return system.build(
        {
            "remove": options.get("removePatterns") or (),
            "replace": [{"find": r["find"], "with": r["replace"]} for r in replacements],
            "prepend": options.get("prepend"),
            "append": options.get("append"),
        }
    )


def _system_patterns(options: Options) -> Iterator[PatternAt]:
    for index, source in entries(options, "removePatterns"):
        yield PatternAt(("removePatterns", index), source)


def _build_tools(options: Options) -> Edit:
    return tools.build({"describe": options})


SYSTEM = Kind(
    "`system`, in the words of a `system_overrides.yaml`.",
    _SYSTEM,
    _build_system,
    "systemMessageOverrides: {replacements: [{find: Claude Code, replace: AI Assistant}]}",
    _system_patterns,
    system.templates_in,
)

TOOLS = Kind(
    "Tool name -> the description that it gets, in the words of a `tools_override.yaml`.",
    _TOOLS,
    _build_tools,
    "toolDescriptions: {Bash: Runs a shell command.}",
    templates=lambda options: tools.templates_in({"describe": options}, at=()),
)
