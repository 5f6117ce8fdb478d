"""Laws of Responses answers: streamed and whole are one thing, and nothing from upstream is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialects.openai_responses.answers import (
    USAGE,
    Answered,
    Streamed,
    answers,
    function_call,
    message,
    reasoning,
    streams,
)
from hypothesis import given
from hypothesis import strategies as st
from language import (
    JSON,
    SEAL,
    Played,
    check_order,
    cut,
    events_of,
    joined,
    play,
    sse,
    without_ids,
)
from strategies import damaged, mutated, points

from gateway.dialects import whole
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.dialects.openai_responses.content import LATE, turn_to_items
from gateway.dialects.turns import read_turn
from gateway.messages import accumulate

RESPONSES = OpenAIResponses()

leading = st.lists(st.sampled_from(["message", "function_call"]), max_size=3).map(
    lambda rest: ["reasoning", *rest]
)
"""Items as servers that mix them give them: the reasoning first."""


def streamed(stream: bytes, cuts: list[int] | None = None, **changes: Any) -> Played:
    """A streaming client of a streaming provider."""
    return play(RESPONSES, cut(stream, cuts or []), **changes)


def folded(played: Played) -> JSON:
    """The message that a played stream comes to."""
    assert played.error is None
    events = events_of(played.out)
    assert check_order(events) == "message_stop"
    return accumulate(events)


def opened(found: JSON, ids: set[str]) -> JSON:
    """The message as it can be compared: random ids alike, reasoning state in the open, without ids."""
    message: JSON = joined(without_ids(found, ids))
    for block in message["content"]:
        for name in ("signature", "data"):
            if block.get(name):
                state = SEAL.open(block[name])
                block[name] = {key: value for key, value in state.items() if key != "id"}
    return message


def whole_of(answer: Answered) -> JSON:
    """The message that the whole answer comes to."""
    return play(RESPONSES, [answer.whole], stream=False, upstream_streams=False).message


def resent(found: JSON) -> list[JSON]:
    """The items that a message becomes in the next request."""
    turn = read_turn({"role": "assistant", "content": found["content"]}, SEAL, [])
    return turn_to_items(turn, RESPONSES.quirks, []) if turn is not None else []


def in_order(stream: Streamed) -> bool:
    """The stream says when an item is complete, or says nothing of items before its end."""
    accounts = stream.manner.accounts
    return "item" in accounts or not accounts & {"delta", "part"}


class TestStreamIsWhole:
    """Folding the stream gives the whole answer, however it is written and cut."""

    @given(streams(), points)
    def test_stream_equals_whole(self, stream: Streamed, cuts: list[int]) -> None:
        """Whatever accounts of its items a server leaves out, the message is that of the whole answer."""
        ids = stream.answer.call_ids
        found = opened(folded(streamed(stream.bytes, cuts)), ids)
        expected = opened(whole_of(stream.answer), ids)
        if in_order(stream):
            assert found == expected
        else:
            assert _told(found) == _told(expected)

    @given(streams(), points, points)
    def test_any_pair_of_writings_agrees(
        self, stream: Streamed, cuts: list[int], others: list[int]
    ) -> None:
        """It does not matter which side streams: four combinations, one message."""
        ids = stream.answer.call_ids
        body = cut(stream.answer.whole, others)
        expected = opened(whole_of(stream.answer), ids)
        assert opened(folded(play(RESPONSES, body, upstream_streams=False)), ids) == expected
        assert opened(folded(play(RESPONSES, body)), ids) == expected, "JSON instead of a stream"
        once = play(RESPONSES, cut(stream.bytes, cuts), stream=False).message
        again = folded(streamed(stream.bytes, others))
        assert opened(once, ids) == opened(again, ids)

    @given(streams(mixed=True), points)
    def test_everything_said_arrives(self, stream: Streamed, cuts: list[int]) -> None:
        """Text, thinking, names and arguments are those of the model, however its items are mixed."""
        answer = stream.answer
        content = joined(folded(streamed(stream.bytes, cuts))["content"])
        calls = [block for block in content if block["type"] == "tool_use"]
        items = [item for item in answer.items if item["type"] == "function_call"]
        assert _squashed(content, "text") == _bare(answer.joined("message"))
        assert sorted(_squashed(content, "thinking")) == sorted(_bare(answer.joined("reasoning")))
        assert [(block["id"], block["name"], block["input"]) for block in calls] == [
            (item["call_id"], item["name"], joined(json.loads(item["arguments"]))) for item in items
        ]

    @given(leading.flatmap(lambda kinds: streams(answers(kinds=kinds), mixed=True)), points)
    def test_reasoning_goes_back_where_it_was(self, stream: Streamed, cuts: list[int]) -> None:
        """Encrypted reasoning is resent before what followed it, also when it came complete too late."""
        found = resent(folded(streamed(stream.bytes, cuts)))
        expected = resent(whole_of(stream.answer))
        assert [_kind(item) for item in found] == [_kind(item) for item in expected]

    @given(answers())
    def test_own_state_comes_back_as_it_was(self, answer: Answered) -> None:
        """Each encrypted item that something follows is resent unchanged, once, in order."""
        items = list(answer.items)
        while items and items[-1]["type"] == "reasoning":
            items.pop()
        expected = [item for item in items if item.get("encrypted_content")]
        found = [item for item in resent(whole_of(answer)) if item["type"] == "reasoning"]
        assert [_state(item) for item in found] == [joined(_state(item)) for item in expected]


def _told(found: JSON) -> Any:
    """A message without the borders of its blocks."""
    content = found["content"]
    calls = [
        (block["id"], block["name"], block["input"])
        for block in content
        if block["type"] == "tool_use"
    ]
    texts = [_squashed(content, kind) for kind in ("text", "thinking")]
    states = [
        {key: value for key, value in state.items() if key != LATE}
        for block in content
        if (state := block.get("signature") or block.get("data"))
    ]
    return texts, calls, sorted(states, key=json.dumps), found["stop_reason"], found["usage"]


def _bare(text: str) -> str:
    found: str = joined("".join(text.split()))
    return found


def _squashed(content: list[JSON], kind: str) -> str:
    return _bare("".join(block[kind] for block in content if block["type"] == kind))


def _kind(item: JSON) -> tuple[str, Any]:
    return item["type"], item.get("encrypted_content") or item.get("call_id")


def _state(item: JSON) -> JSON:
    return {
        name: item[name]
        for name in ("id", "summary", "content", "encrypted_content")
        if item.get(name)
    }


def check_honest(played: Played) -> str:
    """The stream is legal as far as it goes; an end was earned, or the failure is told."""
    state = check_order(events_of(played.out))
    if played.error is not None:
        assert state in ("empty", "started"), "an end before the failure"
        return "broken"
    if played.answer.failure is not None:
        assert state == ("error" if played.answer.started else "empty")
        return "failure"
    assert state == "message_stop"
    return state


SEARCH: JSON = {
    "type": "web_search_call",
    "id": "ws_1",
    "action": {"type": "search", "query": "q", "sources": [{"url": "https://a"}]},
}
CITED: JSON = {"type": "url_citation", "url": "https://a", "title": "A"}
EVERY = Answered((SEARCH, reasoning("a"), message("b"), function_call("f", "{}")), usage=USAGE)
EVENTS: list[JSON] = [
    {"type": "response.output_item.added", "output_index": 0, "item": reasoning("a")},
    {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "a"},
    {"type": "response.output_item.done", "output_index": 0, "item": reasoning("a")},
    {"type": "response.output_item.done", "output_index": 1, "item": SEARCH},
    {"type": "response.output_text.delta", "output_index": 2, "content_index": 0, "delta": "b"},
    {"type": "response.output_text.annotation.added", "annotation": CITED},
    {"type": "response.content_part.done", "output_index": 2, "part": {"type": "output_text"}},
    {"type": "response.function_call_arguments.done", "output_index": 3, "arguments": "{}"},
    {"type": "error", "error": {"code": "server_error", "message": "m"}},
    {"type": "response.completed", "response": EVERY.response},
]


class TestHonesty:
    """Whatever the bytes: a legal stream, an error, or `UpstreamBroken`; never a made-up end."""

    @given(streams(mixed=True), st.integers(0, 3000), points)
    def test_a_cut_stream_is_broken(self, stream: Streamed, end: int, cuts: list[int]) -> None:
        """A stream that stops anywhere before its last event is never completed for it."""
        assert check_honest(streamed(stream.before_end[:end], cuts)) == "broken"

    @given(damaged(streams().map(lambda stream: stream.bytes)), points)
    def test_damaged_bytes(self, stream: bytes, cuts: list[int]) -> None:
        """Bytes that are lost, doubled or overwritten do no worse than break the answer."""
        check_honest(streamed(stream, cuts))

    @given(st.binary(max_size=200), points)
    def test_any_bytes(self, stream: bytes, cuts: list[int]) -> None:
        """Bytes that are no stream at all break the answer."""
        assert check_honest(streamed(stream, cuts)) == "broken"

    @given(st.lists(mutated(st.sampled_from(EVENTS)), max_size=5))
    def test_events_of_odd_shape(self, events: list[Any]) -> None:
        """Any JSON in any place of an event is read as well as it can be."""
        data = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
        play(RESPONSES, [data, sse(EVENTS[-1])], stream=False)

    @given(mutated(st.just(EVERY.response)))
    def test_whole_answers_of_odd_shape(self, answer: Any) -> None:
        """Any JSON in any place of a whole answer is read, refused as a failure, or broken."""
        body = json.dumps(answer).encode()
        played = play(RESPONSES, [body], stream=False, upstream_streams=False)
        if played.error is None and played.answer.failure is None:
            assert played.message["stop_reason"]

    def test_a_whole_answer_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that grows past all measure is given up, not kept."""
        monkeypatch.setattr(whole, "LARGEST", 10)
        assert play(RESPONSES, [b"x" * 11], upstream_streams=False).error is not None
