"""A formula, its predicate and its explanation say the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_asking import asking

from gateway.patterns import compile_name_pattern
from gateway.routing import formula as formula_module
from gateway.routing.conditions import compile_when, formula_of
from gateway.routing.conditions.texts import MODEL
from gateway.routing.explain import considered
from gateway.routing.formula import (
    TRUE,
    Above,
    All,
    Flag,
    Formula,
    Holds,
    Known,
    Like,
    Not,
    Number,
    Some,
    compiled,
    variables,
)
from gateway.routing.rules import Rule

A = Number("a", lambda facts: facts.max_tokens)
B = Flag("b", lambda facts: facts.stream)

formulas: st.SearchStrategy[Formula] = st.recursive(
    st.one_of(
        st.integers(0, 5).map(lambda limit: Above(A, limit)),
        st.just(Known(A)),
        st.just(Holds(B)),
        st.sampled_from([TRUE, Some(())]),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
)


def meaning(formula: Formula, a: int | None, b: bool) -> bool:
    """What a formula says, spelled out."""
    match formula:
        case Above(limit=limit):
            return a is not None and a > limit
        case Known():
            return a is not None
        case Holds():
            return b
        case Not(part=part):
            return not meaning(part, a, b)
        case All(parts=parts):
            return all(meaning(part, a, b) for part in parts)
        case Some(parts=parts):
            return any(meaning(part, a, b) for part in parts)
        case _:
            raise AssertionError(formula)


@given(formulas, st.none() | st.integers(0, 6), st.booleans())
def test_the_predicate_means_the_formula(formula: Formula, a: int | None, b: bool) -> None:
    """Whatever is joined and negated."""
    facts = asking(stream=b, max_tokens=a)
    assert compiled(formula)(facts) is meaning(formula, a, b)


@given(
    st.sampled_from(["*haiku*", "claude-*", "gpt-5?", "/^o[134]/", "*"]),
    st.lists(st.sampled_from(["claude-haiku", "gpt-5x", "o3", "x" * 300, ""]), max_size=9),
)
def test_what_was_asked_before_changes_no_answer(pattern: str, models: list[str]) -> None:
    """A text is like a pattern if the pattern finds it, however few answers are remembered."""
    like = Like(MODEL, compile_name_pattern(pattern))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formula_module, "REMEMBERED", 2)
        matches = compiled(like)
        for model in models:
            facts = asking()
            facts.state({"model": model})
            assert matches(facts) == like.pattern.search(model)


@given(formulas)
def test_the_variables_of_a_formula(formula: Formula) -> None:
    """Each is named once, and nothing else is."""
    found = variables(formula)
    assert len(found) == len(set(found))
    assert set(found) <= {A, B}


def test_an_explanation_shows_what_each_condition_saw() -> None:
    """Also of conditions inside `any` and `not`."""
    when: dict[str, Any] = {
        "any": [{"model": "gpt*"}, {"not": {"stream": True}}],
        "max_tokens": {"above": 5},
    }
    rule = Rule("r", compile_when(when))
    [told] = considered([rule], asking(model="claude", stream=True, max_tokens=3))
    assert not told.matches
    either, size = told.tests
    assert (either.holds, size.holds) == (False, False)
    assert size.saw == {"max_tokens": 3}
    assert [part.saw for part in either.parts] == [{"model": "claude"}, {}]
    assert either.parts[1].parts[0].saw == {"stream": True}
    assert told.to_json()["tests"][0]["parts"][0]["wanted"] == "gpt*"


@given(st.text(max_size=300))
def test_long_texts_are_cut_in_an_explanation(text: str) -> None:
    """A whole system prompt is nothing to read in a line."""
    rule = Rule("r", compile_when({"system": "x"}))
    [told] = considered([rule], asking(system=text))
    assert len(str(told.tests[0].saw["system"])) < 150


def test_when_is_the_conjunction_of_its_conditions() -> None:
    """`formula_of` and `compile_when` read the same mapping."""
    when = {"stream": True, "max_tokens": {"above": 5}}
    whole = compiled(formula_of(when))
    for facts in (asking(stream=True, max_tokens=6), asking(stream=True), asking(max_tokens=6)):
        assert whole(facts) is all(check.holds(facts) for check in compile_when(when))
