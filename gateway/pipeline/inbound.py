"""What comes in, and what goes out. No IO."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from gateway.config import Endpoint


class Inbound(Struct, frozen=True):
    """A client's request as the server read it."""

    body: bytes
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    query: str = ""
    prefix: str = ""
    """The path before the endpoint: `/openai:gpt-4.1`, `/fast`, or nothing."""
    client: str | None = None
    """The name of the key that the client showed, if the gateway asks for one."""

    def __repr__(self) -> str:
        """Without what is nobody's business: the client's key is among the headers."""
        return f"Inbound(prefix={self.prefix!r}, bytes={len(self.body)})"


class UpstreamRequest(Struct, frozen=True):
    """What to send, and to whom."""

    endpoint: Endpoint
    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Without what is nobody's business: the key is among the headers."""
        return f"UpstreamRequest(to={self.endpoint.name!r}, bytes={len(self.body)})"
