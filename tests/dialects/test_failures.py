"""What providers say when they refuse, and what the client is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON
from strategies import json_values, mutated, texts

from gateway.dialects import DIALECTS
from gateway.dialects.failures import (
    MESSAGE_LIMIT,
    STATUSES,
    UNDERSTOOD,
    failure,
    failure_in_stream,
)

TYPES = {type for _, type in STATUSES.values()}
OPENAI: JSON = {
    "error": {"message": "No such model.", "type": "invalid_request_error", "code": None}
}

LIMITED: JSON = {"error": {"code": 429, "details": [{"retryDelay": "3s"}]}}


def refused(status: int, body: Any, **headers: str) -> Any:
    """The failure of a refusal with a JSON body."""
    return failure(status, headers, json.dumps(body).encode())


@given(st.integers(300, 599), st.one_of(json_values(), mutated(st.just(OPENAI))))
def test_any_body(status: int, body: Any) -> None:
    """Whatever a provider answers, the client gets an error status, a known type and some words."""
    found = refused(status, body)
    assert 400 <= found.status <= 529
    assert found.type in TYPES
    assert 0 < len(found.message) <= MESSAGE_LIMIT + 50
    assert json.loads(found.body())["error"]["type"] == found.type


@given(st.integers(300, 599), st.binary(max_size=60))
def test_any_bytes(status: int, body: bytes) -> None:
    """Bodies that are no JSON are words too."""
    assert failure(status, {}, body).message


@given(st.one_of(json_values(), mutated(st.just(OPENAI))))
def test_any_error_in_a_stream(error: Any) -> None:
    """An error that stands in a stream is a failure like any other, whatever it looks like."""
    found = failure_in_stream(error)
    assert found.status >= 400
    assert found.type in TYPES
    assert found.message


@given(st.integers(400, 599), texts.filter(lambda text: bool(text.strip())))
def test_a_providers_own_words_are_kept(status: int, words: str) -> None:
    """The message of the provider stands in ours."""
    assert words in refused(status, {"error": {"message": words}}).message


@pytest.mark.parametrize(
    ("status", "expected", "type"),
    [
        (400, 400, "invalid_request_error"),
        (401, 401, "authentication_error"),
        (402, 402, "billing_error"),
        (403, 403, "permission_error"),
        (404, 404, "not_found_error"),
        (408, 504, "timeout_error"),
        (409, 400, "invalid_request_error"),
        (413, 413, "request_too_large"),
        (418, 400, "invalid_request_error"),
        (422, 400, "invalid_request_error"),
        (429, 429, "rate_limit_error"),
        (500, 500, "api_error"),
        (501, 500, "api_error"),
        (502, 502, "api_error"),
        (503, 529, "overloaded_error"),
        (504, 504, "timeout_error"),
        (529, 529, "overloaded_error"),
    ],
)
def test_statuses(status: int, expected: int, type: str) -> None:
    """Each status becomes one that the client acts on, with the type that belongs to it."""
    found = refused(status, {"error": {"message": "Because."}})
    assert (found.status, found.type) == (expected, type)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "M"}}, "M"),
        ({"error": "M"}, "M"),
        ({"message": "M"}, "M"),
        ({"detail": "M"}, "M"),
        ({"error": {"detail": "M"}}, "M"),
        ({"object": "error", "message": "M", "code": 400}, "M"),
        ([{"error": {"message": "M", "code": 400, "status": "INVALID_ARGUMENT"}}], "M"),
        ({"detail": [{"loc": ["body", "n"], "msg": "M"}, {"msg": "N"}]}, "body.n: M; N"),
        ({"detail": [{"loc": ["body"]}]}, '[{"loc":["body"]}]'),
        ({"detail": {"message": "M"}}, "M"),
        ({"errors": [{"message": "M"}]}, "M"),
        ({"code": "invalid", "error": "M"}, "M"),
        ({"error": {"message": "M", "failed_generation": "<f>"}}, "M: <f>"),
        ({"error": {"message": {"a": 1}}}, '{"a":1}'),
        ("M", "M"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "M"}}},
            "Provider returned error: M",
        ),
        ({}, "{}"),
        ([], "{}"),
    ],
    ids=str,
)
def test_where_the_words_stand(body: Any, message: str) -> None:
    """The many shapes of error bodies all give their message."""
    assert refused(400, body).message == message


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_no_words(body: bytes) -> None:
    """An empty body is said to be one, with the status."""
    assert (
        failure(502, {}, body).message == "The provider answered with HTTP 502 and no explanation."
    )


def test_a_web_page() -> None:
    """HTML from a proxy in between arrives as text, cut; a wrong address gets a hint."""
    page = b"<html><body><h1>404 Not Found</h1>" + b"x" * 10_000
    found = failure(404, {}, page)
    assert found.message.startswith("<html>")
    assert len(found.message) == MESSAGE_LIMIT
    assert "base_url" in failure(404, {}, page[:40]).message
    assert "base_url" not in refused(404, OPENAI).message


OVERFLOWS = [
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000.",
    "Input tokens exceed the configured limit of 272000 tokens.",
    "Prompt is too long",
    "input is too long for requested model",
    "the request exceeds the available context size. try increasing the context size",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Prompt contains 9 tokens, exceeding limits: too many input tokens",
    "`inputs` tokens + `max_new_tokens` must be <= 8192.",
    "Requested tokens exceed the model's context window",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 289650.",
    "The prompt tokens (5) exceed model maximum (3)",
    "Current length is 12 while limit is 10",
    "Range of input length should be [1, 30720]",
    "This endpoint's maximum context length is 100 tokens. However, you requested about 300 tokens "
    "(200 of text input, 100 in the output).",
]


@pytest.mark.parametrize("message", OVERFLOWS)
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_overflow(status: int, message: str) -> None:
    """A prompt that does not fit is a 400 in words on which the client compacts."""
    found = refused(status, {"error": {"message": message}})
    assert (found.status, found.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(found.message)
    assert message in found.message


@pytest.mark.parametrize("message", OVERFLOWS)
def test_overflow_in_a_stream(message: str) -> None:
    """So is one that is told in a stream."""
    found = failure_in_stream({"message": message, "code": 500})
    assert (found.status, found.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(found.message)


def test_overflow_by_code() -> None:
    """The code alone says it too."""
    error = {"message": "Too large.", "code": "context_length_exceeded"}
    for found in (refused(400, {"error": error}), failure_in_stream(error)):
        assert found.message == "prompt is too long: Too large."
        assert found.status == 400


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "This model's maximum context length is 128,000 tokens. However, you requested 130000 "
            "tokens (98000 in the messages, 32000 in the completion). Please reduce the length of "
            "the messages or completion.",
            "98000 + 32000 > 128000",
        ),
        (
            "This endpoint's maximum context length is 32768 tokens. However, you requested about "
            "42832 tokens (10000 of text input, 832 of tool input, 32000 in the output).",
            "10832 + 32000 > 32768",
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum "
            "context length is 32768 tokens and your request has 5000 input tokens "
            "(32000 > 32768 - 5000).",
            "5000 + 32000 > 32768",
        ),
        (
            "`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 5000 `inputs` tokens and "
            "4000 `max_new_tokens`",
            "5000 + 4000 > 8192",
        ),
    ],
)
def test_an_answer_that_does_not_fit(message: str, expected: str) -> None:
    """Where the prompt fits, the client is asked for a shorter answer, not to compact."""
    for found in (refused(400, {"error": {"message": message}}), failure_in_stream(message)):
        assert found.status == 400
        assert found.message == (
            f"input length and `max_tokens` exceed context limit: {expected}, "
            "decrease input length or `max_tokens` and try again"
        )
        assert UNDERSTOOD.search(found.message)


def test_a_prompt_that_does_not_fit_by_itself() -> None:
    """Where the prompt alone is too long, the client reads by how much."""
    message = (
        "This model's maximum context length is 4096 tokens. However, you requested 5100 tokens "
        "(5000 in the messages, 100 in the completion)."
    )
    found = refused(400, {"error": {"message": message}})
    assert found.message == f"prompt is too long: 5000 tokens > 4096 maximum. {message}"


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Invalid 'user': string too long. Expected a string with maximum length 64."},
        {"message": "Reduce the length of the messages", "code": "string_above_max_length"},
    ],
    ids=str,
)
def test_a_field_that_is_too_long(error: JSON) -> None:
    """One field that is too long is no overflow: compacting would not help."""
    found = refused(400, {"error": error})
    assert found.message == error["message"]


@pytest.mark.parametrize("message", ["Rate limit reached for gpt-5", "max_tokens must be positive"])
def test_what_is_no_overflow(message: str) -> None:
    """Other words about tokens and limits do not make the client compact."""
    found = refused(429, {"error": {"message": message}})
    assert (found.status, found.message) == (429, message)
    assert not UNDERSTOOD.search(found.message)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"retry-after": "7", "retry-after-ms": "500"}, {}, "7"),
        ({"retry-after-ms": "1500"}, {}, "2"),
        ({"retry-after-ms": "soon"}, {}, None),
        ({"retry-after-ms": "inf"}, {}, None),
        (
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30.5s"},
            {},
            "91",
        ),
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"},
            {},
            "1",
        ),
        (
            {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "12s"},
            {},
            None,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"}, {}, None),
        ({}, {"error": {"details": [{"@type": "x"}, {"retryDelay": "36.2s"}]}}, "37"),
        ({}, [{"error": {"details": [{"retryDelay": "2s"}]}}], "2"),
        ({}, {"error": {"details": True}}, None),
        ({}, [], None),
    ],
    ids=str,
)
def test_when_to_ask_again(headers: dict[str, str], body: Any, expected: str | None) -> None:
    """However a provider says it, the client is told in whole seconds."""
    assert refused(429, body, **headers).headers.get("retry-after") == expected


@given(st.text(max_size=12), st.one_of(json_values(), mutated(st.just(LIMITED))))
def test_any_time_to_wait(text: str, body: Any) -> None:
    """Whatever stands where the time should, the client gets a number or nothing."""
    names = ("retry-after-ms", "x-ratelimit-reset-tokens", "x-ratelimit-reset-requests")
    none_left = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-remaining-requests": "0"}
    for name in names:
        wait = refused(429, body, **none_left, **{name: text}).headers.get("retry-after")
        assert wait is None or wait.isdecimal()


def test_what_may_be_retried() -> None:
    """When to ask again is forwarded, and whether to; other headers are not."""
    found = refused(
        429, OPENAI, **{"retry-after": "7", "x-should-retry": "true", "set-cookie": "secret"}
    )
    assert found.headers == {"retry-after": "7", "x-should-retry": "true"}


@pytest.mark.parametrize(
    ("status", "error", "expected", "type"),
    [
        (429, {"message": "m", "code": "insufficient_quota"}, 402, "billing_error"),
        (429, {"message": "m", "type": "exceeded_current_quota_error"}, 402, "billing_error"),
        (402, {"message": "Insufficient Balance", "code": "invalid_request"}, 402, "billing_error"),
        (429, {"message": "Insufficient balance. Please recharge."}, 402, "billing_error"),
        (429, {"message": "You exceeded your current quota."}, 429, "rate_limit_error"),
        (403, {"message": "No access."}, 403, "permission_error"),
        (403, {"message": "Your input was flagged."}, 400, "invalid_request_error"),
        (403, {"message": "m", "code": "content_policy_violation"}, 400, "invalid_request_error"),
        (
            500,
            {"message": "m", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
            400,
            "invalid_request_error",
        ),
        (
            400,
            {"message": "m", "code": "tool_use_failed", "failed_generation": "<f>"},
            400,
            "invalid_request_error",
        ),
    ],
    ids=str,
)
def test_what_the_code_says(status: int, error: JSON, expected: int, type: str) -> None:
    """Money and moderation are told from what the status alone would mean."""
    found = refused(status, {"error": error})
    assert (found.status, found.type) == (expected, type)
    assert (found.headers.get("x-should-retry") == "false") == (expected == 402)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"message": "You exceeded your quota.", "code": "insufficient_quota"}),
        (429, {"message": "You exceeded your quota.", "type": "insufficient_quota"}),
        (401, {"message": "Bad key."}),
        (400, {"message": "Bad key.", "code": "invalid_api_key"}),
    ],
    ids=str,
)
def test_what_may_not_be_retried(status: int, error: JSON) -> None:
    """An empty account and a wrong key stay so: asking again is of no use."""
    found = refused(status, {"error": error}, **{"retry-after": "7"})
    assert found.headers == {"retry-after": "7", "x-should-retry": "false"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"message": "m", "code": 429}, (429, "rate_limit_error")),
        ({"message": "m", "code": "rate_limit_exceeded"}, (429, "rate_limit_error")),
        ({"message": "m", "code": "server_error"}, (500, "api_error")),
        ({"message": "m", "type": "overloaded_error"}, (529, "overloaded_error")),
        ({"message": "m", "code": 999}, (500, "api_error")),
        ({"message": "m", "code": "429"}, (429, "rate_limit_error")),
        ({"message": "m", "code": "insufficient_quota"}, (402, "billing_error")),
        ({"message": "m", "code": "odd", "type": "server_error"}, (500, "api_error")),
        (
            {"message": "m", "metadata": {"error_type": "provider_overloaded"}},
            (529, "overloaded_error"),
        ),
        ({"message": "m", "status": "UNAVAILABLE"}, (529, "overloaded_error")),
        ("m", (500, "api_error")),
        ({}, (500, "api_error")),
    ],
    ids=str,
)
def test_errors_in_a_stream(error: Any, expected: tuple[int, str]) -> None:
    """In a stream the error's own code takes the place of the status."""
    found = failure_in_stream(error)
    assert (found.status, found.type) == expected


class TestAnthropicErrors:
    """A provider that speaks the client's format."""

    BODY = b'{"type": "error",  "error": {"type": "overloaded_error", "message": "Overloaded"}}'

    def test_its_own_error_is_passed_on(self) -> None:
        """Status, type and body are the provider's, to the byte."""
        found = DIALECTS["anthropic"].error(529, {"retry-after": "3", "x": "y"}, self.BODY)
        assert (found.status, found.type, found.message) == (529, "overloaded_error", "Overloaded")
        assert found.body("req_1") is self.BODY
        assert found.headers == {"retry-after": "3"}

    def test_its_key_error_is_final(self) -> None:
        """A key that is not known stays so, unless the provider itself says to ask again."""
        anthropic = DIALECTS["anthropic"]
        assert anthropic.error(401, {}, self.BODY).headers == {"x-should-retry": "false"}
        asked = {"x-should-retry": "true"}
        assert anthropic.error(401, asked, self.BODY).headers == asked

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>",
            b"[]",
            b'{"error": {"message": "m"}}',
            b'{"type":"error","error":"m"}',
            b"null",
        ],
    )
    def test_any_other_body(self, body: bytes) -> None:
        """A body of another form is put into the protocol's."""
        found = DIALECTS["anthropic"].error(503, {}, body)
        assert (found.status, found.type) == (529, "overloaded_error")
        assert json.loads(found.body())["type"] == "error"

    @given(st.integers(400, 599), mutated(st.just(json.loads(BODY))))
    def test_odd_shapes(self, status: int, body: Any) -> None:
        """Any JSON is an error that the client can read."""
        raw = json.dumps(body).encode()
        for dialect in DIALECTS.values():
            found = dialect.error(status, {}, raw)
            assert found.status >= 400
            assert "error" in json.loads(found.body())
