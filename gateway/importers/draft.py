"""The config that an import is writing, and its report. No IO.

No secret gets in: a key is a reference to a variable from the start, and a text that looks like a key
becomes one.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from gateway.config.redaction import is_secret_name, looks_secret
from gateway.routing import Target

_REFERENCE = re.compile(r"\$\{[^}]*\}")

Outcome = Literal["carried", "secret", "dropped", "unknown"]
"""It stands in the config; it is referred to and was not copied; it cannot be carried; it is not a
setting of that system."""


class Ref(str):
    """A text in which `${NAME}` refers to the environment; any other text is taken as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one setting."""

    name: str
    """As the old config has it: `ROUTER_THINK`, `Providers.gemini.api_key`."""
    outcome: Outcome
    says: str
    """Where it is now; or why it is nowhere, and what comes nearest."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A variable that the new config refers to."""

    name: str
    says: str
    held_by: str | None = None
    """The file among those given that sets it."""


@dataclass(slots=True)
class Part:
    """One entry of a section, and what stands above it."""

    value: dict[str, Any]
    comment: str = ""


@dataclass(slots=True)
class Draft:
    """Filled by a system's importer, top to bottom."""

    holders: Mapping[str, str] = field(default_factory=dict)
    """Variable -> the file that sets it."""
    server: Part = field(default_factory=lambda: Part({}))
    providers: dict[str, Part] = field(default_factory=dict)
    rules: list[Part] = field(default_factory=list)
    default: Part = field(default_factory=lambda: Part({}))
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    transforms: dict[str, Part] = field(default_factory=dict)
    """The step stands under `steps`."""
    correction: Part = field(default_factory=lambda: Part({}))
    print_system: bool | None = None
    notes: dict[str, Note] = field(default_factory=dict)
    needed: dict[str, Needed] = field(default_factory=dict)

    def note(self, name: str, outcome: Outcome, says: str) -> None:
        """Says what became of a setting; what was said of it before is replaced."""
        self.notes[name] = Note(name, outcome, says)

    def key(self, provider: str, variable: str) -> Ref | None:
        """A reference to a known provider's key, if a file sets it; the gateway finds others itself."""
        return (
            self.reference(variable, f"the key of {provider}") if variable in self.holders else None
        )

    def reference(self, variable: str, says: str) -> Ref:
        """A reference to a variable that has to be set."""
        if variable not in self.needed:
            self.needed[variable] = Needed(variable, says, self.holders.get(variable))
        return Ref(f"${{{variable}}}")

    def rule(self, name: str, when: Mapping[str, Any], comment: str = "", **actions: Any) -> None:
        """Adds a rule; a name that is taken gets a number."""
        name = "".join(char if char.isprintable() else "?" for char in name)
        taken = {part.value["name"] for part in self.rules}
        asked = {"when": dict(when)} if when else {}
        self.rules.append(Part({"name": unique(name, taken), **asked, **actions}, comment))

    def facts(self, target: str, **facts: Any) -> None:
        """What is known of a target."""
        self.models.setdefault(target, {}).update(facts)

    def guarded(self, text: str, place: str) -> str:
        """The text, or a reference in place of one that holds something like a key."""
        literal = _REFERENCE.sub("", text) if isinstance(text, Ref) else text
        in_secret_place = place.startswith("providers.") and is_secret_name(
            place.rpartition(".")[2]
        )
        if not looks_secret(literal) and not (in_secret_place and literal):
            return text
        says = f"the text of {place}: it holds what looks like a key, so it was not copied"
        taken = next((one.name for one in self.needed.values() if one.says == says), None)
        return self.reference(taken or unique("IMPORTED_TEXT", self.needed), says)


def unique(name: str, taken: Container[str]) -> str:
    """The name, with the first number that makes it one of its own."""
    mark = "_" if name.isupper() else "-"
    if name not in taken:
        return name
    numbered = (f"{name}{mark}{number}" for number in count(2))
    return next(one for one in numbered if one not in taken)


def exactly(name: str) -> str:
    """What a rule asks for when it means this model and no other."""
    is_plain = not ("*" in name or "?" in name or name.startswith("/"))
    return name if is_plain else f"/^{re.escape(name)}$/"


def target(provider: str, model: str) -> str:
    """`provider:model`; it refers to the environment where the model does."""
    text = f"{provider}:{model}"
    return Ref(text) if isinstance(model, Ref) else text


def is_target(text: str) -> bool:
    """The text has the form of a target."""
    provider, colon, model = text.partition(":")
    return (
        bool(provider and colon and model) and text.split() == [text] and bool(Target.parse(text))
    )
