"""Checks of names that stand for something else: targets, transforms, rules. No IO."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.findings import Finding
from gateway.config.text.document import Document, closest, quoted, suggestion
from gateway.config.text.positions import Path
from gateway.routing import BadTarget, Target
from gateway.routing.rules import HANDED_ON


def targets(document: Document) -> Iterator[Finding]:
    """Every target has the form `provider:model` and names a provider that exists."""
    aliases = document.names("aliases")
    for path in _target_places(document):
        text = document.get(*path)
        if isinstance(text, str) and (text not in aliases or path[0] == "aliases"):
            yield from _target(document, path, text, document.typed(path), is_key=False)
    keys: list[Path] = [("models",), *((*use, "weights") for use in document.uses())]
    for path in keys:
        for name in document.names(*path):
            if name not in aliases:
                yield from _target(document, (*path, name), name, quoted(name), is_key=True)


def _target_places(document: Document) -> Iterator[Path]:
    """Where targets stand as values."""
    yield ("default",)
    yield ("server_tools", "use")
    yield from ((*place, "model") for place in document.corrections())
    for name in document.names("aliases"):
        yield ("aliases", name)
    for use in document.uses():
        for key in ("use", "shadow", "fallback"):
            yield (*use, key)
            yield from ((*use, key, index) for index in document.indexes(*use, key))
        yield (*use, "server_tools", "use")


def _target(
    document: Document, path: Path, text: str, typed: str, *, is_key: bool
) -> Iterator[Finding]:
    positions = document.positions
    span = positions.key(path) if is_key else positions.value(path)
    where = "models: " if path[0] == "models" else document.where(path)
    try:
        target = Target.parse(text)
        if text.split() != [text]:
            raise BadTarget("white space")
    except BadTarget:
        message = f"{where}expected a target such as openai:gpt-5, got {typed}"
        yield positions.error("bad-target", span, message)
        return
    if target.model in HANDED_ON and not _has_request(path):
        message = f"{where}expected the name of a model, got {typed}"
        help = "`*` is the model that was asked for: where a rule sends a request, and nowhere else"
        yield positions.error("bad-target", span, message, help)
        return
    known = document.known_providers
    if target.provider not in known:
        exact = typed == quoted(text)  # what the environment holds is not shown
        message = f"{where}unknown provider {quoted(target.provider) if exact else f'in {typed}'}"
        help = suggestion(target.provider, known)
        yield positions.error("unknown-provider", span, message, help)


def _has_request(path: Path) -> bool:
    """A request goes to the target that stands there, by a rule."""
    return path[0] in ("rules", "default", "server_tools") and "correction" not in path


def aliases(document: Document) -> Iterator[Finding]:
    """Where nobody may name a target, an alias is of use only inside the config."""
    if document.get("named_targets") != "refuse":
        return
    values = [document.raw(*path) for path in _target_places(document)]
    used = {value for value in values if isinstance(value, str)}
    used.update(name for use in document.uses() for name in document.names(*use, "weights"))
    for name in document.names("aliases"):
        if name not in used and not document.broken:
            message = (
                f"alias {quoted(name)}: no rule uses it, and `named_targets` refuses it to clients"
            )
            span = document.positions.key(("aliases", name))
            yield document.positions.warning("unused-alias", span, message)


def transform_names(document: Document) -> Iterator[Finding]:
    """Every transform that is named exists, and every one that exists is named."""
    known = document.names("transforms")
    used: set[str] = set()
    models: list[Path] = [("models", name) for name in document.names("models")]
    lists: list[Path] = [(*use, "transforms") for use in (*document.uses(), *models)]
    for named in (*lists, ("apply",)):
        for index in document.indexes(*named):
            path: Path = (*named, index)
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
            message = f"{document.where(path)}nothing uses it"
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
