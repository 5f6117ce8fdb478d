"""Which request meets which scenario: by its model, else by count and by lot."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.mock.plan import Chance, Plan
from gateway.mock.scenarios import OK, SCENARIOS

NAMES = st.sampled_from(sorted(SCENARIOS))
PAIR = [SCENARIOS["529"], SCENARIOS["cut-mid-stream"]]


def met(plan: Plan, requests: int) -> list[str]:
    """What so many requests of a model without a scenario's name meet."""
    return [plan.scenario("any").name for _ in range(requests)]


@given(NAMES, st.text(max_size=5))
def test_a_model_with_the_name_of_a_scenario_meets_it(name: str, more: str) -> None:
    """Whatever is planned for others, and whatever follows an @."""
    for plan in (Plan([], Chance()), Plan(PAIR, Chance(after=9))):
        assert plan.scenario(name) is SCENARIOS[name]
        assert plan.scenario(f"{name}@{more}") is SCENARIOS[name]


@given(st.integers(0, 9), st.integers(1, 5))
def test_requests_are_hit_by_count(after: int, every: int) -> None:
    """The first ones go well, then each so manieth is hit; the scenarios take turns."""
    hits = [name for name in met(Plan(PAIR, Chance(after, every)), 40) if name != OK.name]
    assert len(hits) == (40 - after) // every
    assert hits == [PAIR[turn % 2].name for turn in range(len(hits))]


@given(st.floats(0, 1), st.integers())
def test_a_lot_falls_the_same_way_each_time(share: float, seed: int) -> None:
    """The seed decides it; about the share is hit, nobody of none and everybody of all."""
    chance = Chance(share=share, seed=seed)
    first, again = met(Plan(PAIR, chance), 60), met(Plan(PAIR, chance), 60)
    assert first == again
    if share in (0.0, 1.0):
        assert first.count(OK.name) == 60 * (1 - share)


def test_without_a_plan_all_goes_well() -> None:
    """Nothing is hit that was not asked for."""
    assert set(met(Plan([], Chance()), 9)) == {"ok"}
