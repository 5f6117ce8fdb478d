"""The requests: one short question, and conversations of a coding client that grow turn by turn. No IO.

Everything is made from a seed, so two runs send the same bytes. Messages are encoded once, and a turn
is put together from them: its body is ready faster than any system reads it.
"""

from __future__ import annotations

import random
from typing import Any

from bench.answers import ARGUMENTS, TOOL, Answer, compact

_WORDS = (
    "value index buffer reader writer branch commit handler callback module package import export "
    "class method field record table column query cursor socket thread future task queue stack "
    "frame event signal error warning debug trace metric counter timer cache entry shard replica "
    "leader session token prompt system message content answer choice schema object array string "
    "number boolean null return"
)
_VOCABULARY = _WORDS.split()
_MARKS = (
    "\n",
    "\n    ",
    " = ",
    '("")',
    " -> ",
    " \u2026 ",
    '{"k": [1, "\u00e9\u6f22"]}',
    "\\d+",
    "; ",
)

SYSTEM_SIZE = 15_000
TOOLS = 25
RESULT_SIZE, REMARK_SIZE = 6_000, 600
"""Characters of a tool's result, and of what the model says before the call."""
BYTES_PER_TOKEN = 4.15
"""Of these texts, by `o200k_base`; only used to name sizes."""


def prose(source: random.Random, size: int) -> str:
    """Something between text and code of `size` characters."""
    words = source.choices(_VOCABULARY, k=size // 6 + 8)
    for at in range(5, len(words), 9):
        words[at] += source.choice(_MARKS)
    return " ".join(words)[:size].ljust(size, ".")


def tool(source: random.Random, at: int) -> dict[str, Any]:
    """The definition of a tool; the first is the one that answers call."""
    properties: dict[str, Any] = {
        name: {"type": type, "description": prose(source, 80)}
        for name, type in (("file_path", "string"), ("limit", "integer"), ("offset", "integer"))
    }
    for number in range(at % 4):
        item = {"type": "object", "properties": {"to": {"enum": ["a", "b"]}}, "required": ["to"]}
        properties[f"more_{number}"] = {"type": "array", "items": item}
    return {
        "name": TOOL if at == 0 else f"mcp__box__{_VOCABULARY[at]}",
        "description": prose(source, 1_300),
        "input_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": properties,
            "required": ["file_path"],
            "additionalProperties": False,
        },
    }


class Conversation:
    """A conversation that goes on for as long as somebody asks for its turns."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311 - not for secrets
        self._seed = seed
        system = [
            {"type": "text", "text": "You are a coding assistant.", **_cached()},
            {"type": "text", "text": prose(self._source, SYSTEM_SIZE), **_cached()},
        ]
        session = f"user_b_account__session_{seed:08x}-0000-4000-8000-000000000000"
        self._head = b'"max_tokens":4096,"metadata":{"user_id":"%b"},"system":%b,"tools":%b' % (
            session.encode(),
            compact(system),
            compact([tool(self._source, at) for at in range(TOOLS)]),
        )
        first = {"type": "text", "text": prose(self._source, RESULT_SIZE)}
        self._messages = [compact({"role": "user", "content": [first]})]
        self._last = [compact({"role": "user", "content": [{**first, **_cached()}]})]
        """The same messages as the end of a turn: where the prompt is to be cached."""
        self._sizes = [len(self._head) + len(self._messages[0])]

    def _grow(self) -> None:
        id = f"toolu_{self._seed}_{len(self._last)}"
        said = {"type": "text", "text": prose(self._source, REMARK_SIZE)}
        call = {"type": "tool_use", "id": id, "name": TOOL, "input": ARGUMENTS}
        text = [{"type": "text", "text": prose(self._source, RESULT_SIZE)}]
        result = {"type": "tool_result", "tool_use_id": id, "content": text}
        self._messages.append(compact({"role": "assistant", "content": [said, call]}))
        self._messages.append(compact({"role": "user", "content": [result]}))
        self._last.append(compact({"role": "user", "content": [{**result, **_cached()}]}))
        self._sizes.append(self._sizes[-1] + len(self._messages[-1]) + len(self._messages[-2]))

    def turn_of(self, size: int) -> int:
        """The first turn whose body has about `size` bytes."""
        while self._sizes[-1] < size:
            self._grow()
        return next(turn for turn, has in enumerate(self._sizes) if has >= size)

    def body(self, turn: int, answer: Answer, *, stream: bool, prefix: str = "") -> bytes:
        """The request of a turn; 0 is the first. `prefix` precedes the model's name."""
        while len(self._last) <= turn:
            self._grow()
        messages = b",".join([*self._messages[: 2 * turn], self._last[turn]])
        model = f"{prefix}{answer.model}".encode()
        streams = b',"stream":true' if stream else b""
        return b'{"model":"%b",%b,"messages":[%b]%b}' % (model, self._head, messages, streams)


def small(answer: Answer, *, stream: bool, prefix: str = "") -> bytes:
    """One short question."""
    asked = {"role": "user", "content": "Say something about the parser."}
    body = {"model": prefix + answer.model, "max_tokens": 4096, "messages": [asked]}
    return compact({**body, "stream": True} if stream else body)


def _cached() -> dict[str, Any]:
    return {"cache_control": {"type": "ephemeral"}}
