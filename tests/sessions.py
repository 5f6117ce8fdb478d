"""A conversation of the shape that Claude Code sends, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from language import JSON

MARK = {"type": "ephemeral"}
ENVIRONMENT = (
    "<system-reminder>\nPrimary working directory: /home/me/project\nPlatform: linux\n"
    "The following deferred tools are available: CronList, NotebookEdit\n</system-reminder>"
)
TOOLS = [
    *("Agent", "Bash", "Edit", "Glob", "Grep", "NotebookEdit", "Read", "TodoWrite", "Write"),
    *("mcp__db__delete_row", "mcp__db__query", "WebFetch"),
]


def tool(name: str) -> JSON:
    """A tool with a description of some length and a schema."""
    return {
        "name": name,
        "description": f"{name} does what it says. "
        + f"Use it with care, as {name} should be. " * 20,
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"path": {"type": "string"}, "note": {"type": "string"}},
            "required": ["path"],
            "additionalProperties": False,
        },
    }


def turns(count: int = 40, *, stream: bool = True) -> Iterator[JSON]:
    """The bodies of so many requests: each repeats the one before and adds to it.

    As the client does it: the attribution varies; the cache mark is on the last message; a message is
    a list of blocks while it is the last and text alone later; a system message follows the first one.
    """
    history: list[JSON] = []
    for number in range(count):
        added = [{"role": "user", "content": [*_results(number), _text(f"Step {number}, please.")]}]
        if number == 0:
            added.append({"role": "system", "content": [_text(ENVIRONMENT)]})
        shown = [*history, *added[:-1], _marked(added[-1])]
        yield _body(number, shown, stream=stream)
        history += [*(_plain(message) for message in added), _answer(number)]


def _body(number: int, messages: list[JSON], *, stream: bool) -> JSON:
    attribution = f"x-anthropic-billing-header: cc_version=2.1.{number}; cch={number:05x};"
    return {
        "model": "claude-opus-5-5",
        "messages": messages,
        "system": [
            _text(attribution),
            {**_text("You are Claude Code, a tool for programmers."), "cache_control": MARK},
            {
                **_text("# Tone\nIMPORTANT: Be precise.\n\n" + "Think before you act. " * 200),
                "cache_control": MARK,
            },
        ],
        "tools": [tool(name) for name in TOOLS],
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s-1"})},
        "max_tokens": 32000,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "stream": stream,
    }


def _text(text: str) -> JSON:
    return {"type": "text", "text": text}


def _results(number: int) -> list[JSON]:
    if number == 0:
        return []
    names = ["left", "right"] if number % 3 == 0 else ["only"]
    return [
        {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number - 1}_{name}",
            "content": f"{name} of {number} " * 30,
            **({"is_error": True} if number % 7 == 0 else {}),
        }
        for name in names
    ]


def _answer(number: int) -> JSON:
    names = ["left", "right"] if (number + 1) % 3 == 0 else ["only"]
    used = "NotebookEdit" if number == 5 else "Bash"
    calls = [
        {
            "type": "tool_use",
            "id": f"toolu_{number}_{name}",
            "name": used,
            "input": {"path": f"/{name}/{number}"},
        }
        for name in names
    ]
    thought = {"type": "thinking", "thinking": f"Step {number} it is.", "signature": "c2ln"}
    return {"role": "assistant", "content": [thought, _text(f"Doing step {number}."), *calls]}


def _marked(message: JSON) -> JSON:
    *others, last = message["content"]
    return {**message, "content": [*others, {**last, "cache_control": MARK}]}


def _plain(message: JSON) -> JSON:
    """A message as it is sent later: a single text is written without its block."""
    content: list[Any] = message["content"]
    alone = len(content) == 1 and content[0]["type"] == "text"
    return {**message, "content": content[0]["text"]} if alone else message
