"""The stage of an answer that corrects its calls, streamed and whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sink_recorder import Recorder

from gateway import json_text
from gateway.correction import (
    MAX_ARGUMENTS,
    Correction,
    Corrector,
    Mode,
    Policy,
    ToolCatalog,
    correct,
)
from gateway.correction.corrector import MAX_UNPARSED, Unparsed
from gateway.errors import UpstreamBroken
from gateway.messages import Emitter, MessageWriter, StopReason, Usage

TOOLS = ToolCatalog(
    [
        {
            "name": "Read",
            "input_schema": {
                "type": "object",
                "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
                "required": ["file_path"],
                "additionalProperties": False,
            },
        },
        {"name": "Now", "input_schema": {"type": "object"}},
    ]
)


class Stage:
    """A corrector between a script and a recorder."""

    def __init__(self, mode: Mode) -> None:
        self.sink = Recorder()
        self.reports: list[Correction] = []
        self.corrector = Corrector(
            self.sink, lambda: TOOLS, policy=Policy(mode), report=self.reports.append
        )

    def tell(self, *event: Any) -> None:
        """Says one event, written as the recorder writes it."""
        name, *values = event
        method: Callable[..., None] = getattr(self.corrector, name)
        if name == "finish":
            method(values[0], stop_sequence=values[1])
        else:
            method(*values)

    def tell_call(self, name: str, *fragments: str) -> None:
        self.tell("tool_start", "toolu_1", name)
        for fragment in fragments:
            self.tell("tool_input", fragment)
        self.tell("tool_end")

    @property
    def said(self) -> list[tuple[Any, ...]]:
        return self.sink.said


TEXTS = st.sampled_from(
    [
        '{"file_path":"/ä"}',
        ' {"file_path": "/a", "limit": 5}',
        '{"path":"/a","limit":"5"}',
        '"{\\"file_path\\":\\"/a\\"}"',
        '{"file_path":"/a","dry_run":true}',
        '{"file_path":"/a',
        '{"file_path":"/a"',
        '{"file_path":"/a"}{"file_path":"/b"}',
        "",
        " ",
        "[]",
    ]
) | st.text(max_size=10)
NAMES = st.sampled_from(["Read", "read", "READ", "Now", "now", "Reed", "", "unknown"])
CUTS = st.lists(st.integers(0, 40), max_size=6)
CONTENT = st.one_of(
    st.tuples(st.sampled_from(["text", "thinking", "signature", "redacted_thinking"]), st.text()),
    st.tuples(st.just("usage"), st.builds(Usage, st.integers(0, 9))),
)
EVENTS = CONTENT | st.one_of(
    st.tuples(st.just("tool_start"), st.sampled_from(["a", None]), NAMES),
    st.tuples(st.just("tool_input"), TEXTS),
    st.just(("tool_end",)),
)
ENDS: st.SearchStrategy[tuple[Any, ...]] = st.sampled_from(
    [("finish", "tool_use", None), ("finish", "stop_sequence", "x"), ("fail", UpstreamBroken("x"))]
)


def pieces(text: str, cuts: list[int]) -> list[str]:
    """The text, cut at these places."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


# -- laws -------------------------------------------------------------------------------------------


@given(NAMES, TEXTS, CUTS)
def test_a_streamed_call_is_the_corrected_call(name: str, text: str, cuts: list[int]) -> None:
    """However the arguments are cut, what is said is what `correct` makes of the whole text."""
    stage = Stage("repair")
    stage.tell_call(name, *pieces(text, cuts))
    stage.tell("text", "and so on")
    expected = correct(name, text, TOOLS)
    first, *more = expected.calls
    told = first.arguments
    if expected.form != "object" and expected.status != "repaired":
        told = json_text.encode_text({"INVALID_JSON": text[:MAX_UNPARSED]})
    body = [("tool_input", told)] if told else []
    calls: list[tuple[Any, ...]] = [("tool_start", "toolu_1", first.name), *body, ("tool_end",)]
    for other in more:
        calls += [("tool_start", None, other.name), ("tool_input", other.arguments), ("tool_end",)]
    assert stage.said == [*calls, ("text", "and so on")]
    assert stage.reports == [expected]


@given(st.lists(EVENTS, max_size=12), ENDS)
def test_content_is_never_held(events: list[tuple[Any, ...]], end: tuple[Any, ...]) -> None:
    """Text, thinking, usage and the end are the last thing the next sink was told, in order."""
    stage = Stage("repair")
    told = []
    for event in (*events, end):
        stage.tell(*event)
        if event[0] == "finish":
            told.append(stage.said[-1])
            assert stage.said[-1] in (event, ("finish", "max_tokens", None))
        elif not event[0].startswith("tool_"):
            told.append(event)
            assert stage.said[-1] == event
    assert [event for event in stage.said if not event[0].startswith("tool_")] == told


@given(st.lists(EVENTS, max_size=12), ENDS, st.sampled_from(["off", "report"]))
def test_looking_changes_nothing(
    events: list[tuple[Any, ...]], end: tuple[Any, ...], mode: Mode
) -> None:
    """Unless calls are to be repaired, the next sink is told the same, and at once."""
    stage = Stage(mode)
    for count, event in enumerate((*events, end), start=1):
        stage.tell(*event)
        assert stage.said == [*events, end][:count]
    if mode == "off":
        assert stage.reports == []


@given(st.lists(EVENTS, max_size=12), ENDS)
def test_reports_are_the_same_whether_or_not_calls_are_repaired(
    events: list[tuple[Any, ...]], end: tuple[Any, ...]
) -> None:
    """A trial run tells exactly what a run in earnest would do."""
    trial, earnest = Stage("report"), Stage("repair")
    for event in (*events, end):
        trial.tell(*event)
        earnest.tell(*event)
    assert trial.reports == earnest.reports


@given(st.lists(EVENTS, max_size=12), ENDS)
def test_calls_come_whole_and_one_at_a_time(
    events: list[tuple[Any, ...]], end: tuple[Any, ...]
) -> None:
    """Every start is followed by its input and its end, before the next call or any text."""
    stage = Stage("repair")
    for event in (*events, end):
        stage.tell(*event)
    is_open = False
    for kind, *values in stage.said:
        if kind == "tool_start":
            assert not is_open
            is_open = True
        elif kind == "tool_end":
            is_open = False
        elif kind == "redacted_thinking" or (kind == "text" and values[0].strip()):
            assert not is_open
    assert not is_open or end[0] == "fail"


# -- stories ----------------------------------------------------------------------------------------


def test_a_known_call_shows_at_once_and_its_input_when_it_is_complete() -> None:
    """The client sees that a call has begun; what it would have to take back is held."""
    stage = Stage("repair")
    stage.tell("tool_start", "toolu_1", "Read")
    assert stage.said == [("tool_start", "toolu_1", "Read")]
    stage.tell("tool_input", '{"path":')
    stage.tell("tool_input", '"/a"}')
    assert len(stage.said) == 1
    stage.tell("tool_end")
    assert stage.said[1:] == [("tool_input", '{"file_path":"/a"}'), ("tool_end",)]


def test_a_call_with_a_wrong_name_is_held_until_its_name_is_known() -> None:
    """The repaired name stands in the start, which comes with the rest of the call."""
    stage = Stage("repair")
    stage.tell("tool_start", "toolu_1", "read")
    assert stage.said == []
    stage.tell("tool_input", '{"file_path":"/a"}')
    stage.tell("tool_end")
    assert stage.said == [
        ("tool_start", "toolu_1", "Read"),
        ("tool_input", '{"file_path":"/a"}'),
        ("tool_end",),
    ]


def test_an_invalid_call_goes_on_as_it_came() -> None:
    """The client's own error message is the best answer to a call that cannot be repaired."""
    stage = Stage("repair")
    stage.tell_call("Read", '{"file_path": "/a", "', "", 'dry_run": true}')
    assert stage.said[1] == ("tool_input", '{"file_path": "/a", "dry_run": true}')
    assert [report.status for report in stage.reports] == ["invalid"]


def test_text_that_is_no_object_is_put_into_one() -> None:
    """Clients drop what they cannot parse; so the model would never see what it wrote."""
    broken = '{"file_path": /a b' + "x" * 3_000
    for unparsed, told in (
        ("wrap", json_text.encode_text({"INVALID_JSON": broken[:MAX_UNPARSED]})),
        ("raw", broken),
    ):
        sink = Recorder()
        corrector = Corrector(
            sink,
            lambda: TOOLS,
            policy=Policy("repair"),
            report=lambda _: None,
            unparsed=cast(Unparsed, unparsed),
        )
        corrector.tool_start("toolu_1", "Read")
        corrector.tool_input(broken)
        corrector.tool_end()
        assert sink.said[1] == ("tool_input", told)


def test_several_calls_in_one_become_several() -> None:
    """The first keeps the id of the call; the others get new ones from the emitter."""
    writer = MessageWriter()
    sink = Corrector(
        Emitter(writer, model="m"), lambda: TOOLS, policy=Policy(), report=lambda _: None
    )
    sink.tool_start("toolu_1", "Read")
    sink.tool_input('{"file_path":"/a"}{"file_path":"/b"}')
    sink.tool_end()
    sink.finish("tool_use")
    first, second = writer.message["content"]
    assert (first["id"], first["input"]) == ("toolu_1", {"file_path": "/a"})
    assert second["id"].startswith("toolu_")
    assert second["id"] != "toolu_1"
    assert (second["name"], second["input"]) == ("Read", {"file_path": "/b"})


def test_several_calls_stay_where_only_one_can_be_told() -> None:
    """A sink that cannot take further blocks gets the call as it came."""
    sink = Recorder()
    reports: list[Correction] = []
    corrector = Corrector(
        sink, lambda: TOOLS, policy=Policy(), report=reports.append, split=False, unparsed="raw"
    )
    corrector.tool_start("toolu_1", "Read")
    corrector.tool_input('{"file_path":"/a"}{"file_path":"/b"}')
    corrector.tool_end()
    assert ("tool_input", '{"file_path":"/a"}{"file_path":"/b"}') in sink.said
    assert [report.status for report in reports] == ["invalid"]


@pytest.mark.parametrize("reason", ["tool_use", "end_turn", "max_tokens"])
def test_an_answer_that_was_cut_off_inside_a_call_says_so(reason: StopReason) -> None:
    """Providers claim that the answer is complete; a call that ends in its midst knows better."""
    stage = Stage("repair")
    stage.tell_call("Read", '{"file_path":"/a')
    stage.tell("finish", reason, None)
    assert stage.said[-1] == ("finish", "max_tokens", None)


def test_an_earlier_call_that_was_cut_off_says_nothing_about_the_end() -> None:
    """The calls after it are complete, and their answer is."""
    stage = Stage("repair")
    stage.tell_call("Read", '{"file_path":"/a')
    stage.tell_call("Read", '{"file_path":"/a"}')
    stage.tell("finish", "tool_use", None)
    assert stage.said[-1] == ("finish", "tool_use", None)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("tool_use", '{"file_path":"/a"}'),
        ("max_tokens", '{"INVALID_JSON":"{\\"file_path\\":\\"/a\\""}'),
    ],
)
def test_a_missing_brace_waits_for_the_end_of_the_answer(reason: StopReason, told: str) -> None:
    """Only the end says whether the brace was forgotten or the rest was cut off."""
    stage = Stage("repair")
    stage.tell_call("Read", '{"file_path":"/a"')
    assert stage.said == [("tool_start", "toolu_1", "Read")]
    stage.tell("finish", reason, None)
    assert stage.said[1:] == [("tool_input", told), ("tool_end",), ("finish", reason, None)]


def test_each_tool_has_its_own_mode() -> None:
    """What may be changed, looked at or left alone is said by the patterns of a policy."""
    sink, reports = Recorder(), list[Correction]()
    policy = Policy("repair", overrides=(("N*", "off"), ("Read", "report")))
    corrector = Corrector(sink, lambda: TOOLS, policy=policy, report=reports.append)
    for name in ("read", "Read", "now", "Now"):
        corrector.tool_start(None, name)
        corrector.tool_input('{"path":"/a"}')
        corrector.tool_end()
    assert [event[1] for event in sink.said if event[0] == "tool_input"] == ['{"path":"/a"}'] * 4
    assert [report.name for report in reports] == ["Read", "Read"]


def test_empty_pieces_beside_a_call_do_not_end_it() -> None:
    """Some providers send an empty or blank text with every fragment of a call."""
    stage = Stage("repair")
    stage.tell("tool_start", "toolu_1", "Read")
    for fragment in ('{"file_path":', '"/a"}'):
        stage.tell("text", "")
        stage.tell("text", "\n")
        stage.tell("thinking", "")
        stage.tell("signature", "")
        stage.tell("usage", Usage(1))
        stage.tell("tool_input", fragment)
    stage.tell("tool_end")
    assert ("tool_input", '{"file_path":"/a"}') in stage.said
    assert [report.status for report in stage.reports] == ["valid"]


@pytest.mark.parametrize(
    "event",
    [
        ("text", "x"),
        ("thinking", "x"),
        ("signature", "x"),
        ("redacted_thinking", "x"),
        ("tool_start", "toolu_2", "Now"),
        ("finish", "max_tokens", None),
    ],
)
def test_whatever_comes_next_ends_an_open_call(event: tuple[Any, ...]) -> None:
    """A provider that forgets to end a call does not lose it."""
    stage = Stage("repair")
    stage.tell("tool_start", "toolu_1", "read")
    stage.tell("tool_input", '{"file_path":"/a"}')
    stage.tell(*event)
    assert stage.said == [
        ("tool_start", "toolu_1", "Read"),
        ("tool_input", '{"file_path":"/a"}'),
        ("tool_end",),
        event,
    ]


def test_a_call_that_broke_off_is_not_completed() -> None:
    """After a failure nothing of the held call is said, and its end least of all."""
    error = UpstreamBroken("gone")
    for name, started in (("Read", [("tool_start", "toolu_1", "Read")]), ("read", [])):
        stage = Stage("repair")
        stage.tell("tool_start", "toolu_1", name)
        stage.tell("tool_input", '{"file_path":"/a"}')
        stage.tell("fail", error)
        assert stage.said == [*started, ("fail", error)]
        assert stage.reports == []


@pytest.mark.parametrize("name", ["Read", "read"])
@pytest.mark.parametrize("mode", ["repair", "report"])
def test_a_call_that_is_too_large_is_let_go(name: str, mode: Mode) -> None:
    """Past the limit nothing is held any more: what came goes on, and so does the rest."""
    stage = Stage(mode)
    half = "x" * (MAX_ARGUMENTS // 2 + 1)
    stage.tell("tool_start", "toolu_1", name)
    stage.tell("tool_input", half)
    assert ("tool_input", half) not in stage.said or mode == "report"
    stage.tell("tool_input", half)
    stage.tell("tool_input", "y")
    assert stage.said == [
        ("tool_start", "toolu_1", name),
        ("tool_input", half),
        ("tool_input", half),
        ("tool_input", "y"),
    ]
    stage.tell("tool_end")
    assert stage.said[4:] == [("tool_end",)]
    assert [(report.status, report.arguments) for report in stage.reports] == [("unchecked", "")]
    stage.tell_call("Read", '{"file_path":"/a"}')
    assert [report.status for report in stage.reports] == ["unchecked", "valid"]


def test_a_whole_answer_is_repaired_like_a_stream() -> None:
    """Before an emitter that writes one message, the stage repairs the calls in that message."""
    writer = MessageWriter()
    reports: list[Correction] = []
    sink = Corrector(
        Emitter(writer, model="m"), lambda: TOOLS, policy=Policy("repair"), report=reports.append
    )
    sink.text("I look.")
    for id, name, arguments in (("toolu_1", "read", '{"path":"/ä"}'), ("toolu_2", "Now", "")):
        sink.tool_start(id, name)
        sink.tool_input(arguments)
    sink.finish("tool_use")
    assert writer.message["content"] == [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/ä"}},
        {"type": "tool_use", "id": "toolu_2", "name": "Now", "input": {}},
    ]
    assert [(report.status, report.arguments) for report in reports] == [
        ("repaired", '{"file_path":"/ä"}'),
        ("valid", ""),
    ]


def test_an_answer_without_calls_asks_for_no_tools() -> None:
    """To know them takes longer than to pass a text on."""

    def unasked() -> ToolCatalog:
        raise AssertionError("nobody has to know")

    sink = Recorder()
    corrector = Corrector(sink, unasked, policy=Policy("repair"), report=lambda _: None)
    corrector.thinking("So.")
    corrector.text("Hello.")
    corrector.finish("end_turn")
    assert [event[0] for event in sink.said] == ["thinking", "text", "finish"]
