"""The schema of rules: what they ask, and what they do. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from gateway.config.schemas.fragments import described, example
from gateway.config.schemas.schema_parts import Schema, choice, key, number, object_of, ref, text
from gateway.dialects.offers import Policy
from gateway.routing import CONDITIONS, Sticky
from gateway.routing.conditions import COUNT_SCHEMA
from gateway.transforms import PARAMS
from gateway.units import DURATION_SCHEMA

NO_CONTROL: Schema = {"not": {"pattern": "[\\x00-\\x1f\\x7f]"}}

LIMITS: Mapping[str, str] = {
    "connect": "To reach the provider; 10s by default.",
    "first_byte": "From the request to the first byte of the answer; 15m by default.",
    "idle": "Silence within an answer; 15m by default. Models that show nothing of their reasoning are "
    "silent for many minutes; the client is sent pings meanwhile.",
    "total": "From the request to the end of the answer, however busy it is; none by default. A stream that "
    "takes longer is cut.",
}
"""Time limits, and what each is about."""


def rule() -> Schema:
    """An entry of `rules:`."""
    return object_of(
        {
            "name": key(
                text("a name", **NO_CONTROL), "What logs and explanations call it.", "fast"
            ),
            "when": key(ref("when"), "All of these have to hold.", {"tokens": {"above": "60k"}}),
            **actions(),
        },
        "a rule such as {name: fast, when: {model: …}, use: openai:gpt-5}",
        required=["name"],
    )


def default() -> Schema:
    """`default:` with parts."""
    return object_of(
        {name: schema for name, schema in actions().items() if name not in ("continue", "sticky")},
        "a target such as openai:gpt-5, or {use: …, transforms: […]}",
    )


def actions() -> Schema:
    """What a rule does."""
    return {**_targets(), **_edits(), **_patience(), **_turns()}


def _targets() -> Schema:
    """Who is asked."""
    several = {"type": "array", "items": ref("target"), "minItems": 1}
    return {
        "use": key(
            {
                "anyOf": [ref("target"), several],
                "x-expected": "a target such as openai:gpt-5, or a list with `needs: auto`",
            },
            "The target, or several of which `needs: auto` takes the first that fits. As its model, `*` is "
            "the one that the client asked for, and `/*` what follows the first slash in its name.",
            "openai:gpt-5",
            "openrouter:*",
            ["ollama:qwen3", "openai:gpt-5"],
        ),
        "needs": key(
            choice(("auto",)),
            "`auto`: the first target that can serve the request, as `models:` describes them: images, "
            "documents, tools, and room for the prompt after the transforms.",
            "auto",
        ),
        "fallback": key(
            {**several, "x-expected": "a list of targets such as [openai:gpt-5]"},
            "Who is asked, in this order, when the target fails before it has said anything. When each has "
            "failed in a way that may pass, and the rule has no `retries`, they are asked up to twice more "
            "in turn, as often as `failover` allows.",
            ["openai:gpt-5"],
        ),
        "weights": key(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                "x-expected": "targets and shares such as {openai:gpt-5: 9, zai:glm-5: 1}",
            },
            "Instead of `use`: targets and their shares. A session stays with the one that it drew.",
            {"openai:gpt-5": 9, "zai:glm-5": 1},
        ),
    }


def _edits() -> Schema:
    """What is changed on the way there and back."""
    return {
        "transforms": key(ref("transforms"), "Edits to apply, in order.", ["brief"]),
        "params": key(
            _params(),
            "Fields of the request to set, to fill in where the client says nothing, and to cap.",
            {"cap": {"max_tokens": 8192}},
        ),
        "server_tools": server_tools("drop"),
        "correction": key(
            ref("correction"),
            "Tool correction for requests of this rule: a mode, or what `tool_correction:` can hold. It "
            "stands over that, and over the target's under `models:`.",
            "report",
            {"tools": {"Edit": "repair"}},
        ),
    }


def _patience() -> Schema:
    """How long, and how often."""
    return {
        "timeouts": key(
            timeouts(), "How long to wait; stands over the provider's own.", {"first_byte": "2m"}
        ),
        "retries": key(
            number(0, 5),
            "How often the same target is asked again, before the fallbacks, after a failure that may "
            "pass; all together as often as `failover` allows, and never for a client that is asking "
            "again by itself. With 0 nobody is asked twice.",
            1,
        ),
    }


def timeouts() -> Schema:
    """`timeouts:` of a rule, or of a provider."""
    limits = {name: key(DURATION_SCHEMA, says, "30s") for name, says in LIMITS.items()}
    return object_of(limits, "a mapping such as {first_byte: 2m}")


def _turns() -> Schema:
    """What happens instead of an answer, beside it, and after the rule."""
    return {
        "refuse": key(
            text("a sentence for the person at the client"),
            "Instead of an answer: the client shows this sentence and does not try again.",
            "This project stays on local models.",
        ),
        "shadow": key(
            ref("target"), "Gets a copy of each request; its answers are thrown away.", "zai:glm-5"
        ),
        "continue": key(
            {"const": True, "x-expected": "true"},
            "Apply what this rule does and go on with the next one.",
            True,
        ),
        "sticky": key(
            choice(get_args(Sticky)),
            "How long a conversation keeps this rule once it was chosen: `session` until an earlier "
            "rule claims it, the client changes the model or compacts; `turn` until the user speaks; "
            "`none`. The default is `session` for rules that ask for what changes by itself.",
            "session",
        ),
    }


def server_tools(sample: str) -> Schema:
    """The policy for tools of the provider's servers."""
    route = object_of(
        {"use": key(ref("target"), "The target of requests with such tools.", "anthropic:claude")},
        "a mapping such as {use: openai:gpt-5}",
        required=["use"],
    )
    return key(
        {
            "anyOf": [{"enum": list(get_args(Policy))}, route],
            "x-expected": "auto, drop, refuse or {use: provider:model}",
        },
        "What becomes of tools of the provider's servers, such as web_search, that a target lacks: "
        "drop them, refuse the request, or send it elsewhere; auto drops them beside other tools.",
        sample,
        {"use": "openai:gpt-5"},
    )


def _params() -> Schema:
    fields = {"type": "object", "x-expected": "fields of the request such as {temperature: 0}"}
    caps = {
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "number"}, COUNT_SCHEMA]},
        "x-expected": "fields and limits such as {max_tokens: 8192}",
    }
    return object_of(
        {
            "set": key(fields, "Fields with the values that they get.", {"temperature": 0}),
            "default": key(fields, "The same, where the client says nothing.", {"temperature": 0}),
            "cap": key(caps, "Numbers that may be no greater.", {"max_tokens": "8k"}),
            "drop": PARAMS["drop"],
        },
        "a mapping such as {cap: {max_tokens: 8k}}",
        minProperties=1,
    )


def when() -> Schema:
    """What a rule asks."""
    conditions = {
        name: key(
            described(condition.schema), condition.description, example(condition.example)[name]
        )
        for name, condition in CONDITIONS.items()
    }
    return object_of(
        conditions,
        "at least one condition; a rule without `when` always matches",
        minProperties=1,
    )


def aliases() -> Schema:
    """Other names for targets."""
    return {
        "type": "object",
        "propertyNames": {
            "pattern": r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
            "x-expected": "a name without a colon",
        },
        "additionalProperties": ref("target"),
        "x-expected": "names and targets such as {fast: openai:gpt-5-mini}",
    }
