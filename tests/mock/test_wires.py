"""What the mock says is the same in every wire format, and is what its model was asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from gateway import json_text
from gateway.mock.asked import Asked, Tool
from gateway.mock.said import TEXT, answer, example
from gateway.mock.wires import WIRES, Wire

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "mode": {"enum": ["r", "w"]},
        "lines": {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        "deep": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
        "unasked": {"type": "string"},
    },
    "required": ["path", "mode", "lines", "deep"],
}
EACH = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)

REQUESTS: dict[str, dict[str, Any]] = {
    "openai-chat": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Read it"}]}],
        "tools": [{"type": "function", "function": {"name": "Read", "parameters": SCHEMA}}],
        "reasoning_effort": "high",
        "stream": True,
    },
    "openai-responses": {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Read it"}]}],
        "tools": [{"type": "function", "name": "Read", "parameters": SCHEMA}],
        "reasoning": {"effort": "high"},
        "stream": True,
    },
    "gemini": {
        "contents": [{"role": "user", "parts": [{"text": "Read it"}]}],
        "tools": [{"functionDeclarations": [{"name": "Read", "parametersJsonSchema": SCHEMA}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    },
    "ollama": {
        "messages": [{"role": "user", "content": "Read it"}],
        "tools": [{"type": "function", "function": {"name": "Read", "parameters": SCHEMA}}],
        "think": True,
    },
    "anthropic": {
        "messages": [{"role": "user", "content": "Read it"}],
        "tools": [{"name": "Read", "input_schema": SCHEMA}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "stream": True,
    },
}
PLACE = {"model": "m", "method": "streamGenerateContent"}


@EACH
def test_a_request_is_read_in_the_same_terms(wire: Wire) -> None:
    """Whoever asks in another format asks the same."""
    body = {"model": "m", **REQUESTS[wire.dialect]}
    assert wire.read(PLACE, body, 9) == Asked(
        "m", True, 9, words="Read it", tools=(Tool("Read", SCHEMA),), thinks=True
    )


@EACH
@given(
    body=st.dictionaries(
        st.sampled_from(
            ["model", "messages", "tools", "input", "contents", "tool_choice", "think"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
            max_leaves=4,
        ),
    )
)
def test_no_body_breaks_the_reading(wire: Wire, body: dict[str, Any]) -> None:
    """A request that makes no sense is answered too: the mock is no judge of requests."""
    wire.whole(answer(wire.read({}, body, 1)))


@EACH
def test_a_stream_says_what_the_whole_answer_says(wire: Wire) -> None:
    """Text, thought and call stand in both; the finish comes last, and only once."""
    said = answer(wire.read(PLACE, {"model": "m", **REQUESTS[wire.dialect]}, 9))
    whole = json_text.encode_text(wire.whole(said))
    streamed = wire.stream(said)
    assert TEXT in whole
    assert said.thought in whole
    assert "Read" in whole
    told = re.sub(r'"[^"]*delta[^"]*"', "", b"".join(streamed.said).decode())
    for word in ("gateway mock", "Somebody", "Read"):
        assert word in told
    assert streamed.finish
    assert not set(streamed.finish) & set(streamed.said)


def test_a_tool_is_called_only_if_it_is_meant() -> None:
    """By name or by force; a real client would run what nobody asked for."""
    tools = (Tool("Read", {}), Tool("Edit", {}))
    asked = Asked("m", False, 1, words="Hello", tools=tools)
    assert answer(asked).calls == ()
    assert [call.name for call in answer(Asked("m", False, 1, "Edit it", tools)).calls] == ["Edit"]
    forced = Asked("m", False, 1, "Hello", tools, must_call=True)
    assert [call.name for call in answer(forced).calls] == ["Read"]


def test_arguments_are_the_least_that_a_schema_accepts() -> None:
    """What is required, and nothing else."""
    value = example(SCHEMA)
    validate(value, SCHEMA)
    assert set(value) == set(SCHEMA["required"])
