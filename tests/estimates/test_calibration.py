"""Laws of learning how a provider counts: safe after twenty answers, close, and quick to follow a change.

`pytest -s` prints the distribution of errors of each kind of provider.
"""

from __future__ import annotations

import random
import sys

import pytest
from estimates.providers import Provider, any_provider, chances, traffic
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.estimates.calibration import ABSURD_TOKENS, Calibration, Prior
from gateway.estimates.families import FAMILIES, UNKNOWN
from gateway.tokens import Size

PRIORS = [UNKNOWN, *(prior for _, prior in FAMILIES.values())]

sizes = st.builds(Size, st.integers(1, 1_000_000), st.sampled_from([0, 0, 50, 20_000]))


def ratios(provider: Provider, calibration: Calibration, chance: random.Random) -> list[float]:
    """Estimates by counts, of two hundred requests after the first twenty answers."""
    found, requests = [], traffic(chance)
    for number in range(220):
        size = next(requests)
        actual = provider.count(size, chance)
        if number >= 20:
            found.append(calibration.estimate(size) / actual)
        calibration.learn(size, actual)
    return found


@pytest.mark.parametrize(
    ("noise", "foreign", "usual"),
    [(0.005, 0.0, 1.05), (0.02, 0.0, 1.1), (0.05, 0.0, 1.25), (0.02, 0.1, 1.5)],
    ids=["alike", "varied", "very-varied", "two-languages"],
)
def test_estimates_are_safe_after_twenty_answers(
    noise: float, foreign: float, usual: float
) -> None:
    """Too small by over 2 % in fewer than 1 % of requests, whatever was thought of the family before;
    and no larger, mostly, than what texts vary by makes necessary."""
    found: list[float] = []
    for seed in range(60):
        chance = chances(seed)
        provider = any_provider(chance, noise=noise, foreign=foreign)
        found += ratios(provider, Calibration(chance.choice(PRIORS)), chance)
    found.sort()
    low = sum(ratio * 1.02 < 1 for ratio in found) / len(found)
    at = {share: found[int(share * len(found))] for share in (0.01, 0.5, 0.95)}
    table = f"\nnoise {noise}, foreign {foreign}: too low {low:.2%}, ratios {at}\n"
    sys.stdout.write(table)
    assert low < 0.01
    assert at[0.5] < usual


@given(st.sampled_from(PRIORS), st.integers(0, 100_000))
def test_words_about_one_prompt_are_expected_however_well_all_else_is_known(
    prior: Prior, seed: int
) -> None:
    """A short prompt whose tool must be called is not estimated too low, after any number of prompts
    that let the model choose."""
    chance = chances(seed)
    calibration = Calibration(prior)
    for _ in range(chance.randrange(20, 60)):
        size = Size(chance.randrange(10, 200), chance.randrange(40, 120))
        calibration.learn(size, size.total + 30)
    told = Size(60, 80)
    assert calibration.estimate(told) >= (told.total + 30 + 100) / 1.02


@given(st.sampled_from(PRIORS), st.lists(st.tuples(sizes, st.floats(0.2, 3.0)), max_size=60), sizes)
def test_an_estimate_is_a_positive_number(
    prior: Prior, lessons: list[tuple[Size, float]], size: Size
) -> None:
    """Whatever answers say, the estimate is one, and not below what is expected."""
    calibration = Calibration(prior)
    for one, factor in lessons:
        calibration.learn(one, max(1, round(one.total * factor)))
    assert calibration.estimate(size) >= calibration.expected(size) >= 1


@given(st.floats(0.8, 2.5), st.integers(0, 200), st.integers(0, 2**32))
def test_an_exact_provider_is_learned_exactly(factor: float, base: int, seed: int) -> None:
    """Where counts follow from sizes, an estimate is at most 5 % and some hundred tokens more."""
    calibration, chance = Calibration(UNKNOWN), chances(seed)
    for _ in range(60):
        size = Size(chance.randint(100, 100_000))
        calibration.learn(size, round(base + factor * size.content))
    for content in (5_000, 50_000, 500_000):
        actual = base + factor * content
        estimate = calibration.estimate(Size(content))
        assert 0.98 * actual - 5 <= estimate <= 1.05 * actual + 200


@given(st.floats(0.6, 0.8), st.integers(0, 2**32))
def test_a_change_is_followed(factor: float, seed: int) -> None:
    """When a provider changes its tokenizer, a handful of answers is enough, either way."""
    for before, after in ((factor, 1.2), (1.2, factor)):
        calibration, chance = Calibration(UNKNOWN), chances(seed)
        for number in range(110):
            size = Size(chance.randint(2_000, 100_000))
            rate = before if number < 100 else after
            calibration.learn(size, round(rate * chance.gauss(1, 0.01) * size.content))
        estimate = calibration.estimate(Size(30_000)) / (30_000 * after)
        assert 0.98 <= estimate <= 1.25


@given(sizes, st.integers(1, 2))
def test_what_is_not_about_the_prompt_is_not_learned(size: Size, often: int) -> None:
    """An answer for which the server has read pages of its own changes nothing."""
    calibration, chance = Calibration(UNKNOWN), chances(1)
    for _ in range(40):
        one = Size(chance.randint(100, 100_000))
        calibration.learn(one, round(1.1 * one.content))
    before, answers = calibration.estimate(size), calibration.answers
    for _ in range(often):
        calibration.learn(size, 5 * before + ABSURD_TOKENS)
    assert (calibration.estimate(size), calibration.answers) == (before, answers)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_a_longer_prompt_is_never_estimated_much_shorter(seed: int) -> None:
    """Beyond the sizes that were seen the estimate goes on growing."""
    chance = chances(seed)
    provider = any_provider(chance, noise=0.02, foreign=0.0)
    calibration = Calibration(UNKNOWN)
    ratios(provider, calibration, chance)
    estimates = [calibration.estimate(Size(10**power)) for power in range(2, 7)]
    assert estimates == sorted(estimates)
