"""Opt-in rules: changes of calls whose meaning is clear, but that are no spelling of it. No IO.

Off unless a policy names them, because each puts a value where the model put another one.

    clamp        a number beyond its limits becomes the limit
    read-range   a negative offset, an empty `pages` or a limit of nothing is left out of Read
    active-form  a todo without its `activeForm` is shown with its `content`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.correction.draft import MISSING, Draft, Path
from gateway.correction.folding import folded
from gateway.correction.result import described

Quirk = Literal["clamp", "read-range", "active-form"]
QUIRKS: tuple[Quirk, ...] = get_args(Quirk)

_RANGE = (ValidationErrorKind.Minimum, ValidationErrorKind.Maximum)


def clamp(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Brings numbers back to their limits; whether anything changed."""
    changed = False
    for error in errors:
        path: Path = tuple(error.instance_path)
        if isinstance(error.kind, _RANGE) and path and draft.at(path) is not MISSING:
            draft.put(path, draft.schema.at(error.schema_path[:-1])[error.kind.name])
            draft.note("quirk", path, "beyond its limit", "limit")
            changed = True
    return changed


def active_form(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Gives a todo the form that is shown while it is worked on; whether anything changed."""
    changed = False
    for error in errors:
        path: Path = tuple(error.instance_path)
        item = draft.at(path)
        if (
            isinstance(error.kind, ValidationErrorKind.Required)
            and error.kind.property == "activeForm"
            and isinstance(item, dict)
            and isinstance(content := item.get("content"), str)
        ):
            item["activeForm"] = content
            draft.note("quirk", (*path, "activeForm"), "missing", described(content))
            changed = True
    return changed


def read_range(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Leaves out what asks for no part of a file; whether anything changed."""
    if folded(draft.tool) != "read":
        return False
    pointless = [key for key, test in _POINTLESS.items() if test(draft.value.get(key))]
    for key in pointless:
        draft.note("quirk", (key,), described(draft.value.pop(key)))
    return bool(pointless)


_POINTLESS: Mapping[str, Callable[[object], bool]] = {
    "pages": lambda value: isinstance(value, str) and not value.strip(),
    "offset": lambda value: isinstance(value, (int, float)) and value < 0,
    "limit": lambda value: isinstance(value, (int, float)) and value <= 0,
}

STAGES: Mapping[Quirk, Callable[[Draft, Sequence[ValidationError]], bool]] = {
    "read-range": read_range,
    "clamp": clamp,
    "active-form": active_form,
}
"""In order; they follow the ordinary stages."""
