"""What comes in, and what goes out. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.config import Endpoint


@dataclass(frozen=True, slots=True)
class Inbound:
    """A client's request as the server read it."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    query: str = ""
    prefix: str = ""
    """The path before the endpoint: `/openai:gpt-4.1`, `/fast`, or nothing."""
    client: str | None = None
    """The name of the key that the client showed, if the gateway asks for one."""


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """What to send, and to whom."""

    endpoint: Endpoint
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
