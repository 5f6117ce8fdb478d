"""Strings: where they end, and what their escapes stand for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction.reading import Truncated
from gateway.correction.reading.strings import literal, unescaped

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(ANY, ANY)
def test_a_json_string_is_itself(text: str, after: str) -> None:
    """It is read to its end and not further."""
    written = json.dumps(text)
    assert literal(written + after, 0) == (text, len(written), True)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\'), max_size=20))
def test_raw_characters_are_taken_as_they_are(text: str) -> None:
    """Line breaks at the end, tabs and escapes of terminals stay."""
    assert literal(f'"{text}\n\t\x1b\n"', 0)[0] == f"{text}\n\t\x1b\n"


@given(st.text("ab\n\"'\\x\x1b\x00é", max_size=20))
def test_what_python_quotes_is_itself(text: str) -> None:
    """`repr` and back, when it chooses single quotes."""
    written = repr(text + '"')
    if written.startswith("'"):
        assert literal(written, 0)[0] == text + '"'


@given(st.text("abdsw.*+ ", min_size=1, max_size=10))
def test_a_backslash_that_escapes_nothing_is_itself(text: str) -> None:
    """Regular expressions keep every one of theirs."""
    body = "".join(f"\\{c}" if c in "dsw.*+" else c for c in text)
    assert unescaped(body) == body


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (r"C:\projects\new", r"C:\projects\new"),
        (r"type E:\bin\x.txt", r"type E:\bin\x.txt"),
        (r"C:\\Users\me", r"C:\Users\me"),
        (r"say \"x\" in C:\data\x", r'say "x" in C:\data\x'),
        (r"\\host01\share\docs", r"\\host01\share\docs"),
        (r"\\d+\s", r"\d+\s"),
        (r"\\w\s", r"\w\s"),
        (r"C:\temp\new", "C:\temp\new"),
        (r"it\'s", "it's"),
        (r"\u12 \u0041", r"\u12 A"),
        (r"\x41", r"\x41"),
        (r"a\ ", r"a\ "),
    ],
)
def test_the_meaning_of_a_backslash(body: str, meant: str) -> None:
    """All are literal in a path that no JSON could mean; elsewhere those that JSON does not have."""
    assert unescaped(body) == meant


def test_a_string_without_an_end_is_cut_off() -> None:
    """Also where its last quote is escaped."""
    for text in ('"a', r'"a\"', "'a", "`", "“a", '"a\\'):
        with pytest.raises(Truncated):
            literal(text, 0)
