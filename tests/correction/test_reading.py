"""Reading arguments that are not quite JSON: only what was there in full is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction import Repair, ToolCatalog, correct
from gateway.correction.draft import Draft
from gateway.correction.reading import read
from gateway.correction.schema import compiled
from gateway.json_text import NotJSON

OBJECTS = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=4)
TOOLS = ToolCatalog([{"name": "Bash", "input_schema": {"type": "object"}}])


def reading(text: str) -> Draft:
    draft = Draft("Bash", compiled({}))
    read(text, draft)
    return draft


def repaired(text: str) -> tuple[str, list[str]]:
    """The arguments after the correction, and what was done."""
    correction = correct("Bash", text, TOOLS)
    assert correction.status == "repaired", correction.errors
    assert {repair.rule for repair in correction.repairs} == {"parse"}
    return correction.arguments, [repair.detail for repair in correction.repairs]


@given(
    OBJECTS, st.sampled_from(["```json\n{}\n```", "```\n{}```", " ```{}``` \n", "```JSON {}```"])
)
def test_a_fence_goes_and_nothing_else(value: dict[str, str | int], fence: str) -> None:
    """Whatever stands in the object, fences and line ends in its strings included, stays."""
    value["more"] = "```py\nx\n```\n"
    assert reading(fence.replace("{}", json.dumps(value))).value == value


@given(OBJECTS, st.integers(1, 3))
def test_encodings_are_undone(value: dict[str, str | int], times: int) -> None:
    """An object that was encoded again is the object, with every backslash in its place."""
    text = json.dumps(value)
    for _ in range(times):
        text = json.dumps(text)
    draft = reading(text)
    assert draft.value == value
    assert draft.repairs == [Repair("parse", "", "second JSON encoding removed")] * times


@given(st.text(max_size=30))
def test_raw_control_characters_are_taken_as_they_are(text: str) -> None:
    """A line break inside a string is that line break: also the last one, also a tab."""
    text = f"a\n\t\x1b{text}\n"
    raw = text.replace("\\", "\\\\").replace('"', '\\"')
    assert reading(f'{{"a":"{raw}"}}').value == {"a": text}


def test_each_reading_says_what_it_did() -> None:
    """The repair of a text is told in words."""
    assert repaired('{"a":"x\n"}') == ('{"a":"x\\n"}', ["raw control characters escaped"])
    assert repaired('```json\n{"a":1}\n```') == ('{"a":1}', ["code fence removed"])
    assert repaired('"{\\"a\\":1}"') == ('{"a":1}', ["second JSON encoding removed"])
    assert repaired('```\n"{\\"a\\":\\"\n\\"}"\n```') == (
        '{"a":"\\n"}',
        [
            "code fence removed",
            "raw control characters escaped",
            "second JSON encoding removed",
            "raw control characters escaped",
        ],
    )


def test_nothing_is_closed() -> None:
    """A missing bracket, quote or half of a fence is never put there."""
    for text in (
        '{"a":1',
        '{"a":"rm -rf /tmp',
        '{"a":[1,2}',
        '```json\n{"a":1}\n',
        '{"a":1}\n```',
        '"{\\"a\\":1"',
        '"{\\"a\\":1}',
        '```{"a":1}abc',
        "``````",
        "```",
    ):
        with pytest.raises(NotJSON):
            reading(text)


def test_what_writing_again_would_change_is_refused() -> None:
    """Two values under one key, numbers that are none or too large: no repair may drop them."""
    for text in ('{"a":1,"a":2}', '{"b":{"a":1,"a":true}}', '{"a":NaN}', '{"a":1e999}'):
        with pytest.raises(NotJSON):
            reading(text)
    assert reading('{"a":1,"a":1}').value == {"a": 1}


def test_layers_have_a_limit() -> None:
    """A text that was encoded over and over is not unpacked without end."""
    text = "{}"
    for _ in range(6):
        text = json.dumps(text)
    with pytest.raises(NotJSON):
        reading(text)
    assert correct("Bash", text, TOOLS).errors == ("The arguments are a string, not an object.",)
