"""Which option of an enum a value means that is none of them. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.correction.draft import MISSING
from gateway.correction.folding import folded, words
from gateway.correction.known.options import NEUTRAL_VALUE_WORDS
from gateway.correction.reading import decode
from gateway.correction.result import type_of
from gateway.correction.tables import Tables
from gateway.json_text import NotJSON

_MAX_OPTIONS = 256
_MAX_LENGTH = 128


def option(value: Any, options: Sequence[Any], tables: Tables) -> Any:
    """The one option that is the value in another spelling or in other words, or `MISSING`."""
    if isinstance(value, list) and len(value) == 1:
        return value[0] if value[0] in options else option(value[0], options, tables)
    if not isinstance(value, str) or len(value) > _MAX_LENGTH or len(options) > _MAX_OPTIONS:
        return MISSING
    texts = [other for other in options if isinstance(other, str)]
    spellings = [(spelling, other) for other in texts if (spelling := folded(other))]
    bare, spelling, rest = value.strip(), folded(value), _telling(value)
    meant = tables.words.get(spelling, ())
    for found in (
        [other for other in texts if other == bare],
        [other for known, other in spellings if known == spelling],
        [other for other in texts if other in meant],
        [other for known, other in spellings if known == rest],
        _other_types(bare, options),
    ):
        if found:
            return found[0] if len(found) == 1 else MISSING
    return MISSING


def _telling(value: str) -> str:
    """The value, folded, without words that choose nothing: `haiku` of `claude-3-5-haiku-latest`."""
    return "".join(
        word for word in words(value) if not word.isdecimal() and word not in NEUTRAL_VALUE_WORDS
    )


def _other_types(text: str, options: Sequence[Any]) -> list[Any]:
    """The options that are the value without its quotes: `"1"` for 1."""
    try:
        plain = decode(text, {})
    except NotJSON:
        return []
    return [other for other in options if other == plain and type_of(other) == type_of(plain)]
