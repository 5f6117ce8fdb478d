"""The config: text to findings, or to the compiled snapshot that serves. No IO.

    text      YAML to plain data with the place of every value; files that it includes, `overlays`, `${NAME}`
    schemas   of each section; `schema` puts them together
    checks    what a schema cannot say; `check` runs all of them, and all findings come at once
    sections  what they mean; `compile` makes a `Snapshot` of what was found sound
    told      findings and configs, for people and machines

The same `load` serves the start, the reload and `gateway validate-config`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.config.check import check
from gateway.config.compile import KEY_VARIABLES, compile_config
from gateway.config.endpoint import MOCK, Endpoint, Network, Timeouts
from gateway.config.findings import Finding, in_order
from gateway.config.sections.access import Budget, ClientKey, Tls, UnixSocket, is_loopback
from gateway.config.sections.access_files import access_files, open_files
from gateway.config.sections.correction import CorrectionSettings
from gateway.config.sections.network import certificates, extras
from gateway.config.snapshot import (
    NO_FACTS,
    ModelFacts,
    ReasoningSettings,
    ServerSettings,
    Snapshot,
)
from gateway.config.text import overlays
from gateway.config.text.document import Document, around
from gateway.config.text.environment import Expanded, expand
from gateway.config.text.files import Files, env_file, readable
from gateway.config.text.includes import Whole, read_whole
from gateway.config.text.layers import Layer
from gateway.config.text.positions import Positions, Span
from gateway.config.text.source import parse_env_file
from gateway.config.told.render import render_concise, render_full, render_json

__all__ = [
    "MOCK",
    "NO_FACTS",
    "Budget",
    "ClientKey",
    "CorrectionSettings",
    "Endpoint",
    "Files",
    "Finding",
    "Loaded",
    "ModelFacts",
    "Network",
    "ReasoningSettings",
    "ServerSettings",
    "Snapshot",
    "Timeouts",
    "Tls",
    "UnixSocket",
    "is_loopback",
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
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The texts of the config and of what it includes, by file."""
    files: tuple[str, ...] = ()
    """The files that it includes or trusts, also those that cannot be read."""


UNUSED = "unused-"
"""Codes of what nothing uses begin so: it has to be unused in every overlay."""


def load(
    text: str,
    *,
    file: str,
    environment: Mapping[str, str],
    files: Files | None = None,
    notes: bool = False,
    every_overlay: bool = False,
) -> Loaded:
    """Reads, checks and compiles a config; `file` is the name that findings carry.

    `files` is what lies around it. `notes` asks for what may well be meant too, such as rules that
    overlap; `every_overlay` for what is wrong in the overlays that do not apply.
    """
    files = files or Files()
    whole = read_whole(text, file, files, environment)
    name, found = overlays.chosen(whole.layer, whole.positions, environment)
    found += [*whole.findings, *env_file(files)]
    if whole.layer.value is None:
        return Loaded(None, in_order(found), whole.sources, whole.files)
    layer = overlays.applied(whole.layer, name)
    positions = whole.at(layer)
    said = {(finding.file, finding.line, finding.column) for finding in found}
    expanded, checked = _checked(layer, positions, environment, files, notes=notes)
    trusted = certificates(_document(expanded, positions), files)
    access = access_files(_document(expanded, positions), files)
    checked += [*trusted.findings, *access.findings]
    outside = (*whole.files, *trusted.files, *access.files)
    if every_overlay:
        checked = _everywhere(whole, name, environment, files, checked)
    found += [one for one in checked if (one.file, one.line, one.column) not in said]
    found += _readable(found, files, positions)
    findings = in_order(found)
    if any(finding.severity == "error" for finding in findings):
        return Loaded(None, findings, whole.sources, outside)
    used = {**expanded.used, **{name: environment.get(name) for name in KEY_VARIABLES}}
    read = [*trusted.texts.values(), *access.texts.values()]
    id = _digest([*whole.sources.values(), *read, name or ""], used)
    snapshot = compile_config(
        expanded.value,
        positions,
        environment,
        id=id,
        certificates=trusted.texts,
        access_files=access,
    )
    return Loaded(snapshot, findings, whole.sources, outside)


def _checked(
    layer: Layer,
    positions: Positions,
    environment: Mapping[str, str],
    files: Files,
    *,
    notes: bool = False,
) -> tuple[Expanded, list[Finding]]:
    expanded = expand(layer.value, positions, environment)
    found = check(expanded.value, positions, expanded.unresolved, notes=notes)
    document = _document(expanded, positions)
    return expanded, [
        *expanded.findings,
        *found,
        *extras(document, files),
        *open_files(document, files),
    ]


def _document(expanded: Expanded, positions: Positions) -> Document:
    return Document(expanded.value, positions, around(expanded.unresolved))


def _everywhere(
    whole: Whole,
    chosen: str | None,
    environment: Mapping[str, str],
    files: Files,
    checked: list[Finding],
) -> list[Finding]:
    """The findings with those of the overlays that do not apply here. Their variables are set elsewhere."""
    found = list(checked)
    for name in overlays.names(whole.layer):
        if name == chosen:
            continue
        layer = overlays.applied(whole.layer, name)
        _, there = _checked(layer, whole.at(layer), environment, files)
        found = [one for one in found if not one.code.startswith(UNUSED) or one in there]
        found += [
            one for one in there if one.code != "unset-variable" and not one.code.startswith(UNUSED)
        ]
    return found


def _readable(found: list[Finding], files: Files, positions: Positions) -> list[Finding]:
    """The files in which keys stand that everybody can read, each at its first key."""
    first: dict[str, Finding] = {}
    for finding in in_order(found):
        if finding.code == "plain-secret":
            first.setdefault(finding.file, finding)
    return [
        readable(positions, replace(_span(one), file=None if name == positions.file else name))
        for name, one in first.items()
        if files.is_open(name)
    ]


def _span(one: Finding) -> Span:
    return Span(one.line, one.column, one.line, one.column + one.width)


def _digest(texts: list[str], used: Mapping[str, str | None]) -> str:
    """The same texts in the same environment, the same id. No secret can be read out of it."""
    parts = [*texts, *(f"{name}={value!r}" for name, value in sorted(used.items()))]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
