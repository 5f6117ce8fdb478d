"""Laws of JSON as bytes: what goes in comes out, and what is only carried keeps its bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import json_objects, json_values, texts, torn

from gateway import json_text
from gateway.json_text import NotJSON


@given(json_values(torn))
def test_round_trip(value: Any) -> None:
    """Any JSON value, with halves of surrogate pairs and integers of any size, survives."""
    assert json_text.decode(json_text.encode(value)) == json.loads(json.dumps(value))


@given(json_values(torn))
def test_encodes_as_the_standard_library_understands(value: Any) -> None:
    """What is written means the same to another codec, and is UTF-8."""
    written = json_text.encode(value)
    assert json.loads(written.decode("utf-8")) == json.loads(json.dumps(value))
    assert json_text.encode_text(value) == written.decode("utf-8")


@given(st.lists(torn))
@example(["\u00e9", "\ud83d"])
def test_half_of_a_pair_is_escaped_and_nothing_else(texts: list[str]) -> None:
    """A text is written in the same bytes whatever stands beside it: prompts are compared by bytes."""
    assert json_text.encode(texts) == b"[%b]" % b",".join(map(json_text.encode, texts))


@given(st.lists(json_values(torn)), st.sampled_from([b",", b"\n\n"]))
def test_several_values_are_written_as_each_is(values: list[Any], between: bytes) -> None:
    """Also where one of them takes another codec."""
    each = map(json_text.encode, values)
    assert json_text.encode_each(values, between) == between.join(each)


@given(st.one_of(torn.map(json.dumps), st.text('"\\\\nu0d8,[1 ', max_size=8)))
def test_a_string_that_is_plain_to_see(text: str) -> None:
    """What is told is the string; half of a surrogate pair and all that is no string are left to others."""
    told = json_text.string_of(text.encode("utf-8", "backslashreplace"))
    assert told is None or json.loads(text) == told


@given(json_values(torn), st.booleans(), st.sampled_from([None, 1]))
def test_decodes_as_the_standard_library_does(
    value: Any, is_ascii: bool, indent: int | None
) -> None:
    """Escapes, white space and numbers are read as they are meant, from text and from bytes."""
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    assert json_text.decode(text) == json.loads(text)
    assert json_text.decode(text.encode("utf-8", "surrogatepass")) == json.loads(text)


@given(
    st.one_of(st.binary(max_size=40), st.text(max_size=40), st.text('{}[]",:e1\\u', max_size=20))
)
def test_anything_else_is_refused(text: bytes | str) -> None:
    """Bytes that are no JSON raise `NotJSON` and nothing else; the rest is a value."""
    try:
        json_text.encode(json_text.decode(text))
    except NotJSON as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", '["\\ud800", -1e999]', "1" * 5000]
)
def test_numbers_that_are_none(text: str) -> None:
    """What no double can hold is refused: written back it would be another value, or no JSON."""
    with pytest.raises(NotJSON):
        json_text.decode(text)


@given(st.dictionaries(texts, json_values(), max_size=4), st.booleans())
def test_fields_keep_their_bytes(value: dict[str, Any], is_ascii: bool) -> None:
    """Each field of an object is the bytes it came in, white space and escapes too."""
    parts = {
        name: json.dumps(item, ensure_ascii=is_ascii, indent=1).encode()
        for name, item in value.items()
    }
    named = [json.dumps(name).encode() + b" : " + raw for name, raw in parts.items()]
    fields = json_text.decode_fields(b"{" + b" , ".join(named) + b"}")
    assert {name: bytes(raw) for name, raw in fields.items()} == parts
    assert list(fields) == list(parts)


@given(
    st.dictionaries(texts, json_values(), min_size=1, max_size=4),
    st.sampled_from([None, 1]),
    st.sampled_from([b"", b" ", b"\n\t "]),
)
def test_fields_stand_where_they_are_said_to(
    value: dict[str, Any], indent: int | None, blanks: bytes
) -> None:
    """The places of fields are where their bytes are, in order, however the object is laid out."""
    text = blanks + json.dumps(value, indent=indent, ensure_ascii=False).encode() + blanks
    fields = json_text.decode_fields(text)
    found = json_text.places(text, fields)
    assume(found is not None)  # a name may be written in more than one way
    assert found is not None
    assert list(found) == list(value)
    assert list(found.values()) == sorted(found.values())
    assert all(text.startswith(bytes(raw), found[name]) for name, raw in fields.items())


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":1}', b'{"\\u0061":1}', b'{"a":1}x', b'["a"]', b"{}", b""]
)
def test_places_that_cannot_be_told(text: bytes) -> None:
    """A name that stands there twice or is spelled in an odd way, and what is no object of the fields."""
    assert json_text.places(text, {"a": json_text.Raw(b"1")}) is None


@given(st.dictionaries(torn, json_values(torn), max_size=4))
def test_fields_keep_their_meaning(value: dict[str, Any]) -> None:
    """Halves of surrogate pairs, which the fast codec refuses, change nothing of what is meant."""
    text = json.dumps(value).encode()
    fields = json_text.decode_fields(text)
    assert {name: json.loads(bytes(raw)) for name, raw in fields.items()} == json.loads(text)


@given(st.lists(json_values(torn), max_size=4), st.sampled_from([None, 1]))
def test_items_are_those_of_the_array(value: list[Any], indent: int | None) -> None:
    """Each by itself, whatever stands in it."""
    items = json_text.decode_items(json.dumps(value, indent=indent).encode())
    assert [json.loads(bytes(item)) for item in items] == json.loads(json.dumps(value))


@pytest.mark.parametrize("text", [b"{}", b"1", b"", b"[", b"[1]x"])
def test_items_of_what_is_no_array(text: bytes) -> None:
    """Only an array has items."""
    with pytest.raises(NotJSON):
        json_text.decode_items(text)


@given(json_objects(torn))
def test_carried_values_encode_as_they_are(value: dict[str, Any]) -> None:
    """A value that is only carried stands in the output with its own meaning, beside any other."""
    text = json.dumps(value).encode()
    written = json_text.encode({"carried": json_text.Raw(text), "decoded": value})
    assert json.loads(written) == {"carried": json.loads(text), "decoded": json.loads(text)}


@pytest.mark.parametrize("text", [b"[]", b"1", b'"{}"', b"null", b"", b"{", b'{"a":1}x'])
def test_fields_of_what_is_no_object(text: bytes) -> None:
    """Only an object has fields."""
    with pytest.raises(NotJSON):
        json_text.decode_fields(text)


@pytest.mark.parametrize("depth", [900, 2_000, 200_000])
def test_depth(depth: int) -> None:
    """Nesting is a value or `NotJSON`, never an exhausted stack."""
    text = b"[" * depth + b"]" * depth
    try:
        value = json_text.decode(text)
    except NotJSON:
        return
    assert json_text.encode(value) == text


def test_no_json_to_encode() -> None:
    """What JSON cannot say is a programming error."""
    with pytest.raises(TypeError):
        json_text.encode({"a": object()})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_kinds(value: Any, words: str) -> None:
    """Each type of value has the name that people use."""
    assert json_text.kind_of(value) == words
