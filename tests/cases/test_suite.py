"""Files of routing tests: what they can say, and how mistakes in them are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from gateway.cases import BadSuite, read_suite, unknown_names
from gateway.cases.suite import EXPECT, FACTS, GIVEN
from gateway.config import Snapshot, load
from gateway.json_text import encode_text

CONFIG = """
aliases: {fast: mock:small}
rules:
  - {name: long, when: {tokens: {above: 100}}, use: mock:long, transforms: [brief]}
  - {name: edits, transforms: [brief], continue: true}
default: mock:usual
transforms: {brief: [{system: {append: Be brief.}}]}
"""


def snapshot() -> Snapshot:
    """The config that is tested."""
    found = load(CONFIG, file="config.yaml", environment={}).snapshot
    assert found is not None
    return found


def one(given: str = "{}", expect: str = "{rule: default}") -> str:
    """A file with one test, which stands in its third line."""
    return f"tests:\n  - name: a\n    given: {given}\n    expect: {expect}\n"


def told(text: str) -> list[str]:
    """What is wrong with a file: `line:column code: message; help`."""
    try:
        found = unknown_names(read_suite(text, "a.test.yaml"), snapshot())
        return [f"{f.line}:{f.column} {f.code}: {f.message}; {f.help}" for f in found]
    except BadSuite as error:
        return [f"{f.line}:{f.column} {f.code}: {f.message}; {f.help}" for f in error.findings]


@given(st.text())
def test_any_text_is_read_or_explained(text: str) -> None:
    """Nothing but `BadSuite` is raised, and it points into the text."""
    try:
        read_suite(text, "a.test.yaml")
    except BadSuite as error:
        lines = len(text.splitlines()) + 1
        assert error.findings
        assert all(1 <= found.line <= lines for found in error.findings)
        assert str(error).startswith("a.test.yaml:")


@given(st.sampled_from(sorted(GIVEN["properties"])), json_values())
def test_any_value_of_a_fact_is_taken_or_explained(name: str, value: Any) -> None:
    """Whatever stands under `given` by mistake."""
    text = encode_text({"tests": [{"name": "a", "given": {name: value}, "expect": {"rule": "x"}}]})
    try:
        assert read_suite(text, "a.test.yaml").cases[0].given.keys() == {name}
    except BadSuite as error:
        assert str(error).startswith("a.test.yaml:")


def test_a_file_of_tests() -> None:
    """The config, the variables that it sees, and each test with its line."""
    suite = read_suite("config: c.yaml\nenvironment: {A: b}\n" + one(), "a.test.yaml")
    assert (suite.config, suite.environment) == ("c.yaml", {"A": "b"})
    assert [(case.name, case.line) for case in suite.cases] == [("a", 4)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1 empty: the file is empty: it needs `tests:`; "),
        ("tests: []", "1:8 bad-value: `tests`: expected a list, got an empty list; "),
        (
            one("{tokns: 5}"),
            "3:13 unknown-key: `tests[0].given`: unknown key `tokns`; did you mean `tokens`?",
        ),
        (
            one("{}", "{rul: a}"),
            "4:14 unknown-key: `tests[0].expect`: unknown key `rul`; did you mean `rule`?",
        ),
        (
            one("{}", "{}"),
            "4:13 bad-value: `tests[0].expect`: expected at least one thing, such as {rule: default}, "
            "got an empty mapping; ",
        ),
        (
            one("{tokens: many}"),
            "3:21 bad-value: `tests[0].given.tokens`: expected a number of tokens such as 60000 or "
            "60k, got `many`; ",
        ),
        (
            one("{now: soon}"),
            "3:18 bad-value: `tests[0].given.now`: expected a moment such as "
            "2026-03-04T22:30:00+01:00, got `soon`; ",
        ),
        (
            one("{now: 2026-06-31}"),
            "3:18 bad-value: expected a moment such as 2026-03-04T22:30:00+01:00: day is out of "
            "range for month; ",
        ),
        (
            one("{lot: 2}"),
            "3:18 bad-value: `tests[0].given.lot`: expected a number from 0 to 1, got the number `2`; ",
        ),
        (
            one("{}", "{rule: lnog}"),
            "4:20 unknown-name: no rule is called `lnog`; did you mean `long`?",
        ),
        (
            one("{}", "{applied: [edits, default]}"),
            "4:31 unknown-name: no rule is called `default`; expected one of `long`, `edits`",
        ),
        (
            one("{}", "{transforms: [breif]}"),
            "4:27 unknown-name: no transform is called `breif`; did you mean `brief`?",
        ),
        (
            one("{}", "{target: opnai:x}"),
            "4:22 unknown-provider: unknown provider `opnai`; did you mean `openai`?",
        ),
        (
            one("{}", "{fallback: [mock:a, fast]}"),
            "4:33 bad-target: expected a target such as openai:gpt-5, got `fast`; `fast` is another "
            "name for `mock:small`",
        ),
        (
            one("{cooling: [gpt]}"),
            "3:23 bad-target: expected a target such as openai:gpt-5, got `gpt`; ",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(text: str, says: str) -> None:
    """With what was probably meant."""
    assert told(text) == [says]


def test_all_mistakes_are_told_at_once() -> None:
    """A line for each, as editors and `grep` want it."""
    text = one("{tokns: 5, lot: 7}", "{}")
    with pytest.raises(BadSuite) as caught:
        read_suite(text, "a.test.yaml")
    places = [line.split(" ")[0] for line in str(caught.value).splitlines()]
    assert places == ["a.test.yaml:3:13:", "a.test.yaml:3:28:", "a.test.yaml:4:13:"]


@pytest.mark.parametrize("rule", ["long", "edits", "default", "path", "model", "server_tools"])
def test_what_can_decide(rule: str) -> None:
    """The rules, and what stands beside them."""
    assert told(one("{}", f"{{rule: {rule}}}")) == []


def test_every_key_says_what_it_takes() -> None:
    """Keys that a schema leaves open would be judged in silence."""
    for schema in (*FACTS.values(), *EXPECT["properties"].values()):
        assert {"type", "enum", "anyOf"} & set(schema)
