"""The JSON Schema of the config, made from the tables of the code. No IO but for `render`.

The checker validates against it; editors use the copy in `schemas/config.schema.json`, which a test
compares with `render()`. `x-expected` is the phrase for messages: "expected …, got …".
"""

from __future__ import annotations

import json
from typing import get_args

from gateway.config.schemas import (
    access_schema,
    correction_schema,
    provider_schema,
    reload_schema,
    rule_schema,
)
from gateway.config.schemas.fragments import attribute_docs, described_key
from gateway.config.schemas.layer_schema import layering
from gateway.config.schemas.provider_schema import Documents
from gateway.config.schemas.schema_parts import Schema, choice, key, object_of, ref, text
from gateway.config.sections import failover, life_settings, token_settings
from gateway.config.snapshot import NamedTargets
from gateway.dialects import DIALECTS
from gateway.routing.conditions import COUNT_SCHEMA
from gateway.transforms import TRANSFORMS
from gateway.units import ROOM_SCHEMA, SIZE_SCHEMA


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
            "provider": provider_schema.provider(),
            **{f"quirks-{name}": provider_schema.quirks(name, documents) for name in DIALECTS},
            "correction": correction_schema.correction(),
            "rule": rule_schema.rule(),
            "when": rule_schema.when(),
            "step": _step(),
        },
    }


# -- small values ------------------------------------------------------------------------------------


def _target() -> Schema:
    return text("a target such as openai:gpt-5")


def _transform_names() -> Schema:
    return {
        "type": "array",
        "items": text("the name of a transform"),
        "x-expected": "a list of transforms such as [small-model]",
    }


# -- sections ----------------------------------------------------------------------------------------


def _top() -> Schema:
    sections = _sections()
    return {**layering(sections), **sections}


def _sections() -> Schema:
    return {**_world(), **_routes(), **_changes(), **_policies()}


def _world() -> Schema:
    """Who asks, and who can be asked."""
    return {
        "version": key(
            {"const": 1, "x-expected": "1"}, "The version of the config's form; may be left out.", 1
        ),
        "server": key(_server(), "Where the gateway listens, and whom it serves.", {"port": 4000}),
        "providers": key(
            provider_schema.providers(),
            "Where requests can go. A known name needs only what differs from its declaration.",
            {"openai": {"api_key": "${OPENAI_API_KEY}"}},
        ),
        "models": key(
            _models(),
            "What is known of models, by target.",
            {"openai:gpt-5": {"context": "400k", "max_output": "128k"}},
        ),
    }


def _routes() -> Schema:
    """Who is asked."""
    return {
        "rules": key(
            {"type": "array", "items": ref("rule"), "x-expected": "a list of rules"},
            "The first rule whose conditions all hold decides.",
            [{"name": "background", "when": {"model": "*haiku*"}, "use": "openai:gpt-5-mini"}],
        ),
        "default": key(
            {
                "anyOf": [ref("target"), rule_schema.default()],
                "x-expected": "a target such as openai:gpt-5, or {use: …, transforms: […]}",
            },
            "The target of what no rule matches.",
            "openai:gpt-5",
            {"use": "openai:gpt-5", "transforms": ["brief"]},
        ),
        "aliases": key(
            rule_schema.aliases(),
            "Other names for targets, for rules and for clients. Clients that keep only models with "
            "`claude` in their name find each one as `claude-via-NAME` too.",
            {"fast": "openai:gpt-5-mini"},
        ),
    }


def _changes() -> Schema:
    """What is changed on the way there and back."""
    return {
        "transforms": key(
            _transforms(),
            "Edits of the request, by name; rules say which of them apply.",
            {"brief": [{"system": {"append": "Be brief."}}]},
        ),
        "apply": key(
            ref("transforms"),
            "Transforms of every request. Those of the target and those of the rules come after them.",
            ["brief"],
        ),
        "print_system": key(
            {"type": "boolean"},
            "Write the system prompt to the log as it is sent, keys blotted out.",
            True,
        ),
        "tool_correction": key(
            ref("correction"),
            "Tool calls are checked against the schemas of their tools, and repaired.",
            {"mode": "report"},
            {"tools": {"mcp__*": "off"}, "text_calls": ["text"]},
        ),
    }


def _policies() -> Schema:
    """What is allowed, and what is kept."""
    return {
        "missing_key": key(
            choice(("refuse", "mock")),
            "What happens to a request whose provider has no key: an error, or a canned answer.",
            "mock",
        ),
        "server_tools": rule_schema.server_tools("auto"),
        "failover": failover.schema(),
        "tokens": token_settings.schema(),
        "tests": reload_schema.tests(),
        "reload": reload_schema.reload(),
        "recorder": reload_schema.recorder(),
        "named_targets": key(
            choice(get_args(NamedTargets)),
            "Whether a request may name its target itself: `provider:model` in the URL or as the model, or "
            "an alias as the model. `refuse` answers such a request with an error, so that rules alone "
            "decide where requests go, and `/v1/models` lists nothing.",
            "refuse",
        ),
        "reasoning": key(
            _reasoning(),
            "How the reasoning state of providers is protected while clients carry it.",
            {"key": "${GATEWAY_REASONING_KEY}"},
        ),
    }


def _reasoning() -> Schema:
    properties = {
        "key": key(
            text("a secret such as ${GATEWAY_REASONING_KEY}"),
            "The secret itself: better from the environment. Gateways that share it share sessions.",
            "${GATEWAY_REASONING_KEY}",
        ),
        "key_file": key(
            text("a file such as /etc/gateway/reasoning.key"),
            "The file that holds the secret; made when it does not exist.",
            "/etc/gateway/reasoning.key",
        ),
    }
    return object_of(properties, 'a mapping such as {key: "${GATEWAY_REASONING_KEY}"}')


def _server() -> Schema:
    port = {"type": "integer", "minimum": 1, "maximum": 65535}
    reference = {"type": "string", "pattern": r"^\$\{.+\}$"}
    return object_of(
        {
            "host": key(text("a host such as 127.0.0.1"), "The address to listen at.", "127.0.0.1"),
            "port": key(
                {"anyOf": [port, reference], "x-expected": "a port from 1 to 65535"},
                "The port to listen at.",
                4000,
            ),
            **access_schema.server(),
            "max_body": key(SIZE_SCHEMA, "The largest request body that is read.", "32MiB"),
            "memory": key(
                ROOM_SCHEMA,
                "How much is kept of the conversations under way, so that a turn costs what is new in it; "
                "0 for nothing.",
                "256MiB",
            ),
            **life_settings.properties(),
        },
        "a mapping such as {port: 4000}",
    )


def _models() -> Schema:
    return {
        "type": "object",
        "additionalProperties": _model(),
        "x-expected": "a mapping such as {openai:gpt-5: {context: 400k}}",
    }


def _price() -> Schema:
    number = {"type": "number", "minimum": 0}
    return object_of(
        {
            "input": key(number, "A million tokens of the prompt.", 1.25),
            "output": key(number, "A million tokens of the answer.", 10),
            "cache_read": key(number, "A million tokens read from the cache.", 0.125),
            "cache_write": key(number, "A million tokens written to the cache.", 1.5),
        },
        "a mapping such as {input: 1.25, output: 10}",
    )


def _model() -> Schema:
    return object_of(
        {
            "context": key(COUNT_SCHEMA, "Tokens of prompt and answer together.", "400k"),
            "max_output": key(COUNT_SCHEMA, "Tokens of the longest answer.", "128k"),
            "images": key({"type": "boolean"}, "It can be shown images.", True),
            "documents": key({"type": "boolean"}, "It can be shown PDF documents.", True),
            "tools": key({"type": "boolean"}, "It can call tools.", True),
            "correction": key(
                ref("correction"),
                "Tool correction of its answers; stands over `tool_correction:`.",
                {"mode": "model", "model": "openai:gpt-5-mini"},
            ),
            "transforms": key(
                ref("transforms"), "Edits of every request for this target.", ["brief"]
            ),
            "price": key(_price(), "What a million tokens cost.", {"input": 1.25, "output": 10}),
        },
        "a mapping such as {context: 400k, max_output: 128k}",
    )


# -- transforms -------------------------------------------------------------------------------------


def _transforms() -> Schema:
    return {
        "type": "object",
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "items": ref("step"),
            "x-expected": "a list of steps such as [{tools: {drop: [NotebookEdit]}}]",
        },
        "x-expected": "a mapping of names to lists of steps",
    }


def _step() -> Schema:
    steps = {
        name: described_key({**kind.schema, "description": kind.description})
        for name, kind in TRANSFORMS.items()
    }
    return object_of(steps, f"a step: {' or '.join(TRANSFORMS)}", minProperties=1)


SECTIONS = frozenset(_top())
"""The keys of the whole config."""
