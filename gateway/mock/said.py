"""What the model says. The same request is answered in the same words each time. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from gateway import json_text
from gateway.mock.asked import JSON, Asked, Tool

TEXT = "This is gateway mock. It thinks little, knows nothing, and says it in full: Käse, 乾酪."
THOUGHT = "Somebody is at the door. I had better say something."

Layout = Literal["one by one", "packed", "interleaved"]
"""How a stream brings several calls: each in its pieces, all in one piece, or by turns."""

Stop = Literal["end", "length"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call."""

    id: str
    name: str
    input: JSON
    raw: str | None = None
    """What is written in place of the arguments, where a format has them as text."""

    @property
    def arguments(self) -> str:
        """The arguments as text."""
        return self.raw if self.raw is not None else json_text.encode_text(self.input)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, before it is written in a wire format."""

    model: str
    id: str
    """What its ids hold: another one for each turn of a conversation."""
    text: str = TEXT
    thought: str = ""
    calls: tuple[Call, ...] = ()
    stop: Stop = "end"
    layout: Layout = "one by one"
    prompt: int = 1
    """Tokens of the request, by its bytes."""
    tells_usage: bool = True
    grain: int = 24
    """Characters of a piece of text."""

    @property
    def output(self) -> int:
        """Tokens of the answer, by its characters."""
        calls = sum(len(str(call.input)) for call in self.calls)
        return max(1, (len(self.text) + len(self.thought) + calls) // 4)

    @property
    def pieces(self) -> list[str]:
        """The text as a stream brings it."""
        return pieces(self.text, self.grain)


Saying = Callable[[Asked], Said]


def answer(asked: Asked) -> Said:
    """A calm answer: a thought if one is asked for, then text, then the calls that are wanted."""
    return Said(
        model=asked.model,
        id=f"mock{asked.size:08x}",
        thought=THOUGHT if asked.thinks else "",
        calls=calls_of(asked, asked.wanted),
        prompt=max(1, asked.size // 4),
    )


def two_calls(layout: Layout) -> Saying:
    """An answer of two calls, of the tools that are offered."""

    def say(asked: Asked) -> Said:
        offered = asked.tools or (Tool("lookup", {}),)
        both = (offered * 2)[:2]
        return replace(answer(asked), text="", calls=calls_of(asked, both), layout=layout)

    return say


def one_call(arguments: str, *, stop: Stop = "end") -> Saying:
    """An answer of one call, whose arguments are written so where a format has them as text."""

    def say(asked: Asked) -> Said:
        offered = asked.tools or (Tool("lookup", {}),)
        (call,) = calls_of(asked, offered[:1])
        return replace(answer(asked), calls=(replace(call, raw=arguments),), stop=stop)

    return say


def but(**changes: Any) -> Saying:
    """A calm answer with something changed."""
    return lambda asked: replace(answer(asked), **changes)


def calls_of(asked: Asked, tools: tuple[Tool, ...]) -> tuple[Call, ...]:
    """A call of each tool, with ids that differ."""
    return tuple(
        Call(f"call_mock{asked.size:08x}{number}", one.name, example(one.schema))
        for number, one in enumerate(tools)
    )


def pieces(text: str, size: int = 24) -> list[str]:
    """A text cut into pieces of some characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


# -- arguments that a schema accepts ------------------------------------------------------------------

EXAMPLES: Mapping[str, Any] = {
    "string": "mock",
    "integer": 1,
    "number": 1,
    "boolean": False,
    "null": None,
}


def example(schema: JSON) -> dict[str, Any]:
    """The least that an object's schema asks for."""
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return {}
    return {str(name): _value(properties.get(name, {})) for name in required}


def _value(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return EXAMPLES["string"]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return example(schema)
    if kind == "array":
        return [_value(schema.get("items"))] * int(schema.get("minItems", 0))
    return EXAMPLES.get(str(kind), EXAMPLES["string"])
