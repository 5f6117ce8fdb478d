"""`models.yaml` of tizee/claude-code-proxy: its models, each with a server, a key and a price. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.importers.draft import Draft
from gateway.importers.files import Document, Found
from gateway.importers.servers import (
    Server,
    declare,
    is_local,
    known_at,
    sanitised,
    split_endpoint,
    variable_for,
)
from gateway.importers.system import Variable
from gateway.importers.values import count, is_model, per_million
from gateway.providers import PROVIDERS

KEYS: Mapping[str, Variable] = {
    "model_id": Variable("the name under which rules and clients know the model"),
    "model_name": Variable("the model of the target"),
    "api_base": Variable("the provider's `base_url`"),
    "api_key_name": Variable("the provider's `api_key`, as a reference"),
    "can_stream": Variable("nothing has to be done: answers are streamed to whoever wants that"),
    "max_tokens": Variable("`max_output` under `models`"),
    "max_input_tokens": Variable("`context` under `models`, which is prompt and answer together"),
    "input_cost_per_token": Variable("`price.input` under `models`, for a million tokens"),
    "output_cost_per_token": Variable("`price.output` under `models`, for a million tokens"),
}

FAMILIES: tuple[tuple[str, str], ...] = (
    ("deepseek", "deepseek"),
    ("gemini", "gemini"),
    ("claude", "anthropic"),
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("doubao", "volcengine"),
    ("kimi", "moonshot"),
    ("glm", "zai"),
)
"""How models are called -> who makes them, for models that no file describes."""

_KEY_ENDING = re.compile(r"(?:_api)?_(?:key|token)$")
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Where models are."""

    targets: Mapping[str, str]
    """Id -> target, for the models of the file."""
    draft: Draft

    def target(self, name: str) -> str:
        """The target of a name such as `custom/deepseek-v3`, `openai/gpt-4o` or `gpt-4o`."""
        kind, slash, rest = name.partition("/")
        model = rest if slash and kind in KINDS else name
        if kind in MAKERS and slash:
            return f"{self.known(kind)}:{rest}"
        return self.targets.get(model) or self._guessed(model)

    def _guessed(self, model: str) -> str:
        maker = next((maker for begins, maker in FAMILIES if model.startswith(begins)), None)
        if maker is not None:
            return f"{self.known(maker)}:{model}"
        url = self.draft.reference("CUSTOM_BASE_URL", f"the address of the server with {model}")
        key = self.draft.reference("CUSTOM_API_KEY", f"the key of the server with {model}")
        comment = "No file says where this model is: set CUSTOM_BASE_URL."
        return f"{declare(self.draft, Server('custom', url, key, None, {}, comment))}:{model}"

    def known(self, name: str) -> str:
        """Adds a known provider; gives its name."""
        known = PROVIDERS[name]
        key = self.draft.key(name, known.key_env) if known.key_env else None
        if name in self.draft.providers:
            return name
        return declare(self.draft, Server(name, known.base_url, key))


MAKERS = ("openai", "gemini", "anthropic")
KINDS = ("custom", *MAKERS)
"""What stands before the slash of a model."""


def is_models_file(document: Document) -> bool:
    """A list of models, each with an id."""
    value = document.value
    return isinstance(value, list) and any(isinstance(m, dict) and "model_id" in m for m in value)


def catalog_of(found: Found, draft: Draft) -> Catalog:
    """The models of every such file, with their servers."""
    targets: dict[str, str] = {}
    for document in found.structured:
        for model in document.value:
            if isinstance(model, dict) and is_model(model.get("model_id")):
                targets[model["model_id"]] = _model(model, document, draft)
    return Catalog(targets, draft)


def _model(model: Mapping[str, Any], document: Document, draft: Draft) -> str:
    id = model["model_id"]
    for key in model:
        known = KEYS.get(key)
        place = f"{document.name}: {id}.{key}"
        draft.note(place, "carried" if known else "unknown", known.says if known else "not known")
    if model.get("can_stream") is False:
        says = (
            "the server is asked for a stream whenever the client wants one; nearest: another model"
        )
        draft.note(f"{document.name}: {id}.can_stream", "dropped", says)
    provider = _provider(model, document, draft)
    name = model.get("model_name")
    target = f"{provider}:{name if is_model(name) else id}"
    facts = {
        key: number
        for key, old in (("context", "max_input_tokens"), ("max_output", "max_tokens"))
        if (number := count(model.get(old))) is not None
    }
    price = {
        key: cost
        for key, old in (("input", "input_cost_per_token"), ("output", "output_cost_per_token"))
        if (cost := per_million(model.get(old))) is not None
    }
    if facts or price:
        draft.facts(target, **facts, **({"price": price} if price else {}))
    return target


def _provider(model: Mapping[str, Any], document: Document, draft: Draft) -> str:
    url, variable = (
        str(model.get("api_base") or "https://api.openai.com/v1"),
        model.get("api_key_name"),
    )
    known = known_at(split_endpoint(url)[0])
    name = known or sanitised(_KEY_ENDING.sub("", str(variable or "custom").lower()))
    key = None
    if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
        if variable is not None:
            says = "it is no name of a variable; maybe the key itself, so it was not copied"
            draft.note(f"{document.name}: {model['model_id']}.api_key_name", "secret", says)
        variable = variable_for(name) if not is_local(url) else None
    if variable is not None:
        key = draft.reference(variable, f"the key of {name}")
    return declare(draft, Server(name, url, key, None, {}, f"From {document.name}."))
