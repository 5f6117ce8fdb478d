"""Whole texts: layers, what stands around values, and texts that began anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction.reading import Truncated, read
from gateway.json_text import NotJSON

KEYS = frozenset({"title", "body"})
OBJECTS = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=4)
AROUND = [
    "```json\n{}\n```",
    "```\n{}```",
    " ```{}``` \n",
    "```JSON {}```",
    "<call>{}</call>",
    "<|begin|>{}<|end|>",
    "\ufeff{}",
    "{}}",
    "{}]",
    "`{}`",
    "Arguments: {}",
    "{}\n\nThis opens the file.",
    "[TOOL] {}",
    "Open({})",
    "{},",
    "{{}}",
]


def values(text: str) -> list[Any]:
    return read(text, KEYS).values


@given(OBJECTS, st.sampled_from(AROUND))
def test_what_stands_around_goes_and_nothing_else(object: dict[str, Any], around: str) -> None:
    """Whatever stands in the object, fences, tags and line ends in its strings included, stays."""
    object["more"] = "```py\nx\n```\n<call>}\n"
    assert values(around.replace("{}", json.dumps(object), 1)) == [object]


@given(OBJECTS, st.integers(1, 3))
def test_encodings_are_undone(object: dict[str, Any], times: int) -> None:
    """An object that was encoded again is the object, with every backslash in its place."""
    text = json.dumps(object)
    for _ in range(times):
        text = json.dumps(text)
    assert values(text) == [object]
    assert read(text, KEYS).notes == ["second JSON encoding"] * times


@given(st.dictionaries(st.text('ab\n"\\é', max_size=4), st.text('ab\n"\\é'), min_size=1))
def test_an_encoding_may_have_lost_its_quotes(object: dict[str, Any]) -> None:
    """Escaped quotes outside any string tell of a text that stood in one."""
    assert values(json.dumps(json.dumps(object))[1:-1]) == [object]


@given(st.lists(OBJECTS, min_size=1, max_size=4), st.sampled_from(["", "\n", ", ", ";", " <sep> "]))
def test_objects_in_a_row_are_all_read(objects: list[dict[str, Any]], between: str) -> None:
    """None of them is lost, whatever separates them."""
    assert values(between.join(map(json.dumps, objects))) == objects


@given(OBJECTS.filter(bool), st.data())
def test_a_text_that_began_anew_is_its_last_beginning(
    object: dict[str, Any], data: st.DataObject
) -> None:
    """A provider that repeats what it sent leaves a part of the object before the object."""
    text = json.dumps({"title": object})
    part = text[: data.draw(st.integers(3, 8))]
    assert values(part + text) == [{"title": object}]


def test_nothing_is_read_from_nothing() -> None:
    """Blank text holds no value; the words for nothing hold null."""
    for text in ("", " \n", "\ufeff"):
        assert values(text) == []
    for text in ("null", "None", "undefined"):
        assert values(text) == [None]


def test_scalars_and_arrays_are_values() -> None:
    """What becomes of them is for others to say."""
    for text, value in (
        ("5", 5),
        ('"a b"', "a b"),
        ("[1, 2,]", [1, 2]),
        ('"[id].tsx"', "[id].tsx"),
    ):
        assert values(text) == [value]


def test_entities_are_undone_where_they_stand_for_the_quotes() -> None:
    """A text that was escaped for a page is unescaped once."""
    assert values("{&quot;title&quot;: &quot;a &amp;lt; b&quot;}") == [{"title": "a &lt; b"}]


@pytest.mark.parametrize(
    "text",
    [
        "open the file",
        "title: x",
        "ls -la",
        'Do not use {"title": "x"}',
        'For example {"title": "x"}',
        '{"title": "x"} is not what I want',
        '{"title": "x"} | less',
        '{"title": "x"}, "body": "y"}',
        '{"title": "x"} then {"title": "y"}',
        '{"title": x y}',
        '{"title": "x"}y", "body": "z"}',
        '{"title": "print("}"',
        '{"title": "{"title": "x"}"} z',
        "{}" * 100,
    ],
)
def test_what_may_be_meant_otherwise_is_refused(text: str) -> None:
    """Prose, shell text, a refusal, and anything that would be lost."""
    with pytest.raises(NotJSON):
        values(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "x',
        '"{\\"title\\": \\"x',
        '"{\\"title\\": \\"x\\"}',
        '{\\"title\\": \\"x',
        '{"title": "x"}{"title": "y',
        '```json\n{"title": "x"',
        '"title": "x"',
        '<parameter name="title">x',
        '"{}',
    ],
)
def test_what_was_cut_off_is_told_apart(text: str) -> None:
    """In every layer."""
    with pytest.raises(Truncated):
        values(text)


def test_a_missing_opening_brace_is_put_there() -> None:
    """When the closing one shows that the text is complete."""
    assert values('"title": "x", "body": "y"}') == [{"title": "x", "body": "y"}]


def test_layers_have_a_limit() -> None:
    """A text that was encoded over and over is not unpacked without end."""
    text = "{}"
    for _ in range(6):
        text = json.dumps(text)
    with pytest.raises(NotJSON):
        values(text)


def test_what_writing_again_would_change_is_refused() -> None:
    """Two values under one key, numbers that are none or too large: no repair may drop them."""
    for text in ('{"a":1,"a":2}', '{"b":{"a":1,"a":true}}', '{"a":NaN}', '{"a":1e999}'):
        with pytest.raises(NotJSON):
            values(text)
    assert values('{"a":1,"a":1}') == [{"a": 1}]


def test_stray_quotes_do_not_swallow_the_next_object() -> None:
    """The string ends with its object also where another object follows."""
    assert values('{"title":"a"}{"title":"say "b""}') == [{"title": "a"}, {"title": 'say "b"'}]
