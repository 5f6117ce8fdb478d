"""Who may use the gateway."""

from __future__ import annotations

import pytest

from gateway.config import ClientKey, ServerSettings
from gateway.errors import Unauthenticated
from gateway.server.auth import authorize

LAPTOP = ClientKey("laptop", "key-of-the-laptop")
SETTINGS = ServerSettings(keys=(LAPTOP, ClientKey("phone", "key-of-the-phone")))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": LAPTOP.key},
        {"authorization": f"Bearer {LAPTOP.key}"},
        {"authorization": f"bearer {LAPTOP.key}", "x-api-key": "sk-another"},
    ],
)
def test_a_key_may_come_in_either_header(headers: dict[str, str]) -> None:
    """Old SDKs send x-api-key, new ones a bearer token, some clients both."""
    assert authorize(SETTINGS, headers) == LAPTOP


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "key-of-the-lapto"},
        {"authorization": f"Basic {LAPTOP.key}"},
    ],
)
def test_anything_else_is_refused_for_good(headers: dict[str, str]) -> None:
    """The client is told what is asked for, and not to try again."""
    with pytest.raises(Unauthenticated) as caught:
        authorize(SETTINGS, headers)
    assert caught.value.headers["x-should-retry"] == "false"
    assert "laptop" not in caught.value.message


def test_without_keys_everybody_is_served() -> None:
    """The default on loopback."""
    assert authorize(ServerSettings(), {}) is None
