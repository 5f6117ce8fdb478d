"""A checked config to the snapshot that serves. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway import transforms
from gateway.config.environment import first_variable
from gateway.config.positions import Positions
from gateway.config.snapshot import (
    ClientKey,
    Endpoint,
    ModelFacts,
    ServerSettings,
    Snapshot,
    Timeouts,
)
from gateway.config.units import parse_duration, parse_size
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, AuthScheme, Provider, auth_header
from gateway.routing import Rule, Target, compile_when
from gateway.routing.conditions import parse_count

DIALECT_AUTH: Mapping[str, AuthScheme] = {"anthropic": "x-api-key"}
"""How servers of a dialect want the key; `bearer` where nothing is said."""

KEY_VARIABLES = frozenset(provider.key_env for provider in PROVIDERS.values() if provider.key_env)
"""What a snapshot takes from the environment without being told to."""


def compile_config(
    value: Mapping[str, Any], positions: Positions, environment: Mapping[str, str], *, id: str
) -> Snapshot:
    """The snapshot of a config in which no check has found an error."""
    configured: Mapping[str, Any] = value.get("providers", {})
    correction = value.get("tool_correction", {}).get("mode", "repair")
    return Snapshot(
        id=id,
        server=_server(value.get("server", {})),
        endpoints={
            name: _endpoint(name, configured.get(name, {}), positions, environment)
            for name in dict.fromkeys([*PROVIDERS, *configured])
        },
        models={name: _facts(facts) for name, facts in value.get("models", {}).items()},
        rules=tuple(_rule(rule) for rule in value.get("rules", ())),
        default=_default(value["default"]),
        transforms={
            name: transforms.build(steps) for name, steps in value.get("transforms", {}).items()
        },
        correction=correction or "off",  # YAML reads a bare `off` as false
        when_key_is_missing=value.get("missing_key", "refuse"),
    )


def _server(options: Mapping[str, Any]) -> ServerSettings:
    given = {
        name: options[name] for name in ("host", "port", "allow_unauthenticated") if name in options
    }
    if "max_body" in options:
        given["max_body"] = parse_size(options["max_body"])
    keys = options.get("auth", {}).get("keys", ())
    return ServerSettings(
        keys=tuple(ClientKey(key["name"], key["key"].strip()) for key in keys), **given
    )


def _endpoint(
    name: str, options: Mapping[str, Any], positions: Positions, environment: Mapping[str, str]
) -> Endpoint:
    provider = _provider(name, options)
    key = _text(options.get("api_key"))
    if "api_key" not in options and provider.key_env is not None:
        key = _text(environment.get(provider.key_env))
    needs_key = provider.auth != "none" and (provider.needs_key or "api_key" in options)
    typed = positions.typed(("providers", name, "api_key"))
    key_source = first_variable(typed) or provider.key_env or f"providers.{name}.api_key"
    timeouts = options.get("timeouts", {})
    return Endpoint(
        name=name,
        dialect=provider.dialect,
        base_url=provider.base_url,
        headers={**provider.headers, **auth_header(provider.auth, key)},
        secret=key,
        missing_key=key_source if needs_key and key is None else None,
        timeouts=Timeouts(**{limit: parse_duration(time) for limit, time in timeouts.items()}),
    )


def _provider(name: str, options: Mapping[str, Any]) -> Provider:
    """The declaration of a known name, or a bare one; the config's fields laid over it."""
    declared = PROVIDERS.get(name)
    if declared is not None and "dialect" not in options:
        dialect, auth = declared.dialect, declared.auth
    else:
        dialect = DIALECTS[options["dialect"]]
        auth = DIALECT_AUTH.get(dialect.name, "bearer")
    if quirks := options.get("quirks"):
        dialect = dialect.with_quirks(quirks)
    return Provider(
        name=name,
        dialect=dialect,
        base_url=options["base_url"] if "base_url" in options else _declared_url(declared),
        auth=options.get("auth", auth),
        key_env=declared.key_env if declared else None,
        needs_key=declared.needs_key if declared else False,
        headers={
            **_lowered((declared.headers if declared else {}).items()),
            **_lowered(options.get("headers", {}).items()),
        },
    )


def _declared_url(declared: Provider | None) -> str:
    return declared.base_url if declared else ""


def _lowered(headers: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Names are one case, so that a config's header replaces a declaration's; unset ones are left out."""
    return {name.lower(): value.strip() for name, value in headers if value is not None}


def _text(value: str | None) -> str | None:
    """A key without the white space that files end with; None for an empty one."""
    return (value or "").strip() or None


def _facts(facts: Mapping[str, Any]) -> ModelFacts:
    return ModelFacts(**{name: parse_count(value) for name, value in facts.items()})


def _rule(rule: Mapping[str, Any]) -> Rule:
    when = rule.get("when", {})
    prefix: str | None = when.get("path_prefix")
    return Rule(
        name=rule["name"],
        conditions=compile_when(when),
        target=Target.parse(rule["use"]),
        transforms=tuple(rule.get("transforms", ())),
        path_prefix=prefix.rstrip("/") if prefix is not None else None,
    )


def _default(default: str | Mapping[str, Any]) -> Rule:
    parts = {"use": default} if isinstance(default, str) else default
    return _rule({**parts, "name": "default"})
