"""Laws of Ollama's answers: a stream is the whole answer, however it is cut, and no end is made up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, Played, check_order, cut, events_of, joined, play, without_ids
from strategies import damaged, json_objects, mutated, pieces_of, points, said, torn, words

from gateway.dialects import DIALECTS
from gateway.dialects.failures import UNDERSTOOD
from gateway.messages import Usage, accumulate

OLLAMA = DIALECTS["ollama"]
REASONS = {"stop": "end_turn", "length": "max_tokens", "load": "end_turn", None: "end_turn"}


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer in both writings."""

    whole: JSON
    chunks: tuple[JSON, ...]

    def lines(self, newline: bytes = b"\n") -> bytes:
        """The stream."""
        return b"".join(json.dumps(chunk).encode() + newline for chunk in self.chunks)

    @property
    def calls(self) -> list[JSON]:
        """The tool calls in it."""
        calls: list[JSON] = self.whole["message"].get("tool_calls", [])
        return calls


maybe = st.one_of(st.just(""), said)
functions = st.lists(
    st.fixed_dictionaries({"name": words, "arguments": json_objects(torn)}), max_size=3
)
labels = st.sampled_from(["none", "unique", "same"])
endings = st.fixed_dictionaries(
    {"done": st.just(True), "done_reason": st.sampled_from(list(REASONS))},
    optional={"eval_count": st.just(4), "prompt_eval_count": st.just(9)},
)


@st.composite
def answers(draw: st.DrawFn) -> Answered:
    """Answers of every kind; the stream has calls in any chunk, its text in any pieces."""
    thinking, text, ending = draw(maybe), draw(maybe), draw(endings)
    calls: list[JSON] = [{"function": function} for function in draw(functions)]
    label = draw(labels)
    for at, call in enumerate(calls if label != "none" else ()):
        call["id"] = f"call_{at}" if label == "unique" else "call_0"
    message = {"role": "assistant", "content": text}
    whole: JSON = {"model": "m", "message": {**message, "tool_calls": calls}, **ending}
    if thinking:
        whole["message"]["thinking"] = thinking
    thoughts: list[JSON] = [{"thinking": p, "content": ""} for p in draw(pieces_of(thinking))]
    said_: list[JSON] = [{"content": piece} for piece in draw(pieces_of(text))]
    called: list[JSON] = [{"content": "", "tool_calls": [call]} for call in calls]
    at_once, in_last = draw(st.booleans()), draw(st.booleans())
    if calls and at_once:
        called = [{"content": "", "tool_calls": calls}]
    parts = [*thoughts, *said_, *called]
    last: JSON = {"content": ""}
    if parts and in_last:
        last = parts.pop()
    chunks = [{"model": "m", "message": {"role": "assistant", **p}, "done": False} for p in parts]
    end = {"model": "m", "message": {"role": "assistant", **last}, **ending}
    return Answered(whole, (*chunks, end))


def read(data: bytes, cuts: list[int] | None = None, **changes: Any) -> Played:
    """An answer on its way to a client."""
    return play(OLLAMA, cut(data, cuts or []), **changes)


def line(**fields: Any) -> bytes:
    """A line of a stream."""
    return json.dumps({"model": "m", **fields}).encode() + b"\n"


def spoken(content: str = "", **fields: Any) -> bytes:
    """A line in which the model says something."""
    return line(message={"role": "assistant", "content": content, **fields}, done=False)


DONE = line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop")


class TestEveryAnswer:
    """Any answer."""

    @given(answers(), st.sampled_from([b"\n", b"\r\n", b"\n\n"]), points, st.booleans())
    def test_a_stream_is_the_whole_answer(
        self, answer: Answered, newline: bytes, cuts: list[int], is_announced: bool
    ) -> None:
        """Streamed or whole, to a client that streams or not, and whatever the server calls it."""
        streamed = read(answer.lines(newline), cuts, upstream_streams=is_announced)
        events = events_of(streamed.out)
        assert check_order(events) == "message_stop"
        folded = read(answer.lines(newline), cuts, stream=False, upstream_streams=is_announced)
        whole = read(json.dumps(answer.whole).encode(), cuts, stream=False, upstream_streams=False)
        pretty = read(json.dumps(answer.whole, indent=1).encode(), cuts, stream=False)
        messages = [accumulate(events), folded.message, whole.message, pretty.message]
        same = [joined(without_ids(message)) for message in messages]
        assert all(message == same[0] for message in same)

    @given(answers())
    def test_everything_arrives(self, answer: Answered) -> None:
        """Thinking, text, calls in order, the reason to stop, and the usage."""
        message = read(json.dumps(answer.whole).encode(), stream=False).message
        blocks, sent = message["content"], answer.whole["message"]
        assert "".join(b["thinking"] for b in blocks if b["type"] == "thinking") == sent.get(
            "thinking", ""
        )
        assert "".join(b["text"] for b in blocks if b["type"] == "text") == sent["content"]
        calls = [block for block in blocks if block["type"] == "tool_use"]
        assert [(c["name"], c["input"]) for c in calls] == [
            (c["function"]["name"], joined(c["function"]["arguments"])) for c in answer.calls
        ]
        reason = REASONS[answer.whole["done_reason"]]
        assert message["stop_reason"] == ("tool_use" if calls and reason == "end_turn" else reason)
        assert message["usage"]["output_tokens"] == answer.whole.get("eval_count", 0)
        assert message["usage"]["input_tokens"] == answer.whole.get("prompt_eval_count", 7)

    @given(answers(), points)
    def test_thinking_is_sealed(self, answer: Answered, cuts: list[int]) -> None:
        """Each thinking block is signed as this target's own."""
        for block in accumulate(events_of(read(answer.lines(), cuts).out))["content"]:
            if block["type"] == "thinking":
                assert SEAL.open(block["signature"]) == ""

    @given(answers(), st.integers(0, 400), points)
    def test_a_cut_stream_is_no_answer(self, answer: Answered, lost: int, cuts: list[int]) -> None:
        """Without its last line an answer has no end, and none is made up."""
        lines = answer.lines()
        end = lines.rstrip().rfind(b"\n") + 1
        played = read(lines[: max(0, end - lost)], cuts)
        assert played.error is not None
        assert b"message_stop" not in played.out

    @given(damaged(answers().map(Answered.lines)), points, st.booleans())
    def test_damaged_bytes(self, stream: bytes, cuts: list[int], is_stream: bool) -> None:
        """Bytes that are lost, doubled or overwritten do no worse than break the answer."""
        played = read(stream, cuts, stream=is_stream)
        assert played.answer.ended or played.error is not None
        if is_stream and played.out:
            check_order(events_of(played.out))

    @given(st.lists(mutated(answers().map(lambda answer: answer.whole)), max_size=3))
    def test_lines_of_odd_shape(self, values: list[Any]) -> None:
        """JSON of any shape may stand where a field is expected."""
        played = read(b"".join(json.dumps(value).encode() + b"\n" for value in values))
        assert played.answer.ended or played.error is not None
        if played.out:
            check_order(events_of(played.out))


@pytest.mark.parametrize(
    ("way", "text", "thought", "said_after"),
    [
        ("none", "<think>a</think>b", None, "<think>a</think>b"),
        ("split", "<think>a</think>b", "a", "b"),
        ("opened", "a</think>b", "a", "b"),
    ],
)
def test_thinking_in_the_text(way: str, text: str, thought: str | None, said_after: str) -> None:
    """Models whose thinking the server leaves in the text: a quirk says what it is."""
    dialect = OLLAMA.with_quirks({"think_tags": way})
    stream = b"".join(spoken(character) for character in text) + DONE
    *thinking, last = play(dialect, [stream], stream=False).message["content"]
    assert last["text"] == said_after
    assert [block["thinking"] for block in thinking] == ([thought] if thought else [])
    assert all(SEAL.open(block["signature"]) == "" for block in thinking)


class TestCalls:
    """Tool calls."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("", {}), (None, {}), ({}, {})],
    )
    def test_arguments(self, arguments: Any, expected: JSON) -> None:
        """They are an object, or the text of one, or nothing."""
        function = {"name": "f", "arguments": arguments}
        stream = spoken(tool_calls=[{"function": function}]) + DONE
        (call,) = read(stream, stream=False).message["content"]
        assert (call["name"], call["input"]) == ("f", expected)

    def test_names_that_were_changed(self) -> None:
        """The client sees its own name of a tool."""
        stream = spoken(tool_calls=[{"function": {"name": "short"}}]) + DONE
        played = read(stream, stream=False, tool_names={"short": "long"})
        assert played.message["content"][0]["name"] == "long"

    def test_calls_and_text_in_one_chunk(self) -> None:
        """The text comes before the calls of its chunk; what follows is a block of its own."""
        call = {"function": {"name": "f", "arguments": {}}}
        stream = spoken("a", thinking="t", tool_calls=[call, call, 5, {"function": 1}])
        message = read(stream + spoken("b") + DONE, stream=False).message
        kinds = [block["type"] for block in message["content"]]
        assert kinds == ["thinking", "text", "tool_use", "tool_use", "text"]
        assert message["stop_reason"] == "tool_use"

    def test_a_call_that_is_cut_short(self) -> None:
        """An answer that ran out of tokens says so, whatever it called."""
        end = line(done=True, done_reason="length")
        stream = spoken(tool_calls=[{"function": {"name": "f"}}]) + end
        assert read(stream, stream=False).message["stop_reason"] == "max_tokens"


class TestEnds:
    """How answers end, and fail."""

    def test_usage(self) -> None:
        """What the answer cost; the prompt is estimated when the server had it in its cache."""
        assert read(DONE).answer.usage is None
        assert read(line(done=True, eval_count=4)).answer.usage == Usage(input=7, output=4)
        assert read(line(done=True, prompt_eval_count=9)).answer.usage == Usage(input=9)

    @pytest.mark.parametrize("error", ["It broke.", {"message": "It broke."}])
    @pytest.mark.parametrize("is_stream", [True, False])
    def test_errors_in_the_stream(self, error: Any, is_stream: bool) -> None:
        """An error is a status before anything was said, and the end of the stream after that."""
        early = read(line(error=error), stream=is_stream)
        assert early.answer.failure is not None
        assert early.out == b""
        assert (early.answer.failure.status, early.answer.failure.message) == (500, "It broke.")
        late = read(spoken("a") + line(error=error) + DONE)
        assert check_order(events_of(late.out)) == "error"

    def test_an_overflow_in_the_stream(self) -> None:
        """A prompt that does not fit makes the client compact, also when it is told late."""
        failure = read(line(error="the input length exceeds the context length")).answer.failure
        assert failure is not None
        assert failure.status == 400
        assert UNDERSTOOD.search(failure.message)

    def test_nothing_after_the_end(self) -> None:
        """What a server says after its end is not part of the answer."""
        stream = spoken("a") + DONE
        message = read(stream + spoken("b") + line(error="x"), stream=False).message
        assert [block["text"] for block in message["content"]] == ["a"]

    @pytest.mark.parametrize("body", [b"", b"\n", b"<html>\n</html>", b"[]", b"5\n", b'{"done":'])
    @pytest.mark.parametrize("is_stream", [True, False])
    def test_answers_that_are_none(self, body: bytes, is_stream: bool) -> None:
        """What is no object with an end is a broken answer."""
        assert read(body, stream=is_stream).error is not None

    @pytest.mark.parametrize("start", [b"", b"<html>\n", b"x"])
    def test_an_endless_answer(self, start: bytes) -> None:
        """A line without an end breaks off before it fills the memory."""
        chunks = (start + b"x" * 9_000_000 for _ in range(9))
        assert play(OLLAMA, chunks).error is not None
