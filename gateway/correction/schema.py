"""Compiled input schemas, and what they say about a value. No IO.

JSON Schema Draft 2020-12, as the API documents for `input_schema`. Patterns run on a linear-time
engine, and a reference that leads out of the schema is refused, not fetched: a schema comes from a
client, and checking a call must neither hang nor reach the network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from threading import Lock
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway import json_text
from gateway.correction.effort import IN_PLACE, REFERENCES, is_affordable
from gateway.correction.folding import folded

MAX_SCHEMA = 256 * 1024
"""Bytes of one schema."""
MANY_PARTS = 1_000
"""Values in a schema above which what its alternatives cost is looked at, without references too."""
MAX_DEPTH = 128
"""Levels of a value. Real calls use a dozen; the validator recurses, and has only the C stack."""
MAX_CACHED = 512
MAX_ERRORS = 1_500
"""Errors of one value that are looked at."""
MAX_SENTENCES = 8
MAX_SENTENCE = 240
"""Characters."""

_MASK = "the value"
"""Stands for the argument's value in every message of the validator."""


class Uncheckable(ValueError):
    """The schema, or the value, is beyond what can be checked; the message says why."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One compiled schema; safe to share between threads."""

    document: Mapping[str, Any]
    validator: jsonschema_rs.Validator
    keys: frozenset[str]
    """The folded names of all properties, at any depth."""
    may_explode: bool
    """The work may grow beyond the size of schema and value, or is large to begin with."""

    def accepts(self, value: object) -> bool:
        """Whether the value, at most `MAX_DEPTH` deep, is valid; raises `Uncheckable`."""
        self._check_effort(value)
        try:
            return self.validator.is_valid(value)
        except ValueError as error:
            raise _unreadable(error) from None

    def errors(self, value: object) -> list[ValidationError]:
        """What is wrong with the value, up to one more than `MAX_ERRORS`; raises `Uncheckable`."""
        self._check_effort(value)
        try:
            return list(islice(self.validator.iter_errors(value), MAX_ERRORS + 1))
        except ValueError as error:
            raise _unreadable(error) from None

    def _check_effort(self, value: object) -> None:
        if self.may_explode and not is_affordable(self.document, value):
            raise Uncheckable(
                "The tool's input_schema has too many alternatives for these arguments."
            )

    def at(self, path: Sequence[str | int]) -> Mapping[str, Any]:
        """The part of the document at a path; empty when there is no object."""
        part: Any = self.document
        for step in path:
            try:
                part = part[step]
            except (KeyError, IndexError, TypeError):
                return {}
        return part if isinstance(part, dict) else {}


def _unreadable(error: ValueError) -> Uncheckable:
    if isinstance(error, UnicodeEncodeError):
        return Uncheckable("The arguments hold text that UTF-8 cannot carry.")
    return Uncheckable("The arguments are beyond what the validator can read.")


class _Cache:
    """The schemas of the last few hundred tools, because every turn offers the same ones."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[bytes, Schema | str] = OrderedDict()

    def get(self, text: bytes) -> Schema | str:
        """The compiled schema, or why there is none."""
        key = blake2b(text, digest_size=32).digest()
        with self._lock:
            if (entry := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                return entry
        entry = _compile(text)
        with self._lock:
            self._entries[key] = entry
            while len(self._entries) > MAX_CACHED:
                self._entries.popitem(last=False)
        return entry


_cache = _Cache()


def compiled(document: Mapping[str, Any]) -> Schema:
    """The schema, compiled once per process; raises `Uncheckable` when it is no usable schema."""
    try:
        text = json_text.encode(document)
    except (TypeError, ValueError, RecursionError):
        raise Uncheckable("The tool's input_schema is not JSON.") from None
    if len(text) > MAX_SCHEMA:
        raise Uncheckable(f"The tool's input_schema is larger than {MAX_SCHEMA} bytes.")
    entry = _cache.get(text)
    if isinstance(entry, str):
        raise Uncheckable(entry)
    return entry


def _compile(text: bytes) -> Schema | str:
    try:
        document = json_text.decode(text)
        validator = jsonschema_rs.Draft202012Validator(
            document,
            pattern_options=jsonschema_rs.RegexOptions(),
            retriever=_refuse,
            mask=_MASK,
        )
    except ValidationError as error:
        if isinstance(error.kind, ValidationErrorKind.Referencing):
            return "The tool's input_schema refers to a schema outside itself."
        at = pointer(error.instance_path) or "its root"
        return clipped(f"The tool's input_schema cannot be used, at {at}: {error.message}")
    except ValueError:
        return "The tool's input_schema cannot be used."
    keys: set[str] = set()
    words: set[str] = set()
    parts, count = [document], 0
    while parts:
        part = parts.pop()
        count += 1
        if isinstance(part, dict):
            if isinstance(properties := part.get("properties"), dict):
                keys.update(map(folded, properties))
            words.update(part)
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
    may_explode = not words.isdisjoint(REFERENCES)
    may_explode |= count > MANY_PARTS and not words.isdisjoint(IN_PLACE)
    return Schema(document, validator, frozenset(keys), may_explode)


def _refuse(uri: str) -> Any:
    raise LookupError(f"{uri} is not fetched")


def pointer(path: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901); empty for the whole value."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def sentences(errors: Sequence[ValidationError]) -> tuple[str, ...]:
    """The first errors in words, with where they stand."""
    said = [
        clipped(f"{pointer(error.instance_path) or 'arguments'}: {error.message}")
        for error in errors[:MAX_SENTENCES]
    ]
    if (more := len(errors) - len(said)) > 0:
        said.append(f"and {more} more")
    return tuple(said)


def clipped(sentence: str) -> str:
    """The sentence, at most `MAX_SENTENCE` characters of it."""
    return sentence if len(sentence) <= MAX_SENTENCE else sentence[: MAX_SENTENCE - 1] + "…"


def size_of(value: object) -> int | None:
    """How many values there are inside the value; None when it is deeper than `MAX_DEPTH`."""
    count = 0
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return count
        count += sum(map(len, level))
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
    return None


def is_too_deep(text: str, value: object) -> bool:
    """The value that the text was read as is deeper than `MAX_DEPTH`."""
    nests = text.count("{") + text.count("[") > MAX_DEPTH
    return nests and size_of(value) is None
