"""What Ollama says when it refuses, and what the client is told to do about it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from gateway.dialects import DIALECTS
from gateway.dialects.failures import UNDERSTOOD
from gateway.errors import GatewayError

OLLAMA = DIALECTS["ollama"]


def refused(status: int, message: str, **headers: str) -> GatewayError:
    """The failure of a refusal in these words."""
    return OLLAMA.error(status, headers, json.dumps({"error": message}).encode())


@given(
    st.integers(400, 599),
    st.one_of(json_values().map(lambda v: json.dumps(v).encode()), st.binary()),
)
def test_any_body(status: int, body: bytes) -> None:
    """Whatever the server answers, the client gets an error of the protocol's form with some words."""
    found = json.loads(OLLAMA.error(status, {}, body).body())
    assert found["type"] == "error"
    assert found["error"]["message"]


@pytest.mark.parametrize(
    ("status", "message", "expected", "advice"),
    [
        (404, 'model "qwen9" not found, try pulling it first', 404, "ollama pull"),
        (404, "model 'qwen9' not found", 404, "ollama pull"),
        (400, "library/llama2:latest does not support tools", 400, "a model that has them"),
        (400, '"llama3" does not support thinking', 400, "thinking_models"),
        (500, "model requires more system memory (5 GiB) than is available", 500, "smaller"),
        (400, "the input length exceeds the context length", 400, "num_ctx"),
    ],
)
def test_help(status: int, message: str, expected: int, advice: str) -> None:
    """The common refusals say what to do; asking again would not help."""
    found = refused(status, message)
    assert found.status == expected
    assert message in found.message
    assert advice in found.message
    assert (found.headers.get("x-should-retry") == "false") == (expected >= 500)


def test_a_wrong_address() -> None:
    """A server that knows no such path answers with a page; the base URL may have one too many."""
    found = OLLAMA.error(404, {}, b"404 page not found")
    assert found.status == 404
    assert "base_url" in found.message
    assert "/v1" not in found.message


def test_other_words_are_kept() -> None:
    """What needs no help is passed on as it is, and may be asked again."""
    found = refused(503, "server busy, please try again", **{"retry-after": "7"})
    assert (found.status, found.message) == (529, "server busy, please try again")
    assert found.headers == {"retry-after": "7"}


def test_overflow() -> None:
    """A prompt that does not fit makes the client compact."""
    found = refused(500, "the input length exceeds the context length")
    assert (found.status, found.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(found.message)
