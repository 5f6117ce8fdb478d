"""A checked config to the snapshot that serves. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from gateway import transforms
from gateway.config.endpoint import Endpoint, Timeouts
from gateway.config.redaction import written_secrets
from gateway.config.sections import access, failover, rules
from gateway.config.sections.access_files import AccessFiles
from gateway.config.sections.correction import overlay, text_calls_of
from gateway.config.sections.life_settings import life
from gateway.config.sections.limits import limits
from gateway.config.sections.network import network
from gateway.config.sections.reload_settings import recorder_settings, reload_settings, test_files
from gateway.config.sections.token_settings import scales
from gateway.config.snapshot import (
    ModelFacts,
    Price,
    ReasoningSettings,
    ServerSettings,
    Snapshot,
)
from gateway.config.text.environment import filled, first_variable, variables
from gateway.config.text.positions import Positions
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, AuthScheme, Provider, auth_header
from gateway.routing import Target
from gateway.routing.conditions import parse_count
from gateway.routing.conditions.base import as_list
from gateway.routing.rules import Rules
from gateway.units import parse_duration, parse_room, parse_size

DIALECT_AUTH: Mapping[str, AuthScheme] = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
"""How servers of a dialect want the key; `bearer` where nothing is said."""

KEY_VARIABLES = frozenset(
    provider.key_env for provider in PROVIDERS.values() if provider.key_env
).union(*(variables(provider.base_url) for provider in PROVIDERS.values()))
"""What a snapshot takes from the environment without being told to."""


def compile_config(
    value: Mapping[str, Any],
    positions: Positions,
    environment: Mapping[str, str],
    *,
    id: str,
    certificates: Mapping[str, str],
    access_files: AccessFiles,
) -> Snapshot:
    """The snapshot of a config in which no check has found an error.

    `certificates` are those that providers are trusted by, by provider.
    """
    aliases: Mapping[str, str] = value.get("aliases", {})
    value = rules.without_aliases(value)
    configured: Mapping[str, Any] = value.get("providers", {})
    return Snapshot(
        id=id,
        server=_server(value.get("server", {}), aliases, access_files),
        endpoints={
            name: _endpoint(
                name, configured.get(name, {}), positions, environment, certificates.get(name)
            )
            for name in dict.fromkeys([*PROVIDERS, *configured])
        },
        models={name: _facts(facts) for name, facts in value.get("models", {}).items()},
        rules=Rules(rules.compile_rule(rule) for rule in value.get("rules", ())),
        default=rules.compile_default(value["default"]),
        aliases={name: Target.parse(text) for name, text in value.get("aliases", {}).items()},
        transforms={
            name: transforms.build(steps) for name, steps in value.get("transforms", {}).items()
        },
        correction=overlay(value.get("tool_correction", {})),
        when_key_is_missing=value.get("missing_key", "refuse"),
        server_tools=rules.server_tools(value.get("server_tools", "auto")),
        reasoning=ReasoningSettings(**value.get("reasoning", {})),
        reload=reload_settings(value.get("reload", {})),
        recorder=recorder_settings(value.get("recorder")),
        failover=failover.settings(value.get("failover", {})),
        scales=scales(value.get("tokens", {})),
        tests=test_files(value.get("tests")),
        named_targets=value.get("named_targets", "allow"),
        apply=tuple(value.get("apply", ())),
        print_system=value.get("print_system", False),
        written_secrets=tuple(written_secrets(value)),
    )


SIZES = {"max_body": parse_size, "memory": parse_room}


def _server(
    options: Mapping[str, Any], aliases: Mapping[str, str], files: AccessFiles
) -> ServerSettings:
    given = {
        name: options[name] for name in ("host", "port", "allow_unauthenticated") if name in options
    }
    given |= {name: parse(options[name]) for name, parse in SIZES.items() if name in options}
    given |= {
        name: access.names_of(as_list(options[name]))
        for name in ("hosts", "origins")
        if name in options
    }
    return ServerSettings(
        life=life(options),
        keys=access.client_keys(options.get("auth", {}), files.keys, aliases),
        admin=access.admin_key(options.get("admin")),
        tls=files.tls,
        socket=access.unix_socket(options.get("socket")),
        listens_at_port=bool({"host", "port"} & options.keys()) or "socket" not in options,
        **given,
    )


def _endpoint(
    name: str,
    options: Mapping[str, Any],
    positions: Positions,
    environment: Mapping[str, str],
    ca: str | None,
) -> Endpoint:
    provider = _provider(name, options)
    keys = _keys(options, provider, environment)
    needs_key = provider.auth != "none" and (provider.needs_key or "api_key" in options)
    key_source = _key_source(name, positions) or provider.key_env or f"providers.{name}.api_key"
    timeouts = options.get("timeouts", {})
    # What the config writes has been expanded already; what a declaration writes has not.
    base_url, lacking = (
        (provider.base_url, ()) if "base_url" in options else filled(provider.base_url, environment)
    )
    unset = [*([key_source] if needs_key and not keys else []), *lacking]
    first = Endpoint(
        name=name,
        dialect=provider.dialect,
        base_url=base_url,
        headers=provider.headers,
        missing_key=" and ".join(unset) or None,
        timeouts=Timeouts(**{name: parse_duration(time) for name, time in timeouts.items()}),
        text_calls=provider.text_calls,
        network=network(options.get("network", {}), ca),
        limits=limits(options.get("limits")),
    )
    pool = tuple(_with_key(first, provider.auth, key) for key in keys or (None,))
    return pool[0] if len(pool) == 1 else replace(pool[0], pool=pool)


def _with_key(endpoint: Endpoint, auth: AuthScheme, key: str | None) -> Endpoint:
    """The endpoint as it is asked with a key."""
    known = f"{endpoint.base_url}\0{key or ''}".encode("utf-8", "surrogatepass")
    return replace(
        endpoint,
        headers={**endpoint.headers, **auth_header(auth, key)},
        secret=key,
        access=blake2b(known, digest_size=12, person=b"gateway access").hexdigest(),
    )


def _keys(
    options: Mapping[str, Any], provider: Provider, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """The keys that are set, each once."""
    said = options.get("api_key")
    if "api_key" not in options and provider.key_env is not None:
        said = environment.get(provider.key_env)
    every = map(_text, said if isinstance(said, list) else [said])
    return tuple(dict.fromkeys(key for key in every if key is not None))


def _key_source(name: str, positions: Positions) -> str | None:
    """The variable that the config takes the key from, or the first one of a pool."""
    path = ("providers", name, "api_key")
    return first_variable(positions.typed(path)) or first_variable(positions.typed((*path, 0)))


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
        text_calls=_text_calls(options, declared),
        headers={
            **_lowered((declared.headers if declared else {}).items()),
            **_lowered(options.get("headers", {}).items()),
        },
    )


def _declared_url(declared: Provider | None) -> str:
    return declared.base_url if declared else ""


def _text_calls(options: Mapping[str, Any], declared: Provider | None) -> tuple[str, ...]:
    if "text_calls" in options:
        return text_calls_of(options["text_calls"])
    return declared.text_calls if declared else ()


def _lowered(headers: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Names are one case, so that a config's header replaces a declaration's; unset ones are left out."""
    return {name.lower(): value.strip() for name, value in headers if value is not None}


def _text(value: str | None) -> str | None:
    """A key without the white space that files end with; None for an empty one."""
    return (value or "").strip() or None


def _facts(facts: Mapping[str, Any]) -> ModelFacts:
    known: dict[str, Any] = dict(facts)
    for name in ("context", "max_output"):
        if name in known:
            known[name] = parse_count(known[name])
    if "correction" in known:
        known["correction"] = overlay(known["correction"])
    known["transforms"] = tuple(known.get("transforms", ()))
    if "price" in known:
        known["price"] = Price(**known["price"])
    return ModelFacts(**known)
