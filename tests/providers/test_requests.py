"""What is sent to each provider: laws over all declarations, and the stories of the special ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, destination, request, tool
from strategies import dialogues

from gateway.config import MOCK, Snapshot, load
from gateway.config.text.environment import variables
from gateway.dialects import Outgoing
from gateway.errors import InvalidRequest, MissingKey
from gateway.pipeline import Exchange, Inbound, UpstreamRequest
from gateway.providers import PROVIDERS
from gateway.reasoning import Vault
from gateway.tokens import TokenCounter

MODELS = {
    **dict.fromkeys(PROVIDERS, "model-x"),
    "azure": "gpt-5",
    "deepseek": "deepseek-v4-pro",
    "gemini": "gemini-3-pro",
    "google": "gemini-3-pro",
    "mistral": "mistral-small-latest",
    "moonshot": "kimi-k2.6",
    "openai": "gpt-5.6",
    "openai-responses": "gpt-5",
    "openrouter": "anthropic/claude-sonnet-5",
    "vertex": "gemini-3-pro",
    "xai": "grok-4.3",
    "zai": "glm-5",
}
"""A model of each, of those that its quirks speak of."""

KEY = "canary-key"
KEYED = pytest.mark.parametrize("name", [n for n, p in PROVIDERS.items() if p.needs_key])
EACH = pytest.mark.parametrize("name", PROVIDERS)

USER = json.dumps({"device_id": "d", "session_id": "s"})
RICH: JSON = {
    "model": "claude-test",
    "max_tokens": 4000,
    "stream": True,
    "temperature": 0.5,
    "top_k": 5,
    "stop_sequences": ["a", "b", "c", "d", "e"],
    "thinking": {"type": "enabled", "budget_tokens": 2000},
    "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
    "metadata": {"user_id": USER},
    "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
    "tools": [tool("look", strict=True), tool("wait")],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                },
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Let me look.", "signature": SEAL.close({})},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"x": "y"}},
                {"type": "tool_use", "id": "toolu_2", "name": "wait", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a cat"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": True},
                {"type": "text", "text": "So?"},
            ],
        },
        {"role": "system", "content": "Answer soon."},
    ],
}
"""A request in the middle of a turn, with something of everything."""


def outgoing(name: str, model: str | None = None, **changes: Any) -> Outgoing:
    """The rich request as this provider gets it; `changes` are fields of it, None for none."""
    fields = {key: value for key, value in {**RICH, **changes}.items() if value is not None}
    target = destination(model or MODELS[name])
    return PROVIDERS[name].dialect.outgoing(request(**fields), target)


def sent(name: str, model: str | None = None, **changes: Any) -> Any:
    """The body of that."""
    return json.loads(outgoing(name, model, **changes).body)


def snapshot(environment: dict[str, str], more: str = "") -> Snapshot:
    """Of a config that names every provider, and says nothing of any."""
    rules = [{"name": name, "when": {"model": name}, "use": f"{name}:m"} for name in PROVIDERS]
    text = f"rules: {json.dumps(rules)}\ndefault: mock:m\n{more}"
    loaded = load(text, file="config.yaml", environment=environment)
    assert [finding for finding in loaded.findings if finding.severity == "error"] == []
    assert loaded.snapshot is not None
    return loaded.snapshot


class Words:
    """Counts words."""

    def count(self, text: str) -> int:
        return len(text.split())


def exchange(config: Snapshot, name: str, model: str | None = None) -> Exchange:
    """The rich request, for a model of this provider."""
    asked = json.dumps({**RICH, "model": f"{name}:{model or MODELS[name]}"}).encode()
    return Exchange(config, Inbound(asked), TokenCounter(Words()), Vault(b"secret"))


def upstream(name: str, model: str | None = None, **environment: str) -> UpstreamRequest:
    """What goes over the wire, in this environment and one key for all."""
    keys = {provider.key_env: KEY for provider in PROVIDERS.values() if provider.key_env}
    return exchange(snapshot({**keys, **environment}), name, model).upstream_request()


# -- laws ----------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(PROVIDERS)), dialogues(), st.booleans())
def test_every_provider_takes_every_conversation(
    name: str, turns: list[list[JSON]], stream: bool
) -> None:
    """Whatever was said before, the next request can be written, and is JSON."""
    asked: list[JSON] = [message for turn in turns for message in turn]
    asked.append({"role": "user", "content": "Go on."})
    body = sent(name, messages=asked, stream=stream)
    assert isinstance(body, dict)


@EACH
def test_the_same_request_is_the_same_bytes(name: str) -> None:
    """Otherwise no cache of a provider would ever be hit."""
    assert outgoing(name).body == outgoing(name).body


@EACH
def test_a_key_is_shown_in_its_header_and_nowhere_else(name: str) -> None:
    """Not in the address, which servers and proxies write down, and not in the body."""
    places = {"AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com", "VERTEX_PROJECT": "me"}
    request = upstream(name, **places)
    assert KEY not in request.url
    assert KEY.encode() not in request.body
    shown = [header for header, value in request.headers.items() if KEY in value]
    assert len(shown) == PROVIDERS[name].needs_key


@EACH
def test_the_way_of_the_mock(name: str) -> None:
    """Without any key in the environment, `missing_key: mock` takes a request to any provider through."""
    config = snapshot({}, "missing_key: mock\n")
    found = exchange(config, name).upstream_request()
    if PROVIDERS[name].needs_key:
        assert found.endpoint is MOCK
        assert found.url == "mock://answers/v1/messages"
    else:
        assert found.endpoint.name == name


@KEYED
def test_a_missing_key_is_named(name: str) -> None:
    """With every other variable of the environment that the address lacks."""
    with pytest.raises(MissingKey) as caught:
        exchange(snapshot({}), name).upstream_request()
    provider = PROVIDERS[name]
    assert provider.key_env
    needed = {provider.key_env, *variables(provider.base_url)} - {"VERTEX_LOCATION"}
    assert all(variable in str(caught.value) for variable in needed)


# -- stories: addresses and keys -----------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["", "/"])
def test_azure_is_at_an_address_of_ones_own(slash: str) -> None:
    """Its portal shows it with a slash; the key has a header of its own."""
    request = upstream("azure", AZURE_OPENAI_ENDPOINT=f"https://me.openai.azure.com{slash}")
    assert request.url == "https://me.openai.azure.com/openai/v1/chat/completions"
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("environment", "location"), [({}, "global"), ({"VERTEX_LOCATION": "eu"}, "eu")]
)
def test_vertex_is_in_a_project_and_a_location(environment: dict[str, str], location: str) -> None:
    """And takes a token of the cloud, which is shown as one."""
    request = upstream("vertex", VERTEX_PROJECT="cats", **environment)
    assert request.url == (
        f"https://aiplatform.googleapis.com/v1/projects/cats/locations/{location}"
        "/publishers/google/models/gemini-3-pro:streamGenerateContent?alt=sse"
    )
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_google_is_gemini() -> None:
    """By all but its name and its variable."""
    gemini, google = PROVIDERS["gemini"], PROVIDERS["google"]
    assert (google.dialect, google.base_url, google.auth) == (
        gemini.dialect,
        gemini.base_url,
        gemini.auth,
    )
    assert upstream("google").headers["x-goog-api-key"] == KEY


def test_openrouter_is_told_of_an_app_only_by_the_config() -> None:
    """Its headers are plain ones; a declaration names nobody's app."""
    mine = 'providers: {openrouter: {headers: {HTTP-Referer: "https://me", X-Title: mine}}}\n'
    made = snapshot({}, mine).endpoints["openrouter"].headers
    assert made == {"http-referer": "https://me", "x-title": "mine"}
    assert snapshot({}).endpoints["openrouter"].headers == {}


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("ollama", "http://localhost:11434/api/chat"),
        ("ollama-cloud", "https://ollama.com/api/chat"),
        ("llamacpp", "http://localhost:8080/v1/chat/completions"),
        ("lmstudio", "http://localhost:1234/v1/chat/completions"),
        ("vllm", "http://localhost:8000/v1/chat/completions"),
        ("openai-responses", "https://api.openai.com/v1/responses"),
        ("volcengine", "https://ark.cn-beijing.volces.com/api/v3/chat/completions"),
        ("zai", "https://api.z.ai/api/paas/v4/chat/completions"),
        ("anthropic", "https://api.anthropic.com/v1/messages"),
    ],
)
def test_endpoints(name: str, url: str) -> None:
    """Address and path fit together."""
    assert upstream(name).url == url


# -- stories: thinking ---------------------------------------------------------------------------------


def spoken(body: JSON) -> JSON:
    """What the assistant said in a chat request."""
    found: JSON = next(m for m in body["messages"] if m["role"] == "assistant")
    return found


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *(("deepseek", "reasoning_content"), ("moonshot", "reasoning_content")),
        *(("zai", "reasoning_content"), ("minimax", "reasoning_content")),
        *(("llamacpp", "reasoning_content"), ("vllm", "reasoning")),
    ],
)
def test_thinking_of_tool_turns_goes_back(name: str, field: str) -> None:
    """Where it is wanted; thinking of another model leaves the least that is accepted."""
    assert spoken(sent(name))[field] == "Let me look."
    foreign = json.loads(json.dumps(RICH["messages"]))
    foreign[1]["content"][0]["signature"] = "another model's"
    assert spoken(sent(name, messages=foreign))[field] == " "


@pytest.mark.parametrize("name", ["openai", "groq", "cerebras", "lmstudio", "huggingface"])
def test_thinking_does_not_go_where_nobody_asked_for_it(name: str) -> None:
    """A field that is not known is refused by some, and said to be dropped here."""
    assert set(spoken(sent(name))) == {"role", "content", "tool_calls"}
    assert "thinking of earlier turns" in outgoing(name).dropped


@pytest.mark.parametrize("name", ["deepseek", "moonshot", "zai", "volcengine"])
def test_thinking_is_switched(name: str) -> None:
    """On and off, by the same field at several makers."""
    model = {"volcengine": "doubao-seed-1-8"}.get(name)
    on = sent(name, model)["thinking"]["type"]
    off = sent(name, model, thinking={"type": "disabled"})["thinking"]["type"]
    assert (on, off) == ("enabled", "disabled")


def test_zai_keeps_thinking_between_turns() -> None:
    """It is told not to clear what is sent back."""
    assert sent("zai")["thinking"] == {"type": "enabled", "clear_thinking": False}


@pytest.mark.parametrize(
    ("effort", "told"), [("low", "low"), ("medium", "medium"), ("xhigh", "high"), ("max", "max")]
)
def test_deepseek_is_told_an_effort_beside_the_switch(effort: str, told: str) -> None:
    """The nearest of those that it knows."""
    body = sent("deepseek", thinking={"type": "adaptive"}, output_config={"effort": effort})
    assert (body["thinking"], body["reasoning_effort"]) == ({"type": "enabled"}, told)


@pytest.mark.parametrize("name", ["groq", "together", "fireworks", "huggingface"])
def test_effort_is_for_models_that_take_it(name: str) -> None:
    """Others of the same server refuse the parameter."""
    assert sent(name, "openai/gpt-oss-120b")["reasoning_effort"] == "low"
    assert "reasoning_effort" not in sent(name, "meta-llama/llama-4")


def test_openai_s_reasoning_models_differ_from_its_others() -> None:
    """They refuse sampling and stops; what no model takes is not sent to any."""
    thinker, speaker = sent("openai", "gpt-5"), sent("openai", "gpt-4.1")
    assert thinker["reasoning_effort"] == "low"
    assert thinker.keys().isdisjoint({"temperature", "stop", "top_k"})
    assert outgoing("openai", "gpt-5").stops == ("a", "b", "c", "d", "e")
    assert "reasoning_effort" not in speaker
    assert (speaker["temperature"], speaker["stop"]) == (0.5, ["a", "b", "c", "d"])
    assert thinker["max_completion_tokens"] == speaker["max_completion_tokens"] == 4000


def test_openai_is_asked_for_efforts_that_all_of_its_models_know() -> None:
    """Unless the config says more: `none` and `minimal` are known by some only."""
    asked = sent("openai", "gpt-5", thinking={"type": "disabled"}, output_config={"effort": "max"})
    assert asked["reasoning_effort"] == "low"


def test_responses_keep_their_reasoning() -> None:
    """Nothing stays at the server: the reasoning is handed out encrypted, and comes back."""
    body = sent("openai-responses")
    assert (body["store"], body["include"]) == (False, ["reasoning.encrypted_content"])


def test_openrouter_takes_thinking_as_tokens_or_as_an_effort() -> None:
    """As the client says it."""
    assert sent("openrouter")["reasoning"] == {"max_tokens": 2000}
    body = sent("openrouter", thinking={"type": "adaptive"}, output_config={"effort": "max"})
    assert body["reasoning"] == {"effort": "xhigh"}
    assert sent("openrouter", thinking={"type": "disabled"})["reasoning"] == {"effort": "none"}


def test_dashscope_takes_a_budget() -> None:
    """Of the models that can think and not think."""
    body = sent("dashscope", "qwen-plus")
    assert (body["enable_thinking"], body["thinking_budget"]) == (True, 2000)
    assert "enable_thinking" not in sent("dashscope", "qwen3-coder-plus")


@pytest.mark.parametrize(
    ("name", "model", "switches"),
    [
        ("llamacpp", "m", {"enable_thinking"}),
        ("vllm", "m", {"enable_thinking", "thinking"}),
        ("nvidia", "nvidia/nemotron-3-super", {"enable_thinking"}),
        ("nvidia", "meta/llama-4", set()),
    ],
)
def test_templates_switch_thinking(name: str, model: str, switches: set[str]) -> None:
    """By variables of theirs, where the model is known to have them."""
    body = sent(name, model, thinking={"type": "disabled"})
    assert body.get("chat_template_kwargs", {}) == dict.fromkeys(switches, False)


def test_moonshot_s_models_fix_their_sampling() -> None:
    """A temperature is refused by those that think."""
    assert "temperature" not in sent("moonshot")
    assert "temperature" in outgoing("moonshot").dropped


# -- stories: tools and content ------------------------------------------------------------------------


def test_mistral_is_strict() -> None:
    """Short ids, no unknown field or keyword, thinking as a part, and its own word for a demanded call."""
    body = sent("mistral", tool_choice={"type": "any"})
    said = spoken(body)
    ids = [call["id"] for call in said["tool_calls"]]
    assert all(len(id) == 9 and id.isalnum() for id in ids)
    assert [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"] == ids
    assert [part["type"] for part in said["content"]] == ["thinking"]
    assert "strict" not in body["tools"][0]["function"]
    assert body["tool_choice"] == "any"
    assert "stream_options" not in body
    begun = [*RICH["messages"][:1], {"role": "assistant", "content": "It is"}]
    assert sent("mistral", messages=begun)["messages"][-1]["prefix"] is True


@pytest.mark.parametrize("name", ["moonshot", "dashscope", "zai"])
def test_no_call_is_demanded_where_that_is_refused(name: str) -> None:
    """One tool alone is offered instead of named; that some call is wanted cannot be said."""
    named = sent(name, tool_choice={"type": "tool", "name": "wait"})
    assert [entry["function"]["name"] for entry in named["tools"]] == ["wait"]
    assert "tool_choice" not in named
    assert "tool_choice any" in outgoing(name, tool_choice={"type": "any"}).dropped


@pytest.mark.parametrize("name", ["llamacpp", "lmstudio"])
def test_local_servers_know_no_choice_by_name(name: str) -> None:
    """The tool is the only one that is offered, and a call is demanded."""
    named = sent(name, tool_choice={"type": "tool", "name": "wait"})
    assert [entry["function"]["name"] for entry in named["tools"]] == ["wait"]
    assert named["tool_choice"] == "required"


def test_ollama_is_given_its_window() -> None:
    """It refuses a longer prompt instead of cutting its beginning off."""
    target = destination("qwen3-coder", context=65536)
    out = PROVIDERS["ollama"].dialect.outgoing(request(**RICH), target)
    body = json.loads(out.body)
    assert body["options"]["num_ctx"] == 65536
    assert body["truncate"] is False


@pytest.mark.parametrize(("name", "natively"), [("zai", 1), ("xai", 0), ("deepseek", 5)])
def test_stop_sequences_that_a_server_does_not_take(name: str, natively: int) -> None:
    """Are kept by the gateway."""
    assert len(sent(name).get("stop", ())) == natively
    assert len(outgoing(name).stops) == 5 - natively


@pytest.mark.parametrize(
    ("name", "model"), [("deepseek", None), ("cerebras", None), ("zai", "glm-5")]
)
def test_models_that_cannot_see(name: str, model: str | None) -> None:
    """Are told that there was an image: its server would refuse the whole conversation."""
    assert "image_url" not in outgoing(name, model).body.decode()
    assert "image" in outgoing(name, model).dropped
    assert "image_url" in outgoing("zai", "glm-4.6v").body.decode()


@pytest.mark.parametrize(
    ("name", "model", "mark"),
    [
        ("openrouter", "anthropic/claude-sonnet-5", "cache_control"),
        ("openrouter", "google/gemini-3-pro", "cache_control"),
        ("openai", "gpt-5.6", "prompt_cache_breakpoint"),
        ("openrouter", "openai/gpt-5", None),
        ("openai", "gpt-4.1", None),
        ("groq", "openai/gpt-oss-120b", None),
    ],
)
def test_cache_marks(name: str, model: str, mark: str | None) -> None:
    """Go to the models that know them, in their words."""
    body = outgoing(name, model).body.decode()
    assert [word for word in ("cache_control", "prompt_cache_breakpoint") if word in body] == (
        [mark] if mark else []
    )


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("openai", {"safety_identifier", "prompt_cache_key"}),
        ("openrouter", {"user", "session_id"}),
        ("openai-responses", {"safety_identifier", "prompt_cache_key"}),
        ("deepseek", set()),
    ],
)
def test_users_and_sessions_are_told_apart_by_digests(name: str, fields: set[str]) -> None:
    """Where there are fields for it; the client's own ids go nowhere."""
    body = sent(name)
    known = {"user", "safety_identifier", "session_id", "prompt_cache_key"}
    assert known & body.keys() == fields
    assert all(len(body[field]) == 32 for field in fields)
    assert "metadata" not in body


def test_openrouter_searches_by_its_plugin() -> None:
    """As Claude Code's web search asks for it: with this tool alone."""
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    body = sent("openrouter", tools=[search], tool_choice=None)
    assert body["plugins"] == [{"id": "web", "max_uses": 3}]
    assert "tools" not in body


@pytest.mark.parametrize("name", ["openai", "azure", "deepseek"])
def test_answers_that_cannot_be_continued(name: str) -> None:
    """Are refused in Anthropic's words, instead of being begun anew."""
    begun = [*RICH["messages"][:1], {"role": "assistant", "content": "It is"}]
    with pytest.raises(InvalidRequest, match="prefill"):
        sent(name, messages=begun)
