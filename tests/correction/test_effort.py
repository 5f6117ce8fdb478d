"""Schemas whose errors would be too many to list."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import ToolCatalog, correct
from gateway.correction.effort import MAX_STEPS, is_affordable, resolved


def doubling(times: int) -> dict[str, Any]:
    """Alternatives of alternatives: each level doubles the work."""
    parts: dict[str, Any] = {
        f"p{n}": {"anyOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 2} for n in range(times)
    }
    parts[f"p{times}"] = {"type": "string"}
    return {"properties": {"a": {"$ref": "#/$defs/p0"}}, "$defs": parts}


@given(st.recursive(st.integers(), lambda inner: st.lists(inner, max_size=4), max_leaves=50))
def test_a_plain_schema_is_always_affordable(value: Any) -> None:
    """What grows with the value alone is no danger: values are limited elsewhere."""
    tree = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#"}}]}
    assert is_affordable({"properties": {"v": tree}}, {"v": value})


def test_what_doubles_is_not() -> None:
    """The call goes on unchecked, and at once."""
    assert is_affordable(doubling(8), {"a": 5})
    assert not is_affordable(doubling(30), {"a": 5})
    catalog = ToolCatalog([{"name": "T", "input_schema": doubling(30)}])
    correction = correct("T", '{"a":5}', catalog)
    assert correction.status == "unchecked"
    assert "too many alternatives" in correction.errors[0]


def test_a_schema_that_doubles_with_the_depth_of_the_value_is_not() -> None:
    """The value comes from a model, the schema from a client: together they may explode."""
    branch = {"properties": {"x": {"$ref": "#"}}, "required": ["q"]}
    schema = {"anyOf": [branch, {**branch, "required": ["z"]}]}
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"x": value}
    assert not is_affordable(schema, value)
    catalog = ToolCatalog([{"name": "T", "input_schema": schema}])
    assert correct("T", json.dumps(value), catalog).status == "unchecked"


def test_a_reference_to_itself_ends() -> None:
    """Neither is a circle walked for ever, nor a large array of values counted for ever."""
    assert not is_affordable({"$ref": "#"}, {})
    assert not is_affordable({"items": {}}, [0] * (MAX_STEPS + 1))


def test_references_lead_inside_the_document() -> None:
    """By pointer; one that leads elsewhere or nowhere counts as nothing."""
    document = {"a/b": [{"~": 1}], "c": {"d": 2}}
    assert resolved(document, "#") == document
    assert resolved(document, "#/a~1b/0/~0") == 1
    assert resolved(document, "#/c/d") == 2
    for nowhere in ("#/x", "#/c/d/e", "#/a~1b/9", "other.json", "#name"):
        assert resolved(document, nowhere) in (None, document)
