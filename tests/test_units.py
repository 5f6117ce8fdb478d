"""Sizes and durations as people write them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.units import (
    DURATION_SCHEMA,
    DURATIONS,
    LARGEST,
    LONGEST,
    PERIODS,
    RATE_SCHEMA,
    SIZE_SCHEMA,
    SIZES,
    Rate,
    parse_duration,
    parse_rate,
    parse_room,
    parse_size,
)


@given(st.integers(1, 9), st.sampled_from(sorted(SIZES)), st.booleans())
def test_a_size_is_its_number_times_its_unit(number: int, unit: str, spaced: bool) -> None:
    """In any case, with or without a space, and the schema lets it through."""
    for written in (unit, unit.upper(), unit.capitalize()):
        text = f"{number}{' ' if spaced and unit else ''}{written}"
        assert parse_size(text) == number * SIZES[unit]
        assert re.search(SIZE_SCHEMA["anyOf"][1]["pattern"], text)


@given(st.integers(1, 9), st.sampled_from(sorted(DURATIONS)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    """In seconds."""
    assert parse_duration(f"{number}{unit}") == pytest.approx(number * DURATIONS[unit])
    assert re.search(DURATION_SCHEMA["anyOf"][1]["pattern"], f"{number}{unit}")


@given(st.integers(1, 999), st.sampled_from(["", "k", "M"]), st.sampled_from(sorted(PERIODS)))
def test_a_rate_is_an_amount_in_a_time(number: int, suffix: str, period: str) -> None:
    """With or without spaces, and the schema lets it through."""
    amount = number * {"": 1, "k": 1_000, "M": 1_000_000}[suffix]
    for text in (f"{number}{suffix}/{period}", f"{number}{suffix} / {period}"):
        assert parse_rate(text) == Rate(amount, PERIODS[period])
        assert re.search(RATE_SCHEMA["pattern"], text)


@pytest.mark.parametrize("text", ["0/min", "0.5/s", "60", "/min", "60/week", "-1/s", "2000G/h"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Also what lets nothing through."""
    with pytest.raises(ValueError, match="expected a rate such as"):
        parse_rate(text)


@given(st.text())
def test_a_text_is_read_or_refused(text: str) -> None:
    """Nothing but `ValueError`, and nothing out of bounds."""
    for parse, most in ((parse_size, LARGEST), (parse_duration, LONGEST)):
        try:
            assert 0 < parse(text) <= most
        except ValueError as error:
            assert "expected a" in str(error)


@pytest.mark.parametrize(
    ("text", "bytes"), [(1024, 1024), ("1.5kB", 1500), ("32MiB", 32 * 1024**2), ("10", 10)]
)
def test_sizes(text: int | str, bytes: int) -> None:
    """Numbers are bytes."""
    assert parse_size(text) == bytes


@pytest.mark.parametrize(
    ("text", "seconds"), [(5, 5), (0.5, 0.5), ("500ms", 0.5), ("2m", 120), ("1.5h", 5400)]
)
def test_durations(text: float | str, seconds: float) -> None:
    """Numbers are seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", [0, "0s", -1, "25h", "5", "s", "5 years", "1e5s", "9" * 400 + "s"])
def test_what_is_no_duration(text: float | str) -> None:
    """Nothing, the past, more than a day, no unit, an unknown unit."""
    with pytest.raises(ValueError, match="expected a duration such as 500ms, 5s or 2m"):
        parse_duration(text)


@pytest.mark.parametrize(("room", "bytes"), [(0, 0), ("0", 0), ("64MiB", 64 * 1024**2), (1, 1)])
def test_room(room: int | str, bytes: int) -> None:
    """A size, or nothing; `false` and the like are neither."""
    assert parse_room(room) == bytes


@pytest.mark.parametrize("text", [False, -1, "-1", "0 potatoes", "none"])
def test_what_is_no_room(text: Any) -> None:
    """The message says that nothing can be said too."""
    with pytest.raises(ValueError, match="or 0 for none"):
        parse_room(text)
