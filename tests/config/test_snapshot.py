"""From a sound config to what serves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config.marked import loaded
from config.whole import ENVIRONMENT, WHOLE
from hypothesis import given
from hypothesis import strategies as st
from language import request

from gateway.admission import Limits
from gateway.config import (
    ClientKey,
    Endpoint,
    ModelFacts,
    ReasoningSettings,
    ServerSettings,
    Snapshot,
    Timeouts,
)
from gateway.config import snapshot as snapshots
from gateway.config.sections.life_settings import Life
from gateway.dialects.anthropic import Anthropic
from gateway.dialects.openai_chat import OpenAIChat
from gateway.providers import PROVIDERS
from gateway.routing import CorrectionOverlay, Target
from gateway.units import Rate


def snapshot(config: str | dict[str, Any], **environment: str) -> Snapshot:
    """The snapshot of a sound config; text, or plain data."""
    text = config if isinstance(config, str) else json.dumps(config)
    result = loaded(text, **environment)
    assert result.snapshot is not None, result.findings
    return result.snapshot


def provider(name: str, **options: Any) -> Endpoint:
    """The endpoint of a provider with these options."""
    environment = {"KEY": " the-key\n", "OPENAI_API_KEY": "openai-key"}
    config = {"default": "mock:x", "providers": {name: options}}
    return snapshot(config, **environment).endpoints[name]


def test_the_whole_config_arrives() -> None:
    """Every section has its place in the snapshot."""
    made = snapshot(WHOLE, **ENVIRONMENT)
    assert made.server == ServerSettings(
        host="0.0.0.0",  # noqa: S104
        port=4000,
        keys=(ClientKey("laptop", "gateway-secret-4711-0815"),),
        max_body=32 * 1024**2,
        memory=64 * 1024**2,
        life=Life(drain=30.0, max_streams=300, max_connections=900),
    )
    assert made.models == {"openai:gpt-5": ModelFacts(400_000, 128_000)}
    assert [rule.name for rule in made.rules] == ["long", "hard", "small", "fast"]
    assert [str(rule.target) for rule in made.rules][:2] == ["lab:long", "lab:hard"]
    assert made.rules[3].transforms == ("t",)
    assert made.path_prefixes == ("/fast",)
    assert (made.default.name, made.default.target) == ("default", Target("openai", "gpt-5"))
    assert made.default.tests == ()
    assert made.default.transforms == ("t",)
    assert (made.correction.mode, made.when_key_is_missing) == ("report", "mock")
    lab = made.endpoints["lab"]
    assert lab.timeouts == Timeouts(connect=5.0, first_byte=120.0, idle=300.0, total=3600.0)
    assert lab.limits == Limits(8, Rate(60, 60.0), Rate(1_000_000, 60.0), queue=100, wait=30.0)
    assert lab.headers == {"x-title": "gateway"}
    assert made.server_tools == Target("openai", "gpt-5")
    assert made.reasoning == ReasoningSettings(key="reasoning-secret")
    assert set(made.secrets) == {"gateway-secret-4711-0815", "openai-secret", "reasoning-secret"}
    edited = made.transforms["t"](request(system="a"))
    assert edited.system == "a\n\nBe brief."


def test_the_shortest_config_has_all_the_defaults() -> None:
    """Loopback, repair, refuse, and every known provider."""
    made = snapshot("default: openai:gpt-5")
    assert made.server == ServerSettings()
    assert (made.correction, made.when_key_is_missing) == (CorrectionOverlay(), "refuse")
    assert set(made.endpoints) == set(PROVIDERS)
    assert (made.rules, made.models, made.transforms) == ((), {}, {})


def test_a_known_provider_needs_no_mention() -> None:
    """Its key comes from the variable that its declaration names."""
    endpoints = snapshot("default: openai:x", ANTHROPIC_API_KEY="k", DEEPSEEK_API_KEY=" ").endpoints
    assert endpoints["anthropic"].headers == {"x-api-key": "k"}
    assert endpoints["anthropic"].missing_key is None
    assert endpoints["deepseek"].missing_key == "DEEPSEEK_API_KEY"
    assert endpoints["deepseek"].headers == {}
    assert endpoints["ollama"].missing_key is None


def test_a_known_provider_keeps_what_is_not_overridden() -> None:
    """Field by field, and quirk by quirk."""
    declared = PROVIDERS["openai"]
    made = provider("openai", base_url="http://localhost:1/v1", quirks={"stop_limit": 1})
    assert made.base_url == "http://localhost:1/v1"
    assert made.secret == "openai-key"  # noqa: S105
    assert made.headers["authorization"] == "Bearer openai-key"
    assert isinstance(made.dialect, OpenAIChat)
    assert isinstance(declared.dialect, OpenAIChat)
    assert made.dialect.quirks.stop_limit == 1
    assert made.dialect.quirks.efforts == declared.dialect.quirks.efforts


def test_lists_of_quirks_are_taken() -> None:
    """YAML has lists where the code has tuples."""
    made = provider("openai", quirks={"efforts": ["low", "max"], "reasoning_models": ["x*"]})
    assert isinstance(made.dialect, OpenAIChat)
    assert made.dialect.quirks.efforts == ("low", "max")


def test_a_known_name_with_another_dialect_is_that_dialect() -> None:
    """Its quirks are those of the new dialect, and so is the header of its key."""
    made = provider("openai", dialect="anthropic", quirks={"path": "/messages"})
    assert isinstance(made.dialect, Anthropic)
    assert made.dialect.quirks.path == "/messages"
    assert made.headers["x-api-key"] == "openai-key"


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"dialect": "openai-chat", "api_key": "${KEY}"}, {"authorization": "Bearer the-key"}),
        ({"dialect": "anthropic", "api_key": "${KEY}"}, {"x-api-key": "the-key"}),
        (
            {"dialect": "anthropic", "api_key": "${KEY}", "auth": "bearer"},
            {"authorization": "Bearer the-key"},
        ),
        ({"dialect": "anthropic", "api_key": "${KEY}", "auth": "none"}, {}),
        ({"dialect": "openai-chat"}, {}),
        ({"dialect": "openai-chat", "headers": {"X-A": " b ", "x-c": "${NO}"}}, {"x-a": "b"}),
        (
            {"dialect": "openai-chat", "headers": {"Authorization": "x"}, "api_key": "${KEY}"},
            {"authorization": "Bearer the-key"},
        ),
    ],
)
def test_a_server_of_ones_own(options: dict[str, Any], headers: dict[str, str]) -> None:
    """The key is shown as the dialect's servers want it, and a header that is not set is not sent."""
    made = provider("lab", base_url="http://lab:1", **options)
    assert made.headers == headers
    assert made.missing_key is None


def test_a_key_that_is_named_and_not_set_is_missing() -> None:
    """Whoever writes `api_key:` means the provider to need one."""
    where = {"dialect": "openai-chat", "base_url": "http://lab:1"}
    assert provider("lab", **where, api_key="${LAB_KEY}").missing_key == "LAB_KEY"
    assert provider("lab", **where, api_key="").missing_key == "providers.lab.api_key"
    assert provider("lab", **where, api_key="${LAB_KEY}", auth="none").missing_key is None
    assert provider("ollama", api_key="${LAB_KEY}").missing_key == "LAB_KEY"
    assert provider("gemini", api_key=None).missing_key == "GEMINI_API_KEY"


def test_a_prefix_is_the_same_with_and_without_its_last_slash() -> None:
    """As the condition itself has it."""
    rule = {"name": "a", "when": {"path_prefix": "/fast/"}, "use": "mock:x"}
    assert snapshot({"default": "mock:x", "rules": [rule]}).path_prefixes == ("/fast",)


def test_the_id_is_that_of_the_text() -> None:
    """The same text, the same id; a changed comment is another text."""
    text = "default: openai:x"
    assert snapshot(text).id == snapshot(text).id != snapshot(f"{text} # same").id
    assert snapshot(text, UNRELATED="x").id == snapshot(text).id
    assert snapshot(text, OPENAI_API_KEY="x").id != snapshot(text).id


def test_the_config_of_the_design() -> None:
    """What a person writes on the first day: a long context, hard thinking, side work, a path."""
    text = """\
version: 1
server: {host: 127.0.0.1, port: 4000, auth: {keys: [{name: laptop, key: "${GATEWAY_KEY}"}]}}
providers:
  openai:     {api_key: "${OPENAI_API_KEY}"}
  openrouter: {api_key: "${OPENROUTER_API_KEY}", headers: {x-title: my-gateway}}
  ollama:     {base_url: "${OLLAMA_HOST:-http://localhost:11434}"}
  lab:        {dialect: openai-chat, base_url: "http://127.0.0.1:8000/v1",
               timeouts: {connect: 5s, first_byte: 120s, idle: 300s}}
models:
  openai:gpt-5: {context: 400000, max_output: 128000}
rules:
  - name: long-context
    when: {tokens: {above: 128000}}
    use: openrouter:google/gemini-2.5-pro
  - name: deep-thinking
    when: {thinking: {effort: [high, max]}}
    use: openai:gpt-5
  - name: background
    when: {model: "*haiku*"}
    use: ollama:qwen3-coder:30b
    transforms: [small-model]
  - name: team-path
    when: {path_prefix: /fast}
    use: openai:gpt-5-mini
default: openai:gpt-5
transforms:
  small-model:
    - system: {remove: ["(?s)IMPORTANT: .*?\\\\n\\\\n"], replace: [{find: Claude Code, with: it}]}
    - tools:  {drop: [NotebookEdit, "mcp__*__delete_*"], describe: {Bash: "Runs a command."}}
tool_correction: {mode: repair}
"""
    environment = {
        "GATEWAY_KEY": "the-key-of-the-laptop",
        "OPENAI_API_KEY": "o",
        "OPENROUTER_API_KEY": "r",
    }
    result = loaded(text, **environment)
    assert result.findings == ()
    made = snapshot(text, **environment)
    assert made.rules[2].target == Target("ollama", "qwen3-coder:30b")
    assert made.endpoints["ollama"].base_url == "http://localhost:11434"
    assert made.endpoints["openrouter"].headers == {
        "x-title": "my-gateway",
        "authorization": "Bearer r",
    }
    edited = made.transforms["small-model"](request(system="IMPORTANT: x\ny\n\nClaude Code"))
    assert edited.system == "it"


def test_a_key_in_a_header_is_a_secret_too() -> None:
    """Some servers want theirs in a header of their own; a title is nobody's secret."""
    made = snapshot(
        "default: lab:m\nproviders: {lab: {dialect: openai-chat, base_url: 'http://127.0.0.1:9', "
        "headers: {x-lab-token: '${LAB}', x-title: gateway}}}",
        LAB="lab-secret",
    )
    assert made.secrets == ("lab-secret",)


EDITING = """
default: mock:plain
apply: [all]
models:
  mock:blind: {images: false, documents: true}
  mock:own: {transforms: [b, all]}
transforms:
  all: [{system: {append: x}}]
  a: [{system: {replace: [{find: y, with: z}]}}]
  b: [{tools: {drop: [Read]}}]
"""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mock:plain", "mock:blind", "mock:own", "mock:other"]),
            st.lists(st.sampled_from(["all", "a", "b"]), max_size=3).map(tuple),
        ),
        min_size=1,
    )
)
def test_edits_do_not_depend_on_what_was_asked_before(
    asked: list[tuple[str, tuple[str, ...]]],
) -> None:
    """What is remembered of a target and its transforms is what is worked out anew, however few of
    them are kept."""
    made = snapshot(EDITING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "MOST_EDITS", 2)
        for name, names in asked:
            target = Target.parse(name)
            found = made.edits_for(target, names)
            assert found.names == made.transforms_for(target, names)
            assert found.transforms == tuple(made.transforms[one] for one in found.names)
            assert found.has_patterns == any(one.has_patterns for one in found.transforms)
            assert found.unseen == ({"image"} if name == "mock:blind" else set())
            assert len(made.__dict__["_edits"]) <= 2
