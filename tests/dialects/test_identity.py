"""Laws of identity: providers can tell users and sessions apart, and learn nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import request
from strategies import json_values, torn

from gateway.dialects.identity import session_digest, user_digest
from gateway.messages import MessagesRequest

DIGESTS = [user_digest, session_digest]
Digest = Callable[[MessagesRequest], str | None]


def of(user: Any) -> MessagesRequest:
    """A request of this user."""
    return request(metadata={"user_id": user})


def account(device: str, session: str) -> MessagesRequest:
    """A request as Claude Code sends it."""
    return of(json.dumps({"device_id": device, "account_uuid": "", "session_id": session}))


@given(torn.filter(bool), torn.filter(bool))
@pytest.mark.parametrize("digest", DIGESTS)
def test_digests(digest: Digest, one: str, other: str) -> None:
    """A digest is short, tells nothing, is the same each time, and differs where the users do."""
    found = digest(of(one))
    assert found is not None
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert (found == digest(of(other))) == (one == other)


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_a_user_has_many_sessions(device: str, one: str, other: str) -> None:
    """The user stays the same over sessions; the session is the same over turns."""
    first, second = account(device, one), account(device, other)
    assert user_digest(first) == user_digest(second)
    assert (session_digest(first) == session_digest(second)) == (one == other)


@given(json_values())
@pytest.mark.parametrize("digest", DIGESTS)
def test_odd_shapes(digest: Digest, value: Any) -> None:
    """Any JSON may stand for the user; only text that says something is one."""
    is_user = isinstance(value, str) and bool(value)
    assert (digest(of(value)) is not None) == is_user
    assert digest(of(json.dumps(value))) is not None


@pytest.mark.parametrize("digest", DIGESTS)
def test_nobody(digest: Digest) -> None:
    """Without metadata there is nobody to name."""
    assert digest(request()) is None
