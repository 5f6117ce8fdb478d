"""What a correction says about one tool call. No IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["off", "report", "repair", "model"]
"""Do nothing; check and tell; check, repair and tell; the same, and ask a model about the rest."""

MAX_ARGUMENTS = 8 * 1024 * 1024
"""Characters of a call's arguments; a longer text goes on as it came."""

Channel = Literal["text", "reasoning"]
"""Where in an answer calls may be found that a model wrote out."""

Form = Literal["object", "other", "broken", "truncated"]
"""A JSON object, or blank; other JSON; no JSON; no JSON because it ends too early."""

Rule = Literal[
    "name",
    "parse",
    "split",
    "unwrap",
    "alias",
    "drop",
    "null",
    "type",
    "default",
    "enum",
    "quirk",
    "text",
    "model",
]
"""The class of a repair; there are few, so that a metric can count by it."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One change, as a receipt. It names tools, keys and types, and never holds an argument's value."""

    tool: str
    rule: Rule
    path: str
    """JSON pointer inside the arguments; empty for the call itself."""
    before: str
    """Such as `write`, `path`, `string(4)`, `trailing comma`."""
    after: str = ""
    """What stands there now; empty when the thing is gone."""

    @property
    def detail(self) -> str:
        """`write -> Write`, `path -> file_path`, `string(2) -> integer`, `null removed`."""
        return f"{self.before} -> {self.after}" if self.after else f"{self.before} removed"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it goes on."""

    name: str
    arguments: str
    """JSON text."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One call after the correction.

    `valid`: as it came, and its schema accepts it. `repaired`: changed, and its schema accepts it.
    `invalid`: as it came, and wrong. `unchecked`: as it came, and nobody can tell.
    """

    status: Literal["valid", "repaired", "invalid", "unchecked"]
    name: str
    arguments: str
    """JSON text; the very text that came unless the status is `repaired`.

    Empty in a stream's report of a call that was too large to hold.
    """
    repairs: tuple[Repair, ...] = ()
    errors: tuple[str, ...] = ()
    """Sentences for a person; they name keys and types, and never hold an argument's value."""
    more: tuple[Call, ...] = ()
    """Further calls that stood in the same arguments, in their order; only when `repaired`."""
    form: Form = "object"
    """What the text that came is."""
    closed: bool = False
    """Closing braces were added at the end: right only if nothing was cut off."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that goes on."""
        return (Call(self.name, self.arguments), *self.more)


def described(value: object) -> str:
    """The type and the size of a value, for a receipt: `string(12)`, `array(3)`, `integer`."""
    kind = type_of(value)
    return f"{kind}({len(value)})" if isinstance(value, (str, list, dict)) else kind


def type_of(value: object) -> str:
    """The JSON Schema type of a decoded value."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"
