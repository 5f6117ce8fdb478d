"""Imported configs route as the documents of each system say: each order is stated here once more."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from importers.examples import (
    LITELLM,
    MODELS,
    NIELSPETER,
    OKEYSIR,
    ROUTER,
    SIMPLE_PROXY,
    TIZEE,
    asked,
    env,
    loaded,
    snapshot_of,
    sound,
    target,
)

from gateway.importers import convert

MANY = settings(max_examples=100, deadline=None)

CLAUDE = (
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-5",
    "claude-3-5-haiku-20241022",
    "claude-instant",
    "anthropic/claude-haiku",
)
OTHER = ("gpt-4o", "gpt-5-mini", "qwen3:8b", "llama3.2", "wide", "fast", "my-haiku", "o3")
models = st.one_of(
    st.sampled_from([*CLAUDE, *OTHER]),
    st.text("abcdefgh-.", min_size=1, max_size=9),
    st.builds(
        lambda vendor, model: f"{vendor}/{model}",
        st.sampled_from(["openai", "gemini", "custom", "qwen", "x-ai", "nvidia", "meta", "ollama"]),
        st.sampled_from(["fast", "wide", "gpt-4o", "glm-4:9b", "claude-x", "some/model"]),
    ),
)
TIERS = ("opus", "sonnet", "haiku")


def tier_of(model: str) -> str | None:
    """The tier that a name holds."""
    return next((tier for tier in TIERS if tier in model), None)


# -- ultrathink --------------------------------------------------------------------------------------


def planned(model: str, overrides: dict[str, str]) -> tuple[str, str]:
    """The plan: the tier's variable, split at the first colon; else by the beginning of the name."""
    override = overrides.get(f"ANTHROPIC_DEFAULT_{(tier_of(model) or 'none').upper()}_MODEL")
    if override:
        backend, _, actual = override.partition(":")
        return backend, actual
    for begins, backend in (("gpt-", "openai"), ("claude-", "openrouter")):
        if model.startswith(begins):
            return backend, model
    return "ollama", model


@MANY
@given(
    models,
    st.fixed_dictionaries(
        {},
        optional={
            f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL": st.sampled_from(
                ["openai:gpt-4o", "ollama:mistral:7b", "openrouter:anthropic/claude-opus"]
            )
            for tier in TIERS
        },
    ),
)
def test_ultrathink(model: str, overrides: dict[str, str]) -> None:
    """Any tiers on any of the three backends."""
    snapshot = sound(env("ultrathink", OLLAMA_HOST="http://gpu:11434", **overrides).imported())
    assert target(snapshot, model) == ":".join(planned(model, overrides))


def test_ultrathink_alone_with_one_tier() -> None:
    """Two of the plan's three examples; the third is the property above."""
    openai = env(
        "ultrathink", ANTHROPIC_DEFAULT_SONNET_MODEL="openai:gpt-4o", OPENAI_API_KEY="k" * 9
    )
    assert target(sound(openai.imported()), "claude-sonnet-4") == "openai:gpt-4o"
    local = env(
        "ultrathink",
        ANTHROPIC_DEFAULT_HAIKU_MODEL="ollama:llama3.2",
        OLLAMA_HOST="http://localhost:11434",
    )
    assert target(sound(local.imported()), "claude-3-5-haiku") == "ollama:llama3.2"


# -- nielspeter --------------------------------------------------------------------------------------


@MANY
@given(models)
def test_nielspeter(model: str) -> None:
    """The tier's variable; what the project says nothing of gets the middle tier."""
    tiers = {
        "opus": "openai/gpt-5",
        "sonnet": "x-ai/grok-code-fast-1",
        "haiku": "google/gemini-2.5-flash",
    }
    wanted = tiers[tier_of(model) or "sonnet"]
    assert target(snapshot_of(NIELSPETER), model) == f"openrouter:{wanted}"


def test_nielspeter_without_variables_has_its_defaults() -> None:
    """OpenAI, with the models of the README."""
    example = env("nielspeter", OPENAI_BASE_URL="https://api.openai.com/v1", OPENAI_API_KEY="k" * 9)
    snapshot = sound(convert(example.files, system="nielspeter"))
    assert target(snapshot, "claude-opus-4") == "openai:gpt-5"
    assert target(snapshot, "claude-sonnet-4") == "openai:gpt-5"
    assert target(snapshot, "claude-3-5-haiku") == "openai:gpt-5-mini"
    assert snapshot.server.port == 8082
    assert snapshot.server.host == "127.0.0.1"


def test_nielspeter_with_ollama_needs_no_key_and_keeps_colons() -> None:
    """Names of models hold colons there."""
    example = env(
        "nielspeter",
        OPENAI_BASE_URL="http://localhost:11434/v1",
        ANTHROPIC_DEFAULT_SONNET_MODEL="deepseek-r1:70b",
        ANTHROPIC_DEFAULT_HAIKU_MODEL="llama3.1:8b",
    )
    imported = example.imported()
    assert imported.needed == ()
    snapshot = sound(imported)
    assert target(snapshot, "claude-sonnet-4") == "ollama:deepseek-r1:70b"
    assert snapshot.endpoints["ollama"].missing_key is None


def test_nielspeter_in_passthrough_mode_hands_everything_to_anthropic() -> None:
    """With the model that was asked for."""
    imported = env("nielspeter", PASSTHROUGH_MODE="true", ANTHROPIC_API_KEY="k" * 9).imported()
    assert target(sound(imported), "claude-opus-4") == "anthropic:claude-opus-4"


def test_the_key_of_clients_is_not_sent_to_anthropic() -> None:
    """It has the name of Anthropic's own key in that project."""
    imported = NIELSPETER.imported()
    snapshot = loaded(imported, {"ANTHROPIC_API_KEY": "the-clients-key"}).snapshot
    assert snapshot is not None
    assert [one.key for one in snapshot.server.keys] == ["the-clients-key"]
    assert all("the-clients-key" not in str(e.headers) for e in snapshot.endpoints.values())


# -- tizee -------------------------------------------------------------------------------------------


def decided(model: str, tokens: int, *, thinks: bool) -> str:
    """The decision flow of the README: long, thinking, explicit, background; then the fallback."""
    if tokens > 90_000:
        return "wide:wide"
    if thinks:
        return "openai:o3"
    kind, slash, rest = model.partition("/")
    described = {"fast": "deepseek:fast-v3", "wide": "wide:wide"}
    known = {**described, "o3": "openai:o3", "gpt-4o": "openai:gpt-4o"}
    if slash and kind in ("openai", "gemini", "anthropic"):
        return f"{kind}:{rest}"
    if slash and kind == "custom" and rest in described:
        return described[rest]
    if model in known:
        return known[model]
    return "deepseek:fast-v3" if "haiku" in model else "gemini:gemini-2.5-pro"


@MANY
@given(models, st.sampled_from([0, 89_999, 90_000, 90_001, 10**6]), st.booleans())
def test_tizee(model: str, tokens: int, thinks: bool) -> None:
    """Over all sizes of prompts, with and without thinking."""
    snapshot = snapshot_of(TIZEE)
    asking = {"thinking_type": "enabled" if thinks else None}
    found = target(snapshot, model, tokens=tokens, **asking)
    assert found == decided(model, tokens, thinks=thinks)


def test_tizee_without_models_yaml_knows_the_makers_of_the_readmes_models() -> None:
    """The names of the README's own `.env`."""
    example = env(
        "tizee",
        ROUTER_BACKGROUND="custom/deepseek-v3-250324",
        ROUTER_THINK="custom/deepseek-r1-250528",
        ROUTER_LONG_CONTEXT="custom/gemini-2.5-pro",
        ROUTER_DEFAULT="custom/deepseek-v3-250324",
    )
    snapshot = sound(example.imported())
    assert target(snapshot, "claude-haiku") == "deepseek:deepseek-v3-250324"
    assert target(snapshot, "x", tokens=128_000) == "deepseek:deepseek-v3-250324"
    assert target(snapshot, "x", tokens=128_001) == "gemini:gemini-2.5-pro"


def test_the_facts_of_models_yaml_are_known() -> None:
    """Limits, and prices for a million tokens."""
    snapshot = snapshot_of(TIZEE)
    facts = snapshot.models["deepseek:fast-v3"]
    assert facts.max_output == 8192
    assert facts.price is not None
    assert (facts.price.input, facts.price.output) == (0.27, 0.55)
    assert MODELS.name in TIZEE.imported().text


# -- okeysir -----------------------------------------------------------------------------------------

VENDORS = {
    **dict.fromkeys(["stepfun", "qwen", "mistralai", "x-ai"], "openrouter"),
    **dict.fromkeys(["nvidia", "meta"], "nvidia"),
}


def prefixed(model: str) -> str:
    """The vendor before the slash; then haiku; then the big model of the preferred provider."""
    vendor, slash, rest = model.partition("/")
    if slash and vendor in VENDORS:
        return f"{VENDORS[vendor]}:{model}"
    if slash and vendor in ("ollama", "gemini"):
        return f"{vendor}:{rest}"
    if "haiku" in model:
        return "openrouter:qwen/qwen3-coder"
    return "ollama:gpt-oss:20b"


@MANY
@given(models)
def test_okeysir(model: str) -> None:
    """All providers at once."""
    assert target(snapshot_of(OKEYSIR), model) == prefixed(model)


def test_okeysir_caps_answers_unless_the_cap_is_nothing() -> None:
    """MAX_OUTPUT_TOKENS, of which 0 is none."""
    [params] = asked(snapshot_of(OKEYSIR), "claude-opus").params
    assert params.cap == {"max_tokens": 5000}
    none = env("okeysir", PREFERRED_PROVIDER="openai", MAX_OUTPUT_TOKENS="0")
    assert asked(sound(none.imported()), "claude-opus").params == ()


def test_okeysir_without_variables_has_its_defaults() -> None:
    """OpenAI, with the models of the table."""
    snapshot = sound(env("okeysir", OLLAMA_API_BASE="http://localhost:11434").imported())
    assert target(snapshot, "claude-opus-4") == "openai:gpt-4.1"
    assert target(snapshot, "claude-haiku") == "openai:gpt-4.1-mini"
    assert target(snapshot, "ollama/glm-4:9b") == "ollama:glm-4:9b"
    assert snapshot.server.port == 4000


# -- simple-proxy ------------------------------------------------------------------------------------


@MANY
@given(models)
def test_simple_proxy(model: str) -> None:
    """Haiku is small, and everything else big; both after the same edits."""
    route = asked(snapshot_of(SIMPLE_PROXY), model)
    small = "haiku" in model
    assert str(route.target) == ("small:little-model" if small else "big:large-model")
    assert route.transforms == ("system-overrides", "tools-override")


def test_simple_proxy_asks_several_endpoints_in_order() -> None:
    """Later versions take a list with commas."""
    example = env(
        "simple-proxy",
        BIG_MODEL="m",
        BIG_MODEL_ENDPOINT="https://a.example/v1/chat/completions, https://b.example/v1",
        BIG_MODEL_API_KEY="k" * 9,
    )
    route = asked(sound(example.imported()), "claude-opus")
    assert [str(target) for target in route.targets] == ["big:m", "big-2:m"]


# -- claude-code-router ------------------------------------------------------------------------------

WANTED = {
    "openrouter,google/gemini-2.5-pro": "openrouter:google/gemini-2.5-pro",
    "openrouter,moonshotai/kimi-k2": "openrouter:moonshotai/kimi-k2",
    "ollama,qwen2.5-coder:latest": "ollama:qwen2.5-coder:latest",
    "gemini,gemini-2.5-flash": "gemini:gemini-2.5-flash",
    "my scope,Qwen/Qwen3": "my-scope:Qwen/Qwen3",
}


def routed(
    model: str, tokens: int, agent: str | None, contents: frozenset[str], *, thinks: bool
) -> str:
    """Explicit, image, long, sub-agent, background, web search, thinking; then the default."""
    if model in WANTED:
        return WANTED[model]
    if "image" in contents:
        return "gemini:gemini-2.5-flash"
    if tokens > 50_000:
        return "openrouter:google/gemini-2.5-pro"
    if agent is not None:
        return WANTED[agent]
    if "claude" in model and "haiku" in model:
        return "ollama:qwen2.5-coder:latest"
    if "web_search" in contents:
        return "gemini:gemini-2.5-flash"
    return "my-scope:Qwen/Qwen3" if thinks else "openrouter:moonshotai/kimi-k2"


@MANY
@given(
    st.one_of(models, st.sampled_from(list(WANTED))),
    st.sampled_from([0, 50_000, 50_001]),
    st.one_of(st.none(), st.sampled_from(list(WANTED))),
    st.frozensets(st.sampled_from(["image", "web_search", "tools"])),
    st.booleans(),
)
def test_claude_code_router(
    model: str, tokens: int, agent: str | None, contents: frozenset[str], thinks: bool
) -> None:
    """Every scenario with every other."""
    tag = f"<CCR-SUBAGENT-MODEL>{agent}</CCR-SUBAGENT-MODEL>Do it." if agent else "Do it."
    facts: dict[str, Any] = {
        "system": tag,
        "contents": contents,
        "thinking_type": "enabled" if thinks else None,
    }
    found = target(snapshot_of(ROUTER), model, tokens=tokens, **facts)
    assert found == routed(model, tokens, agent, contents, thinks=thinks)


def test_claude_code_routers_settings_are_carried() -> None:
    """Fallbacks, limits, headers, timeouts, and the answer to whom it serves."""
    snapshot = snapshot_of(ROUTER)
    assert [str(one) for one in snapshot.default.fallback] == ["gemini:gemini-2.5-flash"]
    assert snapshot.models["my-scope:Qwen/Qwen3"].max_output == 65536
    assert snapshot.models["openrouter:moonshotai/kimi-k2"].max_output == 4096
    openrouter = snapshot.endpoints["openrouter"]
    assert openrouter.headers["http-referer"] == "https://example.com"
    assert openrouter.timeouts.first_byte == 90
    assert (snapshot.server.host, snapshot.server.port) == ("0.0.0.0", 3457)  # noqa: S104
    assert snapshot.endpoints["gemini"].dialect.name == "gemini"


# -- LiteLLM -----------------------------------------------------------------------------------------


@MANY
@given(
    st.one_of(
        models, st.sampled_from(["claude-sonnet-4", "claude-opus-4", "local", "groq/x/y", "gem-x"])
    )
)
def test_litellm(model: str) -> None:
    """The name of a model or one of its other names; what is not listed is refused."""
    route = asked(snapshot_of(LITELLM), model)
    known = {
        "claude-sonnet-4": "anthropic:claude-sonnet-4-20250514",
        "claude-opus-4": "anthropic:claude-sonnet-4-20250514",
        "local": "local:opt-125m",
    }
    if model.startswith("groq/"):
        assert str(route.target) == f"groq:{model.removeprefix('groq/')}"
    elif model in known:
        assert str(route.target) == known[model]
    else:
        assert route.refuse is not None


def test_litellm_shares_what_has_several_servers() -> None:
    """By their limits of requests, and each is the other's fallback."""
    snapshot = snapshot_of(LITELLM)
    rule = next(rule for rule in snapshot.rules if rule.name == "shared")
    shares = dict(zip(map(str, rule.targets), rule.weights, strict=True))
    assert shares == {"azure:gpt-4o-eu": 30, "azure-2:gpt-4o-ca": 10}
    assert {str(one) for one in asked(snapshot, "shared").targets} == set(shares)
    for name, place in (("azure", "eu"), ("azure-2", "ca")):
        endpoint = snapshot.endpoints[name]
        assert endpoint.base_url == f"https://{place}.openai.azure.com/openai/v1"
        assert "api-key" in endpoint.headers


def test_litellms_failures_are_handled_as_it_says() -> None:
    """Fallbacks, retries up to what is possible, wider windows, and limits of time."""
    snapshot = snapshot_of(LITELLM)
    route = asked(snapshot, "claude-sonnet-4")
    assert [str(one) for one in route.fallback] == ["azure:gpt-4o-eu", "azure-2:gpt-4o-ca"]
    assert route.retries == 5
    local = next(rule for rule in snapshot.rules if rule.name == "local")
    assert local.needs_fit
    assert [str(one) for one in local.targets] == [
        "local:opt-125m",
        "anthropic:claude-sonnet-4-20250514",
    ]
    assert snapshot.endpoints["anthropic"].timeouts.first_byte == 90
    facts = snapshot.models["anthropic:claude-sonnet-4-20250514"]
    assert (facts.context, facts.max_output, facts.images) == (200_000, 64_000, True)
