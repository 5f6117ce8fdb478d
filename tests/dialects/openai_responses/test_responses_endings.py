"""How answers of the Responses format end: reasons, usage, errors."""

from __future__ import annotations

import pytest
from dialects.openai_responses.answers import USAGE, Answered, message
from dialects.openai_responses.plays import CALL, RESPONSES, delta, done, ended, heard
from language import JSON, check_order, events_of, play, sse

from gateway.messages import accumulate


class TestEnds:
    """How an answer ends."""

    @pytest.mark.parametrize(
        ("last", "calls", "expected"),
        [
            (ended(), False, "end_turn"),
            (ended(), True, "tool_use"),
            ({"type": "response.done", "response": {"status": "completed"}}, False, "end_turn"),
            (
                ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
                False,
                "max_tokens",
            ),
            (
                ended("incomplete", incomplete_details={"reason": "max_output_tokens"}),
                True,
                "max_tokens",
            ),
            (
                ended("incomplete", incomplete_details={"reason": "content_filter"}),
                False,
                "refusal",
            ),
            (ended("incomplete", incomplete_details={"reason": "steered"}), False, "end_turn"),
            (ended("incomplete", incomplete_details=None), True, "tool_use"),
        ],
    )
    def test_stop_reasons(self, last: JSON, calls: bool, expected: str) -> None:
        """The reason tells the client whether to run tools, and whether the answer is whole."""
        played = heard(done(CALL if calls else message("a")), last)
        assert played.answer.stop_reason == expected

    def test_a_refusal(self) -> None:
        """A model that refuses says so in text, and the reason says it too."""
        played = heard(delta("No.", name="refusal"), ended())
        assert played.answer.stop_reason == "refusal"
        assert accumulate(events_of(played.out))["content"] == [{"type": "text", "text": "No."}]

    def test_done_without_a_last_event(self) -> None:
        """`[DONE]` ends an answer of which every item is complete, and no other."""
        complete, half = sse(done(message("a"))), sse(delta("a"))
        assert play(RESPONSES, [complete, b"data: [DONE]\n\n"]).answer.stop_reason == "end_turn"
        assert play(RESPONSES, [half, b"data: [DONE]\n\n"]).error is not None
        assert play(RESPONSES, [complete]).error is not None

    @pytest.mark.parametrize("status", ["queued", "in_progress"])
    def test_a_whole_answer_that_is_none_yet(self, status: str) -> None:
        """A server that answers before the model has is not believed."""
        body = Answered((), status).whole
        assert play(RESPONSES, [body], upstream_streams=False).error is not None

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"nothing", b'{"object":"response"}'])
    def test_a_whole_answer_that_is_none(self, body: bytes) -> None:
        """An answer without output is broken."""
        assert play(RESPONSES, [body], upstream_streams=False).error is not None

    def test_usage(self) -> None:
        """Prompt tokens are counted apart by cache, each once."""
        usage = heard(ended(usage=USAGE)).answer.usage
        assert usage is not None
        assert (usage.input, usage.cache_read, usage.cache_creation) == (544, 256, 100)
        assert (usage.output, usage.thinking, usage.prompt) == (40, 12, 900)

    def test_usage_in_the_words_of_the_chat_format(self) -> None:
        """Servers that grew out of the chat format count in its words."""
        usage = heard(ended(usage={"prompt_tokens": 5, "completion_tokens": 6})).answer.usage
        assert usage is not None
        assert (usage.input, usage.output, usage.cache_read) == (5, 6, None)


OVERFLOW = "Your input exceeds the context window of this model."


class TestErrors:
    """Errors, before anything useful and after."""

    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (
                {
                    "type": "error",
                    "sequence_number": 2,
                    "error": {
                        "type": "invalid_request_error",
                        "code": "context_length_exceeded",
                        "message": OVERFLOW,
                    },
                },
                400,
                "invalid_request_error",
            ),
            (
                {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down."},
                429,
                "rate_limit_error",
            ),
            ({"type": "error", "code": None, "message": "Oh."}, 500, "api_error"),
            ({"error": {"code": 503, "message": "Oh."}}, 529, "overloaded_error"),
            (
                {"type": "error", "status": 401, "error": {"code": "x", "message": "No key."}},
                401,
                "authentication_error",
            ),
            (ended("failed", error={"code": "server_error", "message": "Oh."}), 500, "api_error"),
            (
                ended("failed", error={"code": "image_too_large", "message": "Oh."}),
                400,
                "invalid_request_error",
            ),
            (
                ended("failed", error={"code": "bio_policy", "message": "Oh."}),
                400,
                "invalid_request_error",
            ),
            (
                ended("failed", error={"type": "overloaded_error", "code": "x", "message": "Oh."}),
                529,
                "overloaded_error",
            ),
            (ended("cancelled", error=None), 500, "api_error"),
            (ended("failed", error="Oh."), 500, "api_error"),
        ],
    )
    def test_error_events(self, error: JSON, status: int, kind: str) -> None:
        """Before the first word an error keeps its status; after it, it ends the stream."""
        early, late = heard(error), heard(delta("a"), error)
        for played in (early, late):
            failure = played.answer.failure
            assert failure is not None
            assert (failure.status, failure.type) == (status, kind)
        assert (early.answer.started, early.out) == (False, b"")
        assert check_order(events_of(late.out)) == "error"

    def test_an_overflow_keeps_its_words(self) -> None:
        """Clients compact the conversation when they read them."""
        failure = heard({"type": "error", "message": OVERFLOW, "code": "x"}).answer.failure
        assert failure is not None
        assert "exceeds the context window" in failure.message
        assert failure.status == 400

    def test_a_whole_answer_that_failed(self) -> None:
        """A failure that comes with a success's status is one all the same."""
        body = {
            **Answered((), "failed").response,
            "error": {"code": "server_error", "message": "m"},
        }
        played = play(RESPONSES, [sse(body)[6:]], stream=False, upstream_streams=False)
        assert played.answer.failure is not None

    def test_usage_of_a_failure(self) -> None:
        """What a failed answer cost is known all the same."""
        assert heard(ended("failed", usage=USAGE)).answer.usage is not None
