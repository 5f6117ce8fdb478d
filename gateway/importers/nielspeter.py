"""nielspeter/claude-code-proxy: one server of OpenAI's format, and a model of it for each tier. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config import is_loopback
from gateway.importers.draft import Draft, Ref, target
from gateway.importers.files import Found
from gateway.importers.servers import Server, declare, is_local, known_at, split_endpoint
from gateway.importers.system import Settings, System, Variable
from gateway.importers.ultrathink import BACKENDS, TIERS, tier_variable
from gateway.importers.values import header_text
from gateway.providers import PROVIDERS

VARIABLES: Mapping[str, Variable] = {
    "OPENAI_API_KEY": Variable("the provider's `api_key`", "secret"),
    "OPENAI_BASE_URL": Variable("the provider's `base_url`", default="https://api.openai.com/v1"),
    tier_variable("opus"): Variable("rules: opus", default="gpt-5"),
    tier_variable("sonnet"): Variable("rules: sonnet, and default", default="gpt-5"),
    tier_variable("haiku"): Variable("rules: haiku", default="gpt-5-mini"),
    "OPENROUTER_APP_NAME": Variable("the provider's header X-Title"),
    "OPENROUTER_APP_URL": Variable("the provider's header HTTP-Referer"),
    "ANTHROPIC_API_KEY": Variable("server.auth.keys: clients show it to the gateway", "secret"),
    "HOST": Variable("server.host", default="0.0.0.0"),  # noqa: S104
    "PORT": Variable("server.port", default="8082"),
    "PASSTHROUGH_MODE": Variable("default: `anthropic:*`, and no rules", default="false"),
}

_ROUTING = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENROUTER_APP_NAME", "OPENROUTER_APP_URL"),
    *map(tier_variable, TIERS),
)
"""What counts only while requests are routed."""


def write(found: Found, draft: Draft) -> None:
    """The tiers; other names get what the middle tier gets."""
    settings = Settings(VARIABLES, found, draft)
    _server(settings, draft)
    if settings.is_on("PASSTHROUGH_MODE"):
        _pass_through(found, draft)
        return
    provider = _provider(settings, draft)
    for tier in TIERS:
        variable = tier_variable(tier)
        model = settings.model(variable)
        comment = (
            f"From {variable}." if settings.has(variable) else f"{variable} is not set: {model}."
        )
        draft.rule(tier, {"model": f"*{tier}*"}, comment, use=target(provider, model))
    draft.default.comment = "The project says nothing of other names; they get the middle tier."
    draft.default.value = {"use": target(provider, settings.model(tier_variable("sonnet")))}


def _pass_through(found: Found, draft: Draft) -> None:
    """Everything to Anthropic, with the key that clients show as well."""
    key = draft.reference("ANTHROPIC_API_KEY", "Anthropic's key")
    draft.providers.clear()
    declare(draft, Server("anthropic", PROVIDERS["anthropic"].base_url, key))
    draft.default.comment = "PASSTHROUGH_MODE: everything goes to Anthropic as it is."
    draft.default.value = {"use": "anthropic:*"}
    for name in set(found.variables) & set(_ROUTING):
        draft.note(name, "dropped", "PASSTHROUGH_MODE is on; nearest: import without it")


def _provider(settings: Settings, draft: Draft) -> str:
    url = settings.text("OPENAI_BASE_URL")
    base, _ = split_endpoint(url)
    key = None
    known = known_at(base)
    needs_key = PROVIDERS[known].needs_key if known else not is_local(url)
    if needs_key or (settings.has("OPENAI_API_KEY") and known is None):
        key = draft.reference("OPENAI_API_KEY", "the key of the server at OPENAI_BASE_URL")
    elif settings.has("OPENAI_API_KEY"):
        draft.note(
            "OPENAI_API_KEY", "dropped", "this server asks for no key; nearest: none is needed"
        )
    headers = {
        header: settings.text(variable)
        for header, variable in (
            ("http-referer", "OPENROUTER_APP_URL"),
            ("x-title", "OPENROUTER_APP_NAME"),
        )
        if header_text(settings.text(variable))
    }
    comment = "From OPENAI_BASE_URL." if settings.has("OPENAI_BASE_URL") else ""
    options = {"headers": headers} if headers else {}
    return declare(draft, Server("upstream", url, key, None, options, comment))


def _server(settings: Settings, draft: Draft) -> None:
    draft.server.value["port"] = settings.port()
    host = settings.text("HOST")
    if settings.has("ANTHROPIC_API_KEY"):
        key = draft.reference("ANTHROPIC_API_KEY", "what clients show to the gateway")
        draft.server.value["auth"] = {"keys": [{"name": "client", "key": key}]}
        # The gateway would take a variable of this name for Anthropic's own key, and send it there.
        own = Ref("${ANTHROPIC_UPSTREAM_KEY:-}")
        says = (
            "ANTHROPIC_API_KEY is the clients' key here, so Anthropic's own, if it is to be asked at "
            "all, has another name."
        )
        declare(draft, Server("anthropic", PROVIDERS["anthropic"].base_url, own, None, {}, says))
    if is_loopback(host) or settings.has("ANTHROPIC_API_KEY"):
        if settings.has("HOST") or is_loopback(host):
            draft.server.value = {"host": host, **draft.server.value}
        return
    draft.server.comment = (
        "The project listens at all addresses and asks nobody for a key; here other machines can "
        "reach the port only once clients need one (`auth`), or with `allow_unauthenticated: true`."
    )
    if settings.has("HOST"):
        says = "other machines could reach it without any key; nearest: `host` with `auth.keys`"
        draft.note("HOST", "dropped", says)


def _marks(variables: Mapping[str, str]) -> bool:
    bare = (
        variables.get(tier_variable(tier), "").partition(":")[0] not in ("", *BACKENDS)
        for tier in TIERS
    )
    own = {"OPENROUTER_APP_NAME", "OPENROUTER_APP_URL", "PASSTHROUGH_MODE"}
    return bool(own & set(variables)) or any(bare)


SYSTEM = System(
    name="nielspeter",
    title="nielspeter/claude-code-proxy",
    variables=VARIABLES,
    write=write,
    marks=_marks,
)
