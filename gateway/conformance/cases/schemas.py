"""Input schemas of the kinds that real tools have. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.conformance.asking import ask, call_for
from gateway.conformance.case import Case
from gateway.conformance.checks import calls

Schema = Mapping[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"


def _case(name: str, says: str, schema: Schema, arguments: Mapping[str, Any]) -> Case:
    offered = {"name": "save", "description": "Saves what it is given.", "input_schema": schema}
    prompt = ask(call_for("save", arguments), tools=[offered])
    return Case(
        name,
        "schemas",
        says,
        (prompt,),
        calls("save", arguments),
        ("refused-keywords", "openapi", "schema"),
    )


def _object(**properties: Schema) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


CASES = (
    _case("schema-empty", "a tool takes no arguments", {"type": "object"}, {}),
    _case(
        "schema-closed",
        "objects are closed, and carry $schema",
        {**_object(city={"type": "string"}), "additionalProperties": False, "$schema": DRAFT},
        {"city": "Oslo"},
    ),
    _case(
        "schema-nested",
        "arrays hold objects that hold arrays",
        _object(todos={"type": "array", "items": _object(tags={"type": "array", "items": {}})}),
        {"todos": [{"tags": ["red", "blue"]}, {"tags": ["green"]}]},
    ),
    _case(
        "schema-union",
        "a parameter is of one type or another",
        _object(id={"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        {"id": 7},
    ),
    _case(
        "schema-null",
        "a parameter may be null, said as a list of types",
        _object(city={"type": "string"}, note={"type": ["string", "null"]}),
        {"city": "Oslo", "note": None},
    ),
    _case(
        "schema-enum",
        "enums, constants, bounds and patterns",
        _object(
            mode={"type": "string", "enum": ["read", "write"]},
            version={"const": 2},
            port={"type": "integer", "minimum": 1, "exclusiveMaximum": 65536},
            key={"type": "string", "pattern": "^[a-z]+-[0-9]{2}$", "minLength": 4},
        ),
        {"mode": "write", "version": 2, "port": 8080, "key": "ab-12"},
    ),
    _case(
        "schema-refs",
        "definitions are referred to",
        {
            **_object(start={"$ref": "#/$defs/place"}, end={"$ref": "#/$defs/place"}),
            "$defs": {"place": _object(city={"type": "string"})},
        },
        {"start": {"city": "Oslo"}, "end": {"city": "Rome"}},
    ),
    _case(
        "schema-map",
        "an object has keys of the model's choice",
        _object(labels={"type": "object", "additionalProperties": {"type": "string"}}),
        {"labels": {"colour": "red", "size": "large"}},
    ),
)
