"""Laws of the keys of a pool: a conversation keeps its own."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.availability import preferred

POOLS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True)


@given(st.text(), POOLS)
def test_every_key_has_its_place_in_the_order(seed: str, keys: list[str]) -> None:
    """And the order is always the same."""
    order = preferred(seed, keys)
    assert sorted(order) == list(range(len(keys)))
    assert preferred(seed, keys) == order


@given(st.text(), POOLS, st.data())
def test_a_key_that_goes_moves_only_its_own(
    seed: str, keys: list[str], data: st.DataObject
) -> None:
    """Whoever preferred another key keeps it, wherever it stands now."""
    gone = data.draw(st.sampled_from(keys))
    left = [key for key in keys if key != gone]
    before = [keys[place] for place in preferred(seed, keys) if keys[place] != gone]
    assert [left[place] for place in preferred(seed, left)] == before


def test_conversations_spread_over_the_keys() -> None:
    """Each key gets its part."""
    first = Counter(preferred(f"session {n}", ["a", "b", "c", "d"])[0] for n in range(4000))
    assert set(first) == {0, 1, 2, 3}
    assert min(first.values()) > 850
