"""The plan "Claude Code Proxy: Multi-Backend SDK", whose program is `./ultrathink`. No IO.

A tier's variable decides, then the beginning of the model's name: GPT to OpenAI, Claude to OpenRouter,
everything else to Ollama.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.importers.draft import Draft, is_target
from gateway.importers.files import Found
from gateway.importers.servers import Server, declare
from gateway.importers.system import Settings, System, Variable
from gateway.providers import PROVIDERS

BACKENDS = ("openai", "openrouter", "ollama")
TIERS = ("opus", "sonnet", "haiku")


def tier_variable(tier: str) -> str:
    """The variable that says which model serves a tier."""
    return f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL"


VARIABLES: Mapping[str, Variable] = {
    **{tier_variable(tier): Variable(f"rules: {tier}") for tier in TIERS},
    "OPENROUTER_API_KEY": Variable("providers.openrouter.api_key", "secret"),
    "OPENAI_API_KEY": Variable("providers.openai.api_key", "secret"),
    "OLLAMA_HOST": Variable("providers.ollama.base_url", default="http://localhost:11434"),
}


def write(found: Found, draft: Draft) -> None:
    """The rules in the order of the plan's router."""
    settings = Settings(VARIABLES, found, draft)
    for name in ("openai", "openrouter"):
        key = draft.reference(f"{name.upper()}_API_KEY", f"the key of {name}")
        declare(draft, Server(name, PROVIDERS[name].base_url, key))
    declare(draft, Server("ollama", settings.text("OLLAMA_HOST"), like="ollama"))
    for tier in TIERS:
        _override(tier, settings, draft)
    comment = "A GPT model goes to OpenAI, under the name that was asked for."
    draft.rule("gpt", {"model": "gpt-*"}, comment, use="openai:*")
    comment = (
        "Any other Claude model goes to OpenRouter, also under the name that was asked for; OpenRouter "
        "itself calls them anthropic/claude-…"
    )
    draft.rule("claude", {"model": "claude-*"}, comment, use="openrouter:*")
    draft.default.comment = "Everything else goes to Ollama."
    draft.default.value = {"use": "ollama:*"}


def _override(tier: str, settings: Settings, draft: Draft) -> None:
    variable = tier_variable(tier)
    target = settings.text(variable)
    if not target:
        return
    if not is_target(target) or target.partition(":")[0] not in PROVIDERS:
        says = "it names no known `provider:model`, so the tier has no rule; nearest: a rule with `use`"
        draft.note(variable, "dropped", says)
        return
    draft.rule(tier, {"model": f"*{tier}*"}, f"From {variable}.", use=target)


def _marks(variables: Mapping[str, str]) -> bool:
    backends = (variables.get(tier_variable(tier), "").partition(":")[0] for tier in TIERS)
    return "OLLAMA_HOST" in variables or any(backend in BACKENDS for backend in backends)


SYSTEM = System(
    name="ultrathink",
    title='the plan "Claude Code Proxy: Multi-Backend SDK" (./ultrathink)',
    variables=VARIABLES,
    write=write,
    marks=_marks,
)
