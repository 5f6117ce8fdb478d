"""The configs of other systems, as a config of the gateway. No IO.

    files    text to plain data: environment files, JSON5, YAML
    system   what an importer is; one module for each system, with a table old name -> what it becomes
    servers  an address to a provider of the gateway
    draft    what has been written so far, and what the report says
    writing  the draft as YAML with comments

To add a system: a module with its tables and `SYSTEM`, and a line in `SYSTEMS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.importers import (
    claude_code_router,
    litellm,
    nielspeter,
    okeysir,
    simple_proxy,
    tizee,
    ultrathink,
)
from gateway.importers.draft import Draft, Needed, Note
from gateway.importers.files import CannotImport, File, Found, read
from gateway.importers.system import System
from gateway.importers.writing import SCHEMA, text_of

__all__ = [
    "SYSTEMS",
    "CannotImport",
    "File",
    "Imported",
    "Needed",
    "Note",
    "convert",
    "recognised",
    "variables_of",
]

SYSTEMS: dict[str, System] = {
    module.SYSTEM.name: module.SYSTEM
    for module in (
        ultrathink,
        nielspeter,
        tizee,
        okeysir,
        simple_proxy,
        claude_code_router,
        litellm,
    )
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A config, and what became of the old one."""

    system: str
    text: str
    notes: tuple[Note, ...]
    """One for each setting that was given."""
    needed: tuple[Needed, ...]
    """The variables that the config refers to."""


def convert(files: Iterable[File], *, system: str | None = None, schema: str = SCHEMA) -> Imported:
    """The config of what the files say. Raises `CannotImport`, also when no or no single system has
    such files and `system` does not say which it is. `schema` is where editors find the schema."""
    found = read(files)
    chosen = SYSTEMS[system] if system is not None else _only(recognised(found))
    for document in found.structured:
        if not chosen.claims(document):
            raise CannotImport(f"{document.name}: this is not a file of {chosen.title}")
    draft = Draft(holders=found.holders)
    chosen.write(found, draft)
    names = ", ".join(document.name for document in found.documents)
    title = (f"Imported from {chosen.title}: {names}.", *chosen.caveats)
    text = text_of(draft, title, schema=schema)
    return Imported(chosen.name, text, _notes(draft, found), tuple(draft.needed.values()))


def variables_of(files: Iterable[File]) -> Mapping[str, str]:
    """What the environment files among them set."""
    return read(files).variables


def recognised(found: Found) -> tuple[System, ...]:
    """The systems whose config this may be; more than one when nothing tells them apart."""
    names = {name for name in found.variables if _is_known(name)}
    if not names and not found.structured:
        return ()
    explaining = [
        system
        for system in SYSTEMS.values()
        if all(map(system.knows, names)) and all(map(system.claims, found.structured))
        if found.structured or not system.takes_any_variable
    ]
    # A name that no other system has decides, and where names of two are mixed, the marks alone do.
    sure = [system for system in explaining or SYSTEMS.values() if _is_marked(system, found)]
    return tuple(sure or explaining)


def _is_known(variable: str) -> bool:
    return any(variable in system.variables for system in SYSTEMS.values())


def _is_marked(system: System, found: Found) -> bool:
    return system.marks(found.variables) or any(map(system.claims, found.structured))


def _only(candidates: Sequence[System]) -> System:
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(system.name for system in candidates or SYSTEMS.values())
    if candidates:
        raise CannotImport(f"this may be the config of {names}: say which with --from NAME")
    raise CannotImport(f"no system has such files; --from NAME takes {names}")


def _notes(draft: Draft, found: Found) -> tuple[Note, ...]:
    """A variable that the config came to refer to is not unknown."""
    return tuple(
        replace(note, outcome="secret", says="the config refers to it")
        if note.outcome == "unknown" and note.name in draft.needed
        else note
        for note in draft.notes.values()
    )
