"""Why a text cannot be read. No IO."""

from __future__ import annotations

from gateway.json_text import NotJSON


class Malformed(NotJSON):
    """The text is wrong somewhere in its midst."""


class Truncated(NotJSON):
    """The text ends before its value does: the rest of it never came."""


class TooMuch(NotJSON):
    """The text takes too long to read leniently."""
