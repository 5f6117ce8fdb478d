"""Laws of offered functions: what servers take, and every choice made, emulated or disclosed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, tool
from servers.chat_check import faults
from strategies import json_objects, json_values, torn

from gateway.dialects.offers import offer_of
from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.dialects.openai_chat.tools import offer_to_chat, without_keywords

odd_names = st.one_of(torn, st.text("abc_./:é-", min_size=1, max_size=80)).filter(bool)
SEARCH: JSON = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
DOMAINS: JSON = {"allowed_domains": ["a.example"], "blocked_domains": ["b.example"]}


def offered(
    tools: list[JSON], choice: JSON | None = None, dropped: list[str] | None = None, **quirks: Any
) -> JSON:
    """The fields that offer these tools."""
    dropped = [] if dropped is None else dropped
    has = frozenset({"web_search"} if quirks.get("web_search", "none") != "none" else ())
    offer = offer_of(tools, dropped, has=has)
    return offer_to_chat(offer, choice or {}, ChatQuirks(**quirks), dropped)


def names_of(fields: JSON) -> list[str]:
    """The functions on offer."""
    return [entry["function"]["name"] for entry in fields.get("tools", ())]


@given(st.lists(odd_names, min_size=1, max_size=4, unique=True))
def test_servers_find_no_fault(names: list[str]) -> None:
    """Whatever tools are called, servers take their functions."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert faults({**body, **offered([tool(name) for name in names], {"type": "any"})}) == []


@given(st.lists(json_objects(), max_size=3))
def test_tools_are_not_changed(extras: list[JSON]) -> None:
    """Translation reads; it never writes into what it reads."""
    tools = [
        tool(f"f{at}", input_schema={"type": "object", "properties": {"x": extra}})
        for at, extra in enumerate(extras)
    ]
    before = copy.deepcopy(tools)
    offered(tools, refused_keywords=("type", "a"))
    assert tools == before


@given(json_values())
def test_odd_shapes(value: Any) -> None:
    """Any JSON may stand in a schema, a description or a choice."""
    schema = value if isinstance(value, dict) else {}
    tools = [tool("f", input_schema=schema, strict=True, description=value)]
    for choice in ({"type": value, "name": value}, {"type": "tool", "name": value}):
        json.dumps(offered(tools, choice, refused_keywords=("a",)))


def test_one_tool() -> None:
    """Name, description and schema are what servers know; other fields stay behind."""
    assert offered([tool("f", cache_control={}, x=1)]) == {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "Does f.",
                    "parameters": {"type": "object", "properties": {"x": {"type": "string"}}},
                },
            }
        ]
    }


@pytest.mark.parametrize("schema", [{}, None])
def test_no_schema(schema: Any) -> None:
    """A tool without parameters still has a schema."""
    (entry,) = offered([{"name": "f", "input_schema": schema}])["tools"]
    assert entry["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("is_open", "refused", "expected"),
    [(False, (), True), (True, (), False), (False, ("strict",), False)],
)
def test_strict(is_open: bool, refused: tuple[str, ...], expected: bool) -> None:
    """Strict mode is asked for where the schema is of its kind and the server knows the word."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": is_open,
    }
    tools = [{"name": "f", "input_schema": schema, "strict": True}]
    (entry,) = offered(tools, refused_keywords=refused)["tools"]
    assert ("strict" in entry["function"]) == expected


class TestKeywords:
    """Keywords that a server refuses are taken out of schemas."""

    @given(json_values(st.sampled_from(["a", "b", "properties", "enum", "$defs"])))
    def test_none_is_left(self, schema: Any) -> None:
        """None of them stands anywhere but as a name or inside a value; twice is once."""
        refused = frozenset({"a"})
        found = without_keywords(schema, refused)
        assert without_keywords(found, refused) == found
        assert without_keywords(schema, frozenset()) == schema
        if isinstance(found, dict):
            assert "a" not in found

    def test_a_story(self) -> None:
        """A property may be called like a keyword, and a value may look like a schema."""
        schema = {
            "$id": "x",
            "properties": {"$id": {"type": "string", "$id": "y", "default": {"$id": "z"}}},
            "anyOf": [{"$id": "q", "required": ["$id"]}],
        }
        assert without_keywords(schema, frozenset({"$id"})) == {
            "properties": {"$id": {"type": "string", "default": {"$id": "z"}}},
            "anyOf": [{"required": ["$id"]}],
        }

    def test_depth(self) -> None:
        """A schema may be nested deeper than the interpreter's stack."""
        schema: JSON = {"a": 1}
        for _ in range(5_000):
            schema = {"items": schema}
        found = without_keywords(schema, frozenset({"a"}))
        for _ in range(5_000):
            found = found["items"]
        assert found == {}


TWO = [tool("f"), tool("g")]
ALL = ("auto", "required", "none", "function")


class TestChoices:
    """Which tool the model has to use."""

    @pytest.mark.parametrize(
        ("choice", "known", "names", "sent", "dropped"),
        [
            ({}, ALL, "fg", None, []),
            ({"type": "later"}, ALL, "fg", None, []),
            ({"type": "auto"}, ALL, "fg", "auto", []),
            ({"type": "auto"}, (), "fg", None, []),
            ({"type": "any"}, ALL, "fg", "required", []),
            ({"type": "any"}, ("auto",), "fg", None, ["tool_choice any"]),
            ({"type": "none"}, ALL, "fg", "none", []),
            ({"type": "none"}, ("auto",), "", None, []),
            ({"type": "tool", "name": "g"}, ("auto", "required"), "g", "required", []),
            ({"type": "tool", "name": "g"}, ("auto",), "g", None, ["tool_choice tool"]),
            ({"type": "tool", "name": "h"}, ALL, "fg", None, ["tool_choice tool"]),
            ({"type": "tool", "name": "h"}, (), "fg", None, ["tool_choice tool"]),
        ],
        ids=str,
    )
    def test_choices(
        self, choice: JSON, known: Any, names: str, sent: str | None, dropped: list[str]
    ) -> None:
        """A choice is sent, or made by offering less, or disclosed."""
        found: list[str] = []
        fields = offered(TWO, choice, found, tool_choices=known)
        assert (names_of(fields), fields.get("tool_choice"), found) == (list(names), sent, dropped)

    def test_a_forced_tool(self) -> None:
        """A tool that is offered under another name is forced under that name."""
        fields = offered([tool("a.b")], {"type": "tool", "name": "a.b"})
        (name,) = names_of(fields)
        assert fields["tool_choice"] == {"type": "function", "function": {"name": name}}

    def test_the_word_for_some_tool(self) -> None:
        """Some servers say `any`."""
        assert offered(TWO, {"type": "any"}, required_word="any")["tool_choice"] == "any"

    @pytest.mark.parametrize("known", [True, False])
    def test_one_call_at_a_time(self, known: bool) -> None:
        """Parallel calls are switched off where there is a switch; elsewhere that is disclosed."""
        dropped: list[str] = []
        choice = {"type": "auto", "disable_parallel_tool_use": True}
        fields = offered(TWO, choice, dropped, parallel_tool_calls=known)
        assert ("parallel_tool_calls" in fields) == known
        assert bool(dropped) != known

    def test_no_tools(self) -> None:
        """When no tool is left, neither is a choice: servers refuse one."""
        choice = {"type": "any", "disable_parallel_tool_use": True}
        assert offered([], choice) == {}


class TestSearch:
    """Web search on the provider's side."""

    def test_a_plugin(self) -> None:
        """The plugin stands beside the tools, with the client's options in its own words."""
        fields = offered([{**SEARCH, **DOMAINS}], {"type": "any"}, web_search="plugin")
        options = {"include_domains": ["a.example"], "exclude_domains": ["b.example"]}
        assert fields == {"plugins": [{"id": "web", "max_uses": 8, **options}]}

    def test_a_tool(self) -> None:
        """The tool stands among the tools, and may be the only one."""
        dropped: list[str] = []
        choice = {"type": "tool", "name": "web_search"}
        fields = offered([SEARCH], choice, dropped, web_search="tool")
        assert fields == {"tools": [{"type": "openrouter:web_search"}]}
        assert dropped == ["tool_choice tool"]
        options = {"allowed_domains": ["a.example"], "excluded_domains": ["b.example"]}
        (entry,) = offered([{**SEARCH, **DOMAINS}], web_search="tool")["tools"]
        assert entry["parameters"] == options

    @pytest.mark.parametrize(("quirk", "runs"), [("none", ()), ("plugin", ("web_search",))])
    def test_the_dialect_says_so(self, quirk: Any, runs: tuple[str, ...]) -> None:
        """Routing asks which server tools a target runs."""
        assert OpenAIChat(ChatQuirks(web_search=quirk)).server_tools == frozenset(runs)
