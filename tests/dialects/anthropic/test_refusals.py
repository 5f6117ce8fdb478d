"""Errors of servers that speak the client's format."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, texts

from gateway.dialects import DIALECTS
from gateway.dialects.failures import UNDERSTOOD
from gateway.errors import GatewayError

ANTHROPIC = DIALECTS["anthropic"]


def envelope(type: str, message: str) -> bytes:
    """An error as Anthropic writes it, with white space of its own."""
    return json.dumps(
        {"type": "error", "error": {"type": type, "message": message}}, indent=1
    ).encode()


def refused(status: int, body: bytes, **headers: str) -> GatewayError:
    """What the client is told."""
    return ANTHROPIC.error(status, headers, body)


@given(st.sampled_from([400, 401, 403, 404, 413, 429, 500, 529]), texts)
def test_anthropics_own_errors_pass(status: int, message: str) -> None:
    """Status, type and body are the server's, byte for byte."""
    body = envelope("some_error", message)
    found = refused(status, body)
    assert (found.status, found.type, found.message) == (status, "some_error", message)
    assert found.body("req_1") == body


@given(
    st.integers(400, 599),
    st.one_of(st.binary(), json_values().map(lambda value: json.dumps(value).encode())),
)
def test_bodies_of_other_shapes(status: int, answer: bytes) -> None:
    """Whatever else a server answers becomes an error of the protocol's form."""
    body = json.loads(refused(status, answer).body())
    assert body["type"] == "error"
    assert body["error"]["message"]


@pytest.mark.parametrize("kind", ["api_error", "overloaded_error", "whatever"])
def test_overload_is_one_thing(kind: str) -> None:
    """Clients wait on 529; a 503 is that, as for every other format, and so is its body."""
    found = refused(503, envelope(kind, "Busy."))
    assert (found.status, found.type) == (529, "overloaded_error")
    assert json.loads(found.body())["error"] == {"type": "overloaded_error", "message": "Busy."}


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 209601 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 196778 + 21333 > 200000",
        "invalid params, context window exceeds limit",
        "Your request exceeded model token limit: 262144",
    ],
)
def test_overflows_that_clients_know_pass(message: str) -> None:
    """Words on which the client compacts, or asks for less, are not touched."""
    body = envelope("invalid_request_error", message)
    assert refused(400, body).body() == body


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "prompt is too long: 9 tokens > 8 maximum"),
        (400, "Requested tokens exceed the model's context window"),
        (413, "too many input tokens"),
    ],
)
def test_overflows_in_other_words(status: int, message: str) -> None:
    """Others become a 400 in words that clients know."""
    found = refused(status, envelope("api_error", message))
    assert (found.status, found.type) == (400, "invalid_request_error")
    assert UNDERSTOOD.search(found.message)
    assert message in json.loads(found.body())["error"]["message"]


def test_a_wrong_key_is_not_tried_again() -> None:
    """The key is the gateway's; other headers that say when to ask again pass."""
    body = envelope("authentication_error", "Bad key.")
    assert refused(401, body).headers == {"x-should-retry": "false"}
    waiting = refused(429, envelope("rate_limit_error", "Slow."), **{"retry-after": "7"})
    assert waiting.headers == {"retry-after": "7"}
