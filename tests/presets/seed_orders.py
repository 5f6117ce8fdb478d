"""The routing of five systems in plain Python, written from their documents and not from the presets.

Each gives `(provider, model)` as its document says, for a request body, its size in tokens, and the
environment. Where a document hands on the model that was asked for, so does the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from language import JSON

Env = Mapping[str, str]
Decided = tuple[str, str]
Order = Callable[[JSON, int, Env], Decided]


def split(target: str) -> Decided:
    """`provider:model` at its first colon."""
    provider, _, model = target.partition(":")
    return provider, model


def ultrathink(body: JSON, tokens: int, env: Env) -> Decided:
    """The override of a Claude model's tier; then by prefix; then Ollama."""
    model = body["model"]
    if model.startswith("claude-"):
        for tier in ("opus", "sonnet", "haiku"):
            if tier in model:
                override = env.get(f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL")
                return split(override) if override else ("openrouter", model)
        return "openrouter", model
    if model.startswith("gpt-"):
        return "openai", model
    return "ollama", model


def nielspeter(body: JSON, tokens: int, env: Env) -> Decided:
    """A model of one server for each pattern of names; the middle one for names without."""
    defaults = {"opus": "gpt-5", "sonnet": "gpt-5", "haiku": "gpt-5-mini"}
    tier = next((tier for tier in defaults if tier in body["model"]), "sonnet")
    return "openai", env.get(f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL") or defaults[tier]


NAMED = {
    "gpt-4o": "openai",
    "gpt-4o-mini": "openai",
    "gemini-2.5-pro": "gemini",
    "gemini-2.0-flash": "gemini",
    "deepseek-v3-250324": "deepseek",
    "deepseek-r1-250528": "deepseek",
}
"""Models that tizee's README names, and who serves them."""
CUSTOM = ("gemini-2.5-pro", "deepseek-v3-250324", "deepseek-r1-250528")
"""Those of them that its router knows as `custom/…`."""


def tizee(body: JSON, tokens: int, env: Env) -> Decided:
    """Long context; thinking; the model that was asked for; background; the fallback."""
    if tokens > int(env.get("LONG_CONTEXT_THRESHOLD") or 128_000):
        return split(env.get("ROUTER_LONG_CONTEXT") or "gemini:gemini-2.5-pro")
    if body.get("thinking", {"type": "disabled"})["type"] != "disabled":
        return split(env.get("ROUTER_THINK") or "deepseek:deepseek-r1-250528")
    asked = body["model"]
    vendor, _, bare = asked.rpartition("/")
    is_custom = vendor == "custom" and bare in CUSTOM
    is_served = vendor in ("openai", "gemini") and NAMED.get(bare) == vendor
    if bare in NAMED and (not vendor or is_custom or is_served):
        return NAMED[bare], bare
    if "haiku" in asked:
        return split(env.get("ROUTER_BACKGROUND") or "deepseek:deepseek-v3-250324")
    return split(env.get("ROUTER_DEFAULT") or "deepseek:deepseek-v3-250324")


def okeysir(body: JSON, tokens: int, env: Env) -> Decided:
    """The vendor before the slash; then the tier; then the preferred provider's big model."""
    model = body["model"]
    vendor, slash, rest = model.partition("/")
    if slash and vendor in ("stepfun", "qwen", "mistralai", "x-ai"):
        return "openrouter", model
    if slash and vendor in ("nvidia", "meta"):
        return "nvidia", model
    if slash and vendor in ("ollama", "gemini"):
        return vendor, rest
    preferred = env.get("PREFERRED_PROVIDER") or "openai"
    if "haiku" in model:
        return preferred, env.get("SMALL_MODEL") or "gpt-4.1-mini"
    return preferred, env.get("BIG_MODEL") or "gpt-4.1"


def simple_proxy(body: JSON, tokens: int, env: Env) -> Decided:
    """Haiku is small, everything else big."""
    if "haiku" in body["model"]:
        return "small", env.get("SMALL_MODEL") or "fast-model-name"
    return "big", env.get("BIG_MODEL") or "provider-model-name"


ORDERS: Mapping[str, Order] = {
    "ultrathink": ultrathink,
    "nielspeter": nielspeter,
    "tizee": tizee,
    "okeysir": okeysir,
    "simple-proxy": simple_proxy,
}
"""Preset -> the order of the system that it reproduces."""
