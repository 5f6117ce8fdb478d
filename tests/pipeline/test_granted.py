"""What a client key opens, and that nothing else is reached with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import Forbidden, GatewayError, PolicyBlocked, UpstreamFailure
from gateway.pipeline import Count, Exchange, Inbound
from gateway.pipeline.explain import explain
from gateway.reasoning import Vault
from gateway.server.pages.discovery import model, models
from gateway.tokens import TokenCounter

PROVIDERS = ("red", "green", "blue")
TARGETS = [f"{provider}:{name}" for provider in PROVIDERS for name in ("small", "large")]
HANDED = [f"{provider}:*" for provider in PROVIDERS]
GLOBS = [*TARGETS, "red:*", "green:*", "*:small", "*", "GREEN:s*", "quick"]
KEY = "gw-0123456789abcdef0123456789abcdef"


class Nothing:
    def count(self, text: str) -> int:
        return 0


def rules() -> st.SearchStrategy[dict[str, Any]]:
    """A rule of any kind."""
    target = st.sampled_from([*TARGETS, *HANDED, "quick"])
    some = st.lists(target, min_size=1, max_size=3, unique=True)
    chooses = st.one_of(
        st.fixed_dictionaries({"use": target}),
        st.fixed_dictionaries({"use": some, "needs": st.just("auto")}),
        st.fixed_dictionaries({"weights": some.map(lambda them: dict.fromkeys(them, 1))}),
    )
    asks = st.sampled_from([{}, {"model": "*a*"}, {"key": "me"}, {"path_prefix": "/team"}])
    more = st.fixed_dictionaries(
        {}, optional={"fallback": some, "shadow": target, "retries": st.just(1)}
    )
    return st.tuples(chooses, asks, more).map(lambda p: {**p[0], "when": p[1], **p[2]})


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """A config with one key that opens some targets."""
    made = draw(st.lists(rules(), max_size=3))
    for n, rule in enumerate(made):
        rule["name"] = f"rule{n}"
        if not rule["when"]:
            del rule["when"]
        if isinstance(rule.get("use"), str):
            rule.pop("needs", None)
    return {
        "server": {
            "auth": {
                "keys": [
                    {
                        "name": "me",
                        "key": KEY,
                        "models": draw(st.lists(st.sampled_from(GLOBS), min_size=1, max_size=2)),
                    }
                ]
            }
        },
        "providers": {
            name: {"dialect": "openai-chat", "base_url": f"http://{name}.test"}
            for name in PROVIDERS
        },
        "models": {"red:large": {"context": "1k", "max_output": 100}},
        "aliases": {"quick": draw(st.sampled_from(TARGETS)), "claude-9": "blue:small"},
        "rules": made,
        "server_tools": draw(st.sampled_from(["auto", {"use": "blue:large"}])),
        "default": draw(
            st.one_of(
                st.sampled_from([*TARGETS, "blue:*"]),
                st.fixed_dictionaries(
                    {"use": st.sampled_from(TARGETS), "fallback": st.just(["blue:large"])}
                ),
            )
        ),
        "tool_correction": {"mode": "model", "model": "blue:small"},
    }


def snapshot(config: dict[str, Any]) -> Snapshot | None:
    """None for a config with a mistake, such as a rule that can never match."""
    return load(json.dumps(config), file="config.yaml", environment={}).snapshot


NAMES = st.sampled_from([*TARGETS, "quick", "claude-via-quick", "claude-9", "blue:x:y/z"])
MODELS = st.one_of(
    st.sampled_from(["claude-a", "claude-b", "gpt", "red:small", "green:large"]),
    st.sampled_from(["claude-a", "claude-b", "gpt"]),
    NAMES,
    st.sampled_from(["BLUE:small", "blue:small ", " blue:small", "blue:", "red:small\nblue:small"]),
    st.text(min_size=1, max_size=6).map(lambda name: f"blue:{name}"),
)
ODD = ["/team/blue:small", "/quick", "/blue:small", "/red:a/blue:b", "/green:x", "/blue", "/\n"]
PREFIXES = st.one_of(*[st.just("")] * 6, st.sampled_from(["/team", *ODD]))
HEADERS = st.dictionaries(
    st.sampled_from(["x-gateway-target", "x-gateway-key", "x-claude-code-session-id", "x-model"]),
    st.sampled_from([*TARGETS, "me", "other"]),
)


@settings(max_examples=300)
@given(configs(), MODELS, PREFIXES, HEADERS, st.booleans())
def test_a_key_reaches_no_target_outside(
    config: dict[str, Any], asked: str, prefix: str, headers: dict[str, str], with_tools: bool
) -> None:
    """Whatever rules, fallbacks, copies, aliases, the URL, the model's name and headers say."""
    made = snapshot(config)
    if made is None:
        event("no config")
        return
    [key] = made.server.keys
    body: dict[str, Any] = {"model": asked, "messages": [{"role": "user", "content": "a" * 9000}]}
    if with_tools:
        body["tools"] = [{"type": "web_search_20250305", "name": "web_search"}]
    inbound = Inbound(json_text.encode({**body, "max_tokens": 99}), headers, "", prefix, "me")
    exchange = Exchange(made, inbound, TokenCounter(Nothing()), Vault(b"a test's own"))
    sent: list[Any] = []
    try:
        sent.append(exchange.upstream_request())
        if exchange.route.shadow is not None:
            sent.append(exchange.request_for(exchange.route.shadow))
        sent.append(Count(exchange).question())
        while exchange.next_try(UpstreamFailure("no", status=503)) is not None:
            sent.append(exchange.upstream_request())
    except Forbidden as error:
        event("refused")
        assert "'me'" in error.message
        assert all(glob in error.message for glob in key.models or ())
    except GatewayError as error:
        event(f"another error: {error.message[:40]}")
    for request in filter(None, sent):
        event("sent")
        target = f"{request.endpoint.name}:{json_text.decode(request.body)['model']}"
        assert key.may_use(target), target


@given(configs(), st.sampled_from(TARGETS))
def test_a_key_sees_no_model_outside(config: dict[str, Any], target: str) -> None:
    """The list holds what it opens; asked for by name, another one is refused."""
    made = snapshot(config)
    if made is None:
        return
    [key] = made.server.keys
    ids = [one["id"].removeprefix("claude-via-") for one in models(made, key)["data"]]
    assert all(key.may_use(made.aliases.get(id, id)) for id in ids)
    if key.may_use(target):
        assert model(made, target, key)["id"] == target
    else:
        with pytest.raises(Forbidden):
            model(made, target, key)


# -- examples ----------------------------------------------------------------------------------------

CONFIG = """
server:
  auth:
    keys:
      - {name: me, key: "gw-0123456789abcdef0123456789abcdef", models: ["green:*", quick]}
      - {name: some, key: "gw-1123456789abcdef0123456789abcdef", rules: ["b*"]}
      - {name: all, key: "gw-2123456789abcdef0123456789abcdef"}
providers:
  red: {dialect: openai-chat, base_url: "http://red.test"}
  green: {dialect: openai-chat, base_url: "http://green.test"}
aliases: {quick: "red:quick"}
rules:
  - {name: a, when: {model: "a*"}, use: "red:a", fallback: ["green:a"]}
  - {name: both, when: {model: "b*"}, use: ["red:b", "green:b"], needs: auto, fallback: ["red:c", "green:c"]}
  - {name: shares, when: {model: "s*"}, weights: {"red:s": 99, "green:s": 1}}
  - {name: never, when: {model: "n*"}, refuse: Not here.}
default: green:usual
"""


def exchange(asked: str, client: str | None, prefix: str = "") -> Exchange:
    made = load(CONFIG, file="config.yaml", environment={}).snapshot
    assert made is not None
    body = json_text.encode({"model": asked, "messages": [{"role": "user", "content": "hi"}]})
    inbound = Inbound(body, {}, "", prefix, client)
    return Exchange(made, inbound, TokenCounter(Nothing()), Vault(b"a test's own"))


def targets(asked: str, client: str | None, prefix: str = "") -> list[str]:
    return [str(target) for target in exchange(asked, client, prefix).route.targets]


def test_a_refusal_names_the_key_and_what_it_opens() -> None:
    """And why the request would have gone elsewhere, so that somebody can mend one or the other."""
    with pytest.raises(Forbidden) as caught:
        targets("a", "me")
    assert (caught.value.status, caught.value.type) == (403, "permission_error")
    for words in ("'me'", "red:a", "green:*, red:quick", "rule a", "server.auth.keys"):
        assert words in caught.value.message


def test_a_single_target_is_not_replaced_by_its_fallback() -> None:
    """Nobody would know why another model answers."""
    assert targets("a", "all") == ["red:a", "green:a"]
    with pytest.raises(Forbidden):
        targets("a", "me")


def test_a_choice_between_targets_is_one_between_those_that_are_open() -> None:
    """By fitness or by shares; fallbacks outside are left out."""
    assert targets("b", "all") == ["red:b", "green:b", "red:c", "green:c"]
    assert targets("b", "me") == ["green:b", "green:c"]
    assert targets("s", "me") == ["green:s"]


def test_an_alias_in_a_key_opens_its_target() -> None:
    """By either name, and nothing beside it."""
    assert targets("quick", "me") == targets("red:quick", "me") == ["red:quick"]
    with pytest.raises(Forbidden):
        targets("red:other", "me")
    with pytest.raises(Forbidden):
        targets("x", "me", "/red:other")


def test_other_rules_are_passed_over_for_a_key_with_rules() -> None:
    """As if they did not stand there; the default is for everybody."""
    assert targets("a", "some") == ["green:usual"]
    assert targets("b", "some")[0] == "red:b"


def test_a_rule_that_refuses_still_says_why() -> None:
    """The refusal is the rule's, not the key's."""
    with pytest.raises(PolicyBlocked, match="Not here"):
        exchange("n", "me").upstream_request()


@pytest.mark.parametrize("asked", ["a", "b", "s", "quick", "x"])
def test_a_key_without_limits_is_as_good_as_none(asked: str) -> None:
    """What a config without such settings does, it does still."""
    assert targets(asked, "all") == targets(asked, None)


def test_an_explanation_says_what_the_client_would_be_told() -> None:
    """With the name of its key."""
    assert explain(exchange("a", "me"))["error"]["type"] == "permission_error"
