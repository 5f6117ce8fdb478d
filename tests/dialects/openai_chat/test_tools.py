"""Laws of translated tools: legal names that stay apart, schemas that servers take."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, tool
from servers.chat_check import faults
from strategies import json_objects, json_values, torn

from gateway.dialects.openai_chat.tools import (
    PLACEHOLDER,
    choice_to_chat,
    is_strict,
    legal_name,
    tools_to_chat,
)
from gateway.errors import InvalidRequest

odd_names = st.one_of(torn, st.text("abc_./:é-", min_size=1, max_size=80))
LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
SERVER_TOOL: JSON = {"type": "web_search_20250305", "name": "web_search"}


@given(odd_names.filter(bool), odd_names.filter(bool))
@example("\ud83d", "\ude00")
@example("a.b", "a/b")
@example("x" * 65, "x" * 66)
def test_names(one: str, other: str) -> None:
    """Every name becomes a legal one, always the same, and two names stay two."""
    assert LEGAL.fullmatch(legal_name(one))
    assert legal_name(legal_name(one)) == legal_name(one)
    assert (legal_name(one) == legal_name(other)) == (one == other)
    if LEGAL.fullmatch(one):
        assert legal_name(one) == one


@given(st.lists(odd_names.filter(bool), min_size=1, max_size=4, unique=True))
def test_renamed_tools_are_known(names: list[str]) -> None:
    """Whatever had to be renamed can be named back; what did not is not in the list."""
    functions, renamed = tools_to_chat([tool(name) for name in names], [])
    sent = [function["function"]["name"] for function in functions]
    assert [renamed.get(name, name) for name in sent] == names
    assert all(key != value for key, value in renamed.items())
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": functions}
    assert faults(body) == []


@given(st.lists(json_objects(), max_size=3))
def test_tools_are_not_changed(extras: list[JSON]) -> None:
    """Translation reads; it never writes into what it reads."""
    tools = [
        tool(f"f{at}", **{f"x-{key}": value for key, value in extra.items()})
        for at, extra in enumerate(extras)
    ]
    before = copy.deepcopy(tools)
    tools_to_chat(tools, [])
    assert tools == before


@given(json_values())
def test_schemas_of_odd_shape(schema: Any) -> None:
    """Any JSON may stand in a schema."""
    assert is_strict(schema) in (True, False)
    assert is_strict({"type": "object", "properties": schema, "required": schema}) in (True, False)
    value = schema if isinstance(schema, dict) else {}
    tools_to_chat([tool("f", input_schema=value, strict=True, description=schema)], [])


@given(json_values())
def test_choices_of_odd_shape(value: Any) -> None:
    """Any JSON may stand in a choice."""
    json.dumps(choice_to_chat({"type": value, "name": value}))
    json.dumps(choice_to_chat({"type": "tool", "name": value}))


def test_one_tool() -> None:
    """Name, description and schema are what servers know; other fields stay behind."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
    }
    offered = {
        "name": "f",
        "description": "Does f.",
        "input_schema": schema,
        "cache_control": {},
        "x": 1,
    }
    functions, renamed = tools_to_chat([offered], [])
    assert functions == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "Does f.",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]
    assert renamed == {}


@pytest.mark.parametrize("schema", [{}, None])
def test_no_schema(schema: Any) -> None:
    """A tool without parameters still has a schema."""
    functions, _ = tools_to_chat([{"name": "f", "input_schema": schema}], [])
    assert functions[0]["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize("closed", [True, False])
def test_strict(closed: bool) -> None:
    """Strict mode is asked for where the schema is of the kind that it takes."""
    schema: JSON = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": not closed,
    }
    functions, _ = tools_to_chat([{"name": "f", "input_schema": schema, "strict": True}], [])
    assert ("strict" in functions[0]["function"]) == closed


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, True),
        ({"type": "object", "additionalProperties": False}, True),
        ({"type": "object"}, False),
        ({"type": "object", "additionalProperties": False, "properties": {"a": {}}}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"anyOf": [{"type": "object"}]}, False),
    ],
    ids=str,
)
def test_what_strict_mode_takes(schema: JSON, expected: bool) -> None:
    """Every object is closed and requires all of its properties, however deep."""
    assert is_strict(schema) == expected


def test_server_tools_are_disclosed() -> None:
    """A tool that only Anthropic's servers run is not offered, and that is said."""
    dropped: list[str] = []
    functions, _ = tools_to_chat([tool("Read"), SERVER_TOOL], dropped)
    assert [function["function"]["name"] for function in functions] == ["Read"]
    assert dropped == ["tool web_search"]


def test_nothing_but_server_tools() -> None:
    """A model that is told to search and cannot would make its results up: refused, for good."""
    with pytest.raises(InvalidRequest, match="web_search") as caught:
        tools_to_chat([SERVER_TOOL], [])
    assert caught.value.headers == {"x-should-retry": "false"}


def test_a_placeholder_is_no_tool() -> None:
    """What the client offers so that its list is not empty is not offered on."""
    assert tools_to_chat([tool(PLACEHOLDER)], []) == ([], {})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, None),
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "later"}, None),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
    ids=str,
)
def test_choices(choice: JSON, expected: Any) -> None:
    """Each kind of choice has its word in the chat format."""
    assert choice_to_chat(choice) == expected


def test_a_forced_tool_under_its_sent_name() -> None:
    """A tool that is offered under another name is forced under that name."""
    functions, renamed = tools_to_chat([tool("a.b")], [])
    forced = choice_to_chat({"type": "tool", "name": "a.b"})
    assert forced["function"]["name"] == functions[0]["function"]["name"]
    assert renamed == {forced["function"]["name"]: "a.b"}
