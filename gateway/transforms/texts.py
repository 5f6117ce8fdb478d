"""Edits of a text: what is removed, and what is put in place of something. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway import patterns
from gateway.patterns import TIME_LIMIT
from gateway.transforms.base import PATTERN, Options, PatternAt, entries
from gateway.units import DURATION_SCHEMA, parse_duration

TextEdit = Callable[[str], str]

PROPERTIES: Mapping[str, Any] = {
    "remove": {
        "type": "array",
        "items": PATTERN,
        "description": "Regular expressions; what they match is removed.",
        "x-expected": "a list of regular expressions",
    },
    "replace": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["with"],
            "properties": {
                "find": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Text, taken as it is.",
                },
                "pattern": {**PATTERN, "description": "A regular expression."},
                "with": {
                    "type": "string",
                    "description": r"What stands there instead; \1 is a pattern's first group.",
                },
            },
            "oneOf": [{"required": ["find"]}, {"required": ["pattern"]}],
            "x-expected": "{find: text, with: text} or {pattern: regex, with: text}",
        },
        "description": "Replacements, in order.",
        "x-expected": "a list such as [{find: Claude Code, with: the assistant}]",
    },
    "time_limit": {
        **DURATION_SCHEMA,
        "description": "How long one pattern may take on one text, 50ms if nothing is said; a request that "
        "takes it longer is refused. The fast engine, which few patterns cannot use, gets 20 times as long.",
        "examples": ["50ms"],
    },
}
"""The options of a step that edits texts."""


def edits_of(options: Options) -> TextEdit:
    """What is removed, then what is replaced, each in order. Raises `BadPattern` and `ValueError`."""
    limit = parse_duration(options["time_limit"]) if "time_limit" in options else TIME_LIMIT
    edits = [removal(source, limit) for source in options.get("remove", ())]
    edits += [_replacement(item, limit) for item in options.get("replace", ())]

    def edited(text: str) -> str:
        for edit in edits:
            text = edit(text)
        return text

    return edited


def removal(source: str, limit: float = TIME_LIMIT) -> TextEdit:
    """Removes what a pattern matches. Raises `BadPattern`."""
    pattern = patterns.compile_regex(source)
    return lambda text: pattern.replace(text, "", limit=limit)


def literal(find: str, replacement: str) -> TextEdit:
    """Puts a text in place of another."""
    return lambda text: text.replace(find, replacement)


def _replacement(item: Mapping[str, Any], limit: float) -> TextEdit:
    replacement = item["with"]
    if "find" in item:
        return literal(item["find"], replacement)
    pattern = patterns.compile_regex(item["pattern"])
    pattern.check_replacement(replacement)
    return lambda text: pattern.replace(text, replacement, limit=limit)


def patterns_of(options: Options) -> Iterator[PatternAt]:
    """The patterns under `remove` and `replace`."""
    for index, source in entries(options, "remove"):
        yield PatternAt(("remove", index), source)
    for index, item in entries(options, "replace"):
        if isinstance(item, Mapping) and "pattern" in item:
            yield PatternAt(("replace", index, "pattern"), item["pattern"], item.get("with"))
