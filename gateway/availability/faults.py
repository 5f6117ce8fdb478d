"""What a failure says of the one that was asked. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["limited", "key", "refused", "down"]

KINDS: Mapping[int, Kind] = {
    401: "key",
    402: "key",
    403: "refused",
    408: "down",
    429: "limited",
    500: "down",
    502: "down",
    503: "down",
    504: "down",
    529: "down",
}
"""Status as clients are told it -> what is wrong: this key for this model has reached a limit; the key,
whatever the model; this key for this model; the server. Any other answer is that of a server that works."""

_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as it counts against somebody."""

    kind: Kind
    status: int
    named: float | None = None
    """Seconds for which the provider itself asks to be left alone."""

    @property
    def is_final(self) -> bool:
        """Once is enough: asking again at once would give the same."""
        return self.kind != "down" or self.named is not None


def fault(status: int, headers: Mapping[str, str], wall: float) -> Fault | None:
    """What a provider's error says; None when it says that the provider works. See `seconds_named`."""
    kind = KINDS.get(status)
    if kind is None:
        return None
    named = seconds_named(headers, wall) if kind in ("limited", "down") else None
    return Fault(kind, status, named)


def seconds_named(headers: Mapping[str, str], wall: float) -> float | None:
    """`retry-after` in seconds or as a date; None for none that makes sense.

    `wall` is the time in seconds since the epoch. Other headers and fields in which providers say it have
    been made one by their dialects. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if not text.isascii() or not text[:1].isalpha():
        return None
    from email.utils import parsedate_to_datetime  # few providers write dates

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - wall)
    except (ValueError, OverflowError):
        return None
