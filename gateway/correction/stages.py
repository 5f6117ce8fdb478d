"""The stages of a correction, and the gate before and after them. No IO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jsonschema_rs import ValidationError

from gateway import json_text
from gateway.correction import names
from gateway.correction.catalog import ToolCatalog
from gateway.correction.coercion import coerce, unproven
from gateway.correction.draft import Draft
from gateway.correction.reading import read
from gateway.correction.renaming import rename
from gateway.correction.result import MAX_ARGUMENTS, Correction, Repair
from gateway.correction.schema import MAX_DEPTH, Uncheckable, clipped, sentences, size_of

Stage = Callable[[Draft, Sequence[ValidationError]], bool]
"""(draft, its errors) -> whether the draft was changed."""

STAGES: tuple[Stage, ...] = (rename, coerce)
"""In order. After a change the draft is validated anew, and the first stage goes first again."""

MAX_ROUNDS = 16
MAX_VALUES = 5_000
"""Values inside arguments that may be repaired: each can be an error, and an error costs ~40 µs."""


def correct(name: str, arguments: str, catalog: ToolCatalog) -> Correction:
    """Checks one call, and repairs it if that can be done without a guess. Never raises."""
    if len(arguments) > MAX_ARGUMENTS:
        return oversized(name, arguments)
    if (tool := catalog.find(name)) is None:
        return Correction("invalid", name, arguments, errors=(names.unknown(name, catalog.names),))
    try:
        return _checked(name, tool, arguments, catalog)
    except Uncheckable as error:
        return Correction("unchecked", name, arguments, errors=(str(error),))


def oversized(name: str, arguments: str) -> Correction:
    """The verdict on arguments that are too long to look at."""
    error = f"The arguments are longer than {MAX_ARGUMENTS} characters."
    return Correction("unchecked", name, arguments, errors=(error,))


def _checked(name: str, tool: str, arguments: str, catalog: ToolCatalog) -> Correction:
    schema = catalog.schema(tool)
    renamed: tuple[Repair, ...] = ()
    complaints: tuple[str, ...] = ()
    if tool != name:
        renamed = (Repair("name", "", clipped(f"{name} -> {tool}")),)
        complaints = (names.unknown(name, catalog.names),)
    value, complaint = _decoded(arguments)
    if value is not None and schema.accepts(value):
        return Correction("repaired" if renamed else "valid", tool, arguments, renamed)
    draft = Draft(tool, schema)
    try:
        read(arguments, draft)
    except json_text.NotJSON as error:
        return Correction(
            "invalid", name, arguments, errors=(*complaints, complaint or _not_json(error))
        )
    complaints += (complaint,) if complaint else ()
    errors = _repair(draft)
    if not errors:
        text = json_text.encode_text(draft.value)
        if schema.accepts(json_text.decode(text)):
            return Correction("repaired", tool, text, (*renamed, *draft.repairs))
    return Correction("invalid", name, arguments, errors=(*complaints, *errors))


def _decoded(arguments: str) -> tuple[dict[str, Any] | None, str]:
    """The object that the arguments are, or what is wrong with them; raises `Uncheckable`."""
    if not arguments.strip():
        return {}, ""
    try:
        value = json_text.decode(arguments)
    except json_text.NotJSON as error:
        return None, _not_json(error)
    if not isinstance(value, dict):
        return None, f"The arguments are {json_text.kind_of(value)}, not an object."
    nests = arguments.count("{") + arguments.count("[") > MAX_DEPTH
    if nests and size_of(value) is None:
        raise Uncheckable(f"The arguments are more than {MAX_DEPTH} levels deep.")
    return value, ""


def _not_json(error: json_text.NotJSON) -> str:
    return f"The arguments are not JSON: {error}."


def _repair(draft: Draft) -> tuple[str, ...]:
    """Runs the stages until the draft validates; otherwise says what was wrong at the start."""
    first: tuple[str, ...] = ()
    for _ in range(MAX_ROUNDS):
        size = size_of(draft.value)
        if size is None or size > MAX_VALUES:
            return first or ("arguments: invalid, and too large to say where",)
        errors = draft.schema.errors(draft.value)
        if not errors:
            return first if unproven(draft) else ()
        first = first or sentences(errors)
        if not any(stage(draft, errors) for stage in STAGES):
            break
    return first
