"""Schemas whose errors would be too many to list."""

from __future__ import annotations

import json
from typing import Any

import pytest
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


TWICE = {
    "properties": {"properties": {"x": 0}, "patternProperties": {"x": 0}},
    "items": {"items": 0, "contains": 0},
    "references": {"$ref": 0, "anyOf": [0]},
    "the rest": {"properties": {"x": 0}, "unevaluatedProperties": 0, "$ref": 0},
    "conditions": {"if": 0, "then": 0},
    "a dependence": {"properties": {"x": 0}, "dependentSchemas": {"x": {"properties": {"x": 0}}}},
}
"""Two ways to the same part; 0 stands for a reference to the next level."""


def levels(shape: Any, depth: int) -> dict[str, Any]:
    """A schema in which each level refers to the next one twice."""

    def filled(part: Any, number: int, keyword: str = "") -> Any:
        if part == 0:
            where = f"#/$defs/p{number + 1}"
            return where if keyword == "$ref" else {"$ref": where}
        if isinstance(part, list):
            return [filled(inner, number) for inner in part]
        return {name: filled(inner, number, name) for name, inner in part.items()}

    parts = {f"p{number}": filled(shape, number) for number in range(depth)}
    parts[f"p{depth}"] = {"type": "string"}
    return {"properties": {"a": {"$ref": "#/$defs/p0"}}, "$defs": parts}


@pytest.mark.parametrize("shape", TWICE.values(), ids=TWICE)
def test_whatever_leads_twice_to_the_same_doubles(shape: Any) -> None:
    """Without any alternative, too; and to find that out is no work: thirty levels are few parts."""
    depth = 30
    value: Any = 1
    for _ in range(depth):
        value = [value] if "items" in shape else {"x": value}
    assert not is_affordable(levels(shape, depth), {"a": value})
    catalog = ToolCatalog([{"name": "T", "input_schema": levels(shape, depth)}])
    assert correct("T", json.dumps({"a": value}), catalog).status == "unchecked"
    assert is_affordable(levels(shape, 5), {"a": value})


def test_a_name_may_lead_anywhere() -> None:
    """What it means depends on the whole, so the whole is counted."""
    tree = {
        "$dynamicAnchor": "node",
        "properties": {"x": {"anyOf": [{"$dynamicRef": "#node"}] * 2}},
    }
    value: dict[str, Any] = {}
    for _ in range(40):
        value = {"x": value}
    assert not is_affordable(tree, value)
    catalog = ToolCatalog([{"name": "T", "input_schema": tree}])
    assert correct("T", json.dumps(value), catalog).status == "unchecked"


def test_many_alternatives_without_references_are_counted_too() -> None:
    """A few thousand that all fail would be as many errors, each with a text of its own."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(12):
        schema = {"anyOf": [schema, schema]}
    catalog = ToolCatalog([{"name": "T", "input_schema": {"properties": {"a": schema}}}])
    assert correct("T", '{"a":5}', catalog).status == "unchecked"


def test_a_reference_to_itself_ends() -> None:
    """Neither is a circle walked for ever, nor a large array of values counted for ever."""
    assert not is_affordable({"$ref": "#"}, {})
    assert not is_affordable({"items": {}}, [0] * (MAX_STEPS + 1))


def test_references_lead_inside_the_document() -> None:
    """By pointer; one that leads nowhere counts as nothing, and what is no pointer as everything."""
    document = {"a/b": [{"~": 1}], "c": {"d": 2}}
    assert resolved(document, "#") == document
    assert resolved(document, "#/a~1b/0/~0") == 1
    assert resolved(document, "#/c/d") == 2
    for nowhere in ("#/x", "#/c/d/e", "#/a~1b/9"):
        assert resolved(document, nowhere) is None
    for anywhere in ("other.json", "#name"):
        assert resolved(document, anywhere) is document
