"""Conditions on words: the model, the URL, headers, prompts, who asks. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from gateway import patterns
from gateway.routing.clients import CLASSES
from gateway.routing.conditions.base import (
    PATTERN_SCHEMA,
    Condition,
    as_list,
    containing,
    every,
    listed,
    named,
    wanted,
)
from gateway.routing.facts import Edits
from gateway.routing.formula import Flag, Formula, Holds, Like, OneOf, Text

MODEL = Text("model", attrgetter("model"))  # asked by most rules, and so without a step of ours
KEY = Text("key", lambda facts: facts.key)
SESSION = Text("session", lambda facts: facts.session)
AGENT = Text("agent", lambda facts: facts.agent)
IS_AGENT = Flag("is an agent", lambda facts: facts.request_class == "subagent")
AGENT_TYPE = Text("agent_type", lambda facts: facts.agent_type)
REQUEST_CLASS = Text("request_class", lambda facts: facts.request_class)
SYSTEM = Text("system", lambda facts: facts.system)
LAST_USER = Text("last_user", lambda facts: facts.last_user)
PATH_PREFIX = Text("path_prefix", lambda facts: facts.path_prefix)
TAG = Text("tag", lambda facts: facts.tag)

NAME_SCHEMA = listed(PATTERN_SCHEMA, 'a glob such as "*haiku*", a /regex/, or a list')
TEXT_SCHEMA = listed(PATTERN_SCHEMA, "a text to look for, a /regex/, or a list")
CLASS_SCHEMA: Mapping[str, Any] = {
    "enum": list(CLASSES),
    "x-expected": "a class of requests: main, subagent, compaction or auxiliary",
}


def _path_prefix(value: str, _: Edits) -> Formula:
    return Like(PATH_PREFIX, patterns.compile_path_prefix(value.rstrip("/")))


def _header(value: Mapping[str, Any], _: Edits) -> Formula:
    return every([named(header(name), pattern) for name, pattern in value.items()])


def header(name: str) -> Text:
    """A header of the client; names are one case."""
    lowered = name.lower()
    return Text(f"header {lowered}", lambda facts: facts.headers.get(lowered))


def _agent(value: Any, _: Edits) -> Formula:
    return wanted(value, Holds(IS_AGENT)) if isinstance(value, bool) else named(AGENT, value)


CONDITIONS = (
    Condition(
        name="model",
        description="The model that the client asks for: a glob, a /regular expression/, or a list.",
        example='model: "*haiku*"',
        schema=NAME_SCHEMA,
        parse=lambda value, _: named(MODEL, value),
        patterns=(".",),
    ),
    Condition(
        name="path_prefix",
        description="The URL's path before /v1: /fast when the base URL is http://host:4000/fast.",
        example="path_prefix: /fast",
        schema={"type": "string", "pattern": "^/[^:]+$", "x-expected": "a path such as /fast"},
        parse=_path_prefix,
    ),
    Condition(
        name="header",
        description="Headers of the request, each a glob, a /regular expression/, or a list.",
        example='header: {x-team: "blue*"}',
        schema={
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[A-Za-z0-9-]+$"},
            "additionalProperties": NAME_SCHEMA,
            "x-expected": "headers and patterns such as {x-team: blue}",
        },
        parse=_header,
        patterns=("*",),
    ),
    Condition(
        name="request_class",
        description="What kind of request it is: of the conversation itself (main), of an agent that "
        "it started (subagent), its summary (compaction), or beside it (auxiliary: titles, searches, "
        "probes). From the client's headers where it sends them, otherwise from marks in the body.",
        example="request_class: [auxiliary, compaction]",
        schema=listed(CLASS_SCHEMA, CLASS_SCHEMA["x-expected"]),
        parse=lambda value, _: OneOf(REQUEST_CLASS, frozenset(as_list(value))),
    ),
    Condition(
        name="agent",
        description="Whether an agent asks that the conversation started, or which one by its id.",
        example="agent: true",
        schema={
            "anyOf": [{"type": "boolean"}, *NAME_SCHEMA["anyOf"]],
            "x-expected": "true, false, or the id of an agent",
        },
        parse=_agent,
        patterns=(".",),
    ),
    Condition(
        name="agent_type",
        description="The kind of agent that asks, such as Explore: a glob, a /regex/, or a list.",
        example="agent_type: Explore",
        schema=NAME_SCHEMA,
        parse=lambda value, _: named(AGENT_TYPE, value),
        patterns=(".",),
    ),
    Condition(
        name="session",
        description="The conversation, by the id that its client gives it.",
        example="session: 0f8fad5b-*",
        schema=NAME_SCHEMA,
        parse=lambda value, _: named(SESSION, value),
        patterns=(".",),
    ),
    Condition(
        name="key",
        description="The name of the client key that was shown (`server.auth.keys`).",
        example="key: laptop",
        schema=NAME_SCHEMA,
        parse=lambda value, _: named(KEY, value),
        patterns=(".",),
    ),
    Condition(
        name="system",
        description="A text, or a /regular expression/, that stands in the system prompt.",
        example='system: "/repo: internal-.*/"',
        schema=TEXT_SCHEMA,
        parse=lambda value, _: containing(SYSTEM, value),
        patterns=(".",),
    ),
    Condition(
        name="last_user",
        description="A text, or a /regular expression/, in the last message of the user.",
        example='last_user: "think hard"',
        schema=TEXT_SCHEMA,
        parse=lambda value, _: containing(LAST_USER, value),
        patterns=(".",),
        is_volatile=True,
    ),
    Condition(
        name="tag",
        description="The name in a tag `<gateway-route>name</gateway-route>` that stands in the system "
        "prompt (of a sub-agent, for instance) or the first message. The tag is removed on the way.",
        example="tag: cheap",
        schema=NAME_SCHEMA,
        parse=lambda value, _: named(TAG, value),
        patterns=(".",),
    ),
)
