"""What the scripted model says, step by step. No IO.

A play is a tuple of steps; a step is what the model answers in one turn. The play and the step are
read from the request alone, so a play works behind any gateway that keeps the conversation whole:

    PLAY=<name> IN=<folder>     in a user message: which play, and the value of `{dir}` in its strings
    the step                    the number of assistant turns with a tool call after that message

The last step repeats when more is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

HELLO = "To whom it may concern:\n\tKäse — 乾酪 — 🧀, C:\\temp\\new, \"a 'b' c\"\n"
"""File content with everything that a JSON string can get wrong."""

WORDS = "".join(f"{n} naïve 日本語 🙂 lines\n" for n in range(60))
"""A long answer with UTF-8 sequences of two, three and four bytes."""

REASONS = "First I look at the question; then I doubt it – and answer anyway."


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning before the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Visible answer text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a client's tool."""

    name: str
    input: dict[str, Any]


Part = Thinking | Text | ToolCall
Step = tuple[Part, ...]


class Turn(NamedTuple):
    """One user or assistant message, in the terms that choose a step."""

    role: str
    text: str
    calls: bool
    """It holds at least one tool call."""


PLAYS: dict[str, tuple[Step, ...]] = {
    "text": ((Text("DONE text"),),),
    "thinking": ((Thinking(REASONS), Text("DONE thinking")),),
    "words": ((Thinking(REASONS), Text(WORDS)),),
    "write-bash-read": (
        (
            Thinking("A file is wanted; the Write tool makes it."),
            Text("I write the file."),
            ToolCall("Write", {"file_path": "{dir}/hello.txt", "content": HELLO}),
        ),
        (
            Text("Now a command."),
            ToolCall(
                "Bash",
                {
                    "command": "wc -l < {dir}/hello.txt > {dir}/count.txt",
                    "description": "Count the lines",
                },
            ),
        ),
        (
            Thinking("Look at the result."),
            ToolCall("Read", {"file_path": "{dir}/hello.txt"}),
        ),
        (Text("DONE write-bash-read"),),
    ),
    "parallel": (
        (
            Text("Two files at once."),
            ToolCall("Write", {"file_path": "{dir}/left.txt", "content": "left\n"}),
            ToolCall("Write", {"file_path": "{dir}/right.txt", "content": "right\n"}),
        ),
        (
            ToolCall(
                "Bash",
                {
                    "command": "cat {dir}/left.txt {dir}/right.txt > {dir}/both.txt",
                    "description": "Join the files",
                },
            ),
        ),
        (Text("DONE parallel"),),
    ),
    "read-edit": (
        (ToolCall("Read", {"file_path": "{dir}/notes.txt"}),),
        (
            ToolCall(
                "Edit",
                {"file_path": "{dir}/notes.txt", "old_string": "two", "new_string": "TWO"},
            ),
        ),
        (Text("DONE read-edit"),),
    ),
    "sub-agent": (
        (
            ToolCall(
                "Agent",
                {
                    "description": "write a leaf",
                    "subagent_type": "general-purpose",
                    "prompt": "PLAY=leaf IN={dir} write the leaf",
                },
            ),
        ),
        (Text("DONE sub-agent"),),
    ),
    "leaf": (
        (ToolCall("Write", {"file_path": "{dir}/leaf.txt", "content": "leaf\n"}),),
        (Text("DONE leaf"),),
    ),
    "image": (
        (ToolCall("Read", {"file_path": "{dir}/dot.png"}),),
        (Text("DONE image"),),
    ),
    "tool-search": (
        (ToolCall("ToolSearch", {"query": "select:CronList", "max_results": 3}),),
        (ToolCall("CronList", {}),),
        (Text("DONE tool-search"),),
    ),
    "mistakes": (
        (ToolCall("write", {"file_path": "{dir}/case.txt", "content": "case\n"}),),
        (ToolCall("Write", {"path": "{dir}/key.txt", "content": "key\n"}),),
        (
            ToolCall(
                "Bash",
                {
                    "command": "echo number > {dir}/number.txt",
                    "description": "Write a word",
                    "timeout": "5000",
                },
            ),
        ),
        (Text("DONE mistakes"),),
    ),
    "weather": (
        (
            Thinking(REASONS),
            Text("I ask twice."),
            ToolCall("get_weather", {"city": "Zürich", "days": 3}),
            ToolCall("get_weather", {"city": "東京", "days": 1}),
        ),
        (Text("DONE weather"),),
    ),
    "weather-mistakes": (
        (ToolCall("Get_Weather", {"city": "Oslo", "days": "2"}),),
        (Text("DONE weather-mistakes"),),
    ),
}

MARKER = re.compile(r"PLAY=([a-z][a-z-]*)(?: IN=(\S+))?")


def step(turns: Sequence[Turn]) -> Step:
    """The parts to answer with; the play `text` when no message names one.

    Raises KeyError for a play that does not exist.
    """
    name, folder, begin = "text", ".", 0
    for index, turn in enumerate(turns):
        found = MARKER.findall(turn.text) if turn.role == "user" else []
        if found:
            (name, folder), begin = found[-1], index
    steps = PLAYS[name]
    taken = sum(turn.calls for turn in turns[begin:] if turn.role == "assistant")
    return tuple(_placed(part, folder) for part in steps[min(taken, len(steps) - 1)])


def _placed(part: Part, folder: str) -> Part:
    if not isinstance(part, ToolCall):
        return part
    return ToolCall(
        part.name,
        {
            key: value.replace("{dir}", folder) if isinstance(value, str) else value
            for key, value in part.input.items()
        },
    )
