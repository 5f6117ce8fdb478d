"""Checks of patterns, and of the other values that are texts with a grammar of their own. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway import patterns
from gateway.config.findings import Finding
from gateway.config.sections.failover import DURATIONS
from gateway.config.sections.limits import RATES
from gateway.config.text.document import Document
from gateway.config.text.positions import Path
from gateway.patterns import BadPattern, Pattern
from gateway.routing import CONDITIONS
from gateway.transforms import TRANSFORMS, BadTemplate, Kind, PatternAt
from gateway.units import parse_duration, parse_rate, parse_room, parse_size

_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\$\{.*\}")


def conditions(document: Document) -> Iterator[Finding]:
    """Every condition can be compiled."""
    for index in document.indexes("rules"):
        for name in document.names("rules", index, "when"):
            path: Path = ("rules", index, "when", name)
            yield from _condition(document, path, name)


def _condition(document: Document, path: Path, name: str) -> Iterator[Finding]:
    """One condition, and those inside it; a pattern is named by the place where it stands."""
    value = document.get(*path)
    if value is None:
        return
    if name in ("all", "any", "not"):
        inner = [path] if name == "not" else [(*path, index) for index in document.indexes(*path)]
        for place in inner:
            for part in document.names(*place):
                yield from _condition(document, (*place, part), part)
        return
    found: list[Finding] = []
    for where in CONDITIONS[name].patterns:
        found += _patterns(document, path, value, where)
    yield from found
    if not any(finding.severity == "error" for finding in found):
        yield from _compiled(document, path, lambda checked: CONDITIONS[name].parse(checked, ()))


def transforms(document: Document) -> Iterator[Finding]:
    """Every step of a transform can be built."""
    for path in steps(document):
        kind = TRANSFORMS[str(path[-1])]
        found = list(_of_step(document, path, kind))
        yield from found
        is_sound = document.get(*path) is not None
        if is_sound and not any(finding.severity == "error" for finding in found):
            yield from _compiled(document, path, kind.build)


def steps(document: Document) -> Iterator[Path]:
    """Where each step stands whose name is one."""
    for name in document.names("transforms"):
        for index in document.indexes("transforms", name):
            for step in document.names("transforms", name, index):
                if step in TRANSFORMS:
                    yield "transforms", name, index, step


def _of_step(document: Document, path: Path, kind: Kind) -> Iterator[Finding]:
    """The patterns of a step, each at its place."""
    options = document.raw(*path)
    for found in kind.patterns(options) if isinstance(options, Mapping) else ():
        place: Path = (*path, *found.place)
        if isinstance(document.get(*place), str):
            yield from _edited(document, place, found)


def _edited(document: Document, place: Path, found: PatternAt) -> Iterator[Finding]:
    told = list(_pattern(document, place, found.source))
    yield from told
    if found.replacement is None or any(finding.severity == "error" for finding in told):
        return
    other: Path = (*place[:-1], "with")
    if not isinstance(document.get(*other), str):
        return
    try:
        patterns.compile_regex(found.source).check_replacement(found.replacement)
    except BadPattern as error:
        yield _bad(document, other, error, length=2)


def units(document: Document) -> Iterator[Finding]:
    """Every size, duration and rate is within its bounds."""
    places: dict[Path, Callable[[Any], object]] = {
        ("server", "max_body"): parse_size,
        ("server", "drain"): parse_duration,
        ("server", "memory"): parse_room,
        ("recorder", "max_size"): parse_size,
    }
    owners: list[Path] = [("providers", name) for name in document.names("providers")]
    for owner in (*owners, *document.uses()):
        for limit in document.names(*owner, "timeouts"):
            places[*owner, "timeouts", limit] = parse_duration
    for name in document.names("providers"):
        places["providers", name, "limits", "wait"] = parse_duration
        for rate in RATES:
            places["providers", name, "limits", rate] = parse_rate
    for place in document.corrections():
        places[*place, "model_timeout"] = parse_duration
    for name in DURATIONS:
        places["failover", name] = parse_duration
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


def _patterns(document: Document, path: Path, value: Any, where: str) -> Iterator[Finding]:
    """The patterns at a place inside a condition's value; see `Condition.patterns`."""
    if where == ".":
        yield from _names(document, path, value)
        return
    for key in value if isinstance(value, Mapping) else ():
        if where in (key, "*"):
            yield from _names(document, (*path, key), value[key])


def _names(document: Document, path: Path, value: Any) -> Iterator[Finding]:
    places: Mapping[Path, Any] = (
        {(*path, index): item for index, item in enumerate(value)}
        if isinstance(value, list)
        else {path: value}
    )
    for place, source in places.items():
        if _is_regex(source):  # a glob cannot fail
            yield from _pattern(document, place, source, patterns.compile_name_pattern, shift=1)


def _is_regex(source: Any) -> bool:
    is_text = isinstance(source, str) and len(source) > 1
    return is_text and source.startswith("/") and source.endswith("/")


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
    if compiled.is_nested:
        message = f"{document.where(path)}a repeat of a repeat can take all the time there is"
        help = "one repeat is enough: `(a+)+` finds what `a+` finds"
        span = document.positions.value(path)
        yield document.positions.warning("nested-repeat", span, message, help)
    elif not compiled.is_linear:
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
    except BadTemplate:
        return  # said at its own place
    except ValueError as error:
        message = f"{document.where(path)}{error}"
        yield document.positions.error("bad-value", document.positions.value(path), message)


def _bad(
    document: Document, path: Path, error: BadPattern, *, shift: int = 0, length: int = 1
) -> Finding:
    """A mistake inside a pattern, at its character where that is known."""
    span = document.positions.value(path)
    typed, value = document.positions.typed(path), document.raw(*path)
    if error.position is not None and typed == value:
        span = document.positions.within(path, error.position + shift, length)
    return document.positions.error("bad-pattern", span, f"{document.where(path)}{error}")
