"""The stage of an answer that recovers calls, told piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from correction.leaked.leak_samples import (
    ALL,
    CUTS,
    MARKED,
    OPEN,
    QUOTATIONS,
    TEXTS,
    TOOLS,
    WHOLE,
    Call,
    made,
    pieces,
)
from hypothesis import given
from hypothesis import strategies as st
from sink_recorder import Recorder

from gateway import json_text
from gateway.correction import Channel, ToolCatalog
from gateway.correction.leaked import Leak, LeakFilter, recover
from gateway.correction.leaked.scanner import MAX_HELD
from gateway.errors import UpstreamBroken
from gateway.messages import StopReason, Usage

Event = tuple[Any, ...]
CALL = MARKED["hermes"][0]


class Stage:
    """A filter between a script and a recorder."""

    def __init__(self, *channels: Channel) -> None:
        self.sink = Recorder()
        self.leaks: list[Leak] = []
        self.filter = LeakFilter(
            self.sink, TOOLS, channels=channels or ("text", "reasoning"), report=self.leaks.append
        )

    def tell(self, *event: Any) -> None:
        """Says one event, written as the recorder writes it."""
        name, *values = event
        method: Callable[..., None] = getattr(self.filter, name)
        if name == "finish":
            method(values[0], stop_sequence=values[1])
        else:
            method(*values)

    def tell_call(self, name: str, arguments: str) -> None:
        self.tell("tool_start", "toolu_1", name)
        self.tell("tool_input", arguments)
        self.tell("tool_end")

    def end(self, reason: StopReason = "end_turn") -> list[Event]:
        """Finishes, and gives what was said, with neighbouring texts joined."""
        self.tell("finish", reason, None)
        return joined(self.sink.said)

    @property
    def calls(self) -> list[Call]:
        return made([leak.call for leak in self.leaks])


def joined(said: list[Event]) -> list[Event]:
    """The events, with neighbours of one channel joined and empty ones left out."""
    found: list[Event] = []
    for event in said:
        if event[0] in ("text", "thinking"):
            if not event[1]:
                continue
            if found and found[-1][0] == event[0]:
                event = (event[0], found.pop()[1] + event[1])
        found.append(event)
    return found


def said_call(call: Call) -> list[Event]:
    """A recovered call, as it is said."""
    name, value = call
    return [("tool_start", None, name), ("tool_input", json_text.encode_text(value)), ("tool_end",)]


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.tuples(
        st.sampled_from(["text", "thinking", "signature", "redacted_thinking"]),
        st.text("abc .\nÄ€", max_size=12),
    ),
    st.just(("block", {"type": "server_tool_use"})),
    st.tuples(st.just("usage"), st.builds(Usage, st.integers(0, 9))),
    st.just(("tool_start", "toolu_1", "Open")),
    st.tuples(st.just("tool_input"), st.text(max_size=5)),
    st.just(("tool_end",)),
)
ENDS: st.SearchStrategy[Event] = st.sampled_from(
    [("finish", "end_turn", None), ("finish", "max_tokens", None), ("fail", UpstreamBroken("x"))]
)


# -- laws -------------------------------------------------------------------------------------------


@given(TEXTS, CUTS)
def test_a_streamed_text_is_the_whole_text(text: str, cuts: list[int]) -> None:
    """However it is cut, the same calls are recovered and the same text is left, in one order."""
    streamed, whole = Stage(), Stage()
    for piece in pieces(text, cuts):
        streamed.tell("text", piece)
    whole.tell("text", text)
    said = streamed.end()
    assert said == whole.end()
    assert streamed.leaks == whole.leaks
    recovered = recover(text, TOOLS)
    assert [leak.call for leak in streamed.leaks] == list(recovered.calls)
    assert "".join(event[1] for event in said if event[0] == "text") == recovered.text


@given(TEXTS, CUTS)
def test_streamed_reasoning_is_the_whole_reasoning(text: str, cuts: list[int]) -> None:
    """The same law for the other channel."""
    streamed = Stage()
    for piece in pieces(text, cuts):
        streamed.tell("thinking", piece)
    said = streamed.end()
    recovered = recover(text, TOOLS, channel="reasoning")
    assert [leak.call for leak in streamed.leaks] == list(recovered.calls)
    assert "".join(event[1] for event in said if event[0] == "thinking") == recovered.text


@given(st.lists(EVENTS, max_size=12), ENDS)
def test_an_answer_without_markup_passes_as_it_is(events: list[Event], end: Event) -> None:
    """Every event comes out, in order, and the last of them at once."""
    stage = Stage()
    for event in (*events, end):
        stage.tell(*event)
    assert joined(stage.sink.said) == joined([*events, end])


@given(st.lists(st.text(st.characters(exclude_characters="<[\n"), max_size=30)))
def test_plain_text_is_never_held(texts: list[str]) -> None:
    """Inside a line, where only markup can begin, each piece goes on before the next one comes."""
    stage = Stage()
    for count, text in enumerate(["So: ", *texts]):
        stage.tell("text", text)
        assert "".join(event[1] for event in stage.sink.said) == "So: " + "".join(texts[:count])


@given(st.lists(st.text('<[`{|\n atoc/=>"', max_size=9), max_size=20))
def test_what_begins_like_a_call_is_held_for_a_few_characters(texts: list[str]) -> None:
    """What cannot become a call any more goes on; until then no more than a tag's name is held."""
    stage = Stage("text")
    told = 0
    for text in texts:
        stage.tell("text", text)
        told += len(text)
        assert told - sum(len(event[1]) for event in stage.sink.said) <= 64


@given(st.sampled_from(sorted(MARKED)), st.sampled_from(sorted(QUOTATIONS)), CUTS)
def test_what_is_shown_is_not_run_in_a_stream(name: str, way: str, cuts: list[int]) -> None:
    """A call in code, in a quotation or in an example stays text."""
    text = QUOTATIONS[way](MARKED[name][0])
    stage = Stage()
    for piece in pieces(text, cuts):
        stage.tell("text", piece)
    assert stage.end() == [("text", text), ("finish", "end_turn", None)]


@given(TEXTS, CUTS)
def test_what_breaks_off_is_said_as_it_was(text: str, cuts: list[int]) -> None:
    """After a failure nothing more is recovered, and nothing that was told is lost."""
    stage = Stage()
    error = UpstreamBroken("gone")
    for piece in pieces(text, cuts):
        stage.tell("text", piece)
    recovered = len(stage.leaks)
    stage.tell("fail", error)
    assert stage.sink.said[-1] == ("fail", error)
    assert len(stage.leaks) == recovered
    if not recovered:
        assert joined(stage.sink.said[:-1]) == ([("text", text)] if text else [])


# -- stories ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_call_is_said_in_its_place(name: str) -> None:
    """Without an id, and the answer ends for the use of tools."""
    text, calls = ALL[name]
    stage = Stage()
    for character in text:
        stage.tell("text", character)
    events = [event for call in calls for event in said_call(call)]
    said = [
        ("tool_input", json_text.encode_text(json_text.decode(event[1])))
        if event[0] == "tool_input"
        else event
        for event in stage.end()
    ]
    assert said == [*events, ("finish", "tool_use", None)]


def test_text_before_and_after_a_call_stays_where_it_is() -> None:
    """The order of an answer is the order in which the model said it."""
    stage = Stage()
    stage.tell("text", f"First.\n{CALL}\n")
    assert stage.sink.said == [("text", "First.\n")]
    stage.tell("text", "Then we shall see.")
    assert stage.end() == [
        ("text", "First.\n"),
        *said_call(OPEN),
        ("text", "\nThen we shall see."),
        ("finish", "tool_use", None),
    ]
    assert [(leak.format, leak.channel) for leak in stage.leaks] == [("element", "text")]


@pytest.mark.parametrize("reason", ["max_tokens", "stop_sequence", "pause_turn"])
def test_other_reasons_to_stop_stay(reason: StopReason) -> None:
    """Only an answer that would have ended its turn ends for tools instead."""
    stage = Stage()
    stage.tell("text", CALL)
    assert stage.end(reason)[-1] == ("finish", reason, None)
    assert stage.calls == [OPEN]


def test_markup_without_its_end_is_no_call_in_an_answer_that_was_cut() -> None:
    """At the end of an answer an end tag may be missing; at the limit of tokens more is."""
    text = CALL.removesuffix("\n</tool_call>")
    for reason, calls in (("end_turn", [OPEN]), ("max_tokens", [])):
        stage = Stage()
        stage.tell("text", text)
        said = stage.end(reason)  # type: ignore[arg-type]
        assert stage.calls == calls
        assert (said[0] == ("text", text)) is not bool(calls)


def test_a_refusal_runs_nothing_that_was_held() -> None:
    """A model that was stopped for what it said has not called anything."""
    stage = Stage()
    stage.tell("text", CALL)
    assert stage.end("refusal") == [("text", CALL), ("finish", "refusal", None)]


@pytest.mark.parametrize("channels", [("text",), ("reasoning",)])
def test_only_the_channels_that_are_named_are_looked_at(channels: tuple[Channel, ...]) -> None:
    """The other one passes as it is."""
    stage = Stage(*channels)
    stage.tell("thinking", CALL)
    other = Stage(*channels)
    other.tell("text", CALL)
    stage.end()
    other.end()
    assert (len(stage.leaks), len(other.leaks)) == (
        ("reasoning" in channels) * 1,
        ("text" in channels) * 1,
    )


def test_a_call_in_the_reasoning_is_said_after_its_signature() -> None:
    """The thinking block is whole before the call begins."""
    stage = Stage()
    stage.tell("thinking", f"I need it.\n{CALL}")
    stage.tell("signature", "sig")
    stage.tell("text", "\n")
    assert stage.end() == [
        ("thinking", "I need it.\n"),
        ("signature", "sig"),
        ("text", "\n"),
        *said_call(OPEN),
        ("finish", "tool_use", None),
    ]


@pytest.mark.parametrize(
    "event",
    [
        ("text", "Here it is."),
        ("thinking", "But no."),
        ("redacted_thinking", "x"),
        ("block", {"type": "server_tool_use"}),
        ("tool_start", "toolu_1", "Shell"),
        ("fail", UpstreamBroken("gone")),
    ],
)
def test_a_call_in_the_reasoning_that_something_follows_was_a_thought(event: Event) -> None:
    """The model went on, so the reasoning is said as it was, with its signature."""
    stage = Stage()
    stage.tell("thinking", CALL)
    stage.tell("signature", "sig")
    stage.tell(*event)
    stage.tell("finish", "end_turn", None)
    assert stage.leaks == []
    assert stage.sink.said[:2] == [("thinking", CALL), ("signature", "sig")]
    assert event in stage.sink.said


def test_a_call_that_also_comes_as_one_is_said_once() -> None:
    """Some servers recover a call and leave it in the text as well: it must not run twice."""
    stage = Stage()
    stage.tell("text", CALL)
    stage.tell_call("Open", '{ "file" : "/srv/ä.txt" }')
    stage.tell_call("Open", '{"file": "/srv/other"}')
    assert stage.end("tool_use") == [
        *said_call(OPEN),
        ("tool_start", "toolu_1", "Open"),
        ("tool_input", '{"file": "/srv/other"}'),
        ("tool_end",),
        ("finish", "tool_use", None),
    ]


def test_the_whole_answer_is_more_than_its_text() -> None:
    """Beside a call of the provider's, JSON in the text is no second one."""
    for before in (True, False):
        stage = Stage()
        if before:
            stage.tell_call("Shell", '{"command":"pwd"}')
        stage.tell("text", WHOLE["json"][0])
        if not before:
            stage.tell_call("Shell", '{"command":"pwd"}')
        assert ("text", WHOLE["json"][0]) in stage.end("tool_use")
        assert stage.leaks == []


def test_a_call_too_large_to_hold_is_text() -> None:
    """What is held has a bound, and nothing of it is lost."""
    stage = Stage()
    opener = "<function=Put>\n<parameter=file>a</parameter>\n<parameter=text>"
    piece = "line\n" * 20_000
    told = [opener, *[piece] * (3 * MAX_HELD // len(piece))]
    held = 0
    for text in told:
        held += len(text)
        before = len(stage.sink.said)
        stage.tell("text", text)
        held -= sum(len(event[1]) for event in stage.sink.said[before:])
        assert held <= MAX_HELD + MAX_HELD // 8 + len(piece)
    stage.tell("text", "</parameter>\n</function>")
    assert stage.end()[0] == ("text", "".join(told) + "</parameter>\n</function>")
    assert stage.leaks == []


def test_a_large_call_is_recovered() -> None:
    """A file of a quarter of a megabyte, in small pieces."""
    content = 'x = "<a>" # \\ {\n' * 16_000
    text = (
        f"<function=Put>\n<parameter=file>\na\n</parameter>\n<parameter=text>\n{content}\n"
        "</parameter>\n</function>"
    )
    stage = Stage()
    for start in range(0, len(text), 50):
        stage.tell("text", text[start : start + 50])
    stage.end()
    assert stage.calls == [("Put", {"file": "a", "text": content})]


def test_without_tools_nothing_is_held() -> None:
    """A request that offers no tools can have no calls in its answer."""
    sink = Recorder()
    stage = LeakFilter(sink, ToolCatalog([]), channels=("text", "reasoning"), report=print)
    stage.text("<tool_call>{")
    stage.thinking("<")
    assert sink.said == [("text", "<tool_call>{"), ("thinking", "<")]


@pytest.mark.parametrize("size", [159, 400])
def test_white_space_after_a_call_in_the_reasoning_is_not_held_for_ever(size: int) -> None:
    """A little of it ends an answer; a lot of it is something else."""
    text = CALL + "\n" * size
    stage = Stage()
    for character in text:
        stage.tell("thinking", character)
    assert (stage.end() == [("thinking", text), ("finish", "end_turn", None)]) is (size > 160)
    assert bool(recover(text, TOOLS, channel="reasoning").calls) is (size < 160)
