"""Records as lines of a file."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_language import generated, recorded
from strategies import json_objects, torn

from gateway.recording import BadRecord, Recorded, decode, encode, read_lines
from gateway.redaction import BLOT, redactor

halves = torn.filter(lambda text: "\ud83d\ude00" not in text)
"""Two halves that meet are one character to every reader of JSON."""

records = st.builds(
    recorded,
    model=halves,
    tokens=st.integers(0, 2**40),
    tools=st.lists(halves, max_size=3).map(tuple),
    tag=st.none() | halves,
    lot=st.floats(0, 1),
    verdicts=st.dictionaries(st.text("abc", max_size=3), st.booleans(), max_size=2),
    usage=st.none() | st.just({"input": 5, "output": 7, "cache_read": 3}),
    body=st.none() | json_objects(halves),
)


@given(records)
def test_a_record_is_what_its_line_says(record: Recorded) -> None:
    """One line, whatever stands in it, and nothing is lost: half of an emoji neither."""
    line = encode(record)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == record


@given(records, st.data())
def test_a_line_that_was_cut_is_no_record_and_hides_no_other(
    record: Recorded, data: st.DataObject
) -> None:
    """A crash cuts the last line; those before and after it are read."""
    line = encode(record)
    end = data.draw(st.integers(1, len(line) - 2))
    bad: Counter[str] = Counter()
    good = encode(recorded())
    assert list(read_lines([good, line[:end] + b"\n", good], bad)) == [recorded(), recorded()]
    assert sum(bad.values()) == 1


@given(records)
def test_no_text_of_a_line_holds_a_secret(record: Recorded) -> None:
    """What stands in a body, and in a fact."""
    redactor.know(["planted-4711"])
    held = msgspec.structs.replace(
        record, model="planted-4711", tools=("a", "x planted-4711"), body={"a": ["planted-4711"]}
    )
    written = decode(encode(held))
    assert written.model == BLOT
    assert written.tools == ("a", f"x {BLOT}")
    assert written.body == {"a": [BLOT]}


@pytest.mark.parametrize("line", [b"{}", b"[]", b'{"at":1,"model":"m","tokens":1,"v":2}', b"no"])
def test_what_is_no_record_is_refused(line: bytes) -> None:
    """Also a line of a later version, which may mean something else."""
    with pytest.raises(BadRecord):
        decode(line)


def test_a_record_is_small() -> None:
    """The facts of a request with two tools take a few hundred bytes."""
    assert max(len(encode(record)) for record in generated(500)) < 800
