"""What is reported of rules is true of every request."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from language import request
from routing_asking import Fixed, asking

from gateway.patterns import compile_glob
from gateway.routing import Facts, Rule, Target, compile_when, route
from gateway.routing.analysis import overlaps, unreachable
from gateway.routing.globs import covers
from gateway.tokens import TokenCounter

NAMES = ("gpt-5", "gpt-5-mini", "claude-haiku-4", "claude-opus-5", "o3")
PATTERNS = ("*", "gpt-*", "*mini", "*haiku*", "gpt-5", "claude-*", "/^gpt/", "o?", "claude-haiku-4")
EFFORTS = ("low", "medium", "high")

atoms = st.one_of(
    st.fixed_dictionaries({"tokens": st.fixed_dictionaries({"above": st.integers(0, 9)})}),
    st.fixed_dictionaries({"tokens": st.fixed_dictionaries({"below": st.integers(0, 9)})}),
    st.fixed_dictionaries({"model": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"stream": st.booleans()}),
    st.fixed_dictionaries(
        {"thinking": st.fixed_dictionaries({"effort": st.sampled_from(EFFORTS)})}
    ),
    st.fixed_dictionaries(
        {
            "thinking": st.fixed_dictionaries(
                {"budget": st.fixed_dictionaries({"below": st.integers(0, 9)})}
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "tools": st.fixed_dictionaries(
                {"include": st.sampled_from(["Bash", "mcp__*", "mcp__x__*", "*"])}
            )
        }
    ),
)
whens: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(lambda a, b: {**a, **b}, atoms, atoms),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=4,
)
sets_of_rules = st.lists(whens, min_size=1, max_size=5).map(
    lambda asked: [
        Rule(f"r{number}", compile_when(when), (Target("p", str(number)),))
        for number, when in enumerate(asked)
    ]
)


def facts(draw: st.DrawFn) -> Facts:
    fields: dict[str, Any] = {
        "model": draw(st.sampled_from(NAMES)),
        "stream": draw(st.booleans()),
        "system": "x" * 2000,
        "messages": [],
        "tools": [
            {"name": name, "input_schema": {}}
            for name in draw(st.sets(st.sampled_from(["Bash", "mcp__x__y", "mcp__z__w", "Read"])))
        ],
    }
    if effort := draw(st.sampled_from([None, *EFFORTS])):
        fields["output_config"] = {"effort": effort}
    if budget := draw(st.sampled_from([None, 1, 4, 9])):
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    found = Facts(request(**fields), TokenCounter(Fixed(1)))
    found.__dict__["tokens"] = draw(st.integers(0, 10))
    return found


requests = st.composite(facts)()


@given(sets_of_rules, st.lists(requests, min_size=5, max_size=20))
def test_an_unreachable_rule_is_never_chosen(rules: list[Rule], asked: list[Facts]) -> None:
    """Whatever the request, and however the rules are put together."""
    reported = {found.rule for found in unreachable(rules)}
    default = Rule("default", (), (Target("p", "default"),))
    for one in asked:
        assert route(rules, default, one).rule not in reported


@given(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3), st.sampled_from(NAMES))
def test_a_rule_after_its_own_copy_is_reported(patterns: list[str], model: str) -> None:
    """The plainest mistake is always found."""
    rules = [Rule(name, compile_when({"model": patterns}), (Target("p", name),)) for name in "ab"]
    assert [found.rule for found in unreachable(rules)] == ["b"]


@given(sets_of_rules)
def test_a_witness_hits_both_rules(rules: list[Rule]) -> None:
    """The facts that are shown for an overlap satisfy the one rule and the other."""
    by_name = {rule.name: rule for rule in rules}
    for found in overlaps(rules):
        witness = given_facts(found.witness)
        assert by_name[found.rule].failing(witness) is None
        assert by_name[found.earlier].failing(witness) is None


ATTRIBUTES = {
    "tokens": "tokens",
    "model": "model",
    "stream": "stream",
    "effort": "effort",
    "thinking budget": "thinking_budget",
    "tools": "tools",
    "tool count": "tool_count",
}


def given_facts(witness: dict[str, Any]) -> Facts:
    """A request of which a witness tells the facts; what it does not tell is as in any request."""
    found = asking(model="some-model", stream=False)
    found.__dict__["tokens"] = 0
    for name, value in witness.items():
        found.__dict__[ATTRIBUTES[name]] = value
    return found


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_a_glob_that_covers_another_takes_all_its_names(wide: str, narrow: str, name: str) -> None:
    """Inclusion is never claimed wrongly."""
    if covers(wide, narrow) and compile_glob(narrow).search(name):
        assert compile_glob(wide).search(name)


def test_the_order_that_users_get_wrong() -> None:
    """A long prompt of the small model never comes to the rule for long prompts: both are named."""
    small = Rule("small", compile_when({"model": "*haiku*"}), (Target("p", "small"),))
    long = Rule("long", compile_when({"tokens": {"above": "128k"}}), (Target("p", "long"),))
    [found] = overlaps([small, long])
    assert (found.rule, found.earlier) == ("long", "small")
    assert found.witness == {"tokens": 128001, "model": "haiku"}


def test_several_rules_together() -> None:
    """None of the earlier rules takes all of the last one, but the two of them do."""
    rules = [
        Rule("low", compile_when({"tokens": {"below": 100}}), (Target("p", "a"),)),
        Rule("high", compile_when({"tokens": {"above": 50}}), (Target("p", "b"),)),
        Rule("mini", compile_when({"model": "*mini*"}), (Target("p", "c"),)),
    ]
    [found] = unreachable(rules)
    assert (found.rule, found.because) == ("mini", ("low", "high"))


def test_many_rules_are_looked_at_in_bounded_time() -> None:
    """The search gives up rather than to run for ever, and then reports nothing wrong."""
    rules = [
        Rule(
            f"r{n}",
            compile_when({"any": [{"model": f"/{n}{m}/"} for m in range(4)]}),
            (Target("p", str(n)),),
        )
        for n in range(60)
    ]
    assert unreachable(rules) == []
