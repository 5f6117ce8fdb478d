"""What a client shows to the gateway stays with the gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import GatewayError
from gateway.pipeline import Count, Exchange, Inbound
from gateway.providers import PROVIDERS
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

CANARY = "canary-0123456789abcdef"
CREDENTIALS = (
    *("authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization", "cookie"),
    *("x-auth-token", "x-gateway-key", "anthropic-api-key", "x-forwarded-for", "origin", "host"),
)


class Nothing:
    def count(self, text: str) -> int:
        return 0


def configured() -> Snapshot:
    """Every provider with a key of its own, and the client's key."""
    config: dict[str, Any] = {
        "server": {"auth": {"keys": [{"name": "me", "key": CANARY}]}},
        "providers": {
            name: {"api_key": f"own-key-of-{name}"} for name in PROVIDERS if name != "mock"
        },
        "default": "mock:x",
    }
    variables = {"AZURE_OPENAI_ENDPOINT": "https://a.test", "GOOGLE_CLOUD_PROJECT": "p"}
    made = load(json.dumps(config), file="c", environment=variables)
    assert made.snapshot is not None, made.findings
    return made.snapshot


SNAPSHOT = configured()
FORMS = st.sampled_from([CANARY, f"Bearer {CANARY}", f"Basic {CANARY}", f"a={CANARY}; b"])


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"mock"}))
@given(st.dictionaries(st.sampled_from(CREDENTIALS), FORMS, min_size=1))
def test_no_provider_is_sent_what_a_client_showed(provider: str, headers: dict[str, str]) -> None:
    """In no header, no URL and no body; every provider gets its own key or none."""
    body = {
        "model": f"{provider}:x",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
    }
    inbound = Inbound(json_text.encode(body), headers, "beta=true", "", "me")
    exchange = Exchange(SNAPSHOT, inbound, TokenCounter(Nothing()), Vault(b"a test's own"))
    for make in (exchange.upstream_request, Count(exchange).question):
        try:
            request = make()
        except GatewayError:  # a provider whose address is made of variables that are not set
            continue
        if request is not None:
            assert CANARY not in f"{request.url} {dict(request.headers)} {request.body!r}"
