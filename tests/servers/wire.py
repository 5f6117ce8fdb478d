"""What the wire formats of the scripted upstream are made of. No IO.

A format reads a request into the turns that choose a step, and writes the step as an answer. State that
an answer hands out (encrypted reasoning, thought signatures) is kept in `Issued`, so that the judges
know their own when it comes back, and tests can look for it where it must not be.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import parse_qs

from servers.error_answers import ErrorAnswer
from servers.faults import Faults
from servers.plays import Search, Step, Text, Thinking, ToolCall, Turn

Body = dict[str, Any]

TEXT_PIECE = 6
THINKING_PIECE = 9
ARGUMENT_PIECE = 5
"""Characters in one delta."""

Ending = Literal["open", "done", "cut", "gone"]
"""`gone`: the other side closed the connection before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts that follow from the request and the step, so that tests can know them."""

    prompt: int
    cached: int
    """Part of `prompt`."""
    completion: int
    reasoning: int
    """Part of `completion`."""

    @classmethod
    def of(cls, messages: int, step: Step) -> Usage:
        """Made-up numbers: 100 and 10 for each message in, a quarter of the characters out."""
        reasoning = sum(len(part.text) for part in step if isinstance(part, Thinking)) // 4
        texts = sum(len(part.text) for part in step if isinstance(part, Text))
        inputs = sum(len(json.dumps(part.input)) for part in step if isinstance(part, ToolCall))
        return cls(100 + 10 * messages, 40, 1 + reasoning + (texts + inputs) // 4, reasoning)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning item that was handed out."""

    encrypted: str
    call_ids: tuple[str, ...]
    """The calls that it led to."""


@dataclass(slots=True)
class Issued:
    """The state that one server has handed out."""

    reasoning: dict[str, Reasoning] = field(default_factory=dict)
    """Item id -> item of the Responses API."""
    signatures: dict[str, str] = field(default_factory=dict)
    """Thought signature -> the kind of part that it came with: `functionCall` or `text`."""
    thoughts: dict[str, str] = field(default_factory=dict)
    """Call id of a chat answer -> its `reasoning_content`."""
    hidden: list[str] = field(default_factory=list)
    """All that only this server may ever see again."""

    def secret(self, length: int = 96) -> str:
        """Fresh random state in base64url, remembered as hidden."""
        text = secrets.token_urlsafe(length)
        self.hidden.append(text)
        return text


@dataclass(slots=True)
class Received:
    """One request, and what became of its answer."""

    path: str
    query: str
    headers: Mapping[str, str]
    """Lower-case names."""
    raw: bytes
    body: Body
    model: str = ""
    """As asked for, without its faults."""
    streams: bool = False
    """It asked for a stream."""
    tools: frozenset[str] = frozenset()
    """The names of the client's tools in it."""
    faults: list[str] = field(default_factory=list)
    """Protocol faults."""
    handed_out: tuple[str, ...] = ()
    """The hidden state in its answer."""
    waits: bool = False
    """Its answer has come to a shut gate."""
    ending: Ending = "open"

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query, parsed."""
        return parse_qs(self.query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, in the terms that an answer is made from."""

    body: Body
    model: str
    step: Step
    usage: Usage
    faults: Faults
    issued: Issued

    def searches(self, has_tool: bool) -> tuple[Search, ...]:
        """What the model looks up: nothing without a tool for it."""
        return tuple(part for part in self.step if has_tool and isinstance(part, Search))


class Answer(Protocol):
    """A step in a wire format."""

    def whole(self) -> Body:
        """The answer in one piece."""

    def events(self) -> list[bytes]:
        """The stream, piece by piece."""


def no_refusal(asked: Asked) -> ErrorAnswer | None:
    """For servers that take whatever is legal."""
    return None


def no_judge(received: Received, issued: Issued) -> list[str]:
    """For requests that are not judged."""
    return []


@dataclass(frozen=True, slots=True)
class Format:
    """What the server needs to know of a wire format."""

    turns: Callable[[Body], list[Turn]]
    offered: Callable[[Body], set[str]]
    """The names of the client's tools in a request."""
    answer: Callable[[Asked], Answer]
    error: Callable[[ErrorAnswer], Body]
    midstream_error: bytes
    check: Callable[[Received, Issued], list[str]] = no_judge
    refusal: Callable[[Asked], ErrorAnswer | None] = no_refusal
    """The error that this server answers a request with which it does not take."""
    content_type: str = "text/event-stream"
    """Of a stream."""


def pieces(text: str, length: int) -> list[str]:
    """The text cut into pieces of `length` characters."""
    return [text[at : at + length] for at in range(0, len(text), length)]


def said(step: Step, kind: type[Text] | type[Thinking]) -> str:
    """The step's text or thinking, joined."""
    return "".join(part.text for part in step if isinstance(part, kind))


def calls_of(step: Step) -> list[ToolCall]:
    """The step's tool calls."""
    return [part for part in step if isinstance(part, ToolCall)]


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message's content, written as a string or as parts or blocks."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or [] if part.get("type") == "text")


def to_json(value: Any) -> str:
    """JSON with every character as it is."""
    return json.dumps(value, ensure_ascii=False)


def is_object_text(arguments: object) -> bool:
    """The text of a JSON object."""
    if not isinstance(arguments, str):
        return False
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
