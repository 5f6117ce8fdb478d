"""Adds a required parameter for which the schema itself leaves one value. No IO."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.correction.draft import MISSING, Draft, Path
from gateway.correction.effort import resolved
from gateway.correction.result import described
from gateway.correction.schema import Schema

_MAX_REFERENCES = 8


def fill(draft: Draft, errors: Sequence[ValidationError]) -> bool:
    """Adds defaults, constants and only options; whether anything changed.

    Not to an object with a key that the schema forbids: that key may be the one that is missing.
    """
    strange = {
        tuple(error.instance_path)
        for error in errors
        if isinstance(error.kind, ValidationErrorKind.AdditionalProperties)
    }
    changed = False
    for error in errors:
        path: Path = tuple(error.instance_path)
        if not isinstance(error.kind, ValidationErrorKind.Required) or path in strange:
            continue
        name = error.kind.property
        value = _only_value(draft.schema, [*error.schema_path[:-1], "properties", name])
        holder = draft.at(path)
        if value is not MISSING and isinstance(holder, dict) and name not in holder:
            holder[name] = copy.deepcopy(value)
            draft.note("default", (*path, name), "missing", described(value))
            changed = True
    return changed


def _only_value(schema: Schema, path: Sequence[str | int]) -> Any:
    part = _resolved(schema, schema.at(path))
    for keyword in ("default", "const"):
        if keyword in part:
            return part[keyword]
    options = part.get("enum")
    return options[0] if isinstance(options, list) and len(options) == 1 else MISSING


def _resolved(schema: Schema, part: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MAX_REFERENCES):
        if not isinstance(reference := part.get("$ref"), str):
            return part
        target = resolved(schema.document, reference)
        rest = {key: value for key, value in part.items() if key != "$ref"}
        part = {**target, **rest} if isinstance(target, dict) else rest
    return part
