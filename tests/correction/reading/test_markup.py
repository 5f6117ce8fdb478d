"""Arguments that were written as tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.correction.reading.failures import Malformed, Truncated
from gateway.correction.reading.markup import arguments

KEYS = frozenset({"title", "body"})
WRITTEN = [
    ('<parameter name="{k}">{v}</parameter>'),
    ("<parameter={k}>\n{v}\n</parameter>\n"),
    ("<arg_key>{k}</arg_key>\n<arg_value>{v}</arg_value>"),
    ("<{k}>{v}</{k}>"),
]
OUTER = ["{}", "<invoke name='x'>\n{}</invoke>", "<tool_call><function=x>{}</function></tool_call>"]
VALUES = st.text("ab <>&\"'{}\n", max_size=10).filter(lambda text: text.strip("\n") == text)


@given(
    st.dictionaries(st.sampled_from(["title", "body"]), VALUES, min_size=1),
    st.sampled_from(WRITTEN),
    st.sampled_from(OUTER),
)
def test_each_parameter_keeps_its_text(values: dict[str, str], form: str, outer: str) -> None:
    """In every form, and inside the tags of a whole call."""
    text = "".join(form.replace("{k}", k).replace("{v}", v) for k, v in values.items())
    assert arguments(outer.replace("{}", text), KEYS) == values


def test_only_the_line_breaks_of_the_tags_go() -> None:
    """A file that ends with a line break keeps it."""
    assert arguments("<body>\na\n\n</body>", KEYS) == {"body": "a\n"}
    assert arguments("<body>a\n</body>", KEYS) == {"body": "a\n"}


def test_other_markup_is_none() -> None:
    """A page is no call."""
    for text in ("<html><body>x</body></html>", "<b>x</b>", "<>", "x"):
        assert arguments(text, KEYS) is None


def test_what_does_not_end_was_cut_off() -> None:
    """A tag that is not closed holds a text that may go on."""
    for text in ("<title>x", '<parameter name="title">x</param', "<title>x</title><body>y"):
        with pytest.raises(Truncated):
            arguments(text, KEYS)


def test_what_stands_between_or_twice_is_refused() -> None:
    """Nothing is dropped, and of two values none is chosen."""
    for text in ("<title>x</title> and <body>y</body>", "<title>x</title><title>y</title>"):
        with pytest.raises(Malformed):
            arguments(text, KEYS)
