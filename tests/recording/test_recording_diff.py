"""Records through configs, held against the same requests routed one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
from recording_language import COUNTER, generated, recorded, snapshot

from gateway.cases.outcome import exchange_of
from gateway.config import Snapshot
from gateway.errors import GatewayError
from gateway.pipeline import choose
from gateway.recording import Recorded, compare, replayed, summary, with_every_key
from gateway.routing import NO_PINS, Pins, RecentPins

PRICES = """
models:
  "openai:big": {price: {input: 2, output: 10}}
  "openai:small": {price: {input: 0.5, output: 1}, context: 90k}
"""
OLD = f"""{PRICES}
aliases: {{fast: "openai:small"}}
rules:
  - {{name: quick, when: {{path_prefix: /quick}}, use: "openai:small"}}
  - {{name: brief, when: {{max_tokens: {{below: 10}}}}, continue: true}}
  - {{name: sees, when: {{has: image}}, use: "gemini:pro"}}
  - {{name: loops, when: {{loop: 3}}, refuse: "It goes round in circles."}}
  - {{name: agents, when: {{request_class: subagent, tools: {{include: ["mcp__*"]}}}}, use: "openai:mcp"}}
  - name: drawn
    when: {{model: "*haiku*"}}
    weights: {{"openai:small": 3, "openai:tiny": 1}}
  - {{name: thinks, when: {{thinking: {{effort: high, type: [adaptive, enabled]}}}}, use: "openai:big"}}
  - {{name: long, when: {{tokens: {{above: 120k}}}}, use: ["openai:small", "openai:long"], needs: auto}}
  - {{name: cheap, when: {{tag: cheap}}, use: "openai:small"}}
default: openai:big
"""
NEW = (
    OLD.replace("above: 120k", "above: 80k")
    .replace("has: image", "has: [image, tool_error]")
    .replace('"openai:small": 3', '"openai:small": 1')
    .replace("default: openai:big", "default: openai:small")
    .replace("name: cheap", "name: thrifty")
)


def asked(record: Recorded) -> dict[str, Any]:
    """The record as a test of rules would state it."""
    given = {
        "tokens": record.tokens,
        "model": record.model,
        "stream": record.stream,
        "thinking": record.thinking_type,
        "tools": record.tools,
        "tool_count": record.tool_count,
        "forced": record.tool_is_forced,
        "has": record.contents,
        "repeated_calls": record.repeated_calls,
        "request_class": record.request_class,
        "lot": record.lot,
        "path_prefix": record.path_prefix,
        "key": record.key,
        "request": {"model": record.model},
    }
    some = {
        "max_tokens": record.max_tokens,
        "budget": record.thinking_budget,
        "effort": record.effort,
        "tag": record.tag,
        "session": record.session,
        "agent_type": record.agent_type,
    }
    return {**given, **{name: value for name, value in some.items() if value is not None}}


def routed(record: Recorded, config: Snapshot, pins: Pins = NO_PINS) -> tuple[str, str]:
    """Rule and target of the request itself."""
    exchange = exchange_of(asked(record), config, COUNTER, lambda name: b"")
    if record.max_tokens is None:
        exchange.facts.__dict__["max_tokens"] = None
    try:
        route = choose(config, exchange.request, exchange.facts, pins)
    except GatewayError as error:
        return "error", f"refused: {error.type}"
    return route.rule or route.origin, "refused" if route.refuse else str(route.target)


def test_a_diff_is_what_routing_each_request_by_both_configs_comes_to() -> None:
    """For ten thousand requests: each group with its count, its share and what it costs."""
    records = generated(10_000)
    old, new = (with_every_key(snapshot(text)) for text in (OLD, NEW))
    expected: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
    costs: defaultdict[tuple[tuple[str, str], tuple[str, str]], float] = defaultdict(float)
    kept = RecentPins(), RecentPins()
    for record in records:
        before, after = routed(record, old, kept[0]), routed(record, new, kept[1])
        if before[1] != after[1]:
            expected[before, after] += 1
            price = new.models.get(after[1])
            cost = price.price.of(record.billed) if price and price.price else 0.0
            costs[before, after] += cost
    change = compare(old, new, records, COUNTER)
    found = {
        ((move.before.rule, move.before.target), (move.after.rule, move.after.target)): move
        for move in change.moves.values()
    }
    assert {way: move.count for way, move in found.items()} == dict(expected)
    assert {way: move.new.cost for way, move in found.items()} == pytest.approx(dict(costs))
    assert change.moved == sum(expected.values()) > 500
    assert change.compared == change.total == len(records)
    assert change.to_json()["share"] == round(change.moved / 10_000, 4)


def test_a_replay_is_what_routing_each_request_comes_to() -> None:
    """Counts by rule and target."""
    records = generated(3000, seed=2)
    config = with_every_key(snapshot(OLD))
    replay = replayed(config, records, COUNTER)
    kept = RecentPins()
    expected = Counter(routed(record, config, kept) for record in records)
    found = {(d.rule, d.target): sum.count for d, sum in replay.rows.items()}
    assert found == dict(expected)
    assert {"refused", "gemini:pro", "openai:long", "openai:tiny"} <= {t for _, t in expected}


def test_no_config_differs_from_itself() -> None:
    """Whatever the requests were."""
    config = snapshot(OLD)
    change = compare(config, config, generated(500), COUNTER)
    assert (change.moved, change.compared) == (0, 500)


def test_a_sentence_names_the_rules_and_how_much() -> None:
    """The largest groups first, with both targets."""
    old = snapshot('rules: [{name: a, when: {model: "*haiku*"}, use: "x:1"}]\n' + LAB)
    new = snapshot('rules: [{name: b, when: {model: "*haiku*"}, use: "x:2"}]\n' + LAB)
    records = [recorded(model="claude-haiku-4-5")] * 3 + [recorded()] * 7
    said = summary(compare(old, new, records, COUNTER))
    assert said == (
        "3 of 10 recently seen requests (30.0 %) would go elsewhere: 3 from a (x:1) to b (x:2)"
    )


LAB = """
providers: {x: {dialect: openai-chat, base_url: "http://127.0.0.1:9"}}
default: x:0
"""

HUSH = '{name: hush, when: {system: "secret project"}, use: "x:1"}'
BLUE = '{name: blue, when: {header: {x-team: blue}, stream: true}, use: "x:2"}'


def test_what_a_record_lacks_is_named_and_not_guessed() -> None:
    """System text and headers are not recorded; where they do not matter, the rest decides."""
    config = snapshot(f"rules: [{HUSH}, {BLUE}]\n{LAB}")
    silent, streams = recorded(), recorded(stream=True)
    replay = replayed(config, [silent, streams], COUNTER)
    assert replay.unknown == {"system": 2}
    assert replay.unknown_total == 2
    teams = snapshot(f"rules: [{BLUE}]\n{LAB}")
    replay = replayed(teams, [silent, streams], COUNTER)
    assert replay.unknown == {"header x-team": 1}, "the silent one does not stream"
    assert [decision.target for decision in replay.rows] == ["x:0"]


def test_conversations_keep_their_rule_as_they_do_in_service() -> None:
    """A rule that asks for what fluctuates is kept, also from a turn that was not recorded."""
    config = snapshot('rules: [{name: long, when: {tokens: {above: 50k}}, use: "x:1"}]\n' + LAB)
    turns = [
        recorded(session="a", tokens=60_000),
        recorded(session="a", tokens=40_000),
        recorded(session="b", tokens=40_000),
        recorded(session="c", tokens=40_000, is_kept=True, rule="long"),
    ]
    replay = replayed(config, turns, COUNTER)
    assert {d.target: sum.count for d, sum in replay.rows.items()} == {"x:1": 3, "x:0": 1}


def test_costs_are_of_what_was_used_and_say_where_no_price_is_known() -> None:
    """A target without a price makes no cost of nothing."""
    text = 'models: {"x:1": {price: {input: 2, output: 10}}}\n' + LAB
    old = snapshot(text)
    new = snapshot(text.replace("default: x:0", "default: x:1"))
    used = recorded(usage={"input": 1_000_000, "output": 100_000, "cache_read": 500_000})
    [move] = compare(old, new, [used], COUNTER).moves.values()
    assert (move.old.unpriced, move.new.cost) == (1, 2.0 + 1.0 + 1.0)
    assert move.difference is None
    [back] = compare(new, new, [used], COUNTER).moves.values() or [None]
    assert back is None
