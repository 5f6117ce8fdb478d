"""What repeats cost: how large a pattern becomes when they are written out, and which are nested."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.patterns.repeats import is_nested, written_out

pieces = st.sampled_from(
    ["a", "(", ")", "[", "]", "{2}", "{2,}", "{,3}", "{1,9}", "\\", "|", "*", "^"]
)


@given(st.lists(pieces, max_size=20).map("".join))
def test_any_text_has_a_size(pattern: str) -> None:
    """Also one that is no pattern."""
    assert written_out(pattern) >= 0
    assert is_nested(pattern) in (True, False)


@given(st.text("ab.", min_size=1, max_size=5), st.lists(st.integers(1, 50), max_size=5))
def test_repeats_of_repeats_multiply(item: str, counts: list[int]) -> None:
    """A group that is repeated is as large as all its repeats."""
    pattern, size = item, len(item)
    for count in counts:
        pattern, size = f"({pattern}){{{count}}}", size * count
    assert written_out(pattern) == size


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("", 0),
        ("a{3}b{4}", 7),
        (r"\{1000}", 6),
        ("[a{1000}]{3}", 3),
        (r"[]\]{9}]{3}", 3),
        (r"\p{Lu}{3}", 7),
        (".{0,2000}x", 2001),
        ("a{" + "9" * 5000 + "}", 999_999_999),
    ],
)
def test_sizes_of_patterns(pattern: str, size: int) -> None:
    """Classes and escapes are one item, braces without a count are text."""
    assert written_out(pattern) == size


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "(?:x*)*", "((a+))+", "(a+|b)*", "(b|a+)*", "(?:[a-z]+)*", "(a{2,})+"]
)
def test_repeats_of_repeats_are_found(pattern: str) -> None:
    """A group is repeated of which one branch is nothing but a repeat."""
    assert is_nested(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a)+",
        "(a|b)+",
        "(a{2,}b)+",
        "[(+*)]+",
        r"(\+)+",
        "(a+)?",
        "(a+)(b)*",
        "(a{2,3})+",
        "a++",
        "a+",
    ],
)
def test_other_repeats_are_harmless(pattern: str) -> None:
    """What stands between two repeats says where the one ends and the other begins."""
    assert not is_nested(pattern)
