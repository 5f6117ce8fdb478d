"""The files of another system, as plain data. No IO.

What a file is shows in its text, not in its name: JSON (with comments and the like, as JSON5 has them)
begins with a brace, an environment file with `NAME=`, and everything else is YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import json5

from gateway import json_text
from gateway.config.text.source import parse_env_file, parse_yaml
from gateway.once import once

Kind = Literal["env", "json", "yaml"]

MAX_JSON5 = 256 * 1024
"""Characters of JSON5 that are read: its reader is thorough, not fast."""

_BLANK = re.compile(r"(?:\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=", re.ASCII)


class CannotImport(ValueError):
    """Nothing can be made of the files; the message says why, and shows nothing of their text."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was given."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was read."""

    name: str
    kind: Kind
    value: Any


@dataclass(frozen=True)
class Found:
    """Everything that was given."""

    documents: tuple[Document, ...]

    @once
    def variables(self) -> Mapping[str, str]:
        """What environment files set, by name; the first file that sets one is taken."""
        merged: dict[str, str] = {}
        for document in self.documents:
            if document.kind == "env":
                merged = {**document.value, **merged}
        return merged

    @once
    def holders(self) -> Mapping[str, str]:
        """Variable -> the file that sets it to something."""
        held: dict[str, str] = {}
        for document in self.documents:
            if document.kind == "env":
                for name, value in document.value.items():
                    if value.strip():
                        held.setdefault(name, document.name)
        return held

    @property
    def structured(self) -> tuple[Document, ...]:
        """The documents that are no environment files."""
        return tuple(document for document in self.documents if document.kind != "env")


def read(files: Iterable[File]) -> Found:
    """Raises `CannotImport` for a file that cannot be read."""
    return Found(tuple(_document(file) for file in files))


def _document(file: File) -> Document:
    text = file.text.removeprefix("\ufeff")
    kind = kind_of(text)
    if kind == "env":
        return Document(file.name, kind, parse_env_file(text))
    value = _json(file.name, text) if kind == "json" else _yaml(file.name, text)
    return Document(file.name, kind, value)


def kind_of(text: str) -> Kind:
    """By the first thing in a text that is no comment. Nothing at all is an empty environment."""
    blank = _BLANK.match(text)
    begins = text[blank.end() :] if blank else text
    if begins.startswith("{"):
        return "json"
    return "env" if not begins or _ASSIGNMENT.match(begins) else "yaml"


def _json(name: str, text: str) -> Any:
    try:
        return json_text.decode(text)
    except json_text.NotJSON:
        if len(text) > MAX_JSON5:
            raise CannotImport(f"{name}: this is not JSON, and too long for JSON5") from None
    try:
        return json5.loads(text)
    except (ValueError, RecursionError) as error:
        line = re.match(r"<string>:(\d+)", str(error))
        where = f"{name}:{line[1]}" if line else name
        raise CannotImport(f"{where}: this is neither JSON nor JSON5") from None


def _yaml(name: str, text: str) -> Any:
    value, _, findings = parse_yaml(text, name)
    if findings:
        first = findings[0]
        what = "a key stands here twice" if first.code == "duplicate-key" else "this is not YAML"
        raise CannotImport(f"{name}:{first.line}: {what}")
    return value
