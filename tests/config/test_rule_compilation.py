"""What rules come to: the prefixes that exist, how long a rule is kept, targets that stand for others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_asking import asking

from gateway.config import Snapshot, load
from gateway.config.sections.rules import compile_rule
from gateway.json_text import encode_text
from gateway.routing import Done, Recent

PREFIXES = ("/a", "/b/c", "/d/")

asked = st.recursive(
    st.one_of(
        st.just({"model": "x"}),
        st.sampled_from(PREFIXES).map(lambda prefix: {"path_prefix": prefix}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def compiled(text: str) -> Snapshot:
    """The snapshot of a config that is sound."""
    loaded = load(text, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def codes(text: str) -> list[str]:
    """The codes of what is wrong with a config."""
    return [found.code for found in load(text, file="config.yaml", environment={}).findings]


@given(asked)
def test_a_prefix_exists_wherever_a_rule_asks_for_it(when: dict[str, Any]) -> None:
    """However deep inside `all`, `any` and `not`; without its last slash, and nothing else exists."""
    found = compile_rule({"name": "r", "when": when, "use": "mock:a"}).path_prefixes
    text = encode_text(when)
    assert set(found) == {
        p.rstrip("/") for p in PREFIXES if encode_text({"path_prefix": p})[1:-1] in text
    }


VOLATILE = "when: {tokens: {above: 9}}"


@pytest.mark.parametrize(
    ("rule", "sticky"),
    [
        (f"{VOLATILE}, use: 'mock:a'", "session"),
        (f"{VOLATILE}, use: 'mock:a', sticky: turn", "turn"),
        ("when: {model: x}, use: 'mock:a'", "none"),
        (f"{VOLATILE}, refuse: No.", "none"),
        (f"{VOLATILE}, refuse: No., sticky: session", "session"),
    ],
)
def test_how_long_a_rule_is_kept(rule: str, sticky: str) -> None:
    """What changes by itself shall not change the target; a refusal is about one request."""
    made = compiled(f"rules: [{{name: r, {rule}}}]\ndefault: mock:a")
    assert made.rules[0].sticky == sticky


@pytest.mark.parametrize("model", ["*", "/*"])
def test_what_is_handed_on_is_no_model(model: str) -> None:
    """It is not listed, and can stand wherever a rule sends requests."""
    made = compiled(
        f"rules: [{{name: r, when: {{model: x}}, use: 'openai:{model}', fallback: ['mock:{model}']}},"
        f" {{name: w, when: {{model: y}}, weights: {{'openai:{model}': 2}}, shadow: 'mock:{model}'}}]\n"
        f"server_tools: {{use: 'anthropic:{model}'}}\ndefault: 'ollama:{model}'"
    )
    assert made.targets == ()


@pytest.mark.parametrize(
    "section",
    [
        "models: {'openai:*': {context: 9}}",
        "aliases: {a: 'openai:*'}",
        "aliases: {a: 'openai:/*'}",
        "tool_correction: {mode: model, model: 'openai:*'}",
        "rules: [{name: r, use: 'openai:x', correction: {mode: model, model: 'openai:*'}}]",
    ],
)
def test_nowhere_else(section: str) -> None:
    """Where no request goes, a star would stand for nothing."""
    assert codes(f"{section}\ndefault: openai:gpt-5") == ["bad-target"]


@given(st.decimals(0, 10_000, places=2), st.decimals(0, 10_000, places=2))
def test_an_amount_may_come_from_the_environment(limit: Decimal, spent: Decimal) -> None:
    """As text it means what it means as a number, to the cent."""
    readings = Recent(lambda: 0.0)
    readings.note(Done(0.0, "mock:a", cost=float(spent)))
    when = {"spend": {"above": str(limit), "scope": "all"}}
    rule = compile_rule({"name": "r", "when": when, "refuse": "No."})
    assert rule.tests[0].holds(asking(readings=readings)) == (float(spent) > float(limit))


def test_who_may_name_targets() -> None:
    """Everybody, unless the config says otherwise."""
    assert compiled("default: mock:a").named_targets == "allow"
    assert compiled("named_targets: refuse\ndefault: mock:a").named_targets == "refuse"


@pytest.mark.parametrize(
    "use",
    [
        "default: a",
        "default: {use: [a, 'mock:x'], needs: auto}",
        "default: 'mock:x'\nserver_tools: {use: a}",
        "default: 'mock:x'\nrules: [{name: r, when: {model: m}, weights: {a: 1}}]",
        "default: 'mock:x'\nrules: [{name: r, when: {model: m}, use: 'mock:y', fallback: [a]}]",
    ],
)
def test_an_alias_that_rules_use_is_of_use(use: str) -> None:
    """Although no client may ask for it."""
    assert codes(f"named_targets: refuse\naliases: {{a: 'mock:z'}}\n{use}") == []
