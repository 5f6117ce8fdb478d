"""The schema of providers, with the quirks of their dialects. No IO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import msgspec

from gateway.config.schemas import correction_schema, rule_schema
from gateway.config.schemas.schema_parts import Schema, choice, key, object_of, ref, text
from gateway.config.sections import limits
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, AuthScheme

MOST_KEYS = 64
"""In the pool of a provider."""

Documents = Callable[[type], Mapping[str, str]]
"""From a class to what its docstrings say of its fields."""


def providers() -> Schema:
    """`providers:`"""
    known = {
        name: {
            **ref("provider"),
            "if": {"not": {"required": ["dialect"]}},
            "then": {"properties": {"quirks": ref(f"quirks-{one.dialect.name}")}},
            "description": f"Known: {one.base_url}, in the format {one.dialect.name}"
            + (f", with the key of {one.key_env}." if one.key_env else "."),
            "examples": [{"base_url": one.base_url}],
        }
        for name, one in PROVIDERS.items()
    }
    return {
        "type": "object",
        "propertyNames": {
            "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
            "x-expected": "a name of letters, digits, `.`, `_` and `-`",
        },
        "properties": known,
        "additionalProperties": {**ref("provider"), "required": ["dialect", "base_url"]},
        "x-expected": 'a mapping such as {openai: {api_key: "${OPENAI_API_KEY}"}}',
    }


def provider() -> Schema:
    """An entry of `providers:`."""
    dialect = choice(tuple(DIALECTS))
    headers = {
        "type": "object",
        "additionalProperties": {"type": ["string", "null"], "x-expected": "the text of a header"},
        "x-expected": "a mapping of header names to texts",
    }
    properties = {
        "dialect": key(dialect, "The wire format that its servers speak.", "openai-chat"),
        "base_url": key(
            text("a URL such as http://127.0.0.1:8000/v1"),
            "The address, without the path of an endpoint.",
            "http://127.0.0.1:8000/v1",
        ),
        **_credentials(),
        "headers": key(headers, "Sent with each request.", {"x-title": "gateway"}),
        "quirks": key(
            {"type": "object", "x-expected": "a mapping of quirks"},
            "How its servers differ from others of the dialect.",
            {"stop_limit": 4},
        ),
        "text_calls": correction_schema.text_calls("text"),
        "timeouts": key(
            rule_schema.timeouts(),
            "How long to wait.",
            {"connect": "5s", "first_byte": "2m", "idle": "5m"},
        ),
        "limits": limits.schema(),
        "network": key(
            network(),
            "How its servers are reached, where not directly and by HTTP/1.1.",
            {"proxy": "${HTTPS_PROXY:-}", "ca_file": "company-ca.pem"},
        ),
    }
    by_dialect = [
        {
            "if": {"properties": {"dialect": {"const": name}}, "required": ["dialect"]},
            "then": {"properties": {"quirks": ref(f"quirks-{name}")}},
        }
        for name in DIALECTS
    ]
    return object_of(properties, 'a mapping such as {api_key: "${NAME}"}', allOf=by_dialect)


def _credentials() -> Schema:
    """Keys of a provider, and how they are shown."""
    secret = {"type": ["string", "null"], "x-expected": 'a key such as "${OPENAI_API_KEY}"'}
    pool = {"type": "array", "items": secret, "minItems": 1, "maxItems": MOST_KEYS}
    keys = {
        "anyOf": [secret, {**pool, "x-expected": "a list of keys"}],
        "x-expected": 'a key such as "${OPENAI_API_KEY}", or a list of keys',
    }
    return {
        "api_key": key(
            keys,
            "The key: better from the environment. Of several keys a conversation keeps one, and gets "
            "another when that reaches its limit or is refused; those that are not set are left out.",
            "${OPENAI_API_KEY}",
            ["${OPENAI_API_KEY}", "${OPENAI_API_KEY_2}"],
        ),
        "auth": key(
            choice(get_args(AuthScheme)),
            "The header in which the key is shown; the default follows the dialect.",
            "bearer",
        ),
    }


def network() -> Schema:
    """`network:` of a provider."""
    proxy = {"type": ["string", "null"], "x-expected": "a URL such as http://proxy.lan:3128"}
    properties = {
        "proxy": key(
            proxy,
            "The proxy to go through, by CONNECT for https. The environment's are used only where "
            "a config names them; an empty text is none.",
            "http://proxy.lan:3128",
            "${HTTPS_PROXY:-}",
        ),
        "ca_file": key(
            text("the path of a file of certificates"),
            "Certificates (PEM) to trust beside the system's; relative to the config. A change is "
            "taken up like one of the config.",
            "company-ca.pem",
        ),
        "http2": key(
            {"type": "boolean", "x-expected": "true or false"},
            "Offers HTTP/2 to servers behind https; needs the extra `http2`.",
            True,
        ),
    }
    return object_of(properties, "a mapping such as {proxy: http://proxy.lan:3128}")


def quirks(dialect: str, documents: Documents) -> Schema:
    """The quirks of a dialect, from the types of their fields."""
    owner = quirks_type(dialect)
    generated = msgspec.json.schema(owner)["$defs"][owner.__name__]["properties"]
    docs = documents(owner)
    properties: Schema = {}
    for name, schema in generated.items():
        default = schema.pop("default")
        example = list(default) if isinstance(default, tuple) else default
        description = docs.get(name, "A difference between servers of this dialect.")
        properties[name] = {**key(schema, description, example), "default": example}
    return object_of(properties, "a mapping of quirks")


def quirks_type(dialect: str) -> type:
    """The class whose fields are the quirks of a dialect."""
    owner: type = vars(type(DIALECTS[dialect]))["quirks_type"]
    return owner
