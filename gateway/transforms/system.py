"""The system prompt: remove, then replace, then prepend, then append. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import patterns
from gateway.messages import MessagesRequest

DESCRIPTION = "Edits the system prompt: remove, then replace, then prepend, then append."

_PATTERN = {"type": "string", "minLength": 1, "x-expected": "a regular expression"}
_WITH = {
    "type": "string",
    "description": r"What stands there instead; \1 is a pattern's first group.",
}

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "remove": {
            "type": "array",
            "items": _PATTERN,
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
                    "pattern": {**_PATTERN, "description": "A regular expression."},
                    "with": _WITH,
                },
                "oneOf": [{"required": ["find"]}, {"required": ["pattern"]}],
                "x-expected": "{find: text, with: text} or {pattern: regex, with: text}",
            },
            "description": "Replacements, in order.",
            "x-expected": "a list such as [{find: Claude Code, with: the assistant}]",
        },
        "prepend": {"type": "string", "description": "Put in front, as a block of its own."},
        "append": {"type": "string", "description": "Put at the end, as a block of its own."},
    },
    "x-expected": "remove, replace, prepend or append",
}

Edit = Callable[[str], str]


def build(options: Mapping[str, Any]) -> Callable[[MessagesRequest], MessagesRequest]:
    """The transform of checked options. Raises `patterns.BadPattern`."""
    edits = [_removal(source) for source in options.get("remove", ())]
    edits += [_replacement(item) for item in options.get("replace", ())]
    prepend, append = options.get("prepend") or "", options.get("append") or ""

    def apply(request: MessagesRequest) -> MessagesRequest:
        system = request.system
        changed = _edited(system, edits)
        if prepend or append:
            changed = _extended(changed, prepend, append)
        return request if changed is system else request.replace(system=changed)

    return apply


def _removal(source: str) -> Edit:
    pattern = patterns.compile_regex(source)
    return lambda text: pattern.replace(text, "")


def _replacement(item: Mapping[str, Any]) -> Edit:
    replacement = item["with"]
    if "find" in item:
        return lambda text: text.replace(item["find"], replacement)
    pattern = patterns.compile_regex(item["pattern"])
    pattern.check_replacement(replacement)
    return lambda text: pattern.replace(text, replacement)


def _edited(
    system: str | list[dict[str, Any]], edits: Sequence[Edit]
) -> str | list[dict[str, Any]]:
    """The system prompt with the edits made in each block; the same object if none changed it.

    A block that becomes empty goes: the API refuses empty text. Its cache mark goes to the block
    before it, so that the prompt is cached as far as it was.
    """
    if isinstance(system, str):
        edited = _apply(system, edits)
        return system if edited == system else edited
    blocks: list[dict[str, Any]] = []
    changed = False
    for block in system:
        text = block.get("text") or ""
        edited = _apply(text, edits)
        if edited == text:
            blocks.append(block)
            continue
        changed = True
        if edited.strip():
            blocks.append({**block, "text": edited})
        elif "cache_control" in block and blocks:
            blocks[-1] = {"cache_control": block["cache_control"], **blocks[-1]}
    return blocks if changed else system


def _apply(text: str, edits: Sequence[Edit]) -> str:
    for edit in edits:
        text = edit(text)
    return text


def _extended(
    system: str | list[dict[str, Any]], prepend: str, append: str
) -> str | list[dict[str, Any]]:
    if isinstance(system, str):
        return "\n\n".join(part for part in (prepend, system, append) if part)
    first = [{"type": "text", "text": prepend}] if prepend else []
    last = [{"type": "text", "text": append}] if append else []
    return [*first, *system, *last]
