"""Required parameters for which the schema leaves one value."""

from __future__ import annotations

import json
from typing import Any

from gateway.correction import Correction, ToolCatalog, correct


def call(arguments: Any, x: dict[str, Any], **more: Any) -> Correction:
    """Calls a tool that demands the parameters x and y; x has this schema."""
    document = {
        "type": "object",
        "properties": {"x": x, "y": {"type": "integer"}},
        "required": ["x", "y"],
        **more,
    }
    catalog = ToolCatalog([{"name": "T", "input_schema": document}])
    return correct("T", json.dumps(arguments), catalog)


def test_the_only_value_is_filled_in() -> None:
    """A default, a constant, the one option of an enum; also where the schema refers to it."""
    for schema, value in (
        ({"type": "integer", "default": 3}, 3),
        ({"const": "a"}, "a"),
        ({"enum": ["a"]}, "a"),
        ({"$ref": "#/$defs/d"}, [1]),
    ):
        correction = call({"y": 1}, schema, **{"$defs": {"d": {"default": [1]}}})
        assert json.loads(correction.arguments) == {"y": 1, "x": value}, correction.errors
        (repair,) = correction.repairs
        assert (repair.rule, repair.path, repair.before) == ("default", "/x", "missing")


def test_nothing_else_is_filled_in() -> None:
    """No empty text, no first option; and a default that the schema refuses is no value."""
    for schema in ({"type": "string"}, {"enum": ["a", "b"]}, {"type": "string", "default": {}}, {}):
        assert call({"y": 1}, schema).status == "invalid"


def test_an_object_with_a_strange_key_is_not_filled() -> None:
    """The key may be the parameter that is missing."""
    correction = call({"y": 1, "ex": 5}, {"default": 3}, additionalProperties=False)
    assert correction.status == "invalid"


def test_a_null_gives_way_to_the_default() -> None:
    """It says that the parameter is not given."""
    correction = call({"x": None, "y": "1"}, {"type": "integer", "default": 3})
    assert json.loads(correction.arguments) == {"y": 1, "x": 3}


def test_the_schema_keeps_its_default() -> None:
    """A later repair of what was filled in does not reach the schema."""
    schema = {"type": "object", "default": {"k": 1}}
    call({"y": 1}, schema)
    assert schema == {"type": "object", "default": {"k": 1}}
