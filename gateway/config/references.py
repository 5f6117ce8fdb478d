"""Checks of names that stand for something else: targets, transforms, rules. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.document import Document, closest, quoted, suggestion
from gateway.config.findings import Finding
from gateway.config.positions import Path
from gateway.routing import BadTarget, Target


def targets(document: Document) -> Iterator[Finding]:
    """Every target has the form `provider:model` and names a provider that exists."""
    places: list[Path] = [(*path, "use") for path in document.uses()]
    for path in [*places, ("default",)]:
        text = document.get(*path)
        if isinstance(text, str):
            yield from _target(document, path, text, document.typed(path), is_key=False)
    for name in document.names("models"):
        yield from _target(document, ("models", name), name, quoted(name), is_key=True)


def _target(
    document: Document, path: Path, text: str, typed: str, *, is_key: bool
) -> Iterator[Finding]:
    positions = document.positions
    span = positions.key(path) if is_key else positions.value(path)
    where = "models: " if is_key else document.where(path)
    try:
        target = Target.parse(text)
        if text.split() != [text]:
            raise BadTarget("white space")
    except BadTarget:
        message = f"{where}expected a target such as openai:gpt-5, got {typed}"
        yield positions.error("bad-target", span, message)
        return
    known = document.known_providers
    if target.provider not in known:
        exact = typed == quoted(text)  # what the environment holds is not shown
        message = f"{where}unknown provider {quoted(target.provider) if exact else f'in {typed}'}"
        help = suggestion(target.provider, known)
        yield positions.error("unknown-provider", span, message, help)


def transform_names(document: Document) -> Iterator[Finding]:
    """Every transform that is named exists, and every one that exists is named."""
    known = document.names("transforms")
    used: set[str] = set()
    for use in document.uses():
        for index in document.indexes(*use, "transforms"):
            path: Path = (*use, "transforms", index)
            name = document.get(*path)
            if not isinstance(name, str):
                continue
            used.add(name)
            if name not in known:
                # A name that was meant is used: one mistake, one finding.
                used.update({close} if (close := closest(name, known)) else ())
                message = f"{document.where(path)}no transform is called {document.typed(path)}"
                help = suggestion(name, known) or "there is no `transforms:` section"
                span = document.positions.value(path)
                yield document.positions.error("unknown-transform", span, message, help)
    for name in known:
        if name not in used and not document.broken:  # what is broken may have meant to use it
            path = ("transforms", name)
            message = f"{document.where(path)}no rule uses it"
            yield document.positions.warning(
                "unused-transform", document.positions.key(path), message
            )


def names(document: Document) -> Iterator[Finding]:
    """No two rules have the same name, and no two client keys."""
    yield from _unique(document, ("rules",), "duplicate-rule", "another rule")
    yield from _unique(document, ("server", "auth", "keys"), "duplicate-client-key", "another key")


def _unique(document: Document, path: Path, code: str, other: str) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index in document.indexes(*path):
        place: Path = (*path, index, "name")
        name = document.get(*place)
        if not isinstance(name, str):
            continue
        span = document.positions.value(place)
        if name in first:
            message = f"{other} in line {first[name]} is called {document.typed(place)} too"
            yield document.positions.error(code, span, message)
        first.setdefault(name, span.line)


def reachable(document: Document) -> Iterator[Finding]:
    """A rule is in vain when an earlier one asks for nothing that this one does not ask for too."""
    earlier: list[tuple[int, Mapping[str, Any]]] = []
    for index in document.indexes("rules"):
        when = _conditions(document, index)
        if when is None:
            continue
        for number, asked in earlier:
            if all(name in when and when[name] == value for name, value in asked.items()):
                yield _unreachable(document, index, number, always=not asked)
                break
        else:
            earlier.append((index, when))


def _conditions(document: Document, index: int) -> Mapping[str, Any] | None:
    """What a rule asks for; None when that cannot be told."""
    if "when" not in document.names("rules", index):
        return {} if isinstance(document.get("rules", index), Mapping) else None
    when = document.get("rules", index, "when")
    return when if isinstance(when, Mapping) else None


def _unreachable(document: Document, index: int, earlier: int, *, always: bool) -> Finding:
    path: Path = ("rules", index)
    first = document.where(("rules", earlier)).removesuffix(": ")
    reason = "always matches" if always else "matches whenever this one would"
    message = f"{document.where(path)}never reached: {first} stands before it and {reason}"
    name_path: Path = (*path, "name") if "name" in document.names(*path) else path
    span = document.positions.value(name_path)
    return document.positions.warning("unreachable-rule", span, message)
