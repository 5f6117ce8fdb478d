"""Laws of the budget of repetitions: never more than the traffic has earned and the minutes give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.availability import Budget, Settings
from gateway.availability.budget import MOST_EARNED

EVENTS = st.lists(
    st.tuples(st.sampled_from(["request", "spend", "wait"]), st.floats(0.0, 90.0)), max_size=300
)


@given(EVENTS, st.floats(0.0, 0.2), st.integers(0, 20))
def test_it_is_never_exceeded(
    events: list[tuple[str, float]], share: float, per_minute: int
) -> None:
    """At any time: the share of the requests so far, and a minute's worth for each minute begun."""
    now, requests, spent = 0.0, 0, 0
    budget = Budget(now)
    settings = Settings(retry_share=share, retries_per_minute=per_minute)
    for event, seconds in events:
        if event == "wait":
            now += seconds
        elif event == "request":
            requests += 1
            budget.earn(share)
        else:
            is_last = seconds > 45.0
            spent += budget.spend(now, settings, asks_again=False, is_last=is_last)
        assert spent <= share * requests + per_minute * (1 + now / 60) + 1e-6


@given(st.integers(0, 400), st.integers(1, 5), st.floats(0.0, 0.2))
def test_clients_that_ask_again_are_never_multiplied(
    requests: int, wanted: int, share: float
) -> None:
    """However often each request would be repeated, the provider sees at most the share on top."""
    budget, settings = Budget(0.0), Settings(retry_share=share, retries_per_minute=600)
    repeats = 0
    for at in range(requests):
        budget.earn(share)
        repeats += sum(budget.spend(float(at), settings, asks_again=True) for _ in range(wanted))
    assert repeats <= share * requests + 1e-6


@given(EVENTS, st.floats(0.0, 2.0))
def test_the_halves_grow_with_each_request(events: list[tuple[str, float]], share: float) -> None:
    """It is all the same whether what a request earns is shared when it comes, or later."""
    budget, settings = Budget(0.0), Settings(retries_per_minute=0)
    earned = kept = 0.0
    for event, seconds in events:
        if event == "request":
            budget.earn(share)
            earned, kept = (min(half + share / 2.0, MOST_EARNED) for half in (earned, kept))
        elif event == "spend":
            is_last = seconds > 45.0
            total = earned + kept if is_last else earned
            if any(abs(one - 1.0) < 1e-6 for one in (earned, kept, total)):
                return  # the one or the other, by how sums are rounded
            may = budget.spend(0.0, settings, asks_again=False, is_last=is_last)
            assert may == (max(total, earned) >= 1.0)
            if is_last and kept >= 1.0:
                kept -= 1.0
            elif earned >= 1.0:
                earned -= 1.0
            elif may:
                earned, kept = earned + kept - 1.0, 0.0


def test_a_quiet_day_does_not_pay_for_a_storm() -> None:
    """What is saved up is bounded."""
    budget, settings = Budget(0.0), Settings(retries_per_minute=0)
    for _ in range(100_000):
        budget.earn(0.1)
    spent = sum(budget.spend(0.0, settings, asks_again=False) for _ in range(1000))
    assert spent == 2 * MOST_EARNED


def test_half_is_kept_for_those_who_have_nobody_else() -> None:
    """Tries with a fallback cannot spend it, however many there are."""
    budget, settings = Budget(0.0), Settings(retries_per_minute=0)
    for _ in range(101):
        budget.earn(0.1)
    assert sum(budget.spend(0.0, settings, asks_again=True, is_last=False) for _ in range(100)) == 5
    assert sum(budget.spend(0.0, settings, asks_again=True) for _ in range(100)) == 5
