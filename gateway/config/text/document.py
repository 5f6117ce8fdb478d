"""A config on its way through the checks: its value, its places, and what is known to be wrong. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gateway.config.redaction import is_secret_path, looks_secret
from gateway.config.text.environment import has_reference
from gateway.config.text.positions import Path, Positions
from gateway.providers import PROVIDERS

LONGEST_QUOTE = 60
"""Characters of a value that a message repeats."""

_NAMED_SECTIONS: Mapping[str, str] = {
    "providers": "provider",
    "models": "model",
    "transforms": "transform",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A config's value, with the environment in its place."""

    value: Mapping[str, Any] = field(repr=False)
    positions: Positions
    broken: frozenset[Path] = frozenset()
    """Where something is wrong, or in what is inside it; no later check has to say it again."""

    def get(self, *path: str | int) -> Any:
        """The value at a path if it is there and nothing in it is wrong; else None."""
        return None if path in self.broken else self.raw(*path)

    def raw(self, *path: str | int) -> Any:
        """The value at a path, right or wrong; None where there is none."""
        value: Any = self.value
        for step in path:
            if isinstance(value, Mapping) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def names(self, *path: str | int) -> list[str]:
        """The keys of a mapping; none if it is no mapping."""
        value = self.raw(*path)
        return list(value) if isinstance(value, Mapping) else []

    def indexes(self, *path: str | int) -> range:
        """The indexes of a list; none if it is no list."""
        value = self.raw(*path)
        return range(len(value)) if isinstance(value, list) else range(0)

    def each(self, *path: str | int) -> list[Path]:
        """The places of one or a list of them: those of a list, or else the place itself."""
        if isinstance(self.raw(*path), list):
            return [(*path, index) for index in self.indexes(*path)]
        return [path]

    @property
    def known_providers(self) -> list[str]:
        """The providers that a target can name."""
        return sorted({*PROVIDERS, *self.names("providers")})

    def uses(self) -> Iterator[Path]:
        """Each place that has a target and may have transforms: the rules, and a default with parts."""
        yield from (("rules", index) for index in self.indexes("rules"))
        if isinstance(self.raw("default"), Mapping):
            yield ("default",)

    def corrections(self) -> Iterator[Path]:
        """Each place that may speak of tool correction: for everybody, for targets, for rules."""
        yield ("tool_correction",)
        yield from (("models", name, "correction") for name in self.names("models"))
        yield from ((*use, "correction") for use in self.uses())

    # -- words ---------------------------------------------------------------------------------------

    def where(self, path: Path) -> str:
        """What a person calls the place, to begin a sentence with; empty for the whole document."""
        match path:
            case ("rules", int(index), *rest):
                owner = self._rule(index)
            case (str(section), str(name), *rest) if section in _NAMED_SECTIONS:
                owner = f"{_NAMED_SECTIONS[section]} {quoted(name)}"
            case _:
                owner, rest = "", list(path)
        inner = quoted(dotted(rest)) if rest else ""
        place = ", ".join(part for part in (owner, inner) if part)
        return f"{place}: " if place else ""

    def _rule(self, index: int) -> str:
        name = self.raw("rules", index, "name")
        return f"rule {quoted(name)}" if isinstance(name, str) and name else f"rule {index + 1}"

    def typed(self, path: Path) -> str:
        """A text as a message may repeat it: as it was typed, and never a secret."""
        if is_secret_path(path):
            return "a text that is not shown"
        return quoted(self.positions.typed(path) or "")

    def got(self, path: Path) -> str:
        """What stands at a path, for `expected …, got …`."""
        value, typed = self.raw(*path), self.typed(path)
        match value:
            case _ if has_reference(self.positions.typed(path)):
                return f"the value of {typed}"
            case None:
                return "nothing"
            case bool():
                return f"the boolean {typed}"
            case int() | float():
                return f"the number {typed}"
            case str():
                return typed if value else "an empty text"
            case list():
                return "a list" if value else "an empty list"
            case _:
                keys = ", ".join(quoted(name) for name in self.names(*path)[:4])
                return f"a mapping of {keys}" if keys else "an empty mapping"


def around(paths: Iterable[Path]) -> frozenset[Path]:
    """The paths, and those of everything that they are in."""
    return frozenset(path[:length] for path in paths for length in range(len(path) + 1))


def quoted(text: str) -> str:
    """A text of the config as a message may repeat it: short, and never a secret."""
    if looks_secret(text):
        return "a text that looks like a key"
    return f"`{text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + '…'}`"


def dotted(path: Iterable[str | int]) -> str:
    """A path as people write it: `when.model[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def suggestion(word: str, known: Iterable[str]) -> str:
    """Help for a word that is none of `known`."""
    names = list(known)
    if close := closest(word, names):
        return f"did you mean `{close}`?"
    return "expected one of " + ", ".join(f"`{name}`" for name in names) if names else ""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)
