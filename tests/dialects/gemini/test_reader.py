"""Laws of Gemini answers: streamed and whole are one thing, and nothing from upstream is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialects.gemini.gemini_answers import GEMINI, USAGE, array_of, chunk, chunks_of, parts
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, Played, check_order, cut, events_of, play, sse, without_ids
from strategies import damaged, mutated, points

from gateway.dialects.gemini.errors import FORGET_THINKING
from gateway.dialects.gemini.reader import FAILED, STOP_REASONS
from gateway.messages import accumulate


def message_of(played: Played) -> JSON:
    """The message that a played stream comes to."""
    assert played.error is None
    events = events_of(played.out)
    assert check_order(events) == "message_stop"
    return without_ids(accumulate(events))


def whole_of(body: bytes) -> Played:
    """A client that does not stream, of a provider that does not either."""
    return play(GEMINI, [body], stream=False, upstream_streams=False)


def failed(played: Played) -> tuple[int, str, str]:
    """The error that an answer ended with."""
    error = played.answer.failure
    assert error is not None
    return error.status, error.type, error.message


class TestStreams:
    """However the bytes come."""

    @given(parts, points, st.sampled_from([b"\n", b"\r\n"]))
    def test_cuts_change_nothing(
        self, given_parts: list[JSON], cuts: list[int], newline: bytes
    ) -> None:
        """The bytes may be cut anywhere and their lines end in any way."""
        chunks = chunks_of(given_parts)
        plain = play(GEMINI, [sse(*chunks)])
        assert message_of(play(GEMINI, cut(sse(*chunks, newline=newline), cuts))) == message_of(
            plain
        )

    @given(parts, st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY"]))
    def test_streamed_and_whole_are_one(self, given_parts: list[JSON], finish: str) -> None:
        """The stream, the whole answer and the array of chunks come to the same message."""
        chunks = chunks_of(given_parts, finish=finish)
        streamed = message_of(play(GEMINI, [sse(*chunks)]))
        whole = whole_of(json.dumps(chunk(*given_parts, finish=finish)).encode())
        assert without_ids(whole.message) == streamed
        assert without_ids(whole_of(array_of(chunks)).message) == streamed
        assert message_of(play(GEMINI, cut(array_of(chunks), [5, 60]))) == streamed

    @given(parts, st.integers(0, 6))
    def test_a_stream_that_stops_early_is_broken(self, given_parts: list[JSON], kept: int) -> None:
        """Without a reason to finish it is no answer, whatever was said."""
        played = play(GEMINI, [sse(*chunks_of(given_parts)[:-1][:kept])])
        assert played.error is not None
        assert check_order(events_of(played.out)) in ("empty", "started")

    @given(
        st.lists(
            mutated(st.just(chunk(*({"text": "a"}, {"functionCall": {"name": "f"}})))), max_size=3
        )
    )
    def test_chunks_of_odd_shape(self, chunks: list[Any]) -> None:
        """Whatever stands in a chunk, the client hears a legal stream or an honest error."""
        body = b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in chunks)
        played = play(GEMINI, [body])
        state = check_order(events_of(played.out))
        assert state == "message_stop" or played.error or played.answer.failure

    @given(damaged(parts.map(lambda given_parts: sse(*chunks_of(given_parts)))))
    def test_damaged_bytes(self, stream: bytes) -> None:
        """The same, when the bytes are damaged."""
        played = play(GEMINI, [stream])
        state = check_order(events_of(played.out))
        assert state == "message_stop" or played.error or played.answer.failure

    @given(parts)
    def test_what_may_be_missing(self, given_parts: list[JSON]) -> None:
        """Roles, indexes, versions, empty chunks and usage are no part of what is said."""
        bare: list[JSON] = [
            {"candidates": [{"content": {"parts": [part]}}]} for part in given_parts
        ]
        bare = [{}, {"candidates": []}, {"candidates": [{}]}, *bare]
        bare.append({"candidates": [{"finishReason": "STOP"}]})
        found = message_of(play(GEMINI, [sse(*bare)]))
        full = message_of(play(GEMINI, [sse(*chunks_of(given_parts))]))
        assert found["content"] == full["content"]
        assert found["stop_reason"] == full["stop_reason"]

    def test_done(self) -> None:
        """A server of another kind ends its stream in its own way."""
        played = play(GEMINI, [sse(chunk({"text": "a"})) + b"data: [DONE]\n\n"])
        assert message_of(played)["stop_reason"] == "end_turn"


class TestContent:
    """What the parts become."""

    def test_thinking_text_and_calls(self) -> None:
        """In their order, each call by itself, although two of them are the same."""
        call = {"functionCall": {"name": "sent", "args": {"a": [1]}}}
        given_parts: list[JSON] = [{"text": "Hm.", "thought": True}, {"text": "Yes."}, call, call]
        played = play(GEMINI, [sse(chunk(*given_parts, finish="STOP"))], tool_names={"sent": "f"})
        message = message_of(played)
        use = {"type": "tool_use", "id": "toolu", "name": "f", "input": {"a": [1]}}
        thinking = {"type": "thinking", "thinking": "Hm.", "signature": ""}
        assert message["content"] == [thinking, {"type": "text", "text": "Yes."}, use, use]
        assert message["stop_reason"] == "tool_use"

    def test_an_id_is_kept(self) -> None:
        """A server that names its calls finds their names in the results."""
        call = {"functionCall": {"name": "f", "id": "call_7"}}
        message = accumulate(events_of(play(GEMINI, [sse(chunk(call, finish="STOP"))]).out))
        assert message["content"][0]["id"] == "call_7"
        assert message["content"][0]["input"] == {}

    def test_usage(self) -> None:
        """Prompt and what tools put into it without what was cached; answer with its thoughts."""
        first = chunk({"text": "a"}, usageMetadata={"promptTokenCount": 1})
        message = message_of(play(GEMINI, [sse(first, chunk(finish="STOP"))]))
        assert message["usage"] == {
            "input_tokens": 9,
            "output_tokens": 12,
            "cache_read_input_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 7},
        }

    def test_a_search(self) -> None:
        """Queries and pages become the blocks of the client's own search tool, and are counted."""
        page = {"web": {"uri": "https://a.example/x", "title": "a.example"}}
        grounding = {"webSearchQueries": ["one", "two"], "groundingChunks": [page, {}, {"web": 5}]}
        answer = chunk({"text": "So."}, finish="STOP")
        answer["candidates"][0]["groundingMetadata"] = grounding
        message = whole_of(json.dumps(answer).encode()).message
        text, use, result = message["content"]
        assert text == {"type": "text", "text": "So."}
        assert (use["type"], use["name"]) == ("server_tool_use", "web_search")
        assert use["input"] == {"query": "one; two"}
        assert use["id"].startswith("srvtoolu_")
        assert result["tool_use_id"] == use["id"]
        assert result["content"] == [
            {
                "type": "web_search_result",
                "title": "a.example",
                "url": "https://a.example/x",
                "encrypted_content": "",
                "page_age": None,
            }
        ]
        assert message["usage"]["server_tool_use"] == {"web_search_requests": 2}
        assert message["stop_reason"] == "end_turn"

    def test_no_search(self) -> None:
        """An empty account of a search is none."""
        answer = chunk({"text": "So."}, finish="STOP")
        answer["candidates"][0]["groundingMetadata"] = {"searchEntryPoint": {}}
        message = whole_of(json.dumps(answer).encode()).message
        assert [block["type"] for block in message["content"]] == ["text"]
        assert "server_tool_use" not in message["usage"]


class TestEnds:
    """How answers end, well and badly."""

    @pytest.mark.parametrize(("finish", "stop"), [*STOP_REASONS.items(), ("NEW", "end_turn")])
    def test_reasons(self, finish: str, stop: str) -> None:
        """Each reason has its stop reason; an unknown one means that the model ended by itself."""
        message = message_of(play(GEMINI, [sse(chunk({"text": "a"}, finish=finish))]))
        assert message["stop_reason"] == stop

    @pytest.mark.parametrize(
        ("number", "stop"), [(1, "end_turn"), (2, "max_tokens"), (3, "refusal")]
    )
    def test_numbered_reasons(self, number: int, stop: str) -> None:
        """Some servers write the number of the reason."""
        played = whole_of(json.dumps(chunk({"text": "a"}, finish=number)).encode())
        assert played.message["stop_reason"] == stop

    @pytest.mark.parametrize("finish", sorted(FAILED))
    @pytest.mark.parametrize("said", [[], [{"text": "a"}]], ids=["nothing", "something"])
    def test_failures(self, finish: str, said: list[JSON]) -> None:
        """An answer that leaves nothing to work with is an error: a status if nothing was said."""
        last = chunk(finish=finish)
        last["candidates"][0]["finishMessage"] = "Malformed: print("
        played = play(GEMINI, [sse(*map(chunk, said), last)])
        status, type, words = failed(played)
        assert (status, type) == (500, "api_error")
        assert finish in words
        assert "print(" in words
        assert check_order(events_of(played.out)) == ("error" if said else "empty")

    def test_a_missing_signature(self) -> None:
        """The client is told to forget its thinking: then every call is signed by the sentinel."""
        played = play(GEMINI, [sse(chunk(finish="MISSING_THOUGHT_SIGNATURE"))])
        assert failed(played) == (400, "invalid_request_error", FORGET_THINKING)

    def test_a_call_cut_short(self) -> None:
        """Arguments that were to go on do not look complete."""
        call = {"name": "f", "partialArgs": [{"jsonPath": "$.a", "numberValue": 1}]}
        given_parts = [{"functionCall": {**call, "willContinue": True}}]
        out = play(GEMINI, [sse(*chunks_of(given_parts, finish="MAX_TOKENS"))]).out
        deltas = [event["delta"] for event in events_of(out) if "delta" in event]
        assert deltas[0]["partial_json"] == '{"a":1'
        assert deltas[-1]["stop_reason"] == "max_tokens"

    def test_a_blocked_prompt(self) -> None:
        """A prompt that is refused before any answer is a refusal, and costs what it says."""
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE}
        for message in (
            message_of(play(GEMINI, [sse(blocked)])),
            whole_of(json.dumps(blocked).encode()).message,
        ):
            assert message["content"] == []
            assert message["stop_reason"] == "refusal"
            assert message["usage"]["input_tokens"] == 9

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            ({"code": 503, "status": "UNAVAILABLE", "message": "Busy."}, (529, "overloaded_error")),
            ({"code": 429, "message": "Slow down."}, (429, "rate_limit_error")),
            ({"message": "?"}, (500, "api_error")),
        ],
        ids=str,
    )
    def test_errors_in_a_stream(self, error: JSON, expected: tuple[int, str]) -> None:
        """An error that stands in a stream is one by its own status, first or in the middle."""
        for said in ([], [chunk({"text": "a"})]):
            played = play(GEMINI, [sse(*said, {"error": error}, chunk(finish="STOP"))])
            assert failed(played) == (*expected, error["message"])
            assert check_order(events_of(played.out)) == ("error" if said else "empty")
        assert failed(whole_of(json.dumps([{"error": error}]).encode()))[:2] == expected

    @pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b"[{]", b"5"], ids=str)
    def test_no_answer(self, body: bytes) -> None:
        """What is no answer is broken, whole or streamed."""
        assert whole_of(body).error is not None
        assert play(GEMINI, [body]).error is not None
