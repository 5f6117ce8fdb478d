"""What a wire format consists of. No IO."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway import json_text
from gateway.mock.asked import JSON, Asked
from gateway.mock.said import Said


@dataclass(frozen=True, slots=True)
class Streamed:
    """A streamed answer in its pieces, each an event or a line."""

    said: tuple[bytes, ...]
    finish: tuple[bytes, ...]
    """The pieces that say that the answer is complete."""

    @property
    def all(self) -> tuple[bytes, ...]:
        """All of it, in order."""
        return self.said + self.finish


@dataclass(frozen=True, slots=True)
class Wire:
    """One format. A request is read by the groups of `path`, its body, and how many bytes that has."""

    dialect: str
    path: re.Pattern[str]
    """Matched at the end of a request's path."""
    base: str
    """What a provider's `base_url` has after the server's address."""
    stream_type: str
    read: Callable[[Mapping[str, str | None], JSON, int], Asked]
    whole: Callable[[Said], dict[str, Any]]
    stream: Callable[[Said], Streamed]
    refusal: Callable[[int, str], dict[str, Any]]
    """The body of an error, from its status and message."""
    failure: Callable[[int, str], bytes]
    """An error as a piece of a stream that began as a success."""
    comment: bytes
    """A piece that means nothing."""


def event(value: Any, name: str = "") -> bytes:
    """A server-sent event."""
    opening = b"event: " + name.encode() + b"\n" if name else b""
    return opening + b"data: " + json_text.encode(value) + b"\n\n"


def line(value: Any) -> bytes:
    """A line of JSON."""
    return json_text.encode(value) + b"\n"
