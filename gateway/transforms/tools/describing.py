"""What is said of tools. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.messages import MessagesRequest
from gateway.transforms import facts, templates
from gateway.transforms.base import Options, text_option
from gateway.transforms.templates import Render

Tools = Sequence[dict[str, Any]]

WORDS = frozenset({"name", "description"})
"""What a template of a description may name beside the facts: those of the tool itself."""

_TEXT = {"type": "string", "x-expected": "a description"}

PROPERTIES: Mapping[str, Any] = {
    "describe": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                _TEXT,
                {
                    "type": "object",
                    "additionalProperties": False,
                    "minProperties": 1,
                    "properties": {
                        "replace": text_option("What is said instead.", "Runs a command."),
                        "append": text_option("What is said beside.", "Paths are absolute."),
                    },
                },
            ],
            "x-expected": "a description, or {append: text}",
        },
        "description": "Tool name -> the description that it gets, or `{append: text}`. The text may be a "
        "template, which can name the old `description`.",
        "examples": [{"Bash": "Runs a shell command.", "Read": {"append": "Paths are absolute."}}],
        "x-expected": "a mapping of tool names to descriptions",
    },
    "longest_description": {
        "type": "integer",
        "minimum": 20,
        "description": "Characters after which the description of a tool is cut.",
        "examples": [1024],
    },
}


def build(options: Options) -> Callable[[Tools, MessagesRequest], list[dict[str, Any]]]:
    """The tools with their new descriptions; one that stays as it is stays the same object."""
    read, declared = facts.reader_of(options), facts.declared_in(options)
    known: dict[str, tuple[str, Render]] = {}
    for name, value in (options.get("describe") or {}).items():
        ways = value.items() if isinstance(value, Mapping) else (("replace", value),)
        for way, text in ways:
            known[f"{way} {name}"] = way, templates.compiled(text, read, declared, WORDS)
    longest: int | None = options.get("longest_description")

    def described(tools: Tools, request: MessagesRequest) -> list[dict[str, Any]]:
        return [_described(tool, known, longest, request) for tool in tools]

    return described


def _described(
    tool: dict[str, Any],
    known: Mapping[str, tuple[str, Render]],
    longest: int | None,
    request: MessagesRequest,
) -> dict[str, Any]:
    name, old = str(tool.get("name")), tool.get("description")
    text = old
    for way in ("replace", "append"):
        if (found := known.get(f"{way} {name}")) is None:
            continue
        said = found[1](request, name=name, description=str(text or ""))
        if way == "replace":
            text = said
        elif not str(text or "").endswith(said):  # said already
            text = "\n\n".join(part for part in (text, said) if part)
    if longest is not None and isinstance(text, str):
        text = cut(text, longest)
    return tool if text == old else {**tool, "description": text}


def cut(text: str, longest: int) -> str:
    """The beginning of a text, to the end of a sentence or at least of a word."""
    if len(text) <= longest:
        return text
    start = text[: longest - 1]
    for mark, least in ((". ", longest // 2), (".\n", longest // 2), (" ", longest // 2)):
        if (end := start.rfind(mark)) >= least:
            return start[: end + 1].rstrip() if mark[0] == "." else start[:end].rstrip() + "…"
    return start + "…"
