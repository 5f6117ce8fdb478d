"""Checked rules to the ones that decide. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.sections.correction import overlay
from gateway.routing import Params, Rule, ServerTools, Sticky, Target, compile_when
from gateway.routing.conditions import is_volatile
from gateway.routing.conditions.base import parse_number
from gateway.units import parse_duration


def compile_rule(rule: Mapping[str, Any]) -> Rule:
    """A rule in whose value no check has found an error. Names of targets are no aliases any more."""
    when = rule.get("when", {})
    transforms = tuple(rule.get("transforms", ()))
    weights: Mapping[str, float] = rule.get("weights", {})
    used = rule.get("use", list(weights))
    params = rule.get("params")
    return Rule(
        name=rule["name"],
        tests=compile_when(when, transforms),
        targets=_targets(used if isinstance(used, list) else [used]),
        transforms=transforms,
        path_prefixes=tuple(_prefixes(when)),
        server_tools=server_tools(rule["server_tools"]) if "server_tools" in rule else None,
        weights=tuple(weights.values()),
        fallback=_targets(rule.get("fallback", ())),
        needs_fit=rule.get("needs") == "auto",
        params=_params(params) if params is not None else None,
        correction=overlay(rule["correction"]) if "correction" in rule else None,
        timeouts={name: parse_duration(time) for name, time in rule.get("timeouts", {}).items()},
        retries=rule.get("retries"),
        refuse=rule.get("refuse"),
        shadow=Target.parse(rule["shadow"]) if "shadow" in rule else None,
        goes_on=rule.get("continue", False),
        sticky=rule.get("sticky") or _stickiness(rule, when),
    )


def _prefixes(when: Mapping[str, Any]) -> Iterator[str]:
    """Every path prefix that a rule asks for, however deep it stands."""
    for name, value in when.items():
        if name == "path_prefix":
            yield value.rstrip("/")
        elif name in ("all", "any", "not"):
            for inner in value if isinstance(value, list) else [value]:
                yield from _prefixes(inner)


def _stickiness(rule: Mapping[str, Any], when: Mapping[str, Any]) -> Sticky:
    """A refusal is about one request; what changes by itself shall not change the target."""
    return "session" if is_volatile(when) and "refuse" not in rule else "none"


def compile_default(default: str | Mapping[str, Any]) -> Rule:
    """What happens to a request that no rule matches."""
    parts = {"use": default} if isinstance(default, str) else default
    return compile_rule({**parts, "name": "default"})


def server_tools(policy: Any) -> ServerTools:
    """What becomes of server tools that a target lacks."""
    return Target.parse(policy["use"]) if isinstance(policy, Mapping) else policy


def _targets(names: Any) -> tuple[Target, ...]:
    return tuple(Target.parse(name) for name in names)


def _params(params: Mapping[str, Any]) -> Params:
    return Params(
        set=params.get("set", {}),
        default=params.get("default", {}),
        cap={name: parse_number(limit) for name, limit in params.get("cap", {}).items()},
        drop=tuple(params.get("drop", ())),
    )


def without_aliases(value: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the target in place of each alias."""
    aliases: Mapping[str, str] = value.get("aliases", {})
    out = dict(value)
    for name in ("default", "server_tools"):
        if name in value:
            out[name] = resolved(value[name], aliases)
    out["rules"] = [resolved(rule, aliases) for rule in value.get("rules", ())]
    if "tool_correction" in value:
        out["tool_correction"] = _correction(value["tool_correction"], aliases)
    out["models"] = {
        name: {key: _entry(key, item, aliases) for key, item in facts.items()}
        for name, facts in value.get("models", {}).items()
    }
    return out


TARGET_KEYS = frozenset({"use", "fallback", "shadow", "server_tools"})
"""Keys of a rule under which targets stand."""


def resolved(value: Any, aliases: Mapping[str, str]) -> Any:
    """A target, a list of them, or a mapping in which some stand, without aliases."""
    match value:
        case str():
            return aliases.get(value, value)
        case list():
            return [resolved(item, aliases) for item in value]
        case Mapping():
            return {name: _entry(name, item, aliases) for name, item in value.items()}
        case _:
            return value


def _entry(name: str, item: Any, aliases: Mapping[str, str]) -> Any:
    if name == "weights" and isinstance(item, Mapping):
        return {aliases.get(target, target): share for target, share in item.items()}
    if name == "correction":
        return _correction(item, aliases)
    return resolved(item, aliases) if name in TARGET_KEYS else item


def _correction(item: Any, aliases: Mapping[str, str]) -> Any:
    if not isinstance(item, Mapping) or "model" not in item:
        return item
    return {**item, "model": resolved(item["model"], aliases)}
