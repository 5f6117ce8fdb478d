"""`model_list` of LiteLLM: groups of deployments, each a target. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from gateway.importers.draft import Draft, Ref
from gateway.importers.litellm_keys import BARE, INFO, PARAMS, PREFIXES
from gateway.importers.servers import (
    Server,
    declare,
    dialect_of,
    is_local,
    sanitised,
    variable_for,
)
from gateway.importers.system import Variable
from gateway.importers.values import amount, count, is_model, mapping, per_million
from gateway.providers import PROVIDERS
from gateway.routing.rules import HANDED_ON

ENVIRON = "os.environ/"
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What can be the name of a header."""

_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OTHER_MODES = frozenset(
    {"embedding", "image_generation", "audio_transcription", "audio_speech", "rerank", "moderation"}
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One server of a group."""

    target: str
    params: Mapping[str, Any]
    """Its `litellm_params`."""

    def number(self, name: str) -> float | None:
        """A number above nothing."""
        return amount(self.params.get(name)) or None


def noted(draft: Draft, place: str, keys: Mapping[str, Any], table: Mapping[str, Variable]) -> None:
    """A note for every key."""
    for key in keys:
        known = table.get(key)
        says = known.says if known else "nothing was made of it; see `gateway schema`"
        draft.note(f"{place}.{key}", known.kind if known else "unknown", says)


def deployment(
    draft: Draft, entry: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Deployment | None:
    """A deployment with its provider and facts; None where the gateway cannot ask it."""
    group, params = str(entry["model_name"]), mapping(entry.get("litellm_params"))
    info, place = mapping(entry.get("model_info")), f"model_list.{group}"
    noted(draft, place, params, PARAMS)
    noted(draft, f"{place}.model_info", info, INFO)
    if str(info.get("mode")) in _OTHER_MODES:
        draft.note(place, "dropped", f"{info['mode']} is not served; nearest: the provider itself")
        return None
    provider, model = _split(str(params.get("model") or ""))
    if provider is None or not model:
        says = "the gateway does not know that provider; nearest: one that speaks OpenAI's format"
        draft.note(place, "dropped", says)
        return None
    model = _handed_on(group, model)
    if "*" in model and model not in HANDED_ON:
        says = (
            "a rule hands on the whole name or what follows its first slash, and nothing else; nearest: "
            f"the target as the model, {provider}:MODEL"
        )
        draft.note(place, "dropped", says)
        return None
    target = f"{_declared(draft, group, provider, params, defaults)}:{model}"
    if not is_model(model) and model not in HANDED_ON:
        draft.note(
            place, "dropped", "its model has no form of a target; nearest: another name of it"
        )
        return None
    _facts(draft, target, params, info)
    return Deployment(target, params)


def _handed_on(group: str, model: str) -> str:
    """The model of a wildcard: what its name's `*` stands for is put where the model has one."""
    if model.count("*") != 1 or group.count("*") != 1:
        return "**" if "*" in model else model
    if model == group:
        return "*"
    return "/*" if model == "*" and group.endswith("/*") and group.count("/") == 1 else "**"


def _split(model: str) -> tuple[str | None, str]:
    """The provider and its own name of the model."""
    prefix, slash, rest = model.partition("/")
    if slash and prefix in PREFIXES:
        return PREFIXES[prefix], rest.removeprefix("responses/")
    return next((maker for begins, maker in BARE if model.startswith(begins)), None), model


def _declared(
    draft: Draft,
    group: str,
    provider: str,
    params: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> str:
    """The provider of a deployment."""
    known = PROVIDERS[provider]
    given = str(params.get("api_base") or params.get("base_url") or "")
    key = _key(draft, provider, given, params.get("api_key"), group)
    comment = f"For {group}."
    if not given:
        server = Server(provider, known.base_url, key, comment=comment, like=provider)
    elif provider == "openai":  # any server of that format is called by this name
        url = _reference(draft, given, f"the address of {group}")
        server = Server(sanitised(group), url, key, comment=comment)
    else:
        url = _reference(
            draft, _at_azure(given) if provider == "azure" else given, f"the address of {group}"
        )
        server = Server(sanitised(group), url, key, comment=comment, like=provider)
    return declare(draft, replace(server, options=_options(draft, group, server, params, defaults)))


def _at_azure(url: str) -> str:
    """The v1 endpoint of a resource, which `api_base` names alone or with a path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/openai/v1" if parts.netloc else url


def _options(
    draft: Draft,
    group: str,
    server: Server,
    params: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if headers := mapping(params.get("extra_headers") or params.get("headers")):
        options["headers"] = {
            name: _hidden(draft, group, name, text)
            for name, text in headers.items()
            if TOKEN.fullmatch(name)
        }
    extra = mapping(params.get("extra_body"))
    if extra and dialect_of(server) == "openai-chat":
        options["quirks"] = {"extra": extra}
    timeout = params.get("stream_timeout") or params.get("timeout") or defaults.get("timeout")
    if timeout := amount(timeout):
        options["timeouts"] = {"first_byte": f"{timeout:g}s"}
    return options


def _reference(draft: Draft, text: str, says: str) -> str:
    """`os.environ/NAME` as a reference."""
    name = text.removeprefix(ENVIRON)
    if text.startswith(ENVIRON) and _VARIABLE.fullmatch(name):
        return draft.reference(name, says)
    return text


def _key(draft: Draft, provider: str, url: str, value: Any, group: str) -> Ref | None:
    known = PROVIDERS[provider]
    text = str(value or "")
    if text.startswith(ENVIRON):
        found = _reference(draft, text, f"the key of {group}")
        if isinstance(found, Ref):
            return found
    if is_local(url) or (not known.needs_key and not text):
        return None
    if not text and not url and known.key_env:
        return draft.reference(known.key_env, f"the key of {provider}")
    if not text and url:
        return None
    says = f"the key of {group}"
    name = known.key_env if known.key_env and not url else variable_for(group)
    if name in draft.needed and draft.needed[name].says != says:
        name = variable_for(group)
    draft.note(f"model_list.{group}.api_key", "secret", f"the variable {name}")
    return draft.reference(name, says)


def _hidden(draft: Draft, group: str, header: str, value: Any) -> str:
    """Headers hold keys often enough."""
    text = str(value)
    found = _reference(draft, text, f"the header {header} of {group}")
    if isinstance(found, Ref):
        return found
    name = variable_for(f"{group} {header}").removesuffix("_API_KEY")
    return draft.reference(name, f"the header {header} of {group}")


PRICES = (
    ("input", "input_cost_per_token"),
    ("output", "output_cost_per_token"),
    ("cache_read", "cache_read_input_token_cost"),
    ("cache_write", "cache_creation_input_token_cost"),
)
ABILITIES = (
    ("images", "supports_vision"),
    ("documents", "supports_pdf_input"),
    ("tools", "supports_function_calling"),
)


def _facts(draft: Draft, target: str, params: Mapping[str, Any], info: Mapping[str, Any]) -> None:
    facts: dict[str, Any] = {}
    for key, names in (
        ("context", ("max_input_tokens",)),
        ("max_output", ("max_output_tokens", "max_tokens")),
    ):
        value = next(filter(None, (count(info.get(name)) for name in names)), None)
        facts |= {key: value} if value is not None else {}
    facts |= {key: info[old] for key, old in ABILITIES if isinstance(info.get(old), bool)}
    costs = {**params, **info}
    price = {key: per_million(costs.get(old)) for key, old in PRICES}
    price = {key: value for key, value in price.items() if value is not None}
    facts |= {"price": price} if price else {}
    if facts:
        draft.facts(target, **facts)
