"""One value in the ways in which models write it, and the ways in which none is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction.reading import Malformed, Truncated
from gateway.correction.reading.lenient import Lenient
from gateway.json_text import NotJSON

KEYS = frozenset({"title", "note", "body", "count"})
TEXT = st.text("ab \n\t\"'\\,:{}[]/#é😀", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=4)


def parser(text: str, *, inner_quotes: bool = False) -> Lenient:
    return Lenient(text, {}, keys=KEYS, inner_quotes=inner_quotes)


def value(text: str, *, inner_quotes: bool = False) -> Any:
    """The value, which has to be the whole text."""
    lenient = parser(text, inner_quotes=inner_quotes)
    found = lenient.container()
    assert lenient.position == len(text)
    return found


def notes(text: str) -> list[str]:
    lenient = parser(text)
    lenient.container()
    return list(lenient.notes)


@given(OBJECTS, st.sampled_from([None, 2]), st.booleans())
def test_json_is_read_as_json(object: dict[str, Any], indent: int | None, ascii: bool) -> None:
    """Strict text gives the strict value, however it is laid out."""
    assert value(json.dumps(object, indent=indent, ensure_ascii=ascii)) == object


@given(OBJECTS)
def test_a_trailing_comma_changes_nothing(object: dict[str, Any]) -> None:
    """Nor does any comma inside a string."""
    text = json.dumps({**object, "z": [1]})
    assert value(text[:-2] + ",],}") == {**object, "z": [1]}


@given(OBJECTS)
def test_what_python_writes_is_what_was_meant(object: dict[str, Any]) -> None:
    """Quotes, escapes and literals of Python stand for the same values."""
    assert value(repr({**object, "z": True})) == {**object, "z": True}


@given(OBJECTS, st.data())
def test_a_beginning_is_no_value(object: dict[str, Any], data: st.DataObject) -> None:
    """A text that was cut off is recognised as such, unless only braces are missing."""
    text = json.dumps(object)
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    for inner_quotes in (False, True):
        lenient = parser(part)
        try:
            lenient.container()
        except Truncated:
            continue
        assert lenient.unclosed, inner_quotes


@pytest.mark.parametrize(
    ("text", "meant", "note"),
    [
        ("{,'a':1}", {"a": 1}, "leading comma"),
        ('{"a":1,,"b":2}', {"a": 1, "b": 2}, "repeated comma"),
        ('{"a":1 "b":2}', {"a": 1, "b": 2}, "missing comma"),
        ('{"a":1\nb:2}', {"a": 1, "b": 2}, "missing comma"),
        ('{"a":[{"b":1}{"b":2}]}', {"a": [{"b": 1}, {"b": 2}]}, "missing comma"),
        ('{"a" "b"}', {"a": "b"}, "missing colon"),
        ('{"a"=1}', {"a": 1}, "other separator"),
        ('{"a"=>1}', {"a": 1}, "other separator"),
        ("{a:1}", {"a": 1}, "unquoted key"),
        ("{-a:1}", {"-a": 1}, "unquoted key"),
        ('{"a":left}', {"a": "left"}, "unquoted value"),
        ('{"a":/srv/x.py}', {"a": "/srv/x.py"}, "unquoted value"),
        ('{"a":https://x.dev/y}', {"a": "https://x.dev/y"}, "unquoted value"),
        ('{"a":2027-01-31}', {"a": "2027-01-31"}, "unquoted value"),
        ('{"a":True,"b":None}', {"a": True, "b": None}, "Python literal"),
        ('{"a":1 // b\n}', {"a": 1}, "comment"),
        ('{"a":1 /* b */}', {"a": 1}, "comment"),
        ('{"a":1 # b\n}', {"a": 1}, "comment"),
        ('{"a":"""b\nc"""}', {"a": "b\nc"}, "triple quotes"),
        ("{`a`:“b”}", {"a": "b"}, "other quotes"),
        (r'{"a":"\d"}', {"a": r"\d"}, "bad escapes"),
    ],
)
def test_each_fault_is_read_and_noted(text: str, meant: dict[str, Any], note: str) -> None:
    """The receipt names the fault."""
    assert value(text) == meant
    assert note in notes(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a"}',
        '{"a":b c}',
        '{"a":-rf}',
        '{"a":$HOME}',
        '{"a":[1,2}',
        '{"a":1]',
        '{"a":"b" c "d"}',
        '{"a":1,"a":2}',
        '{"a":NaN}',
        '{"a":1;"b":2}',
        '{"a":1e999}',
        '{"a":' * 200 + "1" + ",}" * 200,
    ],
)
def test_what_has_no_one_meaning_is_refused(text: str) -> None:
    """Raw shell text, wrong brackets, two values under one key, numbers that are none."""
    with pytest.raises(NotJSON):
        value(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":5',
        '{"a":-',
        '{"a":1.',
        '{"a":tru',
        '{"a":"b',
        "{'a':'b'",
        '{"a":["b"',
        '{"a":"b",',
        '{"a":"b" // c',
        '{"a":1 /* b }',
        '{"a"',
        "{",
        '{"a":`b`',
        '{"a":"echo "',
        '{"a":"print("',
        '{"a":""',
    ],
)
def test_an_end_that_proves_nothing_is_an_end_too_early(text: str) -> None:
    """A number may go on, a quote of another kind may stand inside, a comma announces more."""
    with pytest.raises(Truncated):
        parser(text).container()


def test_missing_braces_are_told() -> None:
    """After a complete value the objects that are open may be closed; the caller decides."""
    for text in ('{"a":"b"', '{"a":{"b":true', '{"a":[1]', '{"a":{"b":1}'):
        lenient = parser(text)
        lenient.container()
        assert lenient.unclosed
        assert list(lenient.notes) == ["missing closing brace"]


# -- quotes inside strings ----------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["a", 'say "b"', "(c)", ", ", 'x="y"']), min_size=1, max_size=5))
def test_pairs_of_quotes_inside_a_string_stay_in_it(parts: list[str]) -> None:
    """The string ends before the next known key, or with its object."""
    body = " ".join([*parts, "z"])
    text = f'{{"title": "{body}", "body": "{body}"}}'
    assert value(text, inner_quotes=True) == {"title": body, "body": body}


def test_a_key_that_the_schema_lacks_is_inside() -> None:
    """JSON in a string is told from the object by its keys."""
    text = '{"body": "{"x": "y", "z": 1}", "title": "t"}'
    assert value(text, inner_quotes=True) == {"body": '{"x": "y", "z": 1}', "title": "t"}


def test_an_apostrophe_needs_no_partner() -> None:
    """Between two letters it is no quote."""
    text = "{'title': 'it's', 'body': 'we're'}"
    assert value(text, inner_quotes=True) == {"title": "it's", "body": "we're"}


def test_a_backslash_at_the_end_of_a_path_escapes_nothing() -> None:
    """The quote after it ends the string where a path ends."""
    text = '{"title": "D:\\logs\\", "body": "x"}'
    assert value(text, inner_quotes=True) == {"title": "D:\\logs\\", "body": "x"}


@pytest.mark.parametrize(
    "text",
    [
        '{"body": "f("x"); y = {"k": "v"}',
        '{"body": "a" + b"}',
        '{"body": "print("x") + "}',
        '{"body": "say "x", "title": "y"}',
        '{"body": "x", "title": "say "y"',
    ],
)
def test_a_quote_without_a_partner_means_that_something_is_missing(text: str) -> None:
    """The text may have been cut off inside the string, at a quote that opens something."""
    with pytest.raises((Malformed, Truncated)):
        parser(text, inner_quotes=True).container()
