"""Laws of translated answers: the stages between a reader and the client's bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, check_order, context, events_of, play, sse
from sink_recorder import Recorder

from gateway.correction import Corrector, Gate, Policy, ToolCatalog
from gateway.correction.leaked import LeakFilter
from gateway.correction.result import Channel
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.stops import StopSequences
from gateway.dialects.think_tags import ThinkTags
from gateway.messages import Sink, accumulate

CHAT = OpenAIChat()
TEXT: JSON = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
CALL: JSON = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a":1}'}}
CALLED: JSON = {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}, "finish_reason": "stop"}]}
ERROR: JSON = {"error": {"message": "Overloaded", "code": 529}}


class Deaf:
    """A correction that passes on nothing of tool calls' input."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def tool_input(self, fragment: str) -> None:
        self._sink.tool_input("{}" if fragment else "")

    def __getattr__(self, name: str) -> object:
        return getattr(self._sink, name)


def test_waiting_for_the_first_word() -> None:
    """A client that waits gets the opening once, then heartbeats, then the answer behind them."""
    answer = CHAT.answer(context(prompt_estimate=lambda: 42))
    out = answer.begin() + answer.heartbeat()
    assert [event["type"] for event in events_of(out)] == ["message_start", "ping"]
    assert events_of(out)[0]["message"]["usage"]["input_tokens"] == 42
    assert answer.started
    assert answer.begin() == b""
    out += answer.receive(sse(TEXT, CALLED)) + answer.heartbeat() + answer.finish()
    assert check_order(events_of(out)) == "message_stop"
    assert [block["type"] for block in accumulate(events_of(out))["content"]] == [
        "text",
        "tool_use",
    ]


def test_an_error_after_the_opening() -> None:
    """Once a client was kept waiting, a failure is an event: the status has been sent."""
    answer = CHAT.answer(context())
    out = answer.begin() + answer.receive(sse(ERROR))
    assert check_order(events_of(out)) == "error"
    assert answer.finish() == b""
    assert answer.ended


def test_nothing_begins_after_a_failure() -> None:
    """After a failure there is nothing to open and nobody to keep awake."""
    played = play(CHAT, [sse(ERROR)])
    assert (played.out, played.answer.started, played.answer.ended) == (b"", False, True)
    assert (played.answer.begin(), played.answer.heartbeat()) == (b"", b"")


def test_correction_stands_before_the_emitter() -> None:
    """What correction makes of a call is what both kinds of client get."""
    streamed = play(CHAT, [sse(CALLED)], correct=Deaf)
    whole = play(CHAT, [sse(CALLED)], correct=Deaf, stream=False)
    for message in (accumulate(events_of(streamed.out)), whole.message):
        assert message["content"][0]["input"] == {}


def test_ids_of_the_conversation_are_not_given_again() -> None:
    """A call whose id the conversation has already gets another one."""
    played = play(CHAT, [sse(CALLED)], stream=False, id_is_taken="c".__eq__)
    assert played.message["content"][0]["id"] != "c"


def test_the_model_is_the_clients() -> None:
    """Answers carry the name that the client asked for, whatever the provider calls it."""
    named = {**CALLED, "model": "upstream-name"}
    assert play(CHAT, [sse(named)], stream=False, model="asked-for").message["model"] == "asked-for"
    assert play(CHAT, [sse(named)], stream=False).answer.stop_reason == "tool_use"


TOOLS = ToolCatalog([{"name": "f", "input_schema": {"type": "object"}}])
CHANNELS: tuple[Channel, ...] = ("text",)
STAGES: dict[str, Callable[[Sink], Sink]] = {
    "correction": lambda sink: Corrector(
        sink, lambda: TOOLS, policy=Policy(), report=lambda _: None
    ),
    "calls in the text": lambda sink: LeakFilter(
        sink, TOOLS, channels=CHANNELS, report=lambda _: None
    ),
    "questions": lambda sink: Gate(sink, lambda *_: None),
    "stop sequences": lambda sink: StopSequences(sink, ["ab", "b c"]),
    "tags": lambda sink: ThinkTags(sink, sign=lambda: "s"),
}
PIECES = st.sampled_from(
    ["", " ", "a", "b", " c", "<think>", "</think>", '<tool_call>{"name":"f"', "}"]
)


@pytest.mark.parametrize("name", STAGES)
@given(before=st.sampled_from(["nothing", "call", "text"]), pieces=st.lists(PIECES, max_size=8))
def test_pieces_at_once(name: str, before: str, pieces: list[str]) -> None:
    """Every stage makes of several pieces of text at once what it makes of one after the other."""
    sinks = Recorder(), Recorder()
    for number, sink in enumerate(sinks):
        stage = STAGES[name](sink)
        if before == "call":
            stage.tool_start("t", "f")
        elif before == "text":
            stage.text("x")
        if number:
            stage.texts(pieces)
        else:
            for piece in pieces:
                stage.text(piece)
        stage.finish("end_turn")
    assert sinks[0].said == sinks[1].said
