"""A file of routing tests, read and checked. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gateway.config.checks.structure import problems
from gateway.config.findings import Finding, in_order
from gateway.config.schemas.schema_parts import Schema
from gateway.config.text.document import Document
from gateway.config.text.positions import Path, Positions
from gateway.config.text.source import parse_yaml
from gateway.config.told.render import render_concise
from gateway.routing.clients import CLASSES
from gateway.routing.conditions.base import COUNT_RANGE, COUNT_SCHEMA
from gateway.routing.conditions.contents import KINDS
from gateway.routing.conditions.sizes import EFFORT_SCHEMA, TYPE_SCHEMA


class BadSuite(ValueError):
    """A file of tests that cannot be run; the text says where and why, a line for each finding."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = in_order(findings)
        super().__init__(render_concise(self.findings))


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    line: int = 1


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of tests."""

    file: str
    config: str | None
    """The config that is tested, relative to the file; None for the one that the user names."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the config may name; no other environment is seen."""
    cases: tuple[Case, ...] = ()
    positions: Positions = field(default_factory=lambda: Positions("", (), {}), repr=False)
    """Where each part stands, by its path in the file."""


TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
TEXTS: Mapping[str, Any] = {"type": "array", "items": TEXT}
WHOLE: Mapping[str, Any] = {"type": "integer", "minimum": 0}
AMOUNT: Mapping[str, Any] = {"type": "number", "minimum": 0}
SHARE: Mapping[str, Any] = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "x-expected": "a number from 0 to 1",
}
MOMENT: Mapping[str, Any] = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$",
    "x-expected": "a moment such as 2026-03-04T22:30:00+01:00",
}

FACTS: Mapping[str, Any] = {
    "tokens": COUNT_SCHEMA,
    "model": TEXT,
    "stream": {"type": "boolean"},
    "max_tokens": COUNT_SCHEMA,
    "thinking": {**TYPE_SCHEMA, "description": "The type of thinking that is asked for."},
    "budget": COUNT_SCHEMA,
    "effort": EFFORT_SCHEMA,
    "tools": TEXTS,
    "tool_count": WHOLE,
    "forced": {"type": "boolean"},
    "has": {"type": "array", "items": {"enum": list(KINDS)}},
    "repeated_calls": WHOLE,
    "system": {"type": "string"},
    "last_user": {"type": "string"},
    "tag": TEXT,
    "session": TEXT,
    "agent": TEXT,
    "agent_type": TEXT,
    "request_class": {"enum": list(CLASSES)},
    "key": TEXT,
    "path_prefix": TEXT,
    "now": MOMENT,
    "lot": {**SHARE, "description": "The draw of the session, from 0 to 1."},
    "cooling": {**TEXTS, "description": "Targets that failed a moment ago."},
    "spent": {**AMOUNT, "description": "What was spent, by whomever a rule asks about."},
    "requests": {**WHOLE, "description": "Requests to any provider lately."},
    "cache_hit_rate": SHARE,
    "repair_rate": SHARE,
}
"""Facts that a test may state."""

GIVEN: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **FACTS,
        "request": {
            "type": ["string", "object"],
            "description": "A request body, or the file that holds one, relative to the tests.",
        },
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "path": {"type": "string", "description": "The URL's path, with or without the endpoint."},
    },
}

EXPECT: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "x-expected": "at least one thing, such as {rule: default}",
    "properties": {
        "rule": {**TEXT, "description": "The name of the rule, or `default`."},
        "target": {**TEXT, "description": "`provider:model`, without aliases."},
        "fallback": TEXTS,
        "transforms": TEXTS,
        "applied": {**TEXTS, "description": "Rules that were applied and went on."},
        "refuse": {**TEXT, "description": "Words that stand in the refusal."},
        "error": {**TEXT, "description": "Words that stand in what the client is told."},
        "tools": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"include": TEXTS, "exclude": TEXTS},
            "description": "Names of tools that are offered after the transforms, or are not.",
        },
        "dropped": {**TEXTS, "description": "What the target is not sent, each said in full."},
        "tokens": {**COUNT_RANGE, "description": "The prompt after the transforms."},
        "params": {
            "type": "object",
            "description": "Fields of the request after the transforms, with their values.",
        },
    },
}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Tests of the rules of a gateway config",
    "type": "object",
    "additionalProperties": False,
    "required": ["tests"],
    "properties": {
        "config": {**TEXT, "description": "The config that is tested, relative to this file."},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "given", "expect"],
                "properties": {"name": TEXT, "given": GIVEN, "expect": EXPECT},
            },
        },
    },
}


def _no_moments(tests: Iterable[Mapping[str, Any]], positions: Positions) -> Iterator[Finding]:
    """What has the form of a moment, and is none: the 31st of June."""
    for index, test in enumerate(tests):
        try:
            datetime.fromisoformat(test["given"].get("now", "2026-03-04"))
        except ValueError as error:
            path: Path = ("tests", index, "given", "now")
            message = f"expected {MOMENT['x-expected']}: {error}"
            yield positions.error("bad-value", positions.value(path), message)


EMPTY = "the file is empty: it needs `tests:`"


def read_suite(text: str, file: str) -> Suite:
    """The tests in a text; `file` is the name that mistakes carry. Raises `BadSuite`."""
    value, positions, findings = parse_yaml(text, file)
    if value is not None:
        found = problems(Document(value, positions), SCHEMA)
        findings += [finding for _, finding in found]
        findings += _no_moments(value["tests"], positions) if not findings else ()
    if findings:
        raise BadSuite(
            replace(one, message=EMPTY) if one.code == "empty" else one for one in findings
        )
    cases = tuple(
        Case(test["name"], test["given"], test["expect"], positions.value(("tests", index)).line)
        for index, test in enumerate(value["tests"])
    )
    return Suite(
        file, value.get("config"), value.get("environment", {}), cases, positions=positions
    )
