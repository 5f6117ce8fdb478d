"""What an explanation says is what happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import load
from gateway.errors import GatewayError
from gateway.pipeline import Exchange, Inbound
from gateway.pipeline.explain import explain
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

MODELS = ("claude-opus-5-5", "claude-haiku-5-5", "gpt-5", "mock:named", "alias", "claude-via-alias")
PATTERNS = ("*haiku*", "gpt-*", "/^claude/", "*")


class Words:
    """An encoder that counts words."""

    def count(self, text: str) -> int:
        return len(text.split())


conditions = st.one_of(
    st.builds(lambda n: {"tokens": {"above": n}}, st.integers(0, 30)),
    st.builds(lambda glob: {"model": glob}, st.sampled_from(PATTERNS)),
    st.builds(lambda yes: {"stream": yes}, st.booleans()),
    st.builds(lambda effort: {"thinking": {"effort": effort}}, st.sampled_from(["low", "high"])),
    st.just({"path_prefix": "/fast"}),
    st.just({"has": "tools"}),
    st.just({"sample": "50%"}),
)
actions = st.one_of(
    st.sampled_from(["a", "b"]).map(lambda model: {"use": f"mock:{model}"}),
    st.just({"use": ["mock:small", "mock:large"], "needs": "auto"}),
    st.just({"weights": {"mock:a": 1, "mock:b": 2}}),
    st.just({"refuse": "Not here."}),
    st.just({"continue": True, "params": {"set": {"temperature": 0}}}),
    st.just({"use": "mock:*", "fallback": ["mock:b"]}),
)


def rule(number: int, asked: dict[str, Any], more: dict[str, Any], does: dict[str, Any]) -> Any:
    when = {"any": [asked, more]} if number % 2 else {"all": [asked, {"not": more}]}
    return {"name": f"r{number}", "when": when, **does}


rules = st.lists(st.tuples(conditions, conditions, actions), max_size=5).map(
    lambda parts: [rule(number, *part) for number, part in enumerate(parts)]
)
requests = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "stream": st.booleans(),
        "max_tokens": st.integers(1, 50),
        "system": st.integers(0, 40).map("word ".__mul__),
        "messages": st.just([{"role": "user", "content": "Hi"}]),
    },
    optional={
        "output_config": st.sampled_from(["low", "high"]).map(lambda effort: {"effort": effort}),
        "tools": st.just([{"name": "Bash", "input_schema": {"type": "object"}}]),
    },
)


@given(rules, requests, st.sampled_from(["", "/fast", "/mock:named", "/nothing"]))
def test_an_explanation_names_the_target_that_is_asked(
    written: list[Any], asked: dict[str, Any], prefix: str
) -> None:
    """Same rule, same target, same refusal, for whatever rules and request."""
    config = {
        "aliases": {"alias": "mock:named"},
        "models": {"mock:small": {"context": 20}, "mock:large": {"context": 1000}},
        "rules": written,
        "default": "mock:usual",
    }
    snapshot = load(json_text.encode_text(config), file="c", environment={}).snapshot
    assert snapshot is not None
    inbound = Inbound(json_text.encode(asked), prefix=prefix)

    def exchange() -> Exchange:
        return Exchange(snapshot, inbound, TokenCounter(Words()), Vault(b"s"))

    told = explain(exchange())
    served = exchange()
    try:
        served.upstream_request()
    except GatewayError as error:
        assert told["error"]["message"] == error.message
        return
    assert told["target"] == str(served.route.target) == served.target
    assert told["rule"] == (served.route.rule or told["rule"])
    assert told["reason"] == served.route.reason
    assert [rule["rule"] for rule in told["rules"]] == [f"r{n}" for n in range(len(written))]
