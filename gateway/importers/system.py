"""What an importer is: one other system, how it is recognised, and its settings. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.config.redaction import looks_secret
from gateway.importers.draft import Draft, Ref
from gateway.importers.files import Document, Found
from gateway.importers.values import is_model

_REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z_]\w*)\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Variable:
    """A setting of another system, as its own documents name it."""

    says: str
    """Where it is in the new config; for what is dropped: why, and what comes nearest."""
    kind: Literal["carried", "secret", "dropped"] = "carried"
    default: str = ""
    """What that system takes when it is not set."""


@dataclass(frozen=True, slots=True)
class System:
    """A program whose config can be imported."""

    name: str
    """What `--from` takes."""
    title: str
    variables: Mapping[str, Variable]
    """The environment variables of its documents."""
    write: Callable[[Found, Draft], None]
    marks: Callable[[Mapping[str, str]], bool] = lambda variables: False
    """The variables, by name and text, hold one that only this system has."""
    claims: Callable[[Document], bool] = lambda document: False
    """The document is one of its files."""
    takes_any_variable: bool = False
    """Its config names variables of the user's choice."""
    caveats: tuple[str, ...] = field(default_factory=tuple)
    """What is different in the new config whatever the old one says; stands at its head."""

    def knows(self, variable: str) -> bool:
        """The variable is one of its own."""
        return self.takes_any_variable or variable in self.variables


class Settings:
    """The variables of a system: what is set, or its default. Each that is set gets its note."""

    def __init__(self, system: Mapping[str, Variable], found: Found, draft: Draft) -> None:
        self._table = system
        self._given = found.variables
        self._draft = draft
        for name in self._given:
            if (known := system.get(name)) is not None:
                draft.note(name, known.kind, known.says)
            else:
                draft.note(name, "unknown", "not a variable of that system's documents")

    def text(self, name: str) -> str:
        """What is set, else the default. A text that refers to another variable goes on doing so."""
        value = self._given.get(name, "").strip() or self._table[name].default
        if name in self._given and looks_secret(value):  # a password in an address, for instance
            return self._draft.reference(
                name, "it holds what looks like a key, so it was not copied"
            )
        named = _REFERENCE.findall(value)
        for other in named:
            self._draft.reference(other, f"{name} names it")
        return Ref(value) if named else value

    def model(self, name: str) -> str:
        """A model; what cannot be one counts as not set."""
        value = self.text(name)
        if not value or isinstance(value, Ref) or is_model(value):
            return value
        default = self._table[name].default
        self._draft.note(name, "dropped", f"no model is called so; nearest: {default or 'none'}")
        return default

    def has(self, name: str) -> bool:
        """It is set to something."""
        return bool(self._given.get(name, "").strip())

    def number(self, name: str) -> int:
        """A whole number; what is none counts as not set, and its note says so."""
        value = self._given.get(name, "").strip().replace("_", "")
        default = int(self._table[name].default or 0)
        if value and not (value.isascii() and value.isdigit() and len(value) < 16):
            self._draft.note(name, "dropped", f"it is not a number; nearest: {default}")
            return default
        return int(value) if value else default

    def port(self) -> int:
        """PORT; what is none counts as not set."""
        port = self.number("PORT")
        if 0 < port < 65536:
            return port
        default = int(self._table["PORT"].default)
        self._draft.note("PORT", "dropped", f"it is no port; nearest: {default}")
        return default

    def is_on(self, name: str) -> bool:
        """It is switched on."""
        return self.text(name).lower() in ("1", "true", "yes", "on")
