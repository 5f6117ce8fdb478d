"""What the scripted model says, step by step. No IO.

A play is a tuple of steps; a step is what the model answers in one turn. The play and the step are
read from the request alone, so a play works behind any gateway that keeps the conversation whole:

    PLAY=<name> IN=<folder>     in a user message: which play, and the value of `{dir}` in its strings
    the step                    the number of assistant turns with a tool call after that message

The last step repeats when more is asked. A request for a summary of the conversation, as a client sends
it when the conversation has grown too long, is answered with one that goes on to the play `compacted`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from servers import garbled

HELLO = "To whom it may concern:\n\tKäse — 乾酪 — 🧀, C:\\temp\\new, \"a 'b' c\"\n"
"""File content with everything that a JSON string can get wrong."""

WORDS = "".join(f"{n} naïve 日本語 🙂 lines\n" for n in range(60))
"""A long answer with UTF-8 sequences of two, three and four bytes."""

REASONS = "First I look at the question; then I doubt it – and answer anyway."

FOUND = "High water comes at noon – so say two pages."
SUMMARY_WANTED = "Your task is to create a detailed summary"
"""How Claude Code asks for a summary."""
COMPACTED = "compacted"
"""The play that follows a summary."""


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
    """Empty when what is written is no object."""
    written: str | None = None
    """Its arguments, where they are not written as they should be."""

    @property
    def arguments(self) -> str:
        """The text that a format writes which carries arguments as text."""
        return json.dumps(self.input, ensure_ascii=False) if self.written is None else self.written


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a search found."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Search:
    """A search that the provider runs itself, if the request has its tool; the text after it cites."""

    query: str
    sources: tuple[Source, ...]


Part = Thinking | Text | ToolCall | Search
Step = tuple[Part, ...]


class Turn(NamedTuple):
    """One user or assistant message, in the terms that choose a step."""

    role: str
    text: str
    calls: bool
    """It holds at least one tool call."""


def _garbled(calls: Iterable[garbled.Garbled]) -> Iterable[Step]:
    """Each call in a turn of its own."""
    for name, arguments in calls:
        try:
            value = json.loads(arguments)
        except ValueError:
            value = None
        yield (ToolCall(name, value if isinstance(value, dict) else {}, arguments),)


SOURCES = (
    Source("https://tides.example/tables?sea=north", "Tide tables"),
    Source("https://harbour.example/día", "Häfen & Gezeiten"),
)

MANY = 39
"""Calls of the long play, so that it has forty turns."""

PLAYS: dict[str, tuple[Step, ...]] = {
    "many": (
        *(
            (
                Thinking(f"Step {number} of many."),
                ToolCall("Bash", {"command": f"echo {number}", "description": "Count"}),
            )
            for number in range(MANY)
        ),
        (Text("DONE many"),),
    ),
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
    "garbled": (
        *_garbled(garbled.OBJECTS.values()),
        *_garbled(garbled.TEXTS.values()),
        (Text("DONE garbled"),),
    ),
    "garbled-objects": (
        *_garbled(garbled.OBJECTS.values()),
        (Text("DONE garbled-objects"),),
    ),
    "text-calls": (
        (Text(garbled.HERMES),),
        (Text(garbled.QWEN),),
        (Text("DONE text-calls"),),
    ),
    "web-search": (
        (ToolCall("ToolSearch", {"query": "select:WebSearch", "max_results": 3}),),
        (ToolCall("WebSearch", {"query": "PLAY=search IN={dir} tides"}),),
        (Text("DONE web-search"),),
    ),
    "search": ((Search("tide tables", SOURCES), Text(FOUND)),),
    "talk": (
        *(
            (
                Text(f"Part {number}."),
                ToolCall(
                    "Bash",
                    {
                        "command": f"echo {number} >> {{dir}}/talk.txt",
                        "description": "Write a number",
                    },
                ),
            )
            for number in range(1, 5)
        ),
        (Text("DONE talk"),),
    ),
    COMPACTED: (
        # The client keeps up to two turns with calls beside the summary; they count as steps.
        *((ToolCall("Write", {"file_path": "{dir}/after.txt", "content": "after\n"}),),) * 3,
        (Text("DONE compacted"),),
    ),
    "calls": (
        tuple(
            ToolCall("get_weather", {"city": city, "days": 7})
            for city in ("Oslo", "Rome", "Bern", "Wien")
        ),
        (Text("DONE calls"),),
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversation has come."""

    play: str
    folder: str
    taken: int
    """Turns with calls since the play began."""
    sums_up: bool
    """The request wants a summary."""


def progress(turns: Sequence[Turn]) -> Progress:
    """Where these turns stand; the play `text` when no message names one."""
    name, folder, begin = "text", ".", 0
    for index, turn in enumerate(turns):
        found = MARKER.findall(turn.text) if turn.role == "user" else []
        if found:
            (name, folder), begin = found[-1], index
    taken = sum(turn.calls for turn in turns[begin:] if turn.role == "assistant")
    last = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    return Progress(name, folder, taken, SUMMARY_WANTED in last)


def step(turns: Sequence[Turn]) -> Step:
    """The parts to answer with. Raises KeyError for a play that does not exist."""
    now = progress(turns)
    if now.sums_up:
        return (Text(f"<summary>PLAY={COMPACTED} IN={now.folder} is next.</summary>"),)
    steps = PLAYS[now.play]
    return tuple(_placed(part, now.folder) for part in steps[min(now.taken, len(steps) - 1)])


def _placed(part: Part, folder: str) -> Part:
    match part:
        case Text(text):
            return Text(text.replace("{dir}", folder))
        case ToolCall(name, value, written):
            placed = json.loads(json.dumps(value).replace("{dir}", folder))
            return ToolCall(name, placed, written and written.replace("{dir}", folder))
    return part
