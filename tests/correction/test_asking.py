"""Calls about which somebody is asked: what waits, and what comes of the answer."""

from __future__ import annotations

from typing import Any

import pytest
import sink_recorder
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.correction import Correction, Corrector, Gate, Policy, Question, ToolCatalog
from gateway.correction.asking import MAX_ASKED, tool_asked_about
from gateway.correction.judging import correct
from gateway.errors import UpstreamBroken
from gateway.messages import StopReason, Usage

TOOLS = ToolCatalog(
    [
        {
            "name": "Edit",
            "input_schema": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "line": {"type": "integer"}},
                "required": ["path", "line"],
                "additionalProperties": False,
            },
        },
        {"name": "Elsewhere"},
    ]
)
BROKEN = '{"path":"a","line":"the third"}'
"""Arguments that no rule can repair."""
REPAIRED = '{"path":"a","line":3}'


class Recorder(sink_recorder.Recorder):
    """Of an end only its reason matters here."""

    def finish(self, reason: StopReason, *, stop_sequence: str | None = None) -> None:
        self.said.append(("finish", reason))


class Stage:
    """A corrector, with a gate in the mode `model`, before a recorder."""

    def __init__(self, policy: Policy, tools: ToolCatalog = TOOLS) -> None:
        self.sink = Recorder()
        self.reports: list[Correction] = []
        self.open: list[tuple[Question, Gate]] = []
        gate = Gate(self.sink, lambda question, gate: self.open.append((question, gate)))
        self.corrector = Corrector(
            gate, lambda: tools, policy=policy, report=self.reports.append, ask=gate.ask
        )

    def tell(self, *event: Any) -> None:
        name, *values = event
        getattr(self.corrector, name)(*values)

    def answer(self, arguments: str | None) -> None:
        """Answers the question; None for an answer that is of no use."""
        question, gate = self.open.pop(0)
        found = None
        if arguments is not None:
            found = question.answered(arguments, TOOLS, quirks=frozenset(), by="a:b")
        gate.settle(found)


def call(name: str, arguments: str) -> list[tuple[Any, ...]]:
    return [("tool_start", "t", name), ("tool_input", arguments), ("tool_end",)]


ARGUMENTS = st.sampled_from([BROKEN, REPAIRED, '{"path":"a","line":"3"}', '{"path":"a', "what?"])
EVENTS = st.one_of(
    st.tuples(st.sampled_from(["text", "thinking", "signature", "redacted_thinking"]), st.text())
    .map(lambda event: [event])
    .filter(bool),
    st.builds(call, st.sampled_from(["Edit", "edit", "Elsewhere", "Nothing"]), ARGUMENTS),
    st.builds(Usage, st.integers(0, 9)).map(lambda usage: [("usage", usage)]),
    st.just([("block", {"type": "x"})]),
)
ENDS = st.sampled_from(
    [("finish", "tool_use"), ("finish", "max_tokens"), ("fail", UpstreamBroken("x"))]
)
ANSWERS = st.sampled_from([None, "", REPAIRED, BROKEN, "[]"])


def told(
    policy: Policy, events: list[list[tuple[Any, ...]]], answers: list[str | None], delay: int
) -> Stage:
    """A stage that was told everything; a question is answered so many events after it was asked."""
    stage = Stage(policy)
    waited = 0
    for event in (one for group in events for one in group):
        stage.tell(*event)
        waited = waited + 1 if stage.open else 0
        if stage.open and waited > delay:
            stage.answer(answers.pop() if answers else None)
    while stage.open:
        stage.answer(answers.pop() if answers else None)
    return stage


@given(st.lists(EVENTS, max_size=6), ENDS, st.lists(ANSWERS), st.integers(0, 9))
def test_when_an_answer_comes_makes_no_difference(
    events: list[Any], end: Any, answers: list[str | None], delay: int
) -> None:
    """However long a question is open, the same is said in the same order."""
    everything = [*events, [end]]
    late = told(Policy("model"), everything, list(answers), delay)
    at_once = told(Policy("model"), everything, list(answers), 0)
    assert late.sink.said == at_once.sink.said


@given(st.lists(EVENTS, max_size=6), ENDS, st.integers(0, 9))
def test_without_a_useful_answer_the_call_is_what_rules_make_of_it(
    events: list[Any], end: Any, delay: int
) -> None:
    """Asking in vain is the same as repairing."""
    everything = [*events, [end]]
    asked = told(Policy("model"), everything, [], delay)
    repaired = told(Policy("repair"), everything, [], delay)
    assert asked.sink.said == repaired.sink.said
    assert sorted(map(str, asked.reports)) == sorted(map(str, repaired.reports))
    assert not repaired.open


@given(st.lists(EVENTS, max_size=6))
def test_nothing_goes_on_while_a_question_is_open(events: list[Any]) -> None:
    """What stands after a call must not overtake it."""
    stage = Stage(Policy("model"))
    for event in call("Edit", BROKEN):
        stage.tell(*event)
    before = list(stage.sink.said)
    assert before == [("tool_start", "t", "Edit")]
    for event in (one for group in events for one in group):
        stage.tell(*event)
        assert stage.sink.said == before
        assert len(stage.open) == 1


@given(st.text(max_size=40) | ARGUMENTS | st.sampled_from(['{"path":"b","line":"4"}', "{}"]))
def test_an_answer_counts_only_as_one_valid_call_of_the_same_tool(answer: str) -> None:
    """What a model offers is checked as any call is."""
    stage = Stage(Policy("model"))
    for event in call("Edit", BROKEN):
        stage.tell(*event)
    stage.answer(answer)
    [report] = stage.reports
    said = "".join(event[1] for event in stage.sink.said if event[0] == "tool_input")
    if report.status == "repaired":
        assert correct("Edit", said, TOOLS).status == "valid"
        assert report.repairs[0].rule == "model"
    else:
        assert (report.status, said) == ("invalid", BROKEN)


def test_a_repaired_call_has_a_receipt_of_who_repaired_it() -> None:
    """And of its name, if that was wrong as well."""
    stage = Stage(Policy("model"))
    for event in call("EDIT", BROKEN):
        stage.tell(*event)
    assert stage.sink.said == []
    stage.answer(REPAIRED)
    assert stage.sink.said == call("Edit", REPAIRED)
    assert [(one.rule, one.detail) for one in stage.reports[0].repairs] == [
        ("name", "EDIT -> Edit"),
        ("model", "arguments -> a:b"),
    ]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Edit", REPAIRED),
        ("Edit", '{"path":"a","line":"3"}'),
        ("Edit", '{"path":"a'),
        ("Edit", json_text.encode_text({"path": "x" * MAX_ASKED, "line": "no"})),
        ("Elsewhere", "what?"),
        ("Nothing", BROKEN),
    ],
    ids=["valid", "repaired", "cut off", "too long", "without a schema", "no tool"],
)
def test_nobody_is_asked_what_needs_no_answer_or_must_have_none(name: str, arguments: str) -> None:
    """Least of all to complete what was cut off, or to choose a tool."""
    assert tool_asked_about(correct(name, arguments, TOOLS), TOOLS) is None


def test_nobody_is_asked_to_make_one_call_of_several() -> None:
    """Where only one can be told, the others would be lost."""
    both = REPAIRED + '{"path":"b","line":4}'
    verdict = correct("Edit", both, TOOLS, split=False)
    assert verdict.status == "invalid"
    assert tool_asked_about(verdict, TOOLS) is None


def test_a_tool_of_another_mode_is_not_asked_about() -> None:
    """The policy chooses by tool."""
    stage = Stage(Policy("model", overrides=(("Edit", "repair"),)))
    for event in call("Edit", BROKEN):
        stage.tell(*event)
    assert not stage.open
    assert stage.sink.said == call("Edit", BROKEN)
