"""Laws of the decision: the first rule that matches, and the reason why each before it did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from language import request
from routing_asking import Fixed, asking

from gateway.routing import (
    Check,
    CorrectionOverlay,
    Facts,
    RecentPins,
    Rule,
    Skipped,
    Target,
    Unfit,
    compile_when,
    route,
)
from gateway.routing.formula import TRUE, Some
from gateway.tokens import TokenCounter

DEFAULT = Rule("default", (), (Target("openai", "default"),), ("small",))


def rule(name: str, *, sticky: Any = "none", **when: Any) -> Rule:
    """A rule with these conditions, whose target carries its name."""
    targets = (Target("openai", name),)
    return Rule(name, compile_when(when), targets, (f"for-{name}",), sticky=sticky)


def fixed(at: int, answer: bool) -> Check:
    """A condition with this answer for every request."""
    return Check(f"condition-{at}", None, TRUE if answer else Some(()), lambda _: answer)


@given(st.lists(st.lists(st.booleans(), max_size=3), max_size=6))
def test_the_first_match_wins(rows: list[list[bool]]) -> None:
    """A rule matches when all its conditions hold; every rule before is skipped with its reason."""
    rules = [
        Rule(
            f"rule-{number}",
            tuple(fixed(at, answer) for at, answer in enumerate(row)),
            (Target("openai", str(number)),),
        )
        for number, row in enumerate(rows)
    ]
    found = route(rules, DEFAULT, asking())
    first = next((number for number, row in enumerate(rows) if all(row)), None)
    assert found.skipped == tuple(
        Skipped(f"rule-{number}", f"condition-{row.index(False)}")
        for number, row in enumerate(rows[:first])
    )
    if first is None:
        assert (found.target, found.origin, found.rule) == (DEFAULT.target, "default", None)
        assert found.transforms == ("small",)
    else:
        assert (found.target, found.origin) == (Target("openai", str(first)), "rule")
        assert found.rule == f"rule-{first}"


@given(st.integers(1, 4))
def test_conditions_after_the_failing_one_are_not_asked(failing: int) -> None:
    """The first condition that fails settles it: later ones may cost time."""
    asked: list[int] = []

    def condition(at: int) -> Check:
        def holds(_: Facts) -> bool:
            asked.append(at)
            return at != failing

        return Check(f"c{at}", None, TRUE, holds)

    tests = tuple(condition(at) for at in range(6))
    assert Rule("r", tests, DEFAULT.targets).failing(asking()) == Skipped("r", f"c{failing}")
    assert asked == list(range(failing + 1))


@given(st.lists(st.booleans(), max_size=3))
def test_the_first_condition_that_fails_is_the_reason(hold: list[bool]) -> None:
    """However many conditions a rule has, and which of them hold."""

    def condition(at: int) -> Check:
        return Check(f"c{at}", None, TRUE, lambda _: hold[at])

    tests = tuple(condition(at) for at in range(len(hold)))
    first = None if all(hold) else Skipped("r", f"c{hold.index(False)}")
    assert Rule("r", tests, DEFAULT.targets).failing(asking()) == first


def test_a_story() -> None:
    """Rules of every kind, one request, and the reasons in the words of the config."""
    rules = [
        rule("background", model="*haiku*"),
        rule("fast", path_prefix="/fast"),
        rule("deep", thinking={"effort": "max"}, model="*"),
        rule("long", tokens={"above": 5}),
        rule("never", tokens={"above": "9M"}),
    ]
    facts = Facts(request(system="a long system prompt"), TokenCounter(Fixed(20)))
    found = route(rules, DEFAULT, facts)
    assert found.target == Target("openai", "long")
    assert found.transforms == ("for-long",)
    assert found.skipped == (
        Skipped("background", "model"),
        Skipped("fast", "path_prefix"),
        Skipped("deep", "thinking"),
    )
    assert found.reason == "rule long"


def test_nobody_asks_for_tokens() -> None:
    """Without a rule about tokens, none are counted."""
    encoder = Fixed()
    facts = Facts(request(system="s" * 999), TokenCounter(encoder))
    route([rule("a", model="x"), rule("b", thinking=True)], DEFAULT, facts)
    assert encoder.asked == 0


def test_too_short_to_count() -> None:
    """A rule about more tokens than the body has bytes is answered without counting."""
    encoder = Fixed()
    facts = Facts(request(system="s" * 999), TokenCounter(encoder))
    found = route([rule("long", tokens={"above": "60k"})], DEFAULT, facts)
    assert encoder.asked == 0
    assert found.skipped == (Skipped("long", "tokens"),)
    assert found.reason == "default"


# -- rules that go on --------------------------------------------------------------------------------


def test_a_rule_that_goes_on_gives_its_actions_to_the_one_that_is_chosen() -> None:
    """Transforms come together, in order; of one setting the later rule has the say."""
    brief = Rule("brief", compile_when({"stream": True}), transforms=("brief",), goes_on=True)
    careful = Rule(
        "careful",
        (),
        transforms=("brief", "careful"),
        goes_on=True,
        correction=CorrectionOverlay(mode="report"),
        retries=1,
    )
    own = CorrectionOverlay(quirks=("clamp",))
    last = Rule("last", (), (Target("a", "b"),), ("own",), retries=2, correction=own)
    found = route([brief, careful, last], DEFAULT, asking(stream=True))
    assert found.transforms == ("brief", "careful", "own")
    assert (found.retries, found.rule) == (2, "last")
    assert found.corrections == (CorrectionOverlay(mode="report"), own)
    assert found.applied == ("brief", "careful")
    assert route([brief, careful, last], DEFAULT, asking()).applied == ("careful",)


# -- targets -----------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 3)))
def test_the_first_target_that_fits_is_taken(unable: set[int]) -> None:
    """Whoever cannot serve the request is named with the reason; the others stand by as fallbacks."""
    targets = tuple(Target("p", str(number)) for number in range(3))
    chosen = Rule("r", (), targets, fallback=(Target("p", "3"),), needs_fit=True)

    def fits(target: Target, _: Rule) -> Unfit | None:
        return Unfit(target, "no") if int(target.model) in unable else None

    found = route([chosen], DEFAULT, asking(), fits=fits)
    able = [number for number in range(4) if number not in unable]
    assert found.target.model == str(able[0] if able else 0)
    passed = range(able[0]) if able else range(4)
    assert [int(one.target.model) for one in found.unfit] == list(passed)
    assert found.targets[0] == found.target
    assert len(set(found.targets)) == len(found.targets) == 4


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.text(min_size=1))
def test_a_session_stays_with_the_target_that_it_drew(shares: list[int], session: str) -> None:
    """Weights are drawn by session: every turn of it goes to the same target."""
    targets = tuple(Target("p", str(number)) for number in range(len(shares)))
    weighted = Rule("r", (), targets, weights=tuple(map(float, shares)))
    headers = {"x-claude-code-session-id": session}
    drawn = {
        route([weighted], DEFAULT, asking(headers=headers, max_tokens=n)).target for n in (1, 2, 3)
    }
    assert len(drawn) == 1


def test_shares_are_kept() -> None:
    """Of a thousand sessions each target gets about its share."""
    weighted = Rule("r", (), (Target("p", "a"), Target("p", "b")), weights=(9.0, 1.0))
    drawn = [
        route([weighted], DEFAULT, asking(headers={"x-claude-code-session-id": str(n)})).target
        for n in range(1000)
    ]
    assert 70 <= drawn.count(Target("p", "b")) <= 130


# -- conversations -----------------------------------------------------------------------------------

SESSION = {"x-claude-code-session-id": "a-session"}


def turn(tokens: int, **fields: Any) -> Facts:
    """A turn of one session, with a prompt of this size."""
    body = request(messages=[], system="x" * 3000, **fields)
    return Facts(body, TokenCounter(Fixed(tokens)), headers=SESSION)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30))
def test_a_conversation_keeps_its_rule(sizes: list[int]) -> None:
    """Once the prompt has crossed a threshold, the target stays although it shrinks again."""
    rules = [rule("long", sticky="session", tokens={"above": 100})]
    pins = RecentPins()
    targets = [route(rules, DEFAULT, turn(size), pins=pins).target.model for size in sizes]
    crossed = next((at for at, size in enumerate(sizes) if size > 100), len(sizes))
    assert targets == ["default"] * crossed + ["long"] * (len(sizes) - crossed)


def test_an_earlier_rule_may_claim_a_conversation() -> None:
    """What stands before the rule that is kept is asked first; afterwards the old one is kept on."""
    rules = [
        rule("hard", thinking={"effort": "max"}),
        rule("long", sticky="session", tokens={"above": 100}),
    ]
    pins = RecentPins()
    effort = {"output_config": {"effort": "max"}}
    asked = [turn(150), turn(50), turn(50, **effort), turn(50)]
    found = [route(rules, DEFAULT, facts, pins=pins) for facts in asked]
    assert [one.target.model for one in found] == ["long", "long", "hard", "long"]
    assert [one.is_kept for one in found] == [False, True, False, True]
    assert found[1].reason == "rule long, kept from earlier turns"


def test_compaction_is_a_boundary() -> None:
    """The prompt that follows is a new one, with no cache to lose."""
    rules = [rule("long", sticky="session", tokens={"above": 100})]
    pins = RecentPins()
    compaction = Facts(
        request(messages=[], system="x" * 3000),
        TokenCounter(Fixed(150)),
        headers={**SESSION, "x-claude-code-request-class": "compaction"},
    )
    found = [
        route(rules, DEFAULT, facts, pins=pins).target.model
        for facts in (turn(150), turn(50), compaction, turn(50))
    ]
    assert found == ["long", "long", "long", "default"]


def test_another_model_is_another_conversation() -> None:
    """The person asked for it, so it is no accident."""
    rules = [rule("long", sticky="session", tokens={"above": 100})]
    pins = RecentPins()
    route(rules, DEFAULT, turn(150), pins=pins)
    assert route(rules, DEFAULT, turn(50, model="other"), pins=pins).target.model == "default"


def test_for_a_turn() -> None:
    """`sticky: turn` holds while the model works, and ends when the user speaks."""
    rules = [rule("shown", sticky="turn", tokens={"above": 100})]
    pins = RecentPins()
    works = [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]
    says = [{"role": "user", "content": "go on"}]

    def found(tokens: int, messages: list[Any]) -> str:
        body = request(messages=messages, system="x" * 3000)
        facts = Facts(body, TokenCounter(Fixed(tokens)), headers=SESSION)
        return route(rules, DEFAULT, facts, pins=pins).target.model

    assert found(150, says) == "shown"
    # Every text counts as many tokens as the encoder says, so the tool's answer counts none here.
    assert found(40, works) == "shown"
    assert found(30, says) == "default"


def test_without_a_session_nothing_is_kept() -> None:
    """A client that names no session gets every request decided by itself."""
    rules = [rule("long", sticky="session", tokens={"above": 100})]
    pins = RecentPins()
    nameless = [
        Facts(request(messages=[], system="x" * 3000), TokenCounter(Fixed(n))) for n in (150, 50)
    ]
    found = [route(rules, DEFAULT, facts, pins=pins).target.model for facts in nameless]
    assert found == ["long", "default"]


def test_the_memory_of_conversations_is_bounded() -> None:
    """The one that was heard of longest ago is forgotten first."""
    pins = RecentPins(remembered=2)
    for name in ("a", "b", "c"):
        pins.set((name,), "rule")
    assert [pins.get((name,)) for name in ("a", "b", "c")] == [None, "rule", "rule"]


VARIANTS: list[dict[str, Any]] = [
    {},
    {"goes_on": True, "targets": ()},
    {"refuse": "no"},
    {"fallback": (Target("openai", "other"),)},
    {"needs_fit": True, "fallback": (Target("openai", "other"),)},
    {"shadow": Target("openai", "*")},
    {"targets": (Target("openai", "*"),)},
    {"targets": (Target("openai", "a"), Target("openai", "b")), "weights": (1.0, 1.0)},
]


@given(
    st.lists(st.tuples(st.sampled_from(VARIANTS), st.sampled_from("xyz")), max_size=4),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=6),
)
def test_a_decision_that_was_made_before_is_made_again(
    variants: list[tuple[dict[str, Any], str]], models: list[str]
) -> None:
    """Rules keep their decisions: each is still the one that rules would make that were never asked."""
    rules = [
        replace(rule(f"rule-{at}", model=model), **changes)
        for at, (changes, model) in enumerate(variants)
    ]
    for model in models:
        facts = Facts(request(model=model), TokenCounter(Fixed(1)))
        fresh = [replace(one) for one in rules], replace(DEFAULT)
        found, again = route(rules, DEFAULT, facts), route(*fresh, facts)
        assert found == again
        assert (found.targets, found.trace) == (again.targets, again.trace)
