"""Checks of patterns, and of the other values that are texts with a grammar of their own. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway import patterns
from gateway.config.document import Document
from gateway.config.findings import Finding
from gateway.config.positions import Path
from gateway.config.units import parse_duration, parse_size
from gateway.patterns import BadPattern, Pattern
from gateway.routing import CONDITIONS
from gateway.transforms import TRANSFORMS

_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\$\{.*\}")


def conditions(document: Document) -> Iterator[Finding]:
    """Every condition can be compiled."""
    for index in document.indexes("rules"):
        for name in document.names("rules", index, "when"):
            path: Path = ("rules", index, "when", name)
            value = document.get(*path)
            if value is None:
                continue
            if name == "model":
                yield from _models(document, path, value)
            else:
                yield from _compiled(document, path, CONDITIONS[name].compile)


def transforms(document: Document) -> Iterator[Finding]:
    """Every step of a transform can be built."""
    for name in document.names("transforms"):
        for index in document.indexes("transforms", name):
            for step in document.names("transforms", name, index):
                path: Path = ("transforms", name, index, step)
                found = list(_system(document, path)) if step == "system" else []
                yield from found
                is_sound = document.get(*path) is not None
                if is_sound and not any(finding.severity == "error" for finding in found):
                    yield from _compiled(document, path, TRANSFORMS[step].build)


def units(document: Document) -> Iterator[Finding]:
    """Every size and duration is within its bounds."""
    places: dict[Path, Callable[[Any], object]] = {("server", "max_body"): parse_size}
    for name in document.names("providers"):
        for limit in document.names("providers", name, "timeouts"):
            places["providers", name, "timeouts", limit] = parse_duration
    for path, parse in places.items():
        value = document.get(*path)
        if value is None:
            continue
        try:
            parse(value)
        except ValueError as error:
            message = f"{document.where(path)}{error}, got {document.got(path)}"
            yield document.positions.error("bad-value", document.positions.value(path), message)


def numbers(document: Document) -> Iterator[Finding]:
    """Numbers that YAML reads in another base than people do."""
    for path, place in document.positions.places.items():
        value = document.get(*path)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not _DECIMAL.fullmatch(place.typed or ""):
            message = f"{document.where(path)}YAML reads {document.typed(path)} as {value}"
            help = f"write {value} if that is meant"
            yield document.positions.warning("odd-number", place.value, message, help)


# -- patterns ----------------------------------------------------------------------------------------


def _models(document: Document, path: Path, value: Any) -> Iterator[Finding]:
    places: Mapping[Path, str] = (
        {(*path, index): item for index, item in enumerate(value)}
        if isinstance(value, list)
        else {path: value}
    )
    for place, source in places.items():
        if (
            len(source) > 1 and source.startswith("/") and source.endswith("/")
        ):  # a glob cannot fail
            yield from _pattern(document, place, source, patterns.compile_name_pattern, shift=1)


def _system(document: Document, path: Path) -> Iterator[Finding]:
    for index in document.indexes(*path, "remove"):
        place: Path = (*path, "remove", index)
        source = document.get(*place)
        if isinstance(source, str):
            yield from _pattern(document, place, source)
    for index in document.indexes(*path, "replace"):
        place = (*path, "replace", index)
        item = document.get(*place)
        if isinstance(item, Mapping) and "pattern" in item:
            yield from _replacement(document, place, item["pattern"], item["with"])


def _replacement(document: Document, path: Path, source: str, template: str) -> Iterator[Finding]:
    found = list(_pattern(document, (*path, "pattern"), source))
    yield from found
    if any(finding.severity == "error" for finding in found):
        return
    place: Path = (*path, "with")
    try:
        patterns.compile_regex(source).check_replacement(template)
    except BadPattern as error:
        yield _bad(document, place, error, length=2)


def _pattern(
    document: Document,
    path: Path,
    source: str,
    compile: Callable[[str], Pattern] = patterns.compile_regex,
    *,
    shift: int = 0,
) -> Iterator[Finding]:
    try:
        compiled = compile(source)
    except BadPattern as error:
        yield _bad(document, path, error, shift=shift)
        return
    if not compiled.is_linear:
        limit = f"{patterns.TIME_LIMIT * 1000:.0f} ms"
        message = f"{document.where(path)}only the slow engine takes this pattern"
        help = f"without look-around and back-references it cannot run into its limit of {limit}"
        span = document.positions.value(path)
        yield document.positions.warning("slow-pattern", span, message, help)


def _compiled(
    document: Document, path: Path, compile: Callable[[Any], object]
) -> Iterator[Finding]:
    """The last word on a value: what serves traffic can be made of it."""
    try:
        compile(document.get(*path))
    except BadPattern as error:
        message = f"{document.where(path)}{error}"
        yield document.positions.error("bad-pattern", document.positions.value(path), message)


def _bad(
    document: Document, path: Path, error: BadPattern, *, shift: int = 0, length: int = 1
) -> Finding:
    """A mistake inside a pattern, at its character where that is known."""
    span = document.positions.value(path)
    typed, value = document.positions.typed(path), document.raw(*path)
    if error.position is not None and typed == value:
        span = document.positions.within(path, error.position + shift, length)
    return document.positions.error("bad-pattern", span, f"{document.where(path)}{error}")
