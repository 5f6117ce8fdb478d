"""The JSON Schema of the config, made from the tables of the code. No IO but for `render`.

The checker validates against it; editors use the copy in `schemas/config.schema.json`, which a test
compares with `render()`. `x-expected` is the phrase for messages: "expected …, got …".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from gateway.config.fragments import attribute_docs, described, described_key, example
from gateway.config.units import DURATION_SCHEMA, SIZE_SCHEMA
from gateway.correction import Mode
from gateway.dialects import DIALECTS
from gateway.providers import PROVIDERS, AuthScheme
from gateway.routing import CONDITIONS
from gateway.routing.conditions import COUNT_SCHEMA
from gateway.transforms import TRANSFORMS

Schema = dict[str, Any]
Documents = Callable[[type], Mapping[str, str]]
"""From a class to what its docstrings say of its fields."""

_NO_CONTROL: Schema = {"not": {"pattern": "[\\x00-\\x1f\\x7f]"}}


def render() -> str:
    """The text of `schemas/config.schema.json`. Reads the source of the quirks for their docs."""
    return json.dumps(build(attribute_docs), indent=2, ensure_ascii=False) + "\n"


REQUIRED = ("default",)
"""The sections that every config has."""


def build(documents: Documents = lambda owner: {}) -> Schema:
    """The schema. Every key has a description, and the settings have examples."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The config of the gateway",
        "description": "Where requests go, and what is changed on the way.",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": _top(),
        "x-expected": "settings such as `default: openai:gpt-5`",
        "$defs": {
            "target": _target(),
            "transforms": _transform_names(),
            "provider": _provider(),
            **{f"quirks-{name}": _quirks(name, documents) for name in DIALECTS},
            "rule": _rule(),
            "when": _when(),
            "step": _step(),
        },
    }


def quirks_type(dialect: str) -> type:
    """The class whose fields are the quirks of a dialect."""
    owner: type = vars(type(DIALECTS[dialect]))["quirks_type"]
    return owner


def key(schema: Mapping[str, Any], description: str, *examples: Any) -> Schema:
    """A key's schema, with what an editor shows for it."""
    return {**schema, "description": description, "examples": list(examples)}


# -- small values ------------------------------------------------------------------------------------


def _text(expected: str, **rest: Any) -> Schema:
    return {"type": "string", "minLength": 1, **rest, "x-expected": expected}


def _choice(values: tuple[Any, ...]) -> Schema:
    named = ", ".join(values[:-1])
    return {"enum": list(values), "x-expected": f"{named} or {values[-1]}"}


def _object(properties: Schema, expected: str, **rest: Any) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **rest,
        "x-expected": expected,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _target() -> Schema:
    return _text("a target such as openai:gpt-5")


def _transform_names() -> Schema:
    return {
        "type": "array",
        "items": _text("the name of a transform"),
        "x-expected": "a list of transforms such as [small-model]",
    }


# -- sections ----------------------------------------------------------------------------------------


def _top() -> Schema:
    return {
        "version": key(
            {"const": 1, "x-expected": "1"}, "The version of the config's form; may be left out.", 1
        ),
        "server": key(_server(), "Where the gateway listens, and whom it serves.", {"port": 4000}),
        "providers": key(
            _providers(),
            "Where requests can go. A known name needs only what differs from its declaration.",
            {"openai": {"api_key": "${OPENAI_API_KEY}"}},
        ),
        "models": key(
            _models(),
            "What is known of models, by target.",
            {"openai:gpt-5": {"context": "400k", "max_output": "128k"}},
        ),
        "rules": key(
            {"type": "array", "items": _ref("rule"), "x-expected": "a list of rules"},
            "The first rule whose conditions all hold decides.",
            [{"name": "background", "when": {"model": "*haiku*"}, "use": "openai:gpt-5-mini"}],
        ),
        "default": key(
            {
                "anyOf": [_ref("target"), _default()],
                "x-expected": "a target such as openai:gpt-5, or {use: …, transforms: […]}",
            },
            "The target of what no rule matches.",
            "openai:gpt-5",
            {"use": "openai:gpt-5", "transforms": ["brief"]},
        ),
        "transforms": key(
            _transforms(),
            "Edits of the request, by name; rules say which of them apply.",
            {"brief": [{"system": {"append": "Be brief."}}]},
        ),
        "tool_correction": key(
            _correction(),
            "Tool calls are checked against the schemas of their tools, and repaired.",
            {"mode": "report"},
        ),
        "missing_key": key(
            _choice(("refuse", "mock")),
            "What happens to a request whose provider has no key: an error, or a canned answer.",
            "mock",
        ),
    }


def _correction() -> Schema:
    mode = {"enum": [*get_args(Mode), False], "x-expected": "off, report or repair"}
    says = "Repair tool calls, only report what is wrong, or neither."
    return _object({"mode": key(mode, says, "repair")}, "a mapping such as {mode: report}")


def _server() -> Schema:
    port = {"type": "integer", "minimum": 1, "maximum": 65535}
    reference = {"type": "string", "pattern": r"^\$\{.+\}$"}
    client = _object(
        {
            "name": key(
                _text("a name for the key", **_NO_CONTROL),
                "Who has the key, for the log.",
                "laptop",
            ),
            "key": key(
                {"type": "string", "pattern": r"\S", "x-expected": "a key such as ${GATEWAY_KEY}"},
                "The key itself: better from the environment.",
                "${GATEWAY_KEY}",
            ),
        },
        "a key such as {name: laptop, key: ${GATEWAY_KEY}}",
        required=["name", "key"],
    )
    keys = {"type": "array", "items": client, "x-expected": "a list of keys"}
    laptop = [{"name": "laptop", "key": "${GATEWAY_KEY}"}]
    auth = _object(
        {"keys": key(keys, "The keys that clients may show; without any, all are served.", laptop)},
        "a mapping such as {keys: […]}",
    )
    return _object(
        {
            "host": key(
                _text("a host such as 127.0.0.1"), "The address to listen at.", "127.0.0.1"
            ),
            "port": key(
                {"anyOf": [port, reference], "x-expected": "a port from 1 to 65535"},
                "The port to listen at.",
                4000,
            ),
            "auth": key(auth, "Whom the gateway serves.", {"keys": laptop}),
            "allow_unauthenticated": key(
                {"type": "boolean"},
                "Serve without keys even where other machines can reach the port.",
                True,
            ),
            "max_body": key(SIZE_SCHEMA, "The largest request body that is read.", "32MiB"),
        },
        "a mapping such as {port: 4000}",
    )


def _providers() -> Schema:
    known = {
        name: {
            **_ref("provider"),
            "if": {"not": {"required": ["dialect"]}},
            "then": {"properties": {"quirks": _ref(f"quirks-{provider.dialect.name}")}},
            "description": f"Known: {provider.base_url}, in the format {provider.dialect.name}"
            + (f", with the key of {provider.key_env}." if provider.key_env else "."),
            "examples": [{"base_url": provider.base_url}],
        }
        for name, provider in PROVIDERS.items()
    }
    return {
        "type": "object",
        "propertyNames": {
            "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
            "x-expected": "a name of letters, digits, `.`, `_` and `-`",
        },
        "properties": known,
        "additionalProperties": {**_ref("provider"), "required": ["dialect", "base_url"]},
        "x-expected": 'a mapping such as {openai: {api_key: "${OPENAI_API_KEY}"}}',
    }


def _provider() -> Schema:
    dialect = _choice(tuple(DIALECTS))
    secret = {"type": ["string", "null"], "x-expected": 'a key such as "${OPENAI_API_KEY}"'}
    headers = {
        "type": "object",
        "additionalProperties": {"type": ["string", "null"], "x-expected": "the text of a header"},
        "x-expected": "a mapping of header names to texts",
    }
    duration = ("connect", "first_byte", "idle")
    meaning = (
        "To reach the provider.",
        "From the request to the first byte of the answer.",
        "Silence within an answer.",
    )
    timeouts = {
        name: key(DURATION_SCHEMA, description, "30s")
        for name, description in zip(duration, meaning, strict=True)
    }
    properties = {
        "dialect": key(dialect, "The wire format that its servers speak.", "openai-chat"),
        "base_url": key(
            _text("a URL such as http://127.0.0.1:8000/v1"),
            "The address, without the path of an endpoint.",
            "http://127.0.0.1:8000/v1",
        ),
        "api_key": key(secret, "The key: better from the environment.", "${OPENAI_API_KEY}"),
        "auth": key(
            _choice(get_args(AuthScheme)),
            "The header in which the key is shown; the default follows the dialect.",
            "bearer",
        ),
        "headers": key(headers, "Sent with each request.", {"x-title": "gateway"}),
        "quirks": key(
            {"type": "object", "x-expected": "a mapping of quirks"},
            "How its servers differ from others of the dialect.",
            {"stop_limit": 4},
        ),
        "timeouts": key(
            _object(timeouts, "a mapping such as {first_byte: 2m}"),
            "How long to wait.",
            {"connect": "5s", "first_byte": "2m", "idle": "5m"},
        ),
    }
    by_dialect = [
        {
            "if": {"properties": {"dialect": {"const": name}}, "required": ["dialect"]},
            "then": {"properties": {"quirks": _ref(f"quirks-{name}")}},
        }
        for name in DIALECTS
    ]
    return _object(properties, 'a mapping such as {api_key: "${NAME}"}', allOf=by_dialect)


def _quirks(dialect: str, documents: Documents) -> Schema:
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
    return _object(properties, "a mapping of quirks")


def _models() -> Schema:
    return {
        "type": "object",
        "additionalProperties": _model(),
        "x-expected": "a mapping such as {openai:gpt-5: {context: 400k}}",
    }


def _model() -> Schema:
    return _object(
        {
            "context": key(COUNT_SCHEMA, "Tokens of prompt and answer together.", "400k"),
            "max_output": key(COUNT_SCHEMA, "Tokens of the longest answer.", "128k"),
        },
        "a mapping such as {context: 400k, max_output: 128k}",
    )


# -- rules and transforms ----------------------------------------------------------------------------


def _rule() -> Schema:
    return _object(
        {
            "name": key(
                _text("a name", **_NO_CONTROL), "What logs and explanations call it.", "fast"
            ),
            "when": key(_ref("when"), "All of these have to hold.", {"tokens": {"above": "60k"}}),
            "use": key(_ref("target"), "The target.", "openai:gpt-5"),
            "transforms": key(_ref("transforms"), "Edits to apply, in order.", ["brief"]),
        },
        "a rule such as {name: fast, when: {model: …}, use: openai:gpt-5}",
        required=["name", "use"],
    )


def _default() -> Schema:
    return _object(
        {
            "use": key(_ref("target"), "The target.", "openai:gpt-5"),
            "transforms": key(_ref("transforms"), "Edits to apply, in order.", ["brief"]),
        },
        "a target such as openai:gpt-5, or {use: …, transforms: […]}",
        required=["use"],
    )


def _when() -> Schema:
    conditions = {
        name: key(
            described(condition.schema), condition.description, example(condition.example)[name]
        )
        for name, condition in CONDITIONS.items()
    }
    return _object(
        conditions,
        "at least one condition; a rule without `when` always matches",
        minProperties=1,
    )


def _transforms() -> Schema:
    return {
        "type": "object",
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "items": _ref("step"),
            "x-expected": "a list of steps such as [{tools: {drop: [NotebookEdit]}}]",
        },
        "x-expected": "a mapping of names to lists of steps",
    }


def _step() -> Schema:
    steps = {
        name: described_key({**kind.schema, "description": kind.description})
        for name, kind in TRANSFORMS.items()
    }
    return _object(steps, f"a step: {' or '.join(TRANSFORMS)}", minProperties=1)


SECTIONS = frozenset(_top())
"""The keys of the whole config."""
