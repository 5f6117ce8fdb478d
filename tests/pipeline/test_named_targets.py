"""`named_targets: refuse`: rules alone decide where requests go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import GatewayError, NotFound, PolicyBlocked
from gateway.pipeline import Count, Exchange, Inbound, target_of_model
from gateway.providers import PROVIDERS
from gateway.reasoning import Vault
from gateway.server.pages.discovery import model, models
from gateway.tokens import TokenCounter

CONFIG = """
aliases: {fast: "mock:small", other: "mock:large"}
rules:
  - {name: team, when: {path_prefix: /team}, use: fast, fallback: [other]}
default: mock:usual
"""


class Nothing:
    """An encoder for which there are no tokens."""

    def count(self, text: str) -> int:
        return 0


def snapshot(named_targets: str) -> Snapshot:
    """The config, with this switch."""
    text = f"named_targets: {named_targets}\n{CONFIG}"
    found = load(text, file="config.yaml", environment={}).snapshot
    assert found is not None
    return found


ALLOWS, REFUSES = snapshot("allow"), snapshot("refuse")


def inbound(model: str, prefix: str = "") -> Inbound:
    """A request for a model, at a URL."""
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return Inbound(json_text.encode(body), prefix=prefix)


def target(config: Snapshot, model: str, prefix: str = "") -> str:
    """Where a request goes. Raises `GatewayError`."""
    request = inbound(model, prefix)
    return str(
        Exchange(config, request, TokenCounter(Nothing()), Vault(b"a test's own")).route.target
    )


def count(config: Snapshot, model: str, prefix: str) -> Count:
    """The size of a request."""
    request = inbound(model, prefix)
    return Count(Exchange(config, request, TokenCounter(Nothing()), Vault(b"a test's own")))


def outcome(config: Snapshot, model: str, prefix: str = "") -> str | type[GatewayError]:
    """Where a request goes, or the kind of error that it gets."""
    try:
        return target(config, model, prefix)
    except GatewayError as error:
        return type(error)


named = st.one_of(
    st.sampled_from(["fast", "other", "usual", "claude-opus-5-5", "mock", "nobody:x"]),
    st.builds("{}:{}".format, st.sampled_from(sorted(PROVIDERS)), st.text("ab:/*", max_size=3)),
)


@given(st.sampled_from(["", "claude-via-"]), named, st.sampled_from(["", "/team", "/mock:x"]))
def test_what_rules_decide_is_not_touched(start: str, name: str, prefix: str) -> None:
    """A request goes where it goes by the rules, or it is refused: when it names a target itself."""
    found, allowed = (outcome(config, start + name, prefix) for config in (REFUSES, ALLOWS))
    if found is PolicyBlocked:
        is_named = name in REFUSES.aliases or (name.partition(":")[0] in PROVIDERS and ":" in name)
        assert is_named or prefix == "/mock:x"
    else:
        assert found == allowed == ("mock:small" if prefix == "/team" else "mock:usual")


@pytest.mark.parametrize(
    ("name", "prefix", "says"),
    [
        ("mock:a", "", "the model 'mock:a' names a target"),
        ("mock:", "", "the model 'mock:' names a target"),
        ("fast", "/team", "the model 'fast' names a target"),
        ("claude-via-fast", "", "the model 'claude-via-fast' names a target"),
        ("claude-via-mock:a", "", "names a target"),
        ("claude-opus-5-5", "/mock:a", "the URL prefix '/mock:a' names a target"),
        ("claude-opus-5-5", "/mock:a/b", "names a target"),
        ("claude-opus-5-5", "/nobody:a", "names a target"),
    ],
)
def test_the_refusal_says_why(name: str, prefix: str, says: str) -> None:
    """And what to do; the client does not try again."""
    with pytest.raises(PolicyBlocked, match="named_targets: refuse") as caught:
        target(REFUSES, name, prefix)
    assert says in caught.value.message
    assert "Ask for a model without its provider" in caught.value.message
    assert caught.value.headers == {"x-should-retry": "false"}


def test_the_url_is_refused_wherever_it_is_used() -> None:
    """Counting tokens is no way around."""
    with pytest.raises(PolicyBlocked):
        count(REFUSES, "x", "/mock:a").question()
    assert count(ALLOWS, "x", "/mock:a").question() is None
    assert count(ALLOWS, "x", "/mock:a").estimate() > 0


def test_a_path_that_is_nothing_is_told_as_before() -> None:
    """But without the advice to name a target."""
    with pytest.raises(NotFound, match="put a colon after the provider"):
        target(ALLOWS, "x", "/mock/a")
    with pytest.raises(NotFound, match="no rule asks for this path"):
        target(REFUSES, "x", "/mock/a")


def test_models_are_listed_that_can_be_asked_for() -> None:
    """Each listed model is served under its name; where none would be, none is listed."""
    listed = [str(entry["id"]) for entry in models(ALLOWS)["data"]]
    assert set(listed) >= {"fast", "claude-via-fast", "mock:small", "claude-via-mock:small"}
    assert all(target_of_model(ALLOWS, id) is not None for id in listed)
    assert models(REFUSES) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    with pytest.raises(PolicyBlocked):
        model(REFUSES, "mock:small")
    with pytest.raises(NotFound):
        model(REFUSES, "claude-opus-5-5")


def test_server_tools_go_where_the_config_says_with_the_model_that_was_asked_for() -> None:
    """`{use: anthropic:*}` names a target that only a request can fill in."""
    text = "server_tools: {use: 'anthropic:*'}\ndefault: openrouter:x"
    config = load(text, file="config.yaml", environment={}).snapshot
    assert config is not None
    asked = json_text.decode(inbound("claude-opus-5-5").body)
    asked["tools"] = [{"type": "code_execution_20250825", "name": "code_execution"}]
    request = Inbound(json_text.encode(asked))
    route = Exchange(config, request, TokenCounter(Nothing()), Vault(b"a test's own")).route
    assert (str(route.target), route.origin) == ("anthropic:claude-opus-5-5", "server_tools")
