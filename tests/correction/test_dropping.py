"""Parameters that say nothing, and those that seem to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.correction import Correction, ToolCatalog, correct

PROPERTIES: dict[str, Any] = {
    "name": {"type": "string"},
    "size": {"type": "integer"},
    "kind": {"enum": ["a", "b"]},
    "code": {"type": "string", "minLength": 1},
    "box": {"type": "object", "properties": {"w": {}}, "required": ["w"]},
    "list": {"type": "array", "minItems": 1},
    "maybe": {"type": ["integer", "null"]},
}


def call(arguments: dict[str, Any], tool: str = "Make", **more: Any) -> Correction:
    document = {
        "type": "object",
        "properties": PROPERTIES,
        "required": ["name"],
        "additionalProperties": False,
        **more,
    }
    catalog = ToolCatalog([{"name": tool, "input_schema": document}])
    return correct(tool, json.dumps(arguments), catalog)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", None),
        ("size", ""),
        ("size", "  "),
        ("size", "null"),
        ("size", "None"),
        ("size", []),
        ("kind", ""),
        ("kind", None),
        ("code", ""),
        ("box", {}),
        ("box", "undefined"),
        ("list", []),
        ("unknown", None),
    ],
)
def test_an_empty_value_that_the_schema_refuses_goes(key: str, value: Any) -> None:
    """Models write one for what they do not want to give."""
    correction = call({"name": "x", key: value})
    assert (correction.status, json.loads(correction.arguments)) == ("repaired", {"name": "x"})
    assert [repair.rule for repair in correction.repairs] == ["null"]


def test_an_empty_value_that_the_schema_takes_stays() -> None:
    """It may be meant."""
    for arguments in ({"name": ""}, {"name": "null"}, {"name": "x", "maybe": None}):
        assert call(arguments).status == "valid"


def test_an_empty_value_that_is_needed_is_missed() -> None:
    """A required parameter cannot be left out."""
    values: tuple[Any, ...] = (None, {}, [])
    for value in values:
        assert call({"name": value}).status == "invalid"
    assert call({"name": "x", "size": ""}, required=["name", "size"]).status == "invalid"


def test_words_that_are_no_value_are_not_dropped_from_limits() -> None:
    """A text of the right type that is refused for what it says is no empty one."""
    short = {"code": {"type": "string", "pattern": "^[0-9]+$"}}
    assert call({"code": "none"}, properties=short, required=[]).status == "invalid"


def test_the_books_of_a_model_are_dropped() -> None:
    """Thoughts beside the parameters, for every tool; talk, for the client's own tools."""
    for key in ("_thought", "reasoning", "toolCallId", "random_string"):
        correction = call({"name": "x", key: "y"})
        assert json.loads(correction.arguments) == {"name": "x"}, key
        assert [(r.rule, r.before) for r in correction.repairs] == [("drop", key)]
    assert call({"name": "x", "description": "y"}, "Read").status == "repaired"
    assert call({"name": "x", "description": "y"}).status == "invalid"


def test_noise_is_noise_with_its_own_values_only() -> None:
    """A switch that is off by nature may be dropped; one that changes the call may not."""
    assert call({"name": "x", "-r": True}, "Grep").status == "repaired"
    assert call({"name": "x", "-r": False}, "Grep").status == "invalid"
    assert call({"name": "x", "encoding": "utf-8"}, "Read").status == "repaired"
    assert call({"name": "x", "encoding": "latin-1"}, "Read").status == "invalid"


def test_keywords_of_the_schema_are_no_parameters() -> None:
    """Models repeat them beside the values."""
    echo = {"type": "object", "required": ["name"], "additionalProperties": False}
    assert json.loads(call({"name": "x", **echo}).arguments) == {"name": "x"}
    assert call({"name": "x", "type": "file"}).status == "invalid"


def test_what_may_change_the_call_stays() -> None:
    """The call is refused whole."""
    for key in ("dry_run", "cwd", "force", "anything"):
        correction = call({"name": "x", key: True, "size": ""})
        assert correction.status == "invalid"
        assert json.loads(correction.arguments) == {"name": "x", key: True, "size": ""}
