"""Values of the wrong type, and the ones of the right type that say the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import Correction, ToolCatalog, correct

ITEM = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def call(schema: dict[str, Any], text: str, **more: Any) -> Correction:
    """Calls a tool whose only parameter has this schema; `text` is its value as JSON."""
    document = {"type": "object", "properties": {"x": schema}, **more}
    catalog = ToolCatalog([{"name": "Tool", "input_schema": document}])
    return correct("Tool", f'{{"x":{text}}}', catalog)


def coerced(schema: dict[str, Any], text: str) -> str:
    """The repaired value, as JSON; the same schema must refuse the one that came."""
    correction = call(schema, text)
    assert correction.status == "repaired", correction.errors
    assert {repair.rule for repair in correction.repairs} <= {"type", "enum"}
    return correction.arguments.removeprefix('{"x":').removesuffix("}")


def refused(schema: dict[str, Any], text: str) -> bool:
    """Whether the call stays as it came."""
    correction = call(schema, text)
    return correction.status == "invalid" and correction.arguments == f'{{"x":{text}}}'


@given(st.integers(-(10**30), 10**30))
def test_integers_survive_the_way_through_a_string(value: int) -> None:
    """A number in quotes is that number, and a number without them is that text, to the digit."""
    assert coerced({"type": "integer"}, f'"{value}"') == str(value)
    assert coerced({"type": "string"}, str(value)) == f'"{value}"'


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_the_way_through_a_string(value: float) -> None:
    """The same for numbers with a fraction or an exponent."""
    assert json.loads(coerced({"type": "number"}, f'"{value!r}"')) == value


@given(st.integers(0, 99), st.integers(0, 999))
def test_a_number_becomes_the_text_that_was_written(major: int, minor: int) -> None:
    """A version 3.10 is not 3.1, although the numbers are equal."""
    assert coerced({"type": "string"}, f"{major}.{minor:03}") == f'"{major}.{minor:03}"'


def test_a_number_that_was_written_in_two_ways_stays() -> None:
    """3.1 and 3.10 are one number and two texts; which one was where is not known."""
    schema = {"type": "array", "items": {"type": "string"}}
    assert refused(schema, "[3.1,3.10]")
    assert coerced(schema, "[3.10,3.10,3.2]") == '["3.10","3.10","3.2"]'


def test_scalars() -> None:
    """Each pair of types that has one and only one way to say the same."""
    for demanded, came, result in (
        ("integer", '" 50 "', "50"),
        ("integer", '"10.0"', "10"),
        ("integer", '"-7"', "-7"),
        ("number", '"1e3"', "1000.0"),
        ("boolean", '"true"', "true"),
        ("boolean", '"False"', "false"),
        ("boolean", '"yes"', "true"),
        ("boolean", '"OFF"', "false"),
        ("boolean", "1", "true"),
        ("boolean", "0", "false"),
        ("integer", "[5]", "5"),
        ("string", '["a"]', '"a"'),
        ("object", '[{"a":1}]', '{"a":1}'),
        ("string", '{"type":"string","value":"a"}', '"a"'),
        ("string", '{"x":"a"}', '"a"'),
        ("integer", '{"value":"5"}', "5"),
        ("string", "true", '"true"'),
        ("string", "12", '"12"'),
    ):
        assert coerced({"type": demanded}, came) == result


def test_scalars_that_say_something_else_stay() -> None:
    """No rounding, no truth of other numbers or words, no text of a list, nothing from nothing."""
    for demanded, came in (
        ("integer", '"10.5"'),
        ("integer", "10.5"),
        ("integer", '"007"'),
        ("integer", '"+5"'),
        ("integer", '"a few"'),
        ("integer", "[5,6]"),
        ("integer", "true"),
        ("number", '"1e999"'),
        ("number", '"NaN"'),
        ("number", '"٣"'),
        ("boolean", '"sometimes"'),
        ("boolean", "2"),
        ("string", '["a","b"]'),
        ("string", '{"a":1}'),
    ):
        assert refused({"type": demanded}, came), (demanded, came)


def test_a_json_text_becomes_its_value() -> None:
    """An array or object in quotes, to any depth, with its own errors repaired in turn."""
    items = {"type": "array", "items": ITEM}
    assert coerced(items, r'"[{\"a\":1}]"') == '[{"a":1}]'
    assert coerced(items, r'"[{\"a\":\"1\"}]"') == '[{"a":1}]'
    assert coerced(items, r'["{\"a\":1}"]') == '[{"a":1}]'
    assert coerced(ITEM, r'"{\"a\":1}"') == '{"a":1}'
    assert coerced({"type": "object"}, r'"{\"a\":\"x\\n\"}"') == r'{"a":"x\n"}'


def test_a_json_text_that_was_cut_off_stays() -> None:
    """Neither closed, nor taken for one item of the array."""
    strings = {"type": "array", "items": {"type": "string"}}
    assert refused(strings, r'"[\"a\", \"b"')
    assert refused(strings, r'"{\"a\": 1"')
    assert refused({"type": "object"}, r'"{\"a\": 1"')
    assert refused({"type": "object"}, r'"{\"a\":1,\"a\":2}"')


def test_one_value_becomes_an_array_of_it() -> None:
    """Where an array is demanded and the schema takes the value as an item."""
    assert coerced({"type": "array", "items": {"type": "string"}}, '"docs.rs"') == '["docs.rs"]'
    assert coerced({"type": "array", "items": {"type": "integer"}}, '"5"') == "[5]"
    assert coerced({"type": "array", "items": {"type": "integer"}}, "5") == "[5]"
    assert coerced({"type": "array", "items": ITEM}, '{"a":1}') == '[{"a":1}]'
    assert coerced({"type": "array", "items": ITEM}, r'"{\"a\":1}"') == '[{"a":1}]'


def test_what_may_be_several_items_stays() -> None:
    """A list in some other writing is not one item, and named values are not a list."""
    strings = {"type": "array", "items": {"type": "string"}}
    for came in ('"a, b"', r'"a\nb"', '{"1":"a","3":"b"}', '{"a":"x","b":"y"}'):
        assert refused(strings, came), came
    assert refused({"type": "array"}, '{"a":1}')


def test_an_object_that_writes_an_array_is_the_array() -> None:
    """Indexes from zero or one in any order, or the items under one more key."""
    strings = {"type": "array", "items": {"type": "string"}}
    assert coerced(strings, '{"0":"a","1":"b"}') == '["a","b"]'
    assert coerced(strings, '{"2":"b","1":"a"}') == '["a","b"]'
    assert coerced(strings, '{"item":["a"]}') == '["a"]'
    assert coerced({"type": "array", "items": ITEM}, '{"0":{"a":"1"}}') == '[{"a":1}]'


def test_an_option_in_another_spelling_is_the_option() -> None:
    """Case, separators, one item around it, and words that choose nothing."""
    options = {"enum": ["in_review", "merged", "opus"]}
    for came in ('"In Review"', '"inReview"', '["IN-REVIEW"]', '" in_review "'):
        assert coerced(options, came) == '"in_review"', came
    assert coerced(options, '"claude-opus-4-latest"') == '"opus"'
    assert coerced({"const": "main"}, '"Main"') == '"main"'
    assert coerced({"enum": [1, 2]}, '"2"') == "2"
    assert coerced({"anyOf": [options, {"type": "null"}]}, '"Merged"') == '"merged"'
    for came in ('"not merged"', '"review"', '"opus-haiku"', "5", '""'):
        assert call(options, came, required=["x"]).status == "invalid", came


def test_two_options_of_one_spelling_are_unclear() -> None:
    """Which of them was meant is not guessed."""
    assert refused({"enum": ["a_b", "a-b"]}, '"A B"')


def named(parameter: str, text: str) -> Correction:
    """Calls a tool whose only parameter has this name and is a string."""
    document = {"type": "object", "properties": {parameter: {"type": "string"}}}
    return correct(
        "T", f'{{"{parameter}":{text}}}', ToolCatalog([{"name": "T", "input_schema": document}])
    )


def test_a_document_may_come_as_its_lines_or_as_its_json() -> None:
    """Only under a name that says that the parameter holds a text."""
    for text, meant in (
        ('["a","","b"]', "a\n\nb"),
        ('["a\\n","b\\n"]', "a\nb\n"),
        ('{"k":[1]}', '{"k":[1]}'),
        ('[1,{"k":null}]', '[1,{"k":null}]'),
    ):
        correction = named("content", text)
        assert json.loads(correction.arguments) == {"content": meant}, correction.errors
        assert named("title", text).status == "invalid"
    assert named("content", '{"version":3.10}').status == "invalid"
    assert named("content", '{"value":"x"}').status == "invalid"


def test_a_value_may_stand_under_another_name_of_its_parameter() -> None:
    """A key that means the parameter, inside it."""
    assert json.loads(named("file_path", '{"path":"/a"}').arguments) == {"file_path": "/a"}
    assert named("file_path", '{"path":"/a","more":1}').status == "invalid"
    assert named("file_path", '{"other":"/a"}').status == "invalid"


def test_a_command_may_come_as_what_a_shell_is_given() -> None:
    """`bash -c` has one meaning; any other list may be words or several commands."""
    correction = named("command", '["sh","-c","ls | wc"]')
    assert json.loads(correction.arguments) == {"command": "ls | wc"}
    for text in ('["git","status"]', '["cd /a","ls"]', '["sh","-x","a"]'):
        assert named("command", text).status == "invalid"


def test_a_value_inside_an_array_is_not_wrapped() -> None:
    """[1, 2] may mean [[1, 2]] or [[1], [2]]."""
    assert refused({"type": "array", "items": {"type": "array", "items": ITEM}}, '[{"a":1}]')


def test_a_null_for_an_optional_parameter_goes() -> None:
    """Models write null for "not given"; a schema that takes the null keeps it."""
    for schema in (
        {"type": "integer"},
        {"enum": ["a"]},
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"$ref": "#/$defs/x"},
    ):
        correction = call(schema, "null", **{"$defs": {"x": {"type": "object"}}})
        assert (correction.status, correction.arguments) == ("repaired", "{}")
        (repair,) = correction.repairs
        assert (repair.rule, repair.path, repair.detail) == ("null", "/x", "null removed")
    assert call({"type": ["integer", "null"]}, "null").status == "valid"


def test_a_null_that_is_needed_stays() -> None:
    """A required parameter, an item of an array and an entry of a map are no optional ones."""
    assert call({"type": "integer"}, "null", required=["x"]).status == "invalid"
    assert refused({"type": "array", "items": {"type": "integer"}}, "[null]")
    assert refused({"additionalProperties": {"type": "string"}}, '{"x":null}')


def test_alternatives_count_as_far_as_one_of_them_fits() -> None:
    """One way to satisfy one alternative is taken; two different ways are a guess."""

    def any_of(*schemas: dict[str, Any]) -> dict[str, Any]:
        return {"anyOf": list(schemas)}

    integer, null, array = {"type": "integer"}, {"type": "null"}, {"type": "array", "items": ITEM}
    assert coerced(any_of(integer, null), '"5"') == "5"
    assert coerced({"type": ["integer", "null"]}, '"5"') == "5"
    assert coerced(any_of(array, null), r'"[{\"a\":1}]"') == '[{"a":1}]'
    assert coerced(any_of(ITEM, null), '{"a":"1"}') == '{"a":1}'
    assert coerced({"oneOf": [ITEM, null]}, '{"a":"1"}') == '{"a":1}'
    assert coerced(any_of({"type": "integer"}, {"type": "number"}), '"5"') == "5"
    assert refused(any_of({"type": "string"}, {"type": "array"}), "5")
    assert refused(any_of(integer, {"type": "array", "items": {"type": "string"}}), '"5"')


def test_an_alternative_with_another_error_does_not_count() -> None:
    """Of two kinds of object, the one that the value cannot be does not make the other unclear."""

    def kind(name: str, a: dict[str, Any]) -> dict[str, Any]:
        return {"properties": {"kind": {"const": name}, "a": a}}

    strings = {"type": "array", "items": {"type": "string"}}
    schema = {"anyOf": [kind("number", {"type": "integer"}), kind("list", strings)]}
    assert coerced(schema, '{"kind":"number","a":"5"}') == '{"kind":"number","a":5}'
    assert coerced(schema, '{"kind":"list","a":"5"}') == '{"kind":"list","a":["5"]}'
    assert refused(schema, '{"kind":"other","a":"5"}')


def test_what_is_replaced_is_not_changed_inside_at_once() -> None:
    """A repair of an object waits until it is known whether the object stays where it is."""
    item = {"properties": {"a": {"type": "integer"}}}
    schema = {"allOf": [{"type": "array", "items": {"type": "object"}}, item]}
    assert coerced(schema, '{"a":"1"}') == '[{"a":"1"}]'


def test_errors_of_other_kinds_are_not_coerced() -> None:
    """A value of the right type that is out of range or not in the list stays."""
    assert refused({"type": "integer", "multipleOf": 2}, "3")
    assert refused({"type": "integer", "maximum": 5}, '"6"')
    assert refused({"type": "string", "minLength": 3}, "5")
