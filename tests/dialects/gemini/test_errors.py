"""What Google's servers say when they refuse, and what the client is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialects.gemini.gemini_answers import GEMINI
from hypothesis import given
from hypothesis import strategies as st
from language import JSON
from strategies import json_values, mutated

from gateway.dialects.failures import UNDERSTOOD
from gateway.dialects.gemini.errors import FORGET_THINKING
from gateway.errors import GatewayError

INFO = "type.googleapis.com/google.rpc"
LIMITED: JSON = {
    "code": 429,
    "message": "You exceeded your current quota.",
    "status": "RESOURCE_EXHAUSTED",
    "details": [{"@type": f"{INFO}.Help"}, {"@type": f"{INFO}.RetryInfo", "retryDelay": "36.5s"}],
}
BAD_KEY: JSON = {
    "code": 400,
    "message": "API key not valid. Please pass a valid API key.",
    "status": "INVALID_ARGUMENT",
    "details": [{"@type": f"{INFO}.ErrorInfo", "reason": "API_KEY_INVALID"}],
}


def refused(status: int, body: Any, **headers: str) -> GatewayError:
    """The failure of a refusal with a JSON body."""
    return GEMINI.error(status, headers, json.dumps(body).encode())


@given(st.integers(400, 599), st.one_of(json_values(), mutated(st.just({"error": LIMITED}))))
def test_any_body(status: int, body: Any) -> None:
    """Whatever a server answers, the client gets an error status and some words."""
    error = refused(status, body)
    assert 400 <= error.status <= 529
    assert error.message


@pytest.mark.parametrize("wrapped", [False, True])
def test_when_to_ask_again(wrapped: bool) -> None:
    """The server's delay is told in whole seconds; its body may stand in a list."""
    body = {"error": LIMITED}
    error = refused(429, [body] if wrapped else body)
    assert (error.status, error.type) == (429, "rate_limit_error")
    assert error.headers["retry-after"] == "37"
    assert error.message == LIMITED["message"]


def test_a_wrong_key() -> None:
    """A bad request for Google; for the client it is the key, and asking again is of no use."""
    error = refused(400, {"error": BAD_KEY})
    assert (error.status, error.type) == (401, "authentication_error")
    assert error.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "words",
    [
        "The input token count (1211023) exceeds the maximum number of tokens allowed (1048576).",
        "Unable to submit request because the input token count is 40000 but model only supports "
        "up to 32768. Reduce the input token count and try again.",
    ],
    ids=["gemini", "vertex"],
)
def test_overflow(words: str) -> None:
    """A prompt that does not fit is said to be one in words on which the client compacts."""
    error = refused(400, {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}})
    assert (error.status, error.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(error.message)


@pytest.mark.parametrize(
    ("words", "forgets"),
    [
        ("Corrupted thought signature.", True),
        ("Invalid thought_signature in part 3", True),
        ("Unable to submit request because Thought signature is not valid.", True),
        ("Function call is missing a thought_signature in functionCall parts.", False),
        ("Invalid value at 'contents'", False),
    ],
)
def test_a_signature_that_is_refused(words: str, forgets: bool) -> None:
    """The client is told to strip its thinking, in the very words that it acts on."""
    error = refused(400, {"error": {"code": 400, "message": words}})
    assert (error.status, error.type) == (400, "invalid_request_error")
    assert (error.message == FORGET_THINKING) == forgets
