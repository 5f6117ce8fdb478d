"""What some presets promise beyond the choice of a target for one request."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from language import JSON

from gateway.availability import Availability
from gateway.config import Snapshot
from gateway.errors import GatewayError, UpstreamFailure
from gateway.pipeline import Exchange, Inbound
from gateway.reasoning import Vault
from gateway.routing import NO_PINS, NOTHING, Done, Pins, Readings, Recent, RecentPins
from gateway.tokens import TokenCounter
from presets.asked import Letters, bodies, sized
from presets.shipped import first_turn, snapshot, suite

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


def with_keys(preset: str, *without: str) -> Snapshot:
    """The preset where the keys of its tests are set, but for some."""
    environment = suite(preset).environment
    return snapshot(
        preset, {name: environment[name] for name in environment if name not in without}
    )


def exchange(
    config: Snapshot,
    body: JSON,
    *,
    prefix: str = "",
    client: str | None = None,
    pins: Pins = NO_PINS,
    readings: Readings = NOTHING,
) -> Exchange:
    """A request on its way."""
    inbound = Inbound(json.dumps(body).encode(), prefix=prefix, client=client)
    counter = TokenCounter(Letters())
    return Exchange(
        config,
        inbound,
        counter,
        Vault(b"a test's own"),
        pins=pins,
        readings=readings,
        availability=Availability(),
    )


# -- privacy -----------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(
    bodies(),
    st.sampled_from([None, "public", "private-acme", "laptop"]),
    st.sampled_from(["", "/public"]),
    st.sampled_from(["", "CONFIDENTIAL", "see /src/internal-tools"]),
    st.booleans(),
    st.sampled_from([10, 30_000, 90_000]),
    st.sampled_from([None, None, "openai:gpt-5", "claude-via-openai:gpt-5", "ollama:qwen3:4b"]),
)
def test_nothing_leaves_that_nobody_called_public(
    body: JSON,
    key: str | None,
    prefix: str,
    mark: str,
    searches: bool,
    size: int,
    named: str | None,
) -> None:
    """A request goes to Ollama and nobody else, or nowhere, unless it is public and says nothing else."""
    body["model"] = named or body["model"]
    if searches:
        body["tools"] = [*body.get("tools", []), SEARCH]
    body["system"] = mark or "hello"
    asked = exchange(with_keys("privacy"), json.loads(sized(body, size)), prefix=prefix, client=key)
    is_public = (prefix == "/public" or key == "public") and key != "private-acme" and not mark
    try:
        hosts = {asked.upstream_request().endpoint.name, *(t.provider for t in asked.route.targets)}
    except GatewayError:
        hosts = set()
    allowed = {"openai"} if is_public else {"ollama"}
    assert hosts <= (set() if named else allowed)
    assert hosts or searches or named


def test_a_refused_search_refuses_nothing_else() -> None:
    """The next request of the same kind, in the same session, is answered."""
    pins, config = RecentPins(), with_keys("privacy")
    search = {**first_turn(), "tools": [SEARCH]}
    title = {**first_turn(), "tools": [], "output_config": {"format": {"type": "json_schema"}}}
    assert exchange(config, search, pins=pins).route.rule == "no-server-tools"
    assert exchange(config, title, pins=pins).route.rule is None


# -- quota-fallback ----------------------------------------------------------------------------------

OPUS = [
    "subscription:claude-opus-5-5",
    "anthropic:claude-opus-5-5",
    "openai:gpt-5",
    "gemini:gemini-2.5-pro",
]


def test_the_next_one_is_asked_when_the_quota_is_spent() -> None:
    """Down the list, each one once; after the last one the client is told."""
    spent = UpstreamFailure("Your limit is reached.", status=429, headers={"retry-after": "3600"})
    asked = exchange(with_keys("quota-fallback"), first_turn())
    for target in OPUS[:-1]:
        assert asked.upstream_request().endpoint.name == target.partition(":")[0]
        assert asked.target == target
        assert asked.next_try(spent) is not None
    assert asked.target == OPUS[-1]
    assert asked.next_try(spent) is None


def test_a_target_that_failed_is_left_alone_for_a_while() -> None:
    """The next request does not ask it first, and half a minute later does."""
    now = 100.0
    recent = Recent(lambda: now)
    recent.note(Done(now, OPUS[0], failed=True))
    config = with_keys("quota-fallback")
    assert str(exchange(config, first_turn(), readings=recent).route.target) == OPUS[1]
    now += 31.0
    assert str(exchange(config, first_turn(), readings=recent).route.target) == OPUS[0]


def test_who_has_no_subscription_begins_with_the_key() -> None:
    """A provider without its key is passed over, and so are all in turn."""
    config = with_keys("quota-fallback", "ANTHROPIC_AUTH_TOKEN")
    assert str(exchange(config, first_turn()).route.target) == OPUS[1]
    config = with_keys("quota-fallback", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")
    assert str(exchange(config, first_turn()).route.target) == OPUS[2]


# -- local-first -------------------------------------------------------------------------------------


@given(bodies(), st.sampled_from([10, 30_000, 90_000]), st.booleans())
def test_the_local_base_url_stays_local(body: JSON, size: int, searches: bool) -> None:
    """Whatever is asked for, but a model with its provider: it is Ollama's, or it is refused."""
    if searches:
        body["tools"] = [*body.get("tools", []), SEARCH]
    asked = exchange(with_keys("local-first"), json.loads(sized(body, size)), prefix="/local")
    assert {target.provider for target in asked.route.targets} == {"ollama"}


# -- claude-code -------------------------------------------------------------------------------------


def test_a_long_conversation_stays_with_the_long_model_until_it_is_compacted() -> None:
    """Its prompt is in the cache there; the summary is what makes it short again."""
    pins, config = RecentPins(), with_keys("claude-code")
    long, short = json.loads(sized(first_turn(), 250_001)), first_turn()
    summary = first_turn()
    summary["messages"][0]["content"][0]["text"] = (
        "CRITICAL: Respond with TEXT ONLY. Your task is to create a detailed summary."
    )
    assert exchange(config, short, pins=pins).route.rule is None
    assert exchange(config, long, pins=pins).route.rule == "long-context"
    assert exchange(config, short, pins=pins).route.rule == "long-context"
    assert exchange(config, summary, pins=pins).route.rule is None
    assert exchange(config, short, pins=pins).route.rule is None
