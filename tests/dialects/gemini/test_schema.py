"""Laws of the schema cleaner: only known words come out, and nothing is forbidden that was allowed."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from language import JSON
from servers.gemini_check import faults
from strategies import json_values, mutated, plain

from gateway.dialects.gemini.rewriting import LONGEST_NOTE
from gateway.dialects.gemini.schema import (
    LONGEST_NOTES,
    MOST_NODES,
    anything,
    openapi_of,
    parameters_of,
)


def check_words(cleaned: JSON) -> None:
    """Only the API's keywords, each with a type; beside alternatives stands nothing."""
    declared = {"name": "f", "parameters": cleaned}
    found = faults({"contents": [], "tools": [{"functionDeclarations": [declared]}]})
    assert [fault for fault in found if "parameters" in fault] == []
    check_shape(cleaned)


def check_shape(cleaned: JSON) -> None:
    """See `check_words`."""
    if "anyOf" in cleaned:
        assert cleaned.keys() == {"anyOf"}
        assert len(cleaned["anyOf"]) > 1
        for option in cleaned["anyOf"]:
            assert "anyOf" not in option
            check_shape(option)
        return
    assert cleaned["type"] in ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT")
    assert ("items" in cleaned) == (cleaned["type"] == "ARRAY")
    assert set(cleaned.get("required", ())) <= cleaned.get("properties", {}).keys()
    assert len(cleaned.get("description", "")) < 4 * LONGEST_NOTES
    for inner in [*cleaned.get("properties", {}).values(), *filter(None, [cleaned.get("items")])]:
        check_shape(inner)


def as_json_schema(cleaned: JSON) -> JSON:
    """What the API understands of a cleaned schema, for a validator to understand too."""
    if "anyOf" in cleaned:
        return {"anyOf": [as_json_schema(option) for option in cleaned["anyOf"]]}
    plain_schema: JSON = {**cleaned, "type": cleaned["type"].lower()}
    for key in ("default", "format", "description", "title"):
        plain_schema.pop(key, None)
    if "properties" in cleaned:
        inner = {name: as_json_schema(s) for name, s in cleaned["properties"].items()}
        plain_schema["properties"] = inner
    if "items" in cleaned:
        plain_schema["items"] = as_json_schema(cleaned["items"])
    if plain_schema.pop("nullable", False):
        return {"anyOf": [plain_schema, {"type": "null"}]}
    return plain_schema


# -- schemas that a value fits --------------------------------------------------------------------------

scalars = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), plain)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=2),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    ),
    max_leaves=4,
)
others: st.SearchStrategy[JSON] = st.sampled_from(
    [{"type": "null"}, {"const": "other"}, {"type": "object", "required": ["z"]}, {"enum": [99]}]
)


@st.composite
def fitting(draw: st.DrawFn, value: Any, definitions: JSON) -> JSON:
    """A schema that the value fits, written in one of many ways."""
    schema = draw(_by_type(value, definitions))
    for _ in range(draw(st.integers(0, 2))):
        match draw(st.sampled_from(["oneOf", "anyOf", "allOf", "enum", "const", "$ref", "list"])):
            case "oneOf" | "anyOf" as key:
                schema = {key: draw(st.permutations([schema, draw(others)]))}
            case "allOf":
                schema = {"allOf": [draw(_by_type(value, definitions)), schema], "title": "all"}
            case "enum":
                schema = {**schema, "enum": [value, draw(scalars)]}
            case "const":
                schema = {**schema, "const": value}
            case "$ref":
                name = f"d{len(definitions)}/~"
                definitions[name] = schema
                schema = {"$ref": f"#/$defs/d{len(definitions) - 1}~1~0", "description": "see"}
            case "list" if isinstance(schema.get("type"), str):
                schema = {
                    **schema,
                    "type": [schema["type"], draw(st.sampled_from(["null", "array"]))],
                }
    return schema


@st.composite
def _by_type(draw: st.DrawFn, value: Any, definitions: JSON) -> JSON:
    match value:
        case None:
            return draw(st.sampled_from([{"type": "null"}, {"enum": [None]}, {}]))
        case bool():
            return {"type": "boolean"}
        case int():
            limits = {
                "minimum": value,
                "exclusiveMinimum": value - 1,
                "exclusiveMaximum": value + 1,
            }
            keys = draw(st.lists(st.sampled_from(list(limits)), max_size=3))
            kind = draw(st.sampled_from(["integer", "number"]))
            return {"type": kind, "multipleOf": 1, **{key: limits[key] for key in keys}}
        case str():
            return {"type": "string", "minLength": min(1, len(value)), "format": "uri-reference"}
        case list():
            if draw(st.booleans()):
                return {
                    "type": "array",
                    "prefixItems": [draw(fitting(v, definitions)) for v in value],
                }
            return {"type": "array", "items": {"anyOf": [{}, {"type": "string"}]}, "maxItems": 5}
    properties = {name: draw(fitting(inner, definitions)) for name, inner in value.items()}
    required = draw(st.lists(st.sampled_from(sorted(value)), max_size=1)) if value else []
    return {"properties": properties, "required": required, "additionalProperties": False}


@given(st.data(), values)
def test_what_was_allowed_is_allowed(data: st.DataObject, value: Any) -> None:
    """A value that fits the schema fits what the API is told, and that is in the API's words."""
    definitions: JSON = {}
    schema = {**data.draw(fitting(value, definitions)), "$defs": definitions}
    assume(Draft202012Validator(schema).is_valid(value))
    cleaned = openapi_of(schema)
    check_words(cleaned)
    jsonschema.validate(value, as_json_schema(cleaned))


WHOLE: JSON = {
    "type": "object",
    "properties": {
        "a": {"type": ["string", "null"], "enum": ["x", None], "format": "date-time"},
        "b": {"oneOf": [{"type": "integer", "exclusiveMinimum": 1}, {"$ref": "#/$defs/t"}]},
        "c": {"type": "array", "items": [{"const": 5}], "additionalItems": False, "minItems": 1},
    },
    "required": ["a"],
    "allOf": [{"properties": {"b": {"title": "B"}}}, {"not": {"required": ["d"]}}],
    "$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}}},
    "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
}


@given(st.one_of(json_values(), mutated(st.just(WHOLE))))
def test_schemas_of_odd_shape(schema: Any) -> None:
    """Whatever a tool calls its schema, what the API is told is in its words."""
    check_words(openapi_of(schema if isinstance(schema, dict) else {"properties": {"a": schema}}))


@given(mutated(st.just(WHOLE)))
def test_the_schema_is_not_changed(schema: Any) -> None:
    """Cleaning reads; the answer is checked against the schema as it was."""
    assume(isinstance(schema, dict))
    before = copy.deepcopy(schema)
    openapi_of(schema)
    assert schema == before


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({"type": "string"}, {"type": "STRING"}),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "STRING", "nullable": True},
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}], "description": "d"},
            {"anyOf": [{"type": "STRING", "description": "d"}, {"type": "INTEGER"}]},
        ),
        (
            {"type": ["string", "integer", "null"], "minimum": 3, "minLength": 1},
            {
                "anyOf": [
                    {"type": "STRING", "minLength": 1, "nullable": True},
                    {"type": "INTEGER", "minimum": 3, "nullable": True},
                ]
            },
        ),
        ({"const": "v"}, {"type": "STRING", "enum": ["v"]}),
        ({"enum": [1, 2]}, {"type": "NUMBER", "description": "(one of: [1,2])"}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER", "minimum": 1}),
        (
            {"type": "number", "exclusiveMaximum": 1},
            {"type": "NUMBER", "maximum": 1, "description": "(exclusiveMaximum: 1)"},
        ),
        (
            {"type": "string", "format": "uri", "description": "Where."},
            {"type": "STRING", "description": 'Where.\n(format: "uri")'},
        ),
        (
            {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a", "b"]},
            {
                "type": "OBJECT",
                "properties": {"a": {"type": "BOOLEAN"}},
                "required": ["a"],
                "description": "('b' is required)",
            },
        ),
        ({"type": "array"}, {"type": "ARRAY", "items": anything()}),
        ({}, anything()),
        (
            {"allOf": [{"type": "integer", "minimum": 1}, {"maximum": 5}], "title": "t"},
            {"type": "INTEGER", "title": "t", "minimum": 1, "maximum": 5},
        ),
    ],
    ids=str,
)
def test_words(schema: JSON, cleaned: JSON) -> None:
    """How each thing is said."""
    assert openapi_of(schema) == cleaned


def test_a_schema_that_holds_itself() -> None:
    """It is unfolded once; what is deeper may be anything of its type."""
    node = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    cleaned = openapi_of(node)
    once = cleaned["properties"]["next"]["properties"]["next"]
    assert once == {"type": "OBJECT"}


def test_a_schema_that_unfolds_without_end() -> None:
    """References that double at each of twenty levels come to a bounded schema, soon."""
    definitions: JSON = {
        f"d{n}": {"properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in ("l", "r")}}
        for n in range(20)
    }
    cleaned = openapi_of({"$ref": "#/$defs/d0", "$defs": definitions})
    check_words(cleaned)
    assert json.dumps(cleaned).count('"type"') < 20 * MOST_NODES
    deep: JSON = {"type": "string"}
    for _ in range(400):
        deep = {"allOf": [deep]}
    check_words(openapi_of(deep))


def test_notes_are_short() -> None:
    """What cannot be said is told, not at any length."""
    cleaned = openapi_of({"type": "string", "examples": ["x" * 5000]})
    assert len(cleaned["description"]) < LONGEST_NOTE + 20


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": {}}], ids=str)
def test_a_function_without_parameters(schema: JSON) -> None:
    """It declares none."""
    assert parameters_of(schema) is None


def test_parameters_are_an_object() -> None:
    """Also where the schema says that in another way."""
    properties = {"a": {"type": "string"}}
    found = parameters_of({"properties": properties, "anyOf": [{"required": ["a"]}]})
    assert found is not None
    assert found["type"] == "OBJECT"
    assert "anyOf" in found["description"]
