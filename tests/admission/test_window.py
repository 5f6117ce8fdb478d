"""Laws of an amount per time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.admission.window import SLICES, Window
from gateway.units import Rate

TAKEN = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 50)), max_size=50)
RATES = st.builds(Rate, st.integers(1, 100), st.sampled_from([1.0, 10.0, 60.0]))


@given(TAKEN, RATES, st.integers(1, 150))
def test_room_is_there_when_it_was_said_to_be(
    taken: list[tuple[float, int]], rate: Rate, amount: int
) -> None:
    """And not a moment before; for what is larger than the rate, when nothing else counts."""
    window, now = Window(), 0.0
    for pause, one in taken:
        now += pause
        window.take(one, rate, now)
    at = window.free_at(amount, rate, now)
    assert now <= at <= now + rate.seconds * (1 + 2 / SLICES)
    if at > now:
        assert window.free_at(amount, rate, (now + at) / 2) == at
    assert window.free_at(amount, rate, at) == at


@given(TAKEN, RATES)
def test_what_is_given_back_is_as_if_it_had_not_been_taken(
    taken: list[tuple[float, int]], rate: Rate
) -> None:
    """As long as it counts; and never more than was there."""
    window, now = Window(), 0.0
    slices = []
    for pause, one in taken:
        now += pause
        slices.append((window.take(one, rate, now), one))
    for at, one in slices:
        window.lessen(at, one, rate, now)
    assert window.free_at(rate.amount, rate, now) == now


def test_a_window_stays_small() -> None:
    """However much is let through."""
    window, rate = Window(), Rate(1_000_000, 3600.0)
    for number in range(20_000):
        window.take(1, rate, number * 0.3)
    assert len(window) <= SLICES + 1
