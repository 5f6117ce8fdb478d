"""tizee/claude-code-proxy: long prompts, thinking, a model that was asked for, background. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.importers.draft import Draft
from gateway.importers.files import Found
from gateway.importers.system import Settings, System, Variable
from gateway.importers.tizee_models import KINDS, MAKERS, Catalog, catalog_of, is_models_file

_LOGS = "the gateway writes one log to stderr; nearest: `gateway serve --log json 2> FILE`"

VARIABLES: Mapping[str, Variable] = {
    "OPENAI_API_KEY": Variable("providers.openai.api_key", "secret"),
    "GEMINI_API_KEY": Variable("providers.gemini.api_key", "secret"),
    "ANTHROPIC_API_KEY": Variable("providers.anthropic.api_key", "secret"),
    "ROUTER_BACKGROUND": Variable("rules: background"),
    "ROUTER_THINK": Variable("rules: think"),
    "ROUTER_LONG_CONTEXT": Variable("rules: long-context"),
    "ROUTER_DEFAULT": Variable("default"),
    "LONG_CONTEXT_THRESHOLD": Variable("rules: long-context, `tokens.above`", default="128000"),
    "LOG_LEVEL": Variable(
        "there is one level of log; nearest: `gateway explain` for what happens to a request",
        "dropped",
    ),
    "LOG_FILE_PATH": Variable(_LOGS, "dropped"),
}

MODELS = ("openai/gpt-4o", "openai/gpt-4o-mini", "gemini/gemini-2.5-pro", "gemini/gemini-2.0-flash")
"""What can be asked for by name without any file."""


def write(found: Found, draft: Draft) -> None:
    """The decision flow of the README, step by step."""
    settings = Settings(VARIABLES, found, draft)
    draft.server.value["port"] = 8082
    catalog = catalog_of(found, draft)
    limit = settings.number("LONG_CONTEXT_THRESHOLD")
    if use := _routed("ROUTER_LONG_CONTEXT", settings, catalog):
        comment = "1. ROUTER_LONG_CONTEXT: the prompt is long. Each request is measured anew."
        when = {"tokens": {"above": limit}}
        draft.rule("long-context", when, comment, use=use, sticky="none")
    if use := _routed("ROUTER_THINK", settings, catalog):
        comment = (
            "2. ROUTER_THINK: the client asks for thinking. Current clients do so nearly always; "
            "`{effort: [high, xhigh, max]}` in place of `true` keeps it for hard questions."
        )
        draft.rule("think", {"thinking": True}, comment, use=use)
    _explicit(settings, catalog, draft)
    if use := _routed("ROUTER_BACKGROUND", settings, catalog):
        comment = "4. ROUTER_BACKGROUND: what Claude Code asks its small model for."
        draft.rule("background", {"model": "*haiku*"}, comment, use=use)
    _default(settings, catalog, draft)


def _routed(variable: str, settings: Settings, catalog: Catalog) -> str | None:
    """The target of a route; None for one that is not set, or to nothing that is a model."""
    model = settings.model(variable)
    return catalog.target(model) if model.rpartition("/")[2] else None


def _explicit(settings: Settings, catalog: Catalog, draft: Draft) -> None:
    """A rule for every model that the files name, by all the names it has there."""
    routers = (settings.model(v) for v in VARIABLES if v.startswith("ROUTER_"))
    routed = (model for model in routers if model.rpartition("/")[2])
    named = [*(f"custom/{id}" for id in catalog.targets), *routed, *MODELS]
    by_target: dict[str, list[str]] = {}
    for name in named:
        kind, slash, rest = name.partition("/")
        names = [rest, name] if slash and kind in KINDS else [name]
        known = by_target.setdefault(catalog.target(name), [])
        known += [one for one in names if one not in known]
    for kind in MAKERS:
        catalog.known(kind)
        by_target[f"{kind}:/*"] = [f"{kind}/*"]
    comment = "3. Somebody asks for a model by its name: the choice is respected."
    for target, names in by_target.items():
        model = target.partition(":")[2]
        asked = {"model": names if len(names) > 1 else names[0]}
        name = f"model-{model}" if model != "/*" else f"{target.partition(':')[0]}-models"
        draft.rule(name, asked, comment, use=target)
        comment = ""


def _default(settings: Settings, catalog: Catalog, draft: Draft) -> None:
    for variable in ("ROUTER_DEFAULT", "ROUTER_BACKGROUND", "ROUTER_THINK", "ROUTER_LONG_CONTEXT"):
        if use := _routed(variable, settings, catalog):
            draft.default.comment = f"{variable}: what is left."
            draft.default.value = {"use": use}
            return
    draft.default.comment = "No ROUTER_DEFAULT was given: a model that the README names."
    use = next(iter(catalog.targets.values()), None) or catalog.target(MODELS[0])
    draft.default.value = {"use": use}


SYSTEM = System(
    name="tizee",
    title="tizee/claude-code-proxy",
    variables=VARIABLES,
    write=write,
    marks=lambda variables: any(
        name.startswith("ROUTER_") or name == "LONG_CONTEXT_THRESHOLD" for name in variables
    ),
    claims=is_models_file,
)
