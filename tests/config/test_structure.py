"""The quick look at a config, which has to agree with the careful one."""

from __future__ import annotations

import datetime
from typing import Any

from config.whole import WHOLE
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import junk, places, put

from gateway.config.checks.mistakes import mistakes
from gateway.config.checks.structure import is_sound, problems
from gateway.config.schema import build
from gateway.config.text.document import Document
from gateway.config.text.positions import Positions

SCHEMA = build()
ODD = st.one_of(
    st.floats(),
    st.integers(),
    st.dates(),
    st.binary(max_size=3),
    st.sampled_from(["60k\n", "5", "\ud800", "٣", "on", ""]),
)
"""What YAML can say and JSON cannot, and texts on which engines for patterns may differ."""


def document(value: Any) -> Document:
    return Document(value, Positions("config.yaml", ("",), {}))


@st.composite
def nearly_sound(draw: st.DrawFn) -> Any:
    """A config that uses everything, with something else in some places."""
    value: Any = WHOLE
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from(places(value)))
        value = put(value, place, draw(st.one_of(ODD, junk)))
    return value


@given(nearly_sound())
@example(put(WHOLE, ("version",), True))
@example(put(WHOLE, ("server", "max_body"), float("inf")))
@example(put(WHOLE, ("default",), datetime.date(2026, 1, 1)))
def test_what_the_quick_look_finds_sound_has_no_mistakes(value: Any) -> None:
    """So a mistake is found whoever looks; and what one cannot read, the other judges."""
    if is_sound(value):
        assert mistakes(document(value), SCHEMA) == []
    assert problems(document(value)) == mistakes(document(value), SCHEMA)


def test_a_sound_config_is_found_sound() -> None:
    """Otherwise the quick look would be for nothing."""
    assert is_sound(WHOLE)
    assert not is_sound(put(WHOLE, ("version",), 2))
