"""What a failure says, and how long it asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.availability import fault, seconds_named

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@given(st.integers(0, 10**6))
def test_seconds_and_dates_say_the_same(seconds: int) -> None:
    """Both forms that the header has."""
    wall = NOW.timestamp()
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_named({"retry-after": str(seconds)}, wall) == seconds
    assert seconds_named({"retry-after": date}, wall) == seconds


@given(st.text(max_size=40))
def test_no_header_is_too_odd(text: str) -> None:
    """What makes no sense names no time, and nothing is negative."""
    named = seconds_named({"retry-after": text}, NOW.timestamp())
    assert named is None or named >= 0.0


def test_a_date_that_is_past_is_now() -> None:
    """The provider's clock may be slow."""
    past = format_datetime(NOW - timedelta(hours=1), usegmt=True)
    assert seconds_named({"retry-after": past}, NOW.timestamp()) == 0.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "limited"), (401, "key"), (402, "key"), (403, "refused"), (502, "down"), (529, "down")],
)
def test_statuses_say_who_is_to_blame(status: int, kind: str) -> None:
    """The limit of a key, the key, what it may do, or the server."""
    found = fault(status, {"retry-after": "7"}, 0.0)
    assert found is not None
    assert found.kind == kind
    assert found.named == (7.0 if kind in ("limited", "down") else None)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_the_refusal_of_a_request_is_nobody_s_fault(status: int) -> None:
    """The server works."""
    assert fault(status, {"retry-after": "7"}, 0.0) is None
