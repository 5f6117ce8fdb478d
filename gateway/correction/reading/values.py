"""JSON values that a repair may write again without changing them. No IO."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isinf
from typing import Any

from gateway import json_text
from gateway.correction.reading.failures import Malformed
from gateway.json_text import NotJSON

Spellings = dict[float, set[str]]
"""How each number with a fraction or an exponent was written: 3.10 is not the text 3.1."""

MAX_DIGITS = 1_000


def decode(text: str, spellings: Spellings, *, strict: bool = False) -> Any:
    """The value of a JSON text; raises `NotJSON`, also for what writing it again would change.

    That is: two values under one key, and numbers that are none (`NaN`) or too large for a double.
    Raw control characters inside strings are taken as they are unless `strict`.
    """
    try:
        return decoder(spellings, strict=strict).decode(text)
    except NotJSON:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJSON(str(error)) from None


def decoder(spellings: Spellings, *, strict: bool = False) -> json.JSONDecoder:
    """A decoder with the scruples of `decode`."""
    return json.JSONDecoder(
        strict=strict,
        object_pairs_hook=joined,
        parse_float=lambda digits: number(digits, spellings),
        parse_constant=_refuse_constant,
    )


def joined(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises `Malformed` when one key has two different values."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        for name, value in pairs:
            if json_text.encode(value) != json_text.encode(fields[name]):
                raise Malformed("two different values under one key")
    return fields


def number(digits: str, spellings: Spellings) -> int | float:
    """The number, its spelling kept; raises `Malformed` when it is too large."""
    if len(digits) > MAX_DIGITS:
        raise Malformed("a number of too many digits")
    if not any(mark in digits for mark in ".eE"):
        return int(digits)
    if isinf(value := float(digits)):
        raise Malformed("a number too large for a double")
    spellings.setdefault(value, set()).add(digits)
    return value


def _refuse_constant(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")
