"""The config: text to findings, or to the compiled snapshot that serves. No IO.

    source       YAML to plain data, with the place of every value
    environment  `${NAME}` to what the environment holds
    check        the schema, then everything that a schema cannot say; all findings at once
    compile      what was found sound, to a `Snapshot`

The same `load` serves the start, the reload and `gateway validate-config`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.check import check
from gateway.config.compile import KEY_VARIABLES, compile_config
from gateway.config.environment import expand
from gateway.config.findings import Finding, in_order
from gateway.config.render import render_concise, render_full, render_json
from gateway.config.schema import REQUIRED, SECTIONS
from gateway.config.snapshot import (
    MOCK,
    ClientKey,
    Endpoint,
    ModelFacts,
    ServerSettings,
    Snapshot,
    Timeouts,
)
from gateway.config.source import parse_env_file, parse_yaml

__all__ = [
    "MOCK",
    "ClientKey",
    "Endpoint",
    "Finding",
    "Loaded",
    "ModelFacts",
    "ServerSettings",
    "Snapshot",
    "Timeouts",
    "load",
    "parse_env_file",
    "render_concise",
    "render_full",
    "render_json",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a text came to."""

    snapshot: Snapshot | None
    """None if some finding is an error, and only then."""
    findings: tuple[Finding, ...]
    """By position."""


def load(text: str, *, file: str, environment: Mapping[str, str]) -> Loaded:
    """Reads, checks and compiles a config; `file` is the name that findings carry."""
    value, positions, found = parse_yaml(text, file)
    if value is None:
        return Loaded(None, in_order(found))
    expanded = expand(_without_empty_sections(value), positions, environment)
    said = {(finding.line, finding.column) for finding in found}
    checked = check(expanded.value, positions, expanded.unresolved)
    found += expanded.findings
    found += [finding for finding in checked if (finding.line, finding.column) not in said]
    findings = in_order(found)
    if any(finding.severity == "error" for finding in findings):
        return Loaded(None, findings)
    used = {**expanded.used, **{name: environment.get(name) for name in KEY_VARIABLES}}
    id = _digest(text, used)
    return Loaded(compile_config(expanded.value, positions, environment, id=id), findings)


def _without_empty_sections(value: Any) -> Any:
    """A section all of whose lines are comments is as good as absent."""
    if not isinstance(value, dict):
        return value
    return {
        name: section
        for name, section in value.items()
        if section is not None or name in REQUIRED or name not in SECTIONS
    }


def _digest(text: str, used: Mapping[str, str | None]) -> str:
    """The same text in the same environment, the same id. No secret can be read out of it."""
    parts = [text, *(f"{name}={value!r}" for name, value in sorted(used.items()))]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
