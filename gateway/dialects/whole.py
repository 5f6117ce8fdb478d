"""An answer that comes in one piece, kept until it is complete. No IO."""

from __future__ import annotations

from typing import Any

from gateway import json_text
from gateway.errors import UpstreamBroken, UpstreamEndless

LARGEST = 64 * 1024 * 1024
"""Bytes that a whole answer may have."""


class WholeBody:
    """Takes bytes, cut anywhere; `value` is what they were. Raises `UpstreamBroken`."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, data: bytes) -> None:
        """Keeps some more."""
        self._bytes += data
        if len(self._bytes) > LARGEST:
            raise UpstreamEndless(
                f"The provider's answer has more than {LARGEST} bytes.", bound="answer"
            )

    @property
    def raw(self) -> bytes:
        """The bytes so far."""
        return bytes(self._bytes)

    def value(self, *, unwrap: bool = False) -> dict[str, Any]:
        """The answer; `unwrap` takes it out of an array, into which some servers put their one object."""
        try:
            value = json_text.decode(bytes(self._bytes))
        except json_text.NotJSON:
            what = "not JSON" if self.raw.strip() else "empty"
            raise UpstreamBroken(f"The provider's answer is {what}.") from None
        if unwrap and isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, dict):
            raise UpstreamBroken("The provider's answer is not an object.")
        return value
