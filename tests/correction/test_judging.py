"""The correction of one call, as a whole: its laws, its gate and its limits."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway import json_text
from gateway.correction import MAX_ARGUMENTS, Correction, ToolCatalog, correct

Schema = dict[str, Any]

KEYS = ("file_path", "old_string", "count", "isOpen", "-n", "tags", "größe")
LETTERS = st.text("abc xyz\n\t\"\\'é😀", max_size=8)
VALUE = "hunter2"
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=10,
)


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    """A schema of an object that lists all of its keys."""
    properties = draw(st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=4))
    required = [key for key in properties if draw(st.booleans())]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


LEAVES: st.SearchStrategy[Schema] = st.sampled_from(
    [{"type": kind} for kind in ("integer", "number", "boolean", "string")]
)
SCHEMAS = objects(
    st.recursive(
        LEAVES | LEAVES.map(nullable), lambda inner: inner.map(array) | objects(inner), max_leaves=6
    )
)


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """What a schema of the above accepts."""
    match schema:
        case {"anyOf": [inner, _]}:
            return values(inner)
        case {"type": "integer"}:
            return st.integers(-(10**12), 10**12)
        case {"type": "number"}:
            return st.floats(allow_nan=False, allow_infinity=False)
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "string"}:
            return LETTERS
        case {"type": "array", "items": items}:
            return st.lists(values(items), max_size=3)
        case {"properties": properties, "required": required}:
            return st.fixed_dictionaries(
                {key: values(properties[key]) for key in required},
                optional={
                    key: values(inner) for key, inner in properties.items() if key not in required
                },
            )
    raise AssertionError(schema)


CALLS = SCHEMAS.flatmap(lambda schema: st.tuples(st.just(schema), values(schema)))


def written(value: object) -> str:
    """JSON text; compares values with the order of their keys, and 1, 1.0 and true as three."""
    return json.dumps(value, ensure_ascii=False)


def catalog_of(schema: object) -> ToolCatalog:
    return ToolCatalog([{"name": "Edit", "description": "", "input_schema": schema}])


def call(schema: object, arguments: str, name: str = "Edit") -> Correction:
    return correct(name, arguments, catalog_of(schema))


def misspelled(draw: st.DrawFn, schema: Schema, value: Any) -> Any:
    """The value as a sloppy model writes it: every change is one that can be undone for certain."""
    match schema:
        case {"anyOf": [inner, _]}:
            return misspelled(draw, inner, value)
        case {"type": "integer" | "number" | "boolean"}:
            return json.dumps(value) if draw(st.booleans()) else value
        case {"type": "string"}:
            return value
        case {"type": "array", "items": items}:
            result: Any = [misspelled(draw, items, item) for item in value]
        case _:
            result = misspelled_object(draw, schema, value)
    return json.dumps(result, ensure_ascii=draw(st.booleans())) if draw(st.booleans()) else result


def misspelled_object(draw: st.DrawFn, schema: Schema, value: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, inner in schema["properties"].items():
        if key not in value and "anyOf" not in inner and draw(st.booleans()):
            result[key] = None
    for key, item in value.items():
        spelling = draw(
            st.sampled_from([key, key.upper(), key.replace("_", ""), key.replace("_", "-")])
        )
        result[spelling] = misspelled(draw, schema["properties"][key], item)
    return result


@st.composite
def sloppy_calls(draw: st.DrawFn) -> tuple[Schema, dict[str, Any], str]:
    """A schema, the arguments that were meant, and the text that came."""
    schema, value = draw(CALLS)
    text = json.dumps(misspelled_object(draw, schema, value))
    if draw(st.booleans()):
        text = json.dumps(text)
    if draw(st.booleans()):
        text = f"```json\n{text}\n```"
    return schema, value, text


def some_key(value: dict[str, Any]) -> str:
    return next(iter(value), "x")


# -- laws -------------------------------------------------------------------------------------------


@given(CALLS, st.sampled_from([None, 2]), st.booleans())
def test_a_valid_call_is_never_changed(
    call_: tuple[Schema, Any], indent: int | None, ascii: bool
) -> None:
    """Whatever its values and its layout, the text of a valid call is the text that came."""
    schema, value = call_
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    assert call(schema, text) == Correction("valid", "Edit", text)


@given(sloppy_calls())
def test_what_can_be_undone_for_certain_is_restored(
    sloppy: tuple[Schema, dict[str, Any], str],
) -> None:
    """Types, keys, nulls, fences and encodings are repaired together, keys in their order."""
    schema, value, text = sloppy
    correction = call(schema, text)
    assert correction.status in ("valid", "repaired"), correction.errors
    assert written(json_text.decode(correction.arguments)) == written(value)


@given(sloppy_calls(), ANY_JSON)
def test_a_repair_always_validates(sloppy: tuple[Schema, Any, str], noise: Any) -> None:
    """An independent validator accepts every repair, also of calls that hold arbitrary values."""
    schema, value, text = sloppy
    noisy = json_text.encode_text({**value, some_key(value): noise})
    for arguments in (text, noisy):
        correction = call(schema, arguments)
        if correction.status == "repaired":
            assert correction.repairs
            repaired = json_text.decode(correction.arguments)
            assert Draft202012Validator(schema).is_valid(repaired)
        else:
            assert (correction.name, correction.arguments) == ("Edit", arguments)


@given(ANY_TEXT, ANY_TEXT | ANY_JSON.map(json_text.encode_text), ANY_JSON)
def test_correct_never_raises(name: str, arguments: str, schema: Any) -> None:
    """No name, no text and no schema is too strange; what is not repaired goes on as it came."""
    catalog = ToolCatalog([{"name": "Edit", "input_schema": schema}])
    for called in (name, "Edit", "edit"):
        correction = correct(called, arguments, catalog)
        if correction.status != "repaired":
            assert (correction.name, correction.arguments) == (called, arguments)


def ends_after_a_value(part: str) -> bool:
    """Whether only objects are open where the text ends, and a complete value stands before it."""
    open_, in_string, escaped = [], False, False
    for character in part:
        if in_string:
            escaped, in_string = character == "\\" and not escaped, escaped or character != '"'
        elif character == '"':
            in_string = True
        elif character in "{[":
            open_.append(character)
        elif character in "}]":
            open_.pop()
    whole = part.rstrip()
    return not in_string and "[" not in open_ and whole[-1:] in ('"', "}", "]", "e", "l")


@given(CALLS, st.sampled_from([None, 1]), st.data())
def test_text_that_was_cut_off_is_never_closed(
    call_: tuple[Schema, Any], indent: int | None, data: st.DataObject
) -> None:
    """A part of a call becomes a call only if a complete value ends it and objects alone are open."""
    schema, value = call_
    text = json.dumps(value, indent=indent)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    correction = call(schema, part)
    if correction.status == "repaired":
        assert ends_after_a_value(part)
        assert correction.closed
        assert not part.endswith(":")
    else:
        assert (correction.status, correction.arguments) == ("invalid", part)
        assert correction.errors


@given(CALLS, st.data())
def test_nothing_is_closed_at_the_token_limit(
    call_: tuple[Schema, Any], data: st.DataObject
) -> None:
    """When the answer was cut off, no part of a call becomes a call."""
    schema, value = call_
    text = json.dumps(value)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    correction = correct("Edit", part, catalog_of(schema), stop_reason="max_tokens")
    assert (correction.status, correction.form) == ("invalid", "truncated")


@given(CALLS, st.data())
def test_encoded_text_that_was_cut_off_is_never_closed(
    call_: tuple[Schema, Any], data: st.DataObject
) -> None:
    """Nor does a part of a call that was encoded twice, or written as Python writes it."""
    schema, value = call_
    whole = data.draw(st.sampled_from([json.dumps(json.dumps(value)), repr({**value, "x": "y"})]))
    part = whole[: data.draw(st.integers(1, len(whole) - 1))]
    assert call(schema, part).status == "invalid"


@given(sloppy_calls())
def test_a_repair_is_final(sloppy: tuple[Schema, Any, str]) -> None:
    """What comes out of a correction is valid when it goes in again."""
    schema, _, text = sloppy
    correction = call(schema, text)
    if correction.status == "repaired":
        again = call(schema, correction.arguments)
        assert (again.status, again.arguments) == ("valid", correction.arguments)


BITS = st.lists(
    st.sampled_from(
        [
            *"{}[]\"',:\\>“ \n\ufeff",
            "file_path",
            "count",
            "5",
            "true",
            "None",
            "```",
            "//",
            "/*",
            "\\u",
        ]
    ),
    max_size=25,
).map("".join)


@given(SCHEMAS, BITS)
def test_no_text_is_too_strange(schema: Schema, text: str) -> None:
    """Bits of JSON in any order are read or refused, never more, and a repair validates."""
    correction = call(schema, text)
    if correction.status == "repaired":
        for made in correction.calls:
            assert Draft202012Validator(schema).is_valid(json_text.decode(made.arguments))
    elif correction.status == "invalid":
        assert (correction.arguments, bool(correction.errors)) == (text, True)


@given(CALLS, st.sampled_from(KEYS))
def test_no_argument_value_is_told(call_: tuple[Schema, Any], key: str) -> None:
    """Errors and repairs name keys and types; a secret in a value stays out of the log."""
    schema, value = call_
    for wrong in (VALUE, [VALUE], {"x": VALUE}, [[{"x": VALUE}]]):
        correction = call(schema, json.dumps({**value, key: wrong}))
        assert VALUE not in repr((correction.errors, correction.repairs))


@given(CALLS)
def test_schemas_stay_as_they_were(call_: tuple[Schema, Any]) -> None:
    """Neither the tools nor anything in them is changed."""
    schema, value = call_
    before = json.dumps(schema)
    call(schema, json.dumps({"FILE_PATH": "5", **value}))
    assert json.dumps(schema) == before


# -- the gate ---------------------------------------------------------------------------------------

WRITE: Schema = {
    "type": "object",
    "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}},
    "required": ["file_path"],
    "additionalProperties": False,
}


def test_what_looks_wrong_inside_a_valid_call_stays() -> None:
    """JSON in a string, an escaped line break, a repeated key: the schema takes it, so it stays."""
    for text in (
        '{"file_path":"5","content":"[1, 2"}',
        r'{"file_path":"null","content":"\\n"}',
        '{"file_path":"a", "file_path":"b"}',
    ):
        assert call(WRITE, text) == Correction("valid", "Edit", text)


def test_blank_arguments_are_an_empty_object() -> None:
    """A call without arguments is valid where nothing is required, and invalid elsewhere."""
    for text in ("", " \n"):
        assert call({"type": "object"}, text) == Correction("valid", "Edit", text)
        assert call(WRITE, text) == Correction(
            "invalid", "Edit", text, errors=('arguments: "file_path" is a required property',)
        )


def test_a_name_alone_is_repaired_without_touching_the_arguments() -> None:
    """The arguments of a call that only has the wrong name keep their layout."""
    text = '{ "file_path" : "é" }'
    correction = call(WRITE, text, name="edit")
    assert (correction.status, correction.name, correction.arguments) == ("repaired", "Edit", text)
    assert [(r.rule, r.path, r.detail) for r in correction.repairs] == [
        ("name", "", "edit -> Edit")
    ]


def test_one_error_too_many_discards_everything() -> None:
    """A call of which only a part can be repaired comes back whole, with its name and all errors."""
    text = '{"path":"/a","content":5,"dry_run":true}'
    correction = call(WRITE, text, name="edit")
    assert (correction.status, correction.name, correction.arguments) == ("invalid", "edit", text)
    assert correction.repairs == ()
    assert correction.errors == (
        "There is no tool 'edit' (closest: Edit).",
        '/content: the value is not of type "string"',
        "arguments: Additional properties are not allowed ('path', 'dry_run' were unexpected)",
        'arguments: "file_path" is a required property',
    )


def test_arguments_of_another_kind_are_refused() -> None:
    """An array or a number is no call where it can be no parameter."""
    for text, kind in (("[1]", "an array"), ("5", "a number"), ("true", "a boolean")):
        correction = call({}, text)
        assert correction.errors == (f"The arguments are {kind}, not an object.",)
        assert correction.form == "other"


def test_repairs_are_written_compactly_and_keep_every_letter() -> None:
    """A repaired text has no superfluous blanks, and no escapes for what UTF-8 can say."""
    correction = call(WRITE, '{"content": "größe 😀", "path": "/ä"}')
    assert correction.arguments == '{"content":"größe 😀","file_path":"/ä"}'


# -- limits -----------------------------------------------------------------------------------------


def test_arguments_that_are_too_long_are_not_looked_at() -> None:
    """More than the limit goes on unchecked, also when it is no JSON at all."""
    text = "x" * (MAX_ARGUMENTS + 1)
    correction = call(WRITE, text)
    assert (correction.status, correction.arguments) == ("unchecked", text)
    assert correction.errors == ("The arguments are longer than 8388608 characters.",)


def test_arguments_that_are_too_deep_are_not_looked_at() -> None:
    """Neither validator nor repair is led down a stack that may end."""
    text = '{"a":' * 200 + "1" + "}" * 200
    assert call({"additionalProperties": {"$ref": "#"}}, text).status == "unchecked"


def test_depth_that_only_a_repair_brings_to_light_is_refused() -> None:
    """Levels that were hidden in a string count as well."""
    deep = "[" * 200 + "]" * 200
    schema = {"properties": {"a": {"type": "array"}}}
    assert call(schema, json.dumps({"a": deep})).status == "invalid"


def test_a_call_with_too_many_values_is_not_repaired() -> None:
    """Every value may be an error, and listing errors costs more than anything else."""
    schema = {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    text = json.dumps({"a": ["1"] * 30_000})
    correction = call(schema, text)
    assert correction.status == "invalid"
    assert correction.errors == ("arguments: invalid, and too large to say where",)


def test_many_errors_are_not_all_told() -> None:
    """Eight sentences are enough for a person."""
    schema = {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    errors = call(schema, json.dumps({"a": ["x"] * 20})).errors
    assert len(errors) == 9
    assert errors[-1] == "and 12 more"


def test_text_that_utf8_cannot_carry_is_unchecked() -> None:
    """Half of a surrogate pair, raw or escaped, is beyond the validator and goes on as it came."""
    for text in ('{"file_path":"\ud800"}', '{"file_path":"\\ud800"}'):
        correction = call({"properties": {"file_path": {"pattern": "."}}}, text)
        assert (correction.status, correction.arguments) == ("unchecked", text)
        assert correction.errors == ("The arguments hold text that UTF-8 cannot carry.",)
