"""Names in tests that the tested config does not have: such a test could never pass. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from gateway.cases.suite import Suite
from gateway.config import Finding, Snapshot
from gateway.config.text.document import quoted, suggestion
from gateway.config.text.positions import Path
from gateway.routing import BadTarget, Target
from gateway.routing.decision import Origin


def unknown_names(suite: Suite, snapshot: Snapshot) -> Iterator[Finding]:
    """A finding for each rule, transform and target that is named and does not exist."""
    for index, case in enumerate(suite.cases):
        for part, values in (("given", case.given), ("expect", case.expect)):
            for key in values:
                if key in NAMES:
                    path: Path = ("tests", index, part, key)
                    yield from _unknown(suite, path, values[key], snapshot)
                elif key in TARGETS:
                    yield from _targets(suite, ("tests", index, part, key), values[key], snapshot)


def _unknown(suite: Suite, path: Path, value: Any, snapshot: Snapshot) -> Iterator[Finding]:
    what, names_in = NAMES[str(path[-1])]
    known = names_in(snapshot)
    for place, name in _texts(path, value):
        if name not in known:
            span = suite.positions.value(place)
            message = f"no {what} is called {quoted(name)}"
            yield suite.positions.error("unknown-name", span, message, suggestion(name, known))


def _targets(suite: Suite, path: Path, value: Any, snapshot: Snapshot) -> Iterator[Finding]:
    for place, text in _texts(path, value):
        span = suite.positions.value(place)
        try:
            provider = Target.parse(text).provider
        except BadTarget:
            alias = snapshot.aliases.get(text)
            help = f"`{text}` is another name for `{alias}`" if alias is not None else ""
            message = f"expected a target such as openai:gpt-5, got {quoted(text)}"
            yield suite.positions.error("bad-target", span, message, help)
            continue
        if provider not in snapshot.endpoints:
            message = f"unknown provider {quoted(provider)}"
            help = suggestion(provider, sorted(snapshot.endpoints))
            yield suite.positions.error("unknown-provider", span, message, help)


def _texts(path: Path, value: Any) -> Iterable[tuple[Path, str]]:
    """Each text of a value, with its place."""
    if isinstance(value, list):
        return (((*path, at), item) for at, item in enumerate(value))
    return [(path, value)]


def _rules(snapshot: Snapshot) -> list[str]:
    return [rule.name for rule in snapshot.rules]


def _deciders(snapshot: Snapshot) -> list[str]:
    return [*_rules(snapshot), *(origin for origin in get_args(Origin) if origin != "rule")]


NAMES: Mapping[str, tuple[str, Callable[[Snapshot], list[str]]]] = {
    "rule": ("rule", _deciders),
    "applied": ("rule", _rules),
    "transforms": ("transform", lambda snapshot: list(snapshot.transforms)),
}
"""Key of a test -> what it names, and the names that the config has."""

TARGETS = frozenset({"target", "fallback", "cooling"})
"""Keys of a test under which targets stand."""
