"""Laws of the system prompt: order of the edits, cache marks, and nothing for nothing."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, check_transformed, check_unchanged, request
from strategies import request_bodies, said, text_blocks, texts

from gateway.messages import MessagesRequest
from gateway.patterns import BadPattern
from gateway.transforms import Transform, build
from gateway.transforms.system import SCHEMA

MARK = {"type": "ephemeral"}


def transform(**options: Any) -> Transform:
    """The transform, whose options are those that a config may hold."""
    jsonschema.validate(options, SCHEMA)
    return build([{"system": options}])


def text(value: str, **fields: Any) -> JSON:
    """A block of a system prompt."""
    return {"type": "text", "text": value, **fields}


systems = st.one_of(texts, st.lists(text_blocks, max_size=3))


@given(request_bodies)
def test_nothing_found_is_nothing_changed(body: JSON) -> None:
    """Edits that find nothing give back the very same object, whatever the prompt."""
    before = MessagesRequest.parse(json.dumps(body).encode())
    absent = "\ue000\ue001"
    check_unchanged(transform(remove=[absent]), before)
    check_unchanged(transform(replace=[{"find": absent, "with": "x"}]), before)
    check_unchanged(transform(replace=[{"pattern": absent, "with": "x"}]), before)


@given(systems, said, said)
def test_added_text_is_at_the_ends(system: Any, first: str, last: str) -> None:
    """Prepended text begins the prompt, appended text ends it, and the rest is untouched."""
    before = request(system=system)
    after = transform(prepend=first, append=last)(before).system
    if isinstance(after, str):
        assert after == "\n\n".join(part for part in (first, system or "", last) if part)
    else:
        assert after == [text(first), *system, text(last)]


@given(systems, said)
def test_other_fields_keep_their_bytes(system: Any, last: str) -> None:
    """Only the system prompt changes."""
    before = request(system=system, tools=[{"name": "f"}], metadata={"user_id": "u"})
    after = transform(append=last)(before)
    for name in before:
        if name != "system":
            assert after.raw_field(name) == before.raw_field(name)


@given(st.lists(st.text("ab ", max_size=6), max_size=4))
def test_removal_is_complete_and_done_once(parts: list[str]) -> None:
    """What was removed is gone from every block, no block is empty, and a second time finds nothing."""
    before = request(system=[text(part) for part in parts if part.strip()])
    remove = transform(remove=["a+"])
    after = remove(before)
    assert [b["text"] for b in after.system if isinstance(b, dict)] == [
        kept for part in parts if part.strip() and (kept := part.replace("a", "")).strip()
    ]
    check_unchanged(remove, after)


def test_the_order_of_edits() -> None:
    """Remove, then replace, then prepend, then append, however the options are written."""
    options = {
        "append": "one",
        "prepend": "two",
        "replace": [{"find": "one", "with": "three"}, {"find": "three", "with": "four"}],
        "remove": ["two", "four"],
    }
    check_transformed(
        transform(**options),
        before=request(system="one two four five"),
        after=request(system="two\n\nfour   five\n\none"),
    )


def test_replacements() -> None:
    """Text is taken as it is; a pattern's groups can stand in the replacement."""
    check_transformed(
        transform(
            replace=[
                {"find": "a.c", "with": r"\1"},
                {"pattern": r"(\w+)@(\w+)", "with": r"\2 at \1"},
                {"pattern": r"(?P<day>\d+)", "with": r"<\g<day>>"},
            ]
        ),
        before=request(system="a.c abc me@home 12"),
        after=request(system=r"\<1> abc home at me <12>"),
    )


def test_a_block_that_becomes_empty() -> None:
    """An empty block goes; its cache mark moves to the block before, which may have its own."""
    before = request(
        system=[
            text("keep", x=1),
            text("drop", cache_control=MARK),
            text("own", cache_control={"type": "ephemeral", "ttl": "1h"}),
            text("drop", cache_control=MARK),
        ]
    )
    own = text("own", cache_control={"type": "ephemeral", "ttl": "1h"})
    check_transformed(
        transform(remove=["drop"]),
        before=before,
        after=request(system=[text("keep", x=1, cache_control=MARK), own]),
    )


def test_marks_of_edited_blocks() -> None:
    """A block that is edited keeps its other fields."""
    check_transformed(
        transform(remove=["b"]),
        before=request(system=[text("abc", cache_control=MARK, x=1), text("d")]),
        after=request(system=[text("ac", cache_control=MARK, x=1), text("d")]),
    )


def test_no_system_prompt() -> None:
    """Without a prompt there is nothing to edit, and added text becomes the prompt."""
    check_unchanged(transform(remove=["a"]), request())
    check_transformed(
        transform(append="Be brief."), before=request(), after=request(system="Be brief.")
    )


def test_nothing_to_add() -> None:
    """Empty text is none."""
    check_unchanged(transform(append="", prepend=""), request(system=[text("a")]))


@pytest.mark.parametrize(
    "options",
    [
        {"remove": ["("]},
        {"replace": [{"pattern": "(a", "with": ""}]},
        {"replace": [{"pattern": "(a)", "with": r"\2"}]},
        {"replace": [{"pattern": "(?P<x>a)", "with": r"\g<y>"}]},
    ],
    ids=str,
)
def test_bad_patterns(options: JSON) -> None:
    """A pattern or a group that does not exist is found when the config is compiled."""
    with pytest.raises(BadPattern):
        transform(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"delete": ["a"]},
        {"remove": "a"},
        {"remove": [""]},
        {"replace": [{"find": "a"}]},
        {"replace": [{"find": "a", "pattern": "a", "with": "b"}]},
        {"append": 5},
    ],
    ids=str,
)
def test_what_the_schema_refuses(options: JSON) -> None:
    """Options that mean nothing, or two things, are refused."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(options, SCHEMA)
