"""One routing test: each fact that it can state, each thing that it can expect, what it covers."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_asking import Fixed

from gateway import json_text
from gateway.cases import Case, run_case
from gateway.cases.outcome import STATED
from gateway.cases.suite import EXPECT, FACTS
from gateway.config import Snapshot, load
from gateway.once import once
from gateway.routing import Facts
from gateway.tokens import TokenCounter


def clock(hours: float) -> str:
    """The local time in so many hours."""
    return (datetime.now() + timedelta(hours=hours)).isoformat(timespec="seconds")


LATER = f"{{time: {{from: '{clock(6)[11:16]}', to: '{clock(10)[11:16]}'}}}}"
"""Hours that the present is not among."""

RULE = "rules: [{{name: asked, when: {when}, use: 'mock:asked'}}]\ndefault: mock:usual"

READINGS = {
    "cooling": (["mock:a"], [], "{cooldown: 'mock:a'}"),
    "spent": (5.5, 5, "{spend: {above: 5, scope: all}}"),
    "requests": (51, 50, "{rate: {provider: openai, above: 50}}"),
    "cache_hit_rate": (0.1, 0.3, "{cache_hit_rate: {target: 'mock:a', below: 20%}}"),
    "repair_rate": (0.3, 0.1, "{repair_rate: {target: 'mock:a', above: 20%}}"),
}
"""Key of `given` -> a value for which the rule holds, one for which it does not, and what it asks."""

GIVEN = {
    **READINGS,
    "tokens": ("60001", "60k", "{tokens: {above: 60k}}"),
    "model": ("gpt-5", "gpt-4", "{model: gpt-5}"),
    "stream": (True, False, "{stream: true}"),
    "max_tokens": ("9k", 999, "{max_tokens: {above: 5000}}"),
    "thinking": ("enabled", "disabled", "{thinking: true}"),
    "budget": (2000, 1000, "{thinking: {budget: {above: 1000}}}"),
    "effort": ("max", "low", "{thinking: {effort: [high, max]}}"),
    "tools": (["Bash"], ["Read"], "{tools: {include: [Bash]}}"),
    "tool_count": (31, 30, "{tools: {count: {above: 30}}}"),
    "forced": (True, False, "{tools: {forced: true}}"),
    "has": (["image"], ["tools"], "{has: image}"),
    "repeated_calls": (4, 3, "{loop: 4}"),
    "system": ("a CONFIDENTIAL b", "b", "{system: CONFIDENTIAL}"),
    "last_user": ("please ultrathink", "please", "{last_user: ultrathink}"),
    "tag": ("fast", "slow", "{tag: fast}"),
    "session": ("s-1", "t-1", "{session: 's-*'}"),
    "agent": ("a-1", "b-1", "{agent: a-1}"),
    "agent_type": ("Explore", "Plan", "{agent_type: Explore}"),
    "request_class": ("auxiliary", "main", "{request_class: auxiliary}"),
    "key": ("laptop", "phone", "{key: laptop}"),
    "path_prefix": ("/fast", "", "{path_prefix: /fast}"),
    "now": (clock(8), clock(4), LATER),
    "lot": (0.01, 0.5, "{sample: 5%}"),
}
"""The same for every fact."""

REQUEST = {
    "model": "claude-opus-5-5",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
}
EVERYTHING = """
rules:
  - {name: short, params: {cap: {max_tokens: 100}}, continue: true}
  - {name: never, when: {model: forbidden}, refuse: Not here.}
  - {name: lean, when: {model: lean}, use: mock:lean, fallback: [mock:b], transforms: [bare]}
  - name: search
    when: {model: search}
    use: ollama:x
default: mock:usual
transforms: {bare: [{tools: {drop: [Read]}}]}
"""


def snapshot(text: str) -> Snapshot:
    """A config that is sound."""
    loaded = load(text, file="config.yaml", environment={})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def no_files(name: str) -> bytes:
    """Nothing is on disk."""
    raise FileNotFoundError(2, "No such file or directory", name)


def run(
    config: Snapshot, given: dict[str, Any], expect: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """The problems of a test, and the rules that it reached."""
    counter = TokenCounter(Fixed(7))
    found = run_case(Case("a", given, expect), config, counter, no_files)
    assert found.passed == (not found.problems)
    return list(found.problems), list(found.rules)


def test_every_fact_is_tried() -> None:
    """The table below, and the table that the engine reads, know all that a test can state."""
    assert set(GIVEN) == set(FACTS)
    assert set(STATED) == set(FACTS) - set(READINGS) - {"key", "path_prefix"}


def test_what_is_stated_is_a_fact() -> None:
    """An attribute that facts do not have would be stated in vain."""
    for attribute, _ in STATED.values():
        assert isinstance(getattr(Facts, attribute, None), once), attribute


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_a_rule_sees_what_is_given(name: str) -> None:
    """It decides where the fact is as it asks, and does not where it is not."""
    holds, fails, when = GIVEN[name]
    config = snapshot(RULE.format(when=when))
    assert run(config, {name: holds}, {"rule": "asked", "target": "mock:asked"}) == ([], ["asked"])
    assert run(config, {name: fails}, {"rule": "default"}) == ([], ["default"])
    assert run(config, {}, {"rule": "default"}) == ([], ["default"])


WRONG = {
    "rule": ("default", "no", "rule: expected 'no', got 'default'"),
    "target": ("mock:usual", "mock:a", "target: expected 'mock:a', got 'mock:usual'"),
    "fallback": ([], ["mock:b"], "fallback: expected ['mock:b'], got []"),
    "transforms": ([], ["bare"], "transforms: expected ['bare'], got []"),
    "applied": (["short"], [], "applied: expected [], got ['short']"),
    "tools": (
        {"include": ["Bash"], "exclude": ["Read"]},
        {"include": ["Read"], "exclude": ["Bash"]},
        "tools: Read missing; Bash offered",
    ),
    "dropped": ([], ["x"], "dropped: expected ['x'] too, got []"),
    "tokens": ({"above": 1}, {"above": "1k"}, "tokens: "),
    "params": (
        {"max_tokens": 100},
        {"max_tokens": 500},
        "params: max_tokens: expected 500, got 100",
    ),
}
"""Key of `expect` -> what is true of `REQUEST`, what is not, and how that is told."""


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_expected_is_judged(name: str) -> None:
    """True is silent, false is told with what was found."""
    right, wrong, says = WRONG[name]
    config = snapshot(EVERYTHING)
    assert run(config, {"request": REQUEST}, {name: right})[0] == []
    [problem] = run(config, {"request": REQUEST}, {name: wrong})[0]
    assert problem.startswith(says)


def test_every_expectation_is_tried() -> None:
    """Those above, and the two about requests that are not answered."""
    assert {*WRONG, "refuse", "error"} == set(EXPECT["properties"])


def test_a_refusal() -> None:
    """A rule that refuses has no target; its words are part of what the client is told."""
    config = snapshot(EVERYTHING)
    given = {"model": "forbidden"}
    expect = {"rule": "never", "target": None, "refuse": "Not here"}
    assert run(config, given, expect) == ([], ["short", "never"])
    assert run(config, given, {"refuse": "There"})[0] == ["refuse: expected 'There' in 'Not here.'"]
    assert run(config, {}, {"refuse": "Not here"})[0] == ["refuse: expected 'Not here' in ''"]


def test_an_error() -> None:
    """A request that cannot be answered fails a test that does not expect it."""
    config = snapshot(EVERYTHING)
    search = {**REQUEST, "model": "search", "tools": [{"type": "web_search_20250305", "name": "w"}]}
    assert run(config, {"request": search}, {"error": "cannot run w"})[0] == []
    [problem] = run(config, {"request": search}, {"dropped": []})[0]
    assert problem.startswith("error: The model")
    assert run(config, {"path": "/nowhere/v1/messages"}, {"rule": "default"})[0] == [
        "error: There is nothing at /nowhere: no rule asks for this path, and it names no provider:model."
    ]
    assert run(config, {}, {"error": "x"})[0] == ["error: expected 'x' in None"]


def test_the_request_may_be_a_file(tmp_path: Path) -> None:
    """With headers and a path; one that is not there is a problem of the test."""
    (tmp_path / "body.json").write_bytes(json_text.encode({**REQUEST, "model": "lean"}))
    config, counter = snapshot(EVERYTHING), TokenCounter(Fixed(1))
    case = Case("a", {"request": "body.json"}, {"rule": "lean", "fallback": ["mock:b"]})
    found = run_case(case, config, counter, lambda name: (tmp_path / name).read_bytes())
    assert (found.problems, found.rules) == ((), ("short", "lean"))
    missing = run_case(case, config, counter, no_files)
    assert missing.problems == ("request: body.json cannot be read: No such file or directory",)


@given(st.sampled_from(["x-team", "X-Team", "X-TEAM"]))
def test_names_of_headers_have_no_case(name: str) -> None:
    """As on the wire."""
    config = snapshot(RULE.format(when="{header: {X-Team: blue}}"))
    assert run(config, {"headers": {name: "blue"}}, {"rule": "asked"})[0] == []


@pytest.mark.parametrize("path", ["/fast", "/fast/v1/messages", "/fast/v1/messages?beta=true"])
def test_the_path_may_hold_the_endpoint(path: str) -> None:
    """What stands before it is the prefix."""
    config = snapshot(RULE.format(when="{path_prefix: /fast}"))
    assert run(config, {"path": path}, {"rule": "asked"})[0] == []
