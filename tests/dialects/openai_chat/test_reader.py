"""Laws of chat answers: streamed and whole are one thing, and nothing from upstream is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_answers import ChatStream, chat_streams
from hypothesis import given
from hypothesis import strategies as st
from language import (
    JSON,
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
from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.messages import accumulate

CHAT = OpenAIChat()
SEARCHING = OpenAIChat(ChatQuirks(web_search="tool", think_tags="split"))

DELTA: JSON = {
    "content": "a",
    "reasoning_content": "b",
    "reasoning": {"content": "c"},
    "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "d"}],
    "annotations": [{"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}],
    "refusal": "e",
    "tool_calls": [
        {
            "index": 0,
            "id": "i",
            "function": {"name": "f", "arguments": '{"a":1}'},
            "extra_content": {"google": {"thought_signature": "s"}},
        }
    ],
    "function_call": {"name": "g", "arguments": "{}"},
}
USAGE: JSON = {
    "prompt_tokens": 5,
    "completion_tokens": 6,
    "total_tokens": 11,
    "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
EXTRA: JSON = {"usage": USAGE, "x_groq": {"usage": USAGE}, "error": None, "object": "chat"}
CHUNK: JSON = {"choices": [{"index": 0, "delta": DELTA, "finish_reason": "stop"}], **EXTRA}
PARTS: JSON = {
    "content": [
        "a",
        {"type": "text", "text": "b"},
        {"type": "thinking", "thinking": [{"text": "c"}], "signature": "s"},
    ]
}
chunks = st.sampled_from(
    [CHUNK, {"choices": [{"delta": PARTS}]}, {"error": {"message": "m", "code": 5}}]
)
wholes = st.sampled_from(
    [
        {"choices": [{"index": 0, "message": DELTA, "finish_reason": "stop"}], **EXTRA},
        {"choices": [{"message": PARTS, "finish_reason": "stop"}]},
    ]
)


def streamed(stream: bytes, cuts: list[int] | None = None, dialect: OpenAIChat = CHAT) -> Played:
    """A streaming client of a streaming provider."""
    return play(dialect, cut(stream, cuts or []))


def message_of(played: Played, ids: set[str]) -> JSON:
    """The message that a played stream comes to."""
    assert played.error is None
    events = events_of(played.out)
    assert check_order(events) == "message_stop"
    message: JSON = joined(without_ids(accumulate(events), ids))
    return message


class TestStreamIsWhole:
    """Folding the stream gives the whole answer, however it is written and cut."""

    @given(chat_streams(), points)
    def test_stream_equals_whole(self, stream: ChatStream, cuts: list[int]) -> None:
        """A streamed answer folds to the message that the whole answer gives."""
        ids = {call.id for call in stream.answer.calls if call.id}
        whole = play(CHAT, [stream.answer.whole()], stream=False, upstream_streams=False)
        assert whole.error is None
        expected = joined(without_ids(whole.message, ids))
        assert message_of(streamed(stream.bytes, cuts), ids) == expected

    @given(chat_streams(), points, points)
    def test_any_pair_of_writings_agrees(
        self, stream: ChatStream, cuts: list[int], others: list[int]
    ) -> None:
        """It does not matter which side streams: four combinations, one message."""
        ids = {call.id for call in stream.answer.calls if call.id}
        whole = cut(stream.answer.whole(), others)
        folded = play(CHAT, cut(stream.bytes, cuts), stream=False)
        replayed = play(CHAT, whole, upstream_streams=False)
        announced = play(CHAT, whole)
        assert folded.error is None
        expected = message_of(replayed, ids)
        assert joined(without_ids(folded.message, ids)) == expected
        assert message_of(announced, ids) == expected, "JSON where a stream was announced"

    @given(chat_streams())
    def test_everything_said_arrives(self, stream: ChatStream) -> None:
        """Text, thinking, names and arguments of the message are those of the model."""
        answer = stream.answer
        ids = {call.id for call in answer.calls if call.id}
        content = message_of(streamed(stream.bytes), ids)["content"]
        calls = [block for block in content if block["type"] == "tool_use"]
        spoken = joined(answer.text + answer.refusal)
        assert _joined(content, "thinking") == joined(answer.thinking)
        assert _joined(content, "text") == (spoken if spoken.strip() else "")
        assert [block["name"] for block in calls] == [call.name for call in answer.calls]
        assert [block["input"] for block in calls] == [
            joined(json.loads(call.arguments or "{}")) for call in answer.calls
        ]

    @given(chat_streams())
    def test_legal_ids_are_kept(self, stream: ChatStream) -> None:
        """The first call with an id keeps it; one that is missing or taken gets another."""
        message = accumulate(events_of(streamed(stream.bytes).out))
        ids = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        given_ids = [call.id for call in stream.answer.calls]
        assert len(set(ids)) == len(ids)
        for at, id in enumerate(given_ids):
            if id is not None and id not in given_ids[:at]:
                assert ids[at] == id


def _joined(content: list[JSON], kind: str) -> str:
    return "".join(block[kind] for block in content if block["type"] == kind)


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


class TestHonesty:
    """Whatever the bytes: a legal stream, an error, or `UpstreamBroken`; never a made-up end."""

    @given(chat_streams(), st.integers(0, 3000), points)
    def test_a_cut_stream_is_broken(self, stream: ChatStream, end: int, cuts: list[int]) -> None:
        """A stream that stops anywhere before its finish reason is never completed for it."""
        assert check_honest(streamed(stream.before_finish[:end], cuts)) == "broken"

    @given(damaged(chat_streams().map(lambda stream: stream.bytes)), points)
    def test_damaged_bytes(self, stream: bytes, cuts: list[int]) -> None:
        """Bytes that are lost, doubled or overwritten do no worse than break the answer."""
        check_honest(streamed(stream, cuts))

    @given(st.binary(max_size=200), points)
    def test_any_bytes(self, stream: bytes, cuts: list[int]) -> None:
        """Bytes that are no stream at all break the answer."""
        assert check_honest(streamed(stream, cuts)) in ("broken", "failure")

    @given(st.lists(mutated(chunks), max_size=4))
    def test_chunks_of_odd_shape(self, values: list[Any]) -> None:
        """JSON of any shape may stand where a field of a chunk is expected."""
        stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
        for dialect in (CHAT, SEARCHING):
            check_honest(streamed(stream + b"data: [DONE]\n\n", dialect=dialect))

    @given(mutated(wholes))
    def test_whole_answers_of_odd_shape(self, value: Any) -> None:
        """So may it in a whole answer."""
        check_honest(play(CHAT, [json.dumps(value).encode()], upstream_streams=False))

    @given(mutated(wholes))
    def test_odd_whole_answers_for_a_whole_client(self, value: Any) -> None:
        """A client that does not stream gets a message, or nothing."""
        body = json.dumps(value).encode()
        played = play(CHAT, [body], stream=False, upstream_streams=False)
        if played.error is None and played.answer.failure is None:
            assert played.message["stop_reason"]
            assert all(block["type"] for block in played.message["content"])

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"{}", b'"x"', b'{"choices": []}', b"{"]
    )
    @pytest.mark.parametrize("is_streamed", [True, False])
    def test_whole_answers_that_are_none(self, body: bytes, is_streamed: bool) -> None:
        """What holds no choice is a broken answer, announced as a stream or not."""
        played = play(CHAT, [body], stream=False, upstream_streams=is_streamed)
        assert played.error is not None
        assert played.out == b""

    def test_endless_event(self) -> None:
        """An event without an end breaks the answer before it fills the memory."""
        played = play(CHAT, (b"data: " + b"x" * 9_000_000 for _ in range(9)))
        assert check_honest(played) == "broken"

    def test_endless_whole_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So does a whole answer without an end, announced as one or not."""
        monkeypatch.setattr(whole, "LARGEST", 50)
        body = b'{"choices": [{}],\n\n' * 9
        for is_streamed in (True, False):
            played = play(CHAT, [body], stream=False, upstream_streams=is_streamed)
            assert played.error is not None


def delta(finish: str | None = None, **fields: Any) -> JSON:
    """A chunk with one delta."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def content_of(*events: JSON) -> list[JSON]:
    """The content blocks that these chunks come to."""
    played = streamed(sse(*events))
    assert played.error is None
    content: list[JSON] = without_ids(accumulate(events_of(played.out)))["content"]
    return content


CALL = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": '{"a":'}}
REST = {"index": 0, "function": {"arguments": "1}"}}


CITED = [
    {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A"}},
    {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "again"}},
    {"type": "url_citation", "url_citation": {"url": "https://b.example"}},
]


USED = {"prompt_tokens": 3, "completion_tokens": 2}


class TestSearch:
    """What the provider's web search found."""

    @pytest.mark.parametrize(
        ("usage", "searches"),
        [(USED, 1), ({**USED, "server_tool_use_details": {"web_search_requests": 3}}, 3)],
    )
    def test_citations_are_results(self, usage: JSON, searches: int) -> None:
        """Each cited page is a result of one search, whose number the usage tells."""
        chunks = [delta(content="a"), {**delta("stop", annotations=CITED), "usage": usage}]
        played = streamed(sse(*chunks), dialect=SEARCHING)
        events = events_of(played.out)
        assert check_order(events) == "message_stop"
        message = accumulate(events)
        text, call, result = message["content"]
        assert text == {"type": "text", "text": "a"}
        assert (call["type"], call["name"], call["input"]) == ("server_tool_use", "web_search", {})
        assert call["id"].startswith("srvtoolu_")
        assert (result["type"], result["tool_use_id"]) == ("web_search_tool_result", call["id"])
        assert [(found["url"], found["title"]) for found in result["content"]] == [
            ("https://a.example", "A"),
            ("https://b.example", "https://b.example"),
        ]
        assert message["usage"]["server_tool_use"] == {"web_search_requests": searches}

    def test_citations_without_a_search(self) -> None:
        """Where no search of the client's is run, citations are no results."""
        assert content_of(delta("stop", content="a", annotations=CITED)) == [
            {"type": "text", "text": "a"}
        ]


class TestStories:
    """What servers really send."""

    @pytest.mark.parametrize(
        "between",
        [
            {"reasoning_content": "\n"},
            {"content": "\n"},
            {"content": ""},
            {"content": [{"type": "text", "text": ""}]},
            {"content": [{"type": "thinking", "thinking": ""}]},
            {"content": [""]},
        ],
        ids=str,
    )
    def test_nothing_said_between_pieces(self, between: JSON) -> None:
        """What says nothing does not end a call whose arguments are still coming."""
        content = content_of(
            delta(tool_calls=[CALL]), delta(**between), delta("tool_calls", tool_calls=[REST])
        )
        calls = [block for block in content if block["type"] == "tool_use"]
        assert calls == [{"type": "tool_use", "id": "toolu", "name": "f", "input": {"a": 1}}]

    @pytest.mark.parametrize(
        ("field", "kind"), [("content", "text"), ("reasoning_content", "thinking")]
    )
    def test_what_is_said_after_calls(self, field: str, kind: str) -> None:
        """Text or thinking after a call is a block of its own, behind the call."""
        whole = {**CALL, "function": {"name": "f", "arguments": '{"a":1}'}}
        content = content_of(delta(tool_calls=[whole]), delta("stop", **{field: "Done."}))
        assert [block["type"] for block in content] == ["tool_use", kind]

    def test_a_call_in_the_old_form(self) -> None:
        """`function_call` is a tool call without an id."""
        content = content_of(
            delta(function_call={"name": "f", "arguments": ""}),
            delta(function_call={"arguments": '{"a":1}'}),
            delta("function_call"),
        )
        assert content == [{"type": "tool_use", "id": "toolu", "name": "f", "input": {"a": 1}}]

    def test_only_the_first_choice_is_read(self) -> None:
        """A second choice is another answer, and not part of this one."""
        other = {"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": None}]}
        assert content_of(delta(content="a"), other, delta("stop")) == [
            {"type": "text", "text": "a"}
        ]

    @pytest.mark.parametrize(
        ("finish", "calls", "expected"),
        [
            ("stop", False, "end_turn"),
            ("stop", True, "tool_use"),
            ("tool_calls", True, "tool_use"),
            ("tool_calls", False, "end_turn"),
            ("length", True, "max_tokens"),
            ("MAX_TOKENS_ODD", False, "end_turn"),
            ("content_filter", False, "refusal"),
            ("STOP", False, "end_turn"),
        ],
    )
    def test_stop_reasons(self, finish: str, calls: bool, expected: str) -> None:
        """The reason tells the client whether to run tools, and whether the answer is whole."""
        fields = {"tool_calls": [CALL]} if calls else {"content": "a"}
        played = streamed(sse(delta(**fields), delta(finish)))
        assert played.answer.stop_reason == expected
        assert accumulate(events_of(played.out))["stop_reason"] == expected

    @pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource"])
    def test_a_reason_that_is_a_failure(self, reason: str) -> None:
        """Some servers report their own failure as a reason to finish."""
        assert check_honest(streamed(sse(delta(content="a"), delta(reason)))) == "failure"

    @pytest.mark.parametrize(
        "chunk",
        [
            {"error": {"message": "Overloaded", "code": 529}},
            {"object": "error", "message": "Overloaded", "code": 529},
            {"x_groq": {"error": {"message": "Overloaded", "code": 529}}, "choices": []},
            {"choices": [{"index": 0, "error": {"message": "Overloaded", "code": 529}}]},
        ],
        ids=["error", "object", "x_groq", "choice"],
    )
    def test_an_error_chunk(self, chunk: JSON) -> None:
        """An error in any of the known places fails the answer; at the front, as a status."""
        early, late = streamed(sse(chunk)), streamed(sse(delta(content="a"), chunk))
        for played in (early, late):
            assert check_honest(played) == "failure"
            failure = played.answer.failure
            assert failure is not None
            assert (failure.status, failure.type) == (529, "overloaded_error")
        assert not early.answer.started

    @pytest.mark.parametrize("half", ['{"choices":[{"delta":{"con', "{"])
    @pytest.mark.parametrize("glue", ["", "\n", "\ndata: "])
    def test_an_error_glued_onto_half_a_chunk(self, half: str, glue: str) -> None:
        """A server that breaks off inside a chunk and says why is heard."""
        error = json.dumps({"error": {"message": "Overloaded", "code": 529}}, separators=(",", ":"))
        stream = sse(delta(content="a")) + f"data: {half}{glue}{error}\n\n".encode()
        played = streamed(stream)
        if glue == "\n":
            assert check_honest(played) == "broken"
        else:
            assert check_honest(played) == "failure"
            assert played.answer.failure is not None
            assert played.answer.failure.status == 529

    def test_a_reason_that_is_none(self) -> None:
        """Some servers fill the reason with nothing until there is one."""
        assert check_honest(streamed(sse(delta("", content="a")))) == "broken"

    def test_nothing_after_the_end(self) -> None:
        """What comes after the end is ignored, and the usage chunk before it is not."""
        usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
        played = streamed(sse(delta("stop", content="a"), usage, delta(content="b")))
        message = accumulate(events_of(played.out))
        assert message["content"] == [{"type": "text", "text": "a"}]
        assert message["usage"] == {"input_tokens": 3, "output_tokens": 2}

    @pytest.mark.parametrize(
        ("usage", "expected"),
        [
            (USAGE, (2, 6, 1, 2, 3)),
            ({"prompt_tokens": 5, "completion_tokens": 6}, (5, 6, None, None, None)),
            ({"prompt_tokens": 5, "cached_tokens": 2}, (3, 0, 2, None, None)),
            ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 5}, (0, 0, 5, None, None)),
            (
                {
                    "prompt_tokens": 5,
                    "completion_tokens": 6,
                    "total_tokens": 31,
                    "completion_tokens_details": {"reasoning_tokens": 20},
                },
                (5, 26, None, None, 20),
            ),
        ],
    )
    def test_usage(self, usage: JSON, expected: tuple[int | None, ...]) -> None:
        """Prompt tokens are counted apart by cache, as the client's protocol wants them."""
        final = streamed(sse({**delta("stop", content="a"), "usage": usage})).answer.usage
        assert final is not None
        found = (final.input, final.output, final.cache_read, final.cache_creation, final.thinking)
        assert found == expected

    def test_usage_that_nobody_reported(self) -> None:
        """Without a report the size of the prompt is the estimate of the start."""
        played = streamed(sse(delta("stop", content="a")))
        assert accumulate(events_of(played.out))["usage"]["input_tokens"] == 7

    def test_a_late_name_and_renamed_tools(self) -> None:
        """A name that comes late still names the call, and is the one the client knows."""
        events = sse(
            delta(tool_calls=[{"index": 0, "id": "c", "function": {"arguments": '{"a":'}}]),
            delta(
                "stop", tool_calls=[{"index": 0, "function": {"name": "sent", "arguments": "1}"}}]
            ),
        )
        played = play(CHAT, [events], tool_names={"sent": "known to the client"})
        (call,) = accumulate(events_of(played.out))["content"]
        assert (call["name"], call["input"]) == ("known to the client", {"a": 1})
