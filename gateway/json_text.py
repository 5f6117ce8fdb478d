"""JSON as bytes: fast, and identical in meaning where the fast codec refuses. No IO.

msgspec refuses what real clients send: escapes of lone surrogates, which JavaScript writes when it cuts
a string inside an emoji. The standard library takes them, so it is the fallback in both directions.
What is no JSON to either, such as `NaN` or a number too large for a double, is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

Raw = msgspec.Raw
"""A JSON value that is only carried: its bytes, not decoded."""

_UNENCODED = (UnicodeEncodeError, msgspec.ValidationError, TypeError, RecursionError)
_REFUSED = (msgspec.DecodeError, UnicodeError, RecursionError)
_decode = msgspec.json.Decoder().decode
_decode_string = msgspec.json.Decoder(str).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_items = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.Encoder().encode
_BLANKS = re.compile(rb"[ \t\r\n]*")
_NAME = rb'[ \t\r\n]*+%b[ \t\r\n]*+("(?:[^"\\]++|\\.)*+")[ \t\r\n]*+:[ \t\r\n]*+'
_FIRST_NAME = re.compile(_NAME % rb"\{").match
_NEXT_NAME = re.compile(_NAME % b",").match
"""The name of a field, from what stands before it to the place where its value begins."""


class NotJSON(ValueError):
    """The text is not JSON; the message says where it stops being so."""


def decode(text: bytes | str) -> Any:
    """The value of `text`; raises `NotJSON`."""
    try:
        return _decode(text)
    except _REFUSED:
        return _decode_leniently(text)


def _decode_leniently(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise NotJSON(str(error)) from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError("a number is too large for a double")
    return number


def string_of(text: bytes) -> str | None:
    """The string that `text` is; None where it is none, or one that takes `decode` to be read."""
    try:
        return _decode_string(text)
    except _REFUSED:
        return None


def decode_fields(text: bytes) -> dict[str, Raw]:
    """The top level of an object, each value left as the bytes it came in."""
    try:
        return _decode_fields(text)
    except _REFUSED:
        value = _decode_leniently(text)
    if not isinstance(value, dict):
        raise NotJSON(f"expected an object, got {kind_of(value)}")
    return {name: Raw(encode(item)) for name, item in value.items()}


def decode_items(text: bytes) -> list[Raw]:
    """The items of an array, each left as the bytes it came in. Raises `NotJSON`."""
    try:
        return _decode_items(text)
    except _REFUSED:
        value = _decode_leniently(text)
    if not isinstance(value, list):
        raise NotJSON(f"expected an array, got {kind_of(value)}")
    return [Raw(encode(item)) for item in value]


def places(text: bytes, fields: Mapping[str, Raw]) -> dict[str, int] | None:
    """Where the values of an object begin, of which `fields` are all there is.

    None where that cannot be told without reading more: a name stands there twice, or is not written
    as it usually is.
    """
    found: dict[str, int] = {}
    at, begins = 0, _FIRST_NAME
    for name, raw in fields.items():
        stands = begins(text, at)
        if stands is None or stands[1] != encode(name):
            return None
        at, begins = stands.end(), _NEXT_NAME
        if not text.startswith(value := bytes(raw), at):
            return None
        found[name] = at
        at += len(value)
    return found if _behind(text, at, b"}") == len(text) else None


def item_places(text: bytes, at: int, items: Sequence[Raw]) -> list[int] | None:
    """Where the items begin of an array that begins at this place; None as in `places`."""
    found: list[int] = []
    here: int | None = _behind(text, at, b"[")
    for number, raw in enumerate(items):
        here = _behind(text, here, b",") if number and here is not None else here
        if here is None or not text.startswith(value := bytes(raw), here):
            return None
        found.append(here)
        here += len(value)
    return found


def _behind(text: bytes, at: int, token: bytes) -> int | None:
    """The next place that is not blank behind a token, before which there may be blanks."""
    at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    if not text.startswith(token, at):
        return None
    return _BLANKS.match(text, at + len(token)).end()  # type: ignore[union-attr]


def encode(value: Any) -> bytes:
    """Compact JSON, UTF-8; text that UTF-8 cannot carry is escaped."""
    try:
        return _encode(value)
    except _UNENCODED:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        # Python and JSON write such a code unit alike, and it can stand in strings alone.
        return text.encode("utf-8", "backslashreplace")


def encode_each(values: Collection[Any], between: bytes) -> bytes:
    """What `encode` gives for each of several values, with these bytes between them."""
    try:
        return between.join(map(_encode, values))
    except _UNENCODED:
        return between.join(map(encode, values))


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def encode_text(value: Any) -> str:
    """`encode`, as text: for the formats that put JSON inside a JSON string."""
    return encode(value).decode("utf-8")


def kind_of(value: object) -> str:
    """What a person calls a JSON value of this type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
