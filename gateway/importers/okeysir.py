"""Okeysir198's claude-code-proxy: all providers at once, chosen by the vendor in the model's name. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.importers.draft import Draft, target
from gateway.importers.files import Found
from gateway.importers.servers import Server, declare
from gateway.importers.system import Settings, System, Variable
from gateway.providers import PROVIDERS

VARIABLES: Mapping[str, Variable] = {
    "OPENROUTER_API_KEY": Variable("providers.openrouter.api_key", "secret"),
    "OPENROUTER_BASE_URL": Variable(
        "providers.openrouter.base_url", default="https://openrouter.ai/api/v1"
    ),
    "NVIDIA_API_KEY": Variable("providers.nvidia.api_key", "secret"),
    "NVIDIA_BASE_URL": Variable(
        "providers.nvidia.base_url", default="https://integrate.api.nvidia.com/v1"
    ),
    "NVIDIA_REASONING_BUDGET": Variable("providers.nvidia.quirks.extra.reasoning_budget"),
    "NVIDIA_ENABLE_THINKING": Variable("providers.nvidia.quirks.extra.chat_template_kwargs"),
    "OLLAMA_API_BASE": Variable("providers.ollama.base_url", default="http://localhost:11434"),
    "OLLAMA_NUM_CTX": Variable("providers.ollama.quirks.num_ctx", default="128000"),
    "OPENAI_API_KEY": Variable("providers.openai.api_key", "secret"),
    "OPENAI_BASE_URL": Variable("providers.openai.base_url", default="https://api.openai.com/v1"),
    "GEMINI_API_KEY": Variable("providers.gemini.api_key", "secret"),
    "ANTHROPIC_API_KEY": Variable("providers.anthropic.api_key", "secret"),
    "PREFERRED_PROVIDER": Variable("rules: small and big, and default", default="openai"),
    "BIG_MODEL": Variable("rules: big, and default", default="gpt-4.1"),
    "SMALL_MODEL": Variable("rules: small", default="gpt-4.1-mini"),
    "MAX_OUTPUT_TOKENS": Variable("rules: output-cap, `params.cap.max_tokens`", default="0"),
}

VENDORS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("openrouter", ("stepfun", "qwen", "mistralai", "x-ai"), "openrouter:*"),
    ("nvidia", ("nvidia", "meta"), "nvidia:*"),
    ("ollama", ("ollama",), "ollama:/*"),
    ("gemini", ("gemini",), "gemini:/*"),
)
"""Provider, what stands before the slash of its models, and the target: with or without that word."""

KEYS: Mapping[str, str] = {
    name: f"{name.upper()}_API_KEY"
    for name in ("openai", "openrouter", "nvidia", "gemini", "anthropic")
}
PREFERRED: Mapping[str, str] = {"google": "gemini"}
"""Other words for providers."""


def write(found: Found, draft: Draft) -> None:
    """The vendor in the name, then the tier, then the preferred provider."""
    settings = Settings(VARIABLES, found, draft)
    draft.server.value["port"] = 4000
    _providers(settings, draft)
    preferred = _preferred(settings, draft)
    big, small = (_target(settings.model(name), preferred) for name in ("BIG_MODEL", "SMALL_MODEL"))
    if cap := settings.number("MAX_OUTPUT_TOKENS"):
        comment = "MAX_OUTPUT_TOKENS, for everything that rules route."
        draft.rule(
            "output-cap", {}, comment, params={"cap": {"max_tokens": cap}}, **{"continue": True}
        )
    comment = "1. The vendor in the model's name; the model is the one that was asked for."
    for provider, vendors, use in VENDORS:
        asked = [f"{vendor}/*" for vendor in vendors]
        when = {"model": asked if len(asked) > 1 else asked[0]}
        draft.rule(f"{provider}-models", when, comment, use=use)
        comment = ""
    draft.rule("small", {"model": "*haiku*"}, "2. SMALL_MODEL, and BIG_MODEL.", use=small)
    draft.rule("big", {"model": ["*sonnet*", "*opus*", "*claude*"]}, use=big)
    draft.default.comment = (
        f"3. BIG_MODEL has the rest; `{preferred}:*` would hand on the model that was asked for."
    )
    draft.default.value = {"use": big}


def _providers(settings: Settings, draft: Draft) -> None:
    for name in ("openai", "openrouter", "nvidia", "gemini"):
        key = draft.key(name, KEYS[name])
        variable = f"{name.upper()}_BASE_URL"
        url = settings.text(variable) if variable in VARIABLES else PROVIDERS[name].base_url
        options = _thinking(settings) if name == "nvidia" else {}
        declare(draft, Server(name, url, key, None, options, like=name))
    quirks = {"num_ctx": settings.number("OLLAMA_NUM_CTX")}
    comment = (
        "Ollama's own format, the only one that takes the window of OLLAMA_NUM_CTX. To have nothing "
        "translated, write `dialect: anthropic` and leave `quirks` out."
    )
    url = settings.text("OLLAMA_API_BASE")
    declare(draft, Server("ollama", url, None, None, {"quirks": quirks}, comment, "ollama"))


def _thinking(settings: Settings) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if settings.has("NVIDIA_REASONING_BUDGET"):
        budget = settings.number("NVIDIA_REASONING_BUDGET")
        extra |= {"reasoning_budget": budget} if budget else {}
    if settings.has("NVIDIA_ENABLE_THINKING"):
        switch = {"enable_thinking": settings.is_on("NVIDIA_ENABLE_THINKING")}
        extra["chat_template_kwargs"] = switch
    return {"quirks": {"extra": extra}} if extra else {}


def _preferred(settings: Settings, draft: Draft) -> str:
    word = settings.text("PREFERRED_PROVIDER").lower()
    name = PREFERRED.get(word, word)
    if (needed := KEYS.get(name)) is not None:
        draft.reference(needed, f"the key of {name}")
    if name not in draft.providers and name not in PROVIDERS:
        draft.note("PREFERRED_PROVIDER", "dropped", "there is no such provider; nearest: openai")
        return "openai"
    return name


def _target(model: str, preferred: str) -> str:
    """A model's vendor comes before the preferred provider, as in requests."""
    vendor, slash, rest = model.partition("/")
    for provider, vendors, use in VENDORS:
        if slash and vendor in vendors:
            return target(provider, rest if use.endswith("/*") else model)
    return target(preferred, model)


SYSTEM = System(
    name="okeysir",
    title="Okeysir198's claude-code-proxy",
    variables=VARIABLES,
    write=write,
    marks=lambda variables: (
        bool(
            {"PREFERRED_PROVIDER", "OLLAMA_API_BASE", "OLLAMA_NUM_CTX", "MAX_OUTPUT_TOKENS"}
            & set(variables)
        )
        or any(name.startswith("NVIDIA_") for name in variables)
    ),
    caveats=(
        "A model in the URL comes before all rules, and what stands before its colon is the provider "
        "that is asked. The project lets `openai:` guess among OpenAI, OpenRouter and NVIDIA; here "
        "write openrouter:stepfun/step-3.5-flash:free or nvidia:nvidia/nemotron-3-nano-30b-a3b.",
    ),
)
