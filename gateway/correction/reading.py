"""Reads arguments that are not quite JSON, where nothing has to be guessed. No IO.

Whatever is read here was there in full: a bracket or a quote that is missing stays missing, because
text that was cut off would otherwise become a call that nobody made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isinf
from typing import Any

from gateway import json_text
from gateway.correction.draft import Draft
from gateway.json_text import NotJSON

MAX_LAYERS = 4
"""Fences and encodings around one object."""

_FENCE = "```"
_LANGUAGE = re.compile(r"[A-Za-z0-9_+-]*")


def read(text: str, draft: Draft) -> None:
    """Gives the draft the object in the text, which may be blank; raises `NotJSON`."""
    if not text.strip():
        return
    for _ in range(MAX_LAYERS):
        try:
            value, controls = _decode_text(text, draft)
        except NotJSON:
            if (inner := _unfenced(text)) is None:
                raise
            draft.note("parse", (), "code fence removed")
            text = inner
            continue
        if controls:
            draft.note("parse", (), "raw control characters escaped")
        if isinstance(value, dict):
            draft.value = value
            return
        if not isinstance(value, str):
            raise NotJSON(f"expected an object, got {json_text.kind_of(value)}")
        draft.note("parse", (), "second JSON encoding removed")
        text = value
    raise NotJSON(f"more than {MAX_LAYERS} layers around the object")


def _decode_text(text: str, draft: Draft) -> tuple[Any, bool]:
    """The value, and whether its strings hold raw control characters."""
    try:
        return decode(text, draft, strict=True), False
    except NotJSON:
        return decode(text, draft, strict=False), True


def decode(text: str, draft: Draft, *, strict: bool = False) -> Any:
    """The value of a JSON text; raises `NotJSON`, also for what writing it again would change.

    That is: two values under one key, and numbers that are none (`NaN`) or too large for a double.
    Raw control characters inside strings are taken as they are unless `strict`.
    """
    try:
        return json.loads(
            text,
            strict=strict,
            object_pairs_hook=_object,
            parse_float=_float_reader(draft),
            parse_constant=_refuse_constant,
        )
    except NotJSON:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJSON(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        for name, value in pairs:
            if json_text.encode(value) != json_text.encode(fields[name]):
                raise NotJSON("two different values under one key")
    return fields


def _float_reader(draft: Draft) -> Callable[[str], float]:
    def read_float(text: str) -> float:
        if isinf(value := float(text)):
            raise NotJSON("a number too large for a double")
        draft.spellings.setdefault(value, set()).add(text)
        return value

    return read_float


def _refuse_constant(name: str) -> Any:
    raise NotJSON(f"{name} is not JSON")


def _unfenced(text: str) -> str | None:
    """What a code fence encloses; None unless the fence is there on both sides."""
    text = text.strip()
    if len(text) < 2 * len(_FENCE) or not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return None
    inner = text[len(_FENCE) : -len(_FENCE)]
    language = _LANGUAGE.match(inner)
    return inner[language.end() :] if language else inner
