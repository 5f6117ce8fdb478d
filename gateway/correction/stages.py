"""The stages of a repair: one object, changed until its schema accepts it. No IO."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from jsonschema_rs import ValidationError

from gateway import json_text
from gateway.correction import quirks, unwrapping
from gateway.correction.coercion import coerce, unproven
from gateway.correction.draft import Draft
from gateway.correction.dropping import drop
from gateway.correction.filling import fill
from gateway.correction.quirks import Quirk
from gateway.correction.renaming import rename
from gateway.correction.schema import MAX_ERRORS, sentences, size_of

Stage = Callable[[Draft, Sequence[ValidationError]], bool]
"""(draft, its errors) -> whether the draft was changed."""

STAGES: tuple[Stage, ...] = (rename, drop, coerce, fill)
"""In order. After a change the draft is validated anew, and the first stage goes first again."""

MAX_ROUNDS = 16
MAX_VALUES = 5_000
"""Values inside arguments that may be repaired: each can be an error, and an error costs time."""
MAX_WRAPPERS = 4
"""Wrappers around each other that are taken off."""

_TOO_LARGE = ("arguments: invalid, and too large to say where",)


def repair(
    draft: Draft, opted: frozenset[Quirk], *, wrappers: int = MAX_WRAPPERS
) -> tuple[str, ...]:
    """Repairs the draft in place; what is wrong with it at the start, or nothing if it is valid now.

    What may be inside a wrapper is tried before the wrapper itself is: an open schema with defaults
    would accept the wrapper as a key of its own.
    """
    if draft.schema.accepts(draft.value) and not opted:
        return ()
    size = size_of(draft.value)
    if size is None or size > MAX_VALUES:
        return _TOO_LARGE
    if wrappers and not draft.schema.accepts(draft.value) and _unwrap(draft, opted, wrappers):
        return ()
    errors = _run(draft, (*STAGES, *(quirks.STAGES[q] for q in quirks.STAGES if q in opted)))
    return errors or _written_again(draft)


def _unwrap(draft: Draft, opted: frozenset[Quirk], wrappers: int) -> bool:
    found = unwrapping.inside(draft.value, draft.tool, draft.schema)
    if found is None:
        return False
    value, key = found
    inner = Draft(
        draft.tool,
        draft.schema,
        draft.tables,
        copy.deepcopy(value),
        spellings=draft.spellings,
    )
    inner.note("unwrap", (), key)
    if repair(inner, opted, wrappers=wrappers - 1):
        return False
    draft.value = inner.value
    draft.repairs += inner.repairs
    return True


def _run(draft: Draft, stages: Sequence[Stage]) -> tuple[str, ...]:
    first: tuple[str, ...] = ()
    for _ in range(MAX_ROUNDS):
        errors = draft.schema.errors(draft.value)
        first = first or sentences(errors)
        if len(errors) > MAX_ERRORS:
            return first
        if not any(stage(draft, errors) for stage in stages):
            return first if errors or unproven(draft) else ()
        size = size_of(draft.value)
        if size is None or size > MAX_VALUES:
            return first or _TOO_LARGE
    return first or _TOO_LARGE


def _written_again(draft: Draft) -> tuple[str, ...]:
    """The last gate: the text that goes on is what is checked, not the values it was made of."""
    text = json_text.encode_text(draft.value)
    accepted = draft.schema.accepts(json_text.decode(text))
    return () if accepted else ("arguments: invalid once they are written",)
