"""Arguments inside something else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import Correction, ToolCatalog, correct
from gateway.correction.known.shapes import WRAPPERS

NOTE: dict[str, Any] = {
    "name": "Note",
    "input_schema": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "stars": {"type": "integer"}},
        "required": ["title"],
        "additionalProperties": False,
    },
}
MEANT = {"title": "x", "stars": 2}


def call(arguments: Any, tool: dict[str, Any] = NOTE) -> Correction:
    return correct(tool["name"], json.dumps(arguments), ToolCatalog([tool]))


@given(
    st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=3), st.sampled_from([0, 1, 2])
)
def test_a_wrapper_goes_however_often_it_was_put_on(keys: list[str], form: int) -> None:
    """Whether it holds the object, its text or an array of it alone."""
    value: Any = MEANT
    for key in keys:
        value = {key: [value, json.dumps(value), [value]][form]}
    correction = call(value)
    assert (correction.status, json.loads(correction.arguments)) == ("repaired", MEANT)
    assert {repair.rule for repair in correction.repairs} == {"unwrap"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "Note", "arguments": MEANT},
        {"tool": "note", "parameters": MEANT},
        {"type": "tool_use", "id": "a", "name": "Note", "input": MEANT},
        {
            "id": "a",
            "type": "function",
            "function": {"name": "Note", "arguments": json.dumps(MEANT)},
        },
        {"recipient_name": "functions.Note", "parameters": MEANT},
        {"Note": MEANT},
        {"anything": MEANT},
        {"input": {"title": "x"}, "stars": 2},
        {"properties": MEANT},
        {"type": "object", "properties": MEANT, "required": ["title"]},
        {"input_schema": {"properties": MEANT}},
        {"properties": {"title": {"type": "string", "value": "x"}, "stars": {"value": 2}}},
        {"tool_calls": [{"function": {"name": "Note", "arguments": json.dumps(MEANT)}}]},
        {"args": {"TITLE": "x", "stars": "2"}},
    ],
)
def test_what_is_inside_is_found(arguments: dict[str, Any]) -> None:
    """Whole calls, echoes of the schema, and parameters beside the wrapper."""
    correction = call(arguments)
    assert correction.status == "repaired", correction.errors
    assert json.loads(correction.arguments) == MEANT


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "Other", "arguments": MEANT},
        {"arguments": {"foo": 1}},
        {"arguments": MEANT, "input": MEANT},
        {"arguments": MEANT, "dry_run": True},
        {"input": {"title": "x"}, "title": "y"},
        {"data": "x"},
        {"input": " "},
        {"input": ["x"]},
        {"input": '{"title": "x"'},
        {"anything": {}},
        {"args": {"args": {"args": {"args": {"args": MEANT}}}}},
    ],
)
def test_what_is_not_certain_stays_inside(arguments: dict[str, Any]) -> None:
    """Another tool's name, two values, unknown keys, and depth without measure."""
    assert call(arguments).status == "invalid"


def test_a_bare_value_where_the_arguments_were_to_stand_has_one_place() -> None:
    """The one parameter that the tool demands."""
    assert json.loads(call({"arguments": "x"}).arguments) == {"title": "x"}


def test_fields_of_the_call_beside_its_arguments_go() -> None:
    """If they are this call's: a name is the tool's, an id has the form of one."""
    for field in ({"name": "note"}, {"tool": "Note"}, {"type": "tool_use"}, {"id": "call_7"}):
        assert json.loads(call({**MEANT, **field}).arguments) == MEANT, field
    for other in ({"name": "Other"}, {"type": "file"}, {"id": "7"}):
        assert call({**MEANT, **other}).status == "invalid", other


def test_a_wrapper_that_is_a_parameter_is_none() -> None:
    """Where the schema knows the key, it means what it says."""
    tool = {
        "name": "Relay",
        "input_schema": {
            "type": "object",
            "properties": {"method": {"type": "string"}, "arguments": {"type": "object"}},
            "required": ["method", "arguments"],
        },
    }
    assert call({"method": "m", "arguments": {"arguments": {}}}, tool).status == "valid"
    assert call({"arguments": {"method": "m", "arguments": {}}}, tool).status == "invalid"


def test_an_open_schema_does_not_hide_what_is_inside() -> None:
    """Defaults alone would make the wrapper a key among others."""
    tool = {
        "name": "Wait",
        "input_schema": {
            "type": "object",
            "properties": {"seconds": {"type": "integer", "default": 60}},
            "required": ["seconds"],
        },
    }
    assert json.loads(call({"arguments": {"seconds": 5}}, tool).arguments) == {"seconds": 5}
