"""Laws of offered tools: names that stay apart, schemas as they came, server tools never in silence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, tool
from strategies import json_objects, json_values, torn

from gateway.dialects.offers import (
    CLIENT_TOOLS,
    PLACEHOLDER,
    function_of,
    is_strict,
    kind_of,
    legal_name,
    offer_of,
    renamed,
    server_kinds,
)
from gateway.errors import InvalidRequest

odd_names = st.one_of(torn, st.text("abc_./:é-", min_size=1, max_size=80)).filter(bool)
LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
SEARCH: JSON = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


@given(odd_names, odd_names, st.booleans())
@example("\ud83d", "\ude00", False)
@example("a.b", "a/b", False)
@example("x" * 65, "x" * 66, True)
@example("1a", "_1a", True)
def test_names(one: str, other: str, letter_first: bool) -> None:
    """Every name becomes a legal one, always the same, and two names stay two."""
    sent = legal_name(one, letter_first=letter_first)
    assert LEGAL.fullmatch(sent)
    assert legal_name(sent, letter_first=letter_first) == sent
    assert (sent == legal_name(other, letter_first=letter_first)) == (one == other)
    if letter_first:
        assert re.match(r"[A-Za-z_]", sent)
    elif LEGAL.fullmatch(one):
        assert sent == one


@given(st.lists(odd_names, min_size=1, max_size=4, unique=True), st.booleans())
def test_renamed_tools_are_known(names: list[str], letter_first: bool) -> None:
    """Whatever had to be renamed can be named back; what did not is not in the list."""
    offer = offer_of([tool(name) for name in names], [])
    back = renamed(offer, letter_first=letter_first)
    sent = [legal_name(function.name, letter_first=letter_first) for function in offer.functions]
    assert [back.get(name, name) for name in sent] == names
    assert all(new != old for new, old in back.items())


@given(json_values())
def test_schemas_of_odd_shape(schema: Any) -> None:
    """Any JSON may stand in a schema."""
    assert is_strict(schema) in (True, False)
    assert is_strict({"type": "object", "properties": schema, "required": schema}) in (True, False)


@given(st.lists(json_objects(), max_size=3), st.sampled_from(["auto", "drop"]))
def test_every_tool_is_offered_or_disclosed(extras: list[JSON], policy: Any) -> None:
    """A tool is a function, a server tool that the target has, or it is named as dropped."""
    tools = [{**extra, **tool(f"f{at}")} for at, extra in enumerate(extras)]
    dropped: list[str] = []
    offer = offer_of([*tools, tool("g"), SEARCH], dropped, policy=policy)
    assert [function.name for function in offer.functions] == [*(t["name"] for t in tools), "g"]
    assert dropped == ["tool web_search"]
    found = offer_of([SEARCH], dropped, has=frozenset({"web_search"}), policy=policy)
    assert [(t.kind, t.name, t.options) for t in found.server] == [
        ("web_search", "web_search", SEARCH)
    ]


def test_one_function() -> None:
    """Name, description and schema are read; the schema's dialect is not for servers."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
    found = function_of(tool("f", input_schema=schema, cache_control={"type": "ephemeral"}))
    assert found is not None
    assert (found.name, found.description) == ("f", "Does f.")
    assert found.parameters == {"type": "object"}
    assert found.cached == {"type": "ephemeral"}


@pytest.mark.parametrize("fields", [{}, {"input_schema": None}, {"input_schema": {}}], ids=str)
@pytest.mark.parametrize("kind", [{}, {"type": None}, {"type": "custom"}], ids=str)
def test_no_schema(fields: JSON, kind: JSON) -> None:
    """A tool of the client without parameters still has a schema."""
    found = function_of({"name": "f", **fields, **kind})
    assert found is not None
    assert found.parameters == {"type": "object", "properties": {}}


def test_the_first_of_a_name_counts() -> None:
    """Two tools of one name would be refused by most servers."""
    offer = offer_of([tool("f"), tool("f", description="Another.")], [])
    assert [function.description for function in offer.functions] == ["Does f."]


@pytest.mark.parametrize("kind", sorted(CLIENT_TOOLS))
def test_typed_tools_of_the_client(kind: str) -> None:
    """A typed tool that the client runs is a function under its own name, with a schema."""
    found = function_of({"type": f"{kind}_20250124", "name": f"my_{kind}"})
    assert found is not None
    assert found.name == f"my_{kind}"
    assert found.parameters["type"] == "object"
    unnamed = function_of({"type": f"{kind}_20250124"})
    assert unnamed is not None
    assert unnamed.name == kind


@pytest.mark.parametrize("policy", ["auto", "refuse"])
def test_nothing_but_server_tools(policy: Any) -> None:
    """A model that is told to search and cannot would make its results up: refused, for good."""
    with pytest.raises(InvalidRequest, match="web_search") as caught:
        offer_of([SEARCH], [], policy=policy)
    assert caught.value.headers == {"x-should-retry": "false"}
    dropped: list[str] = []
    assert offer_of([SEARCH], dropped, policy="drop").functions == ()
    assert dropped == ["tool web_search"]


SERVER = {
    "web_search": SEARCH,
    "web_fetch": {"type": "web_fetch_20250910", "name": "web_fetch"},
    "code_execution": {"type": "code_execution_20250825", "name": "code_execution"},
    "later_2027": {"type": "later_2027", "name": "later"},
}


@given(
    st.lists(st.sampled_from(sorted(SERVER)), unique=True),
    st.sets(st.sampled_from(sorted(SERVER))),
    st.booleans(),
)
def test_auto_refuses_only_what_would_be_made_up(
    kinds: list[str], has: set[str], with_function: bool
) -> None:
    """Searches that the target lacks and that are all there is: refused. Anything else: dropped aloud."""
    tools = [SERVER[kind] for kind in kinds] + ([tool("f")] if with_function else [])
    lacking = [kind for kind in kinds if kind not in has]
    offered = len(tools) - len(lacking)
    dropped: list[str] = []
    if lacking and not offered and set(lacking) <= {"web_search", "web_fetch"}:
        with pytest.raises(InvalidRequest, match=lacking[0]):
            offer_of(tools, dropped, has=frozenset(has))
        assert dropped == []
        return
    offer = offer_of(tools, dropped, has=frozenset(has))
    assert dropped == [f"tool {SERVER[kind]['name']}" for kind in lacking]
    assert [found.kind for found in offer.server] == [kind for kind in kinds if kind in has]
    assert len(offer.functions) == with_function


def test_refusing_beside_other_tools() -> None:
    """Who wants no request without its server tools says so."""
    with pytest.raises(InvalidRequest, match="web_search"):
        offer_of([tool("f"), SEARCH], [], policy="refuse")


def test_a_placeholder_is_no_tool() -> None:
    """What the client offers so that its list is not empty is not offered on."""
    assert offer_of([tool(PLACEHOLDER)], []).functions == ()


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("web_search_20250305", "web_search"),
        ("tool_search_tool_regex_20251119", "tool_search_tool"),
        ("later_2027", "later_2027"),
    ],
)
def test_kinds(type: str, kind: str) -> None:
    """The version of a server tool does not matter; a kind that nobody knows stays as it is."""
    assert kind_of(type) == kind
    assert server_kinds([tool("f"), {"type": type}]) == {kind}


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
