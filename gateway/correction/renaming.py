"""Renames keys that a schema does not know to the ones that were meant. No IO.

Every renaming answers an error: a key that the schema forbids, or one that it demands and does not
find. Keys that a schema merely tolerates stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway import json_text
from gateway.correction import names
from gateway.correction.draft import Draft, Path
from gateway.correction.folding import folded, words
from gateway.correction.known.parameters import NEUTRAL_KEY_WORDS
from gateway.correction.known.words import Words
from gateway.correction.schema import Schema

_OTHER_PARTS = frozenset(
    {
        "$dynamicRef",
        "allOf",
        "anyOf",
        "dependentSchemas",
        "else",
        "if",
        "oneOf",
        "patternProperties",
        "then",
    }
)
"""Keywords that let two parts of a schema describe one object."""

MAX_STRANGERS = 64
"""Unknown keys of one object that may be others: an object with more is something else."""


@dataclass(slots=True)
class _Object:
    """What the errors say about one object of the arguments."""

    known: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    says_all: bool = True
    """No other part of the schema gives a meaning to keys that are not among the known."""

    def strangers(self, present: Iterable[str]) -> list[str]:
        """The keys that may have been meant as others."""
        if self.forbidden:
            return [key for key in present if key in self.forbidden]
        return [key for key in present if key not in self.known] if self.says_all else []


def rename(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Renames, and drops exact repeats; whether anything changed."""
    table = draft.tables.aliases_of(draft.tool)
    changed = False
    for path, about in _objects(errors, draft.schema).items():
        if isinstance(value := draft.at(path), dict):
            changed |= _spell_out(draft, path, value, about)
            for target, keys in _meant(value, about, table).items():
                changed |= _settle(draft, path, target, keys, drop=bool(about.forbidden))
    return changed


def _objects(errors: Sequence[ValidationError], schema: Schema) -> dict[Path, _Object]:
    found: dict[Path, _Object] = {}
    for error in errors:
        kind = error.kind
        if not isinstance(
            kind, (ValidationErrorKind.Required, ValidationErrorKind.AdditionalProperties)
        ):
            continue
        about = found.setdefault(tuple(error.instance_path), _Object())
        holder = schema.at(error.schema_path[:-1])
        if isinstance(properties := holder.get("properties"), dict):
            about.known |= properties.keys()
        about.says_all &= _says_all(holder, error.evaluation_path)
        if isinstance(kind, ValidationErrorKind.Required):
            about.missing.add(kind.property)
        else:
            about.forbidden |= set(kind.unexpected)
    return found


def _says_all(holder: Mapping[str, Any], path: Sequence[str | int]) -> bool:
    return (
        not isinstance(holder.get("additionalProperties"), dict)
        and _OTHER_PARTS.isdisjoint(holder)
        and "$ref" not in holder
        and _OTHER_PARTS.isdisjoint(path[:-1])
    )


def _spell_out(draft: Draft, path: Path, value: dict[str, Any], about: _Object) -> bool:
    """Switches that stand for a value: `-l` for `output_mode: files_with_matches`."""
    changed = False
    flags = draft.tables.flags_of(draft.tool)
    for key in about.forbidden & flags.keys() & value.keys():
        target, meant = flags[key]
        if value[key] in (True, "true") and target in about.known and target not in value:
            del value[key]
            value[target] = meant
            draft.note("alias", (*path, target), key, target)
            changed = True
    return changed


def _meant(value: Mapping[str, Any], about: _Object, table: Words) -> dict[str, list[str]]:
    """Which keys of the object stand for which property."""
    groups: dict[str, list[str]] = {}
    strangers = about.strangers(value)
    for key in strangers if len(strangers) <= MAX_STRANGERS else ():
        target = _target(key, about, table)
        if target is not None and (about.forbidden or target in about.missing):
            groups.setdefault(target, []).append(key)
    return groups


def _target(key: str, about: _Object, table: Words) -> str | None:
    """The property that a key means; its last words are enough for one that is demanded."""
    known = tuple(about.known)
    found = names.matches(key, known) or tuple(
        name for name in table.get(folded(key), ()) if name in about.known
    )
    if not found:
        found = tuple(name for name in about.missing if _is_head(name, key))
    return found[0] if len(found) == 1 else None


def _is_head(name: str, key: str) -> bool:
    """Whether the key is the name after words that do not change it: `bash_command`."""
    spoken, asked = words(key), words(name)
    rest = spoken[: -len(asked)]
    return (
        bool(asked and rest) and spoken[-len(asked) :] == asked and set(rest) <= NEUTRAL_KEY_WORDS
    )


def _settle(draft: Draft, path: Path, target: str, keys: Sequence[str], *, drop: bool) -> bool:
    """Gives the property its value, unless the keys that stand for it disagree."""
    value: dict[str, Any] = draft.at(path)
    if value.get(target, keys) is None:
        del value[target]  # a null beside an alias is no value of its own
    repeats = [*keys, target] if target in value else keys
    if len({json_text.encode(value[key]) for key in repeats}) > 1:
        return False
    renamed = None if target in value else keys[0]
    dropped = [key for key in keys if key != renamed] if drop else []
    if renamed is not None:
        draft.note("alias", (*path, target), renamed, target)
    for key in dropped:
        draft.note("alias", (*path, target), key)
    items = [
        (target if key == renamed else key, item)
        for key, item in value.items()
        if key not in dropped
    ]
    value.clear()
    value.update(items)
    return renamed is not None or bool(dropped)
