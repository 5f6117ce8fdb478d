"""Laws of failures: each has a status, a type and a body that the official clients read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from strategies import torn

from gateway import errors
from gateway.errors import GatewayError, UpstreamFailure

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, GatewayError)
]
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


OWN: dict[type[GatewayError], str] = {errors.PolicyBlocked: "policy_blocked"}
"""Types that the protocol does not tie to a status, and that clients know."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: type[GatewayError]) -> None:
    """Status and type of each kind are a pair that the protocol knows, and stand in the tree."""
    error = kind("Something is wrong.")
    assert error.type == OWN.get(kind, TYPES[error.status])
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__doc__


@given(torn)
def test_the_envelope(message: str) -> None:
    """The body is the protocol's error envelope, whatever the message holds."""
    body = json.loads(errors.InvalidRequest(message).body("req_1"))
    error = {"type": "invalid_request_error", "message": json.loads(json.dumps(message))}
    assert body == {"type": "error", "error": error, "request_id": "req_1"}
    assert "request_id" not in json.loads(errors.InvalidRequest(message).body())


def test_what_is_given_wins() -> None:
    """Status, type and headers of one failure can differ from those of its kind."""
    error = UpstreamFailure("Slow down.", status=429, type="rate_limit_error", headers={"a": "b"})
    assert (error.status, error.type, dict(error.headers)) == (429, "rate_limit_error", {"a": "b"})
    assert str(error) == error.message == "Slow down."
    assert (UpstreamFailure.status, UpstreamFailure.type) == (502, "api_error")


def test_an_empty_mapping_of_headers_is_given() -> None:
    """A failure that may be retried can say so although its kind is final."""
    assert errors.MissingKey("No key.", headers={}).headers == {}


@pytest.mark.parametrize("kind", [errors.Unauthenticated, errors.MissingKey])
def test_final_kinds(kind: type[GatewayError]) -> None:
    """Clients are told not to repeat what will fail again."""
    assert kind("No.").headers == {"x-should-retry": "false"}


def test_a_providers_own_envelope() -> None:
    """An error that has the protocol's form is passed on as it came."""
    error = UpstreamFailure("Overloaded", status=529, type="overloaded_error")
    error.envelope = b'{"type": "error",  "error": {}}'
    assert error.body("req_1") is error.envelope
