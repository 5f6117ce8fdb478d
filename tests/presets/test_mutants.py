"""No operator of a preset can change without a test of that preset noticing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_asking import Fixed

from gateway import patterns
from gateway.cases import run_case
from gateway.config import Snapshot, load
from gateway.routing.globs import share
from gateway.tokens import TokenCounter
from presets.mutants import Mutant, mutants, same_decisions
from presets.shipped import PRESETS, snapshot, suite


def no_files(name: str) -> bytes:
    """The tests of presets hold their requests themselves."""
    raise FileNotFoundError(name)


def is_noticed(preset: str, changed: Snapshot) -> bool:
    """Some test of the preset fails."""
    counter = TokenCounter(Fixed(1))
    return any(
        not run_case(case, changed, counter, no_files).passed for case in suite(preset).cases
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_every_mistake_is_noticed(preset: str) -> None:
    """A mutant fails a test, or decides no request otherwise: that is proved, not listed."""
    original = snapshot(preset, suite(preset).environment)
    assert not is_noticed(preset, original)
    missed = [
        f"{mutant.rule}: {mutant.change}"
        for mutant in mutants(original)
        if not is_noticed(preset, mutant.snapshot) and not same_decisions(original, mutant.snapshot)
    ]
    assert missed == []


@pytest.mark.parametrize("preset", PRESETS)
def test_mistakes_are_made_everywhere(preset: str) -> None:
    """In every rule and in the default."""
    original = snapshot(preset, suite(preset).environment)
    changed = {mutant.rule for mutant in mutants(original)}
    assert changed >= {*(rule.name for rule in original.rules), "default"}


RULES = """
rules:
  - {name: long, when: {tokens: {above: 10}}, use: "mock:long"}
  - {name: a, when: {model: "a*"}, use: "mock:a"}
  - {name: b, when: {model: "b*"}, use: "mock:b"}
  - {name: ab, when: {model: "ab*"}, use: "mock:a"}
default: mock:a
"""


def mutated(rule: str, change: str) -> tuple[Snapshot, Mutant]:
    """A config, and one of its mutants."""
    original = load(RULES, file="config.yaml", environment={}).snapshot
    assert original is not None
    return original, next(
        mutant for mutant in mutants(original) if (mutant.rule, mutant.change) == (rule, change)
    )


@pytest.mark.parametrize(
    ("rule", "change", "same"),
    [
        ("a", "after b", True),  # no name begins with both
        ("ab", "model removed", True),  # the default decides the same
        ("long", "after a", False),  # a long prompt for such a model
        ("long", "tokens: limit raised", False),  # 11 tokens
        ("b", "model: negated", False),
        ("b", "targets: mock:elsewhere for mock:b", False),
    ],
)
def test_what_is_called_equivalent_is(rule: str, change: str, same: bool) -> None:
    """The proof holds where no request can tell, and fails where one can."""
    original, mutant = mutated(rule, change)
    assert same_decisions(original, mutant.snapshot) is same


globs = st.text(alphabet="aB*?", max_size=6)


@given(globs, globs, st.text(alphabet="aAbB", max_size=6))
def test_globs_that_share_nothing_take_no_name_together(one: str, other: str, name: str) -> None:
    """What the proof rests on: a name that both take is always admitted."""
    both = all(patterns.compile_glob(glob).search(name) for glob in (one, other))
    assert share(one, other) or not both


@given(st.text(alphabet="ab?*", min_size=1, max_size=6))
def test_a_glob_shares_what_it_takes(glob: str) -> None:
    """With itself, with everything, and with a name that it takes."""
    name = glob.replace("*", "").replace("?", "a")
    assert share(glob, glob)
    assert share(glob, "*")
    assert share(glob, name)
    assert not share("x" + glob, "y*")
