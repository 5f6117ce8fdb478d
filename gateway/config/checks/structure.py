"""The schema's verdict on a config. No IO."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from gateway.config.schema import build
from gateway.config.schemas.schema_parts import Schema
from gateway.config.text.document import Document

if TYPE_CHECKING:
    from gateway.config.checks.mistakes import Problem


def problems(document: Document, schema: Schema | None = None) -> list[Problem]:
    """Everything that the config's schema refuses, or another one, once."""
    if schema is None:
        if is_sound(document.value):
            return []
        schema = build()
    from gateway.config.checks.mistakes import mistakes  # most configs have none

    return mistakes(document, schema)


def is_sound(value: Any) -> bool:
    """Nothing in the config is refused. False says only that it takes a closer look: this validator
    cannot read all that YAML can say."""
    try:
        return _validator().is_valid(value)
    except ValueError:
        return False


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(build())
