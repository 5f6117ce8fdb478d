"""References to the environment in a config: `${NAME}` and `${NAME:-default}`. No IO.

`$${` stands for `${` as it is. What a variable holds is never shown: findings name the variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.findings import Finding
from gateway.config.text.positions import Path, Positions

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)\}|\$\{")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_]\w*)(?::-(?P<default>.*))?", re.ASCII | re.DOTALL)
_NUMBERS: frozenset[Path] = frozenset({("server", "port")})
"""Settings that are numbers, although a variable can only hold text."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A value with the environment in its place."""

    value: Any = field(repr=False)
    findings: tuple[Finding, ...]
    used: Mapping[str, str | None] = field(repr=False)
    """What the value depends on: variable -> its text, None where it is not set."""
    unresolved: frozenset[Path] = frozenset()
    """Where an error has been found, so that nothing else can be said of the value."""


def expand(value: Any, positions: Positions, environment: Mapping[str, str]) -> Expanded:
    """Replaces each reference in each text. An unset secret becomes None, other text is left out.

    That a variable is not set is a warning where the gateway can serve without it, else an error.
    """
    expansion = _Expansion(positions, environment)
    expanded = expansion.expand(value, ())
    return Expanded(
        expanded, tuple(expansion.findings), expansion.used, frozenset(expansion.unresolved)
    )


def first_variable(text: str | None) -> str | None:
    """The variable that a text refers to first."""
    for match in _REFERENCE.finditer(text or ""):
        if (inside := _INSIDE.fullmatch(match["inside"] or "")) is not None:
            return inside["name"]
    return None


def filled(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A sound text with the environment in its place, and the variables that it lacks."""
    lacking: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(match["inside"] or "")
        if inside is None:
            return match[0]
        value = environment.get(inside["name"]) or inside["default"]
        if value is None:
            lacking.append(inside["name"])
        return value or ""

    return _REFERENCE.sub(value_of, text), tuple(lacking)


def variables(text: str) -> frozenset[str]:
    """Every variable that a text refers to."""
    found = (_INSIDE.fullmatch(match["inside"] or "") for match in _REFERENCE.finditer(text))
    return frozenset(inside["name"] for inside in found if inside is not None)


def has_reference(text: str | None) -> bool:
    """The text depends on the environment, so its value must not be shown."""
    return first_variable(text) is not None


class _Expansion:
    def __init__(self, positions: Positions, environment: Mapping[str, str]) -> None:
        self.positions = positions
        self.environment = environment
        self.findings: list[Finding] = []
        self.used: dict[str, str | None] = {}
        self.unresolved: set[Path] = set()

    def expand(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {name: self.expand(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self.expand(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._text(value, path)
        return value

    def _text(self, text: str, path: Path) -> str | int | None:
        expanded = _REFERENCE.sub(lambda match: self._replaced(match, path), text)
        if not expanded.strip() and _is_secret(path):
            return None
        if path in _NUMBERS and expanded.isascii() and expanded.isdigit():
            return int(expanded[:20])
        return expanded

    def _replaced(self, match: re.Match[str], path: Path) -> str:
        if match[0] == "$${":
            return "${"
        inside = _INSIDE.fullmatch(match["inside"] or "")
        if inside is None:
            self._refuse(match, path)
            return match[0]
        name = inside["name"]
        value = self.used[name] = self.environment.get(name)
        if inside["default"] is not None:
            return value or inside["default"]
        if value is None:
            self._unset(name, match, path)
        return value or ""

    def _refuse(self, match: re.Match[str], path: Path) -> None:
        self.unresolved.add(path)
        span = self.positions.within(path, match.start(), len(match[0]))
        message = "expected ${NAME} or ${NAME:-default}"
        help = "write `$${` for a `${` that is meant as it stands"
        self.findings.append(self.positions.error("bad-reference", span, message, help))

    def _unset(self, name: str, match: re.Match[str], path: Path) -> None:
        span = self.positions.within(path, match.start(), len(match[0]))
        optional = _is_secret(path) or path[:1] == ("transforms",)
        report = self.positions.warning if optional else self.positions.error
        if not optional:
            self.unresolved.add(path)
        help = f"set {name} in the environment or in `.env`, or write ${{{name}:-default}}"
        message = f"the environment variable {name} is not set"
        self.findings.append(report("unset-variable", span, message, help))


def _is_secret(path: Path) -> bool:
    """A provider's key, or a header: without it the gateway serves the other providers."""
    match path:
        case ("providers", _, "api_key", *_) | ("providers", _, "headers", _):
            return True
        case _:
            return False
