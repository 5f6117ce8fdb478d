"""A provider as it is configured: where its requests go, and what of that is nobody's business. No IO."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from gateway.admission import Limits
from gateway.dialects import Dialect
from gateway.providers import PROVIDERS

SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)
"""Headers whose values are nobody's business."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    first_byte: float = 900.0
    """From the request to the first byte of the answer: long prompts take local models minutes."""
    idle: float = 900.0
    """Silence within an answer: models that show nothing of their reasoning are silent for minutes, and
    twelve of them were seen of one in good health."""
    total: float | None = None
    """From the request to the end of the answer; None for as long as it takes."""


class Network(Struct, frozen=True, cache_hash=True):
    """How connections are made. Equal ones are shared by the providers that ask for them."""

    proxy: str | None = None
    """Its URL, maybe with a password."""
    ca: str | None = None
    """Certificates (PEM) that are trusted beside those of the system."""
    http2: bool = False

    def __repr__(self) -> str:
        """Without what is nobody's business: a password may be in the proxy's URL."""
        return f"Network(http2={self.http2!r})"

    @property
    def is_direct(self) -> bool:
        """HTTP/1.1, straight to the provider."""
        return self.proxy is None and not self.http2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider as it is configured: where to send, how to sign, what to speak."""

    name: str
    dialect: Dialect
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """Sent with each request; the key is among them."""
    secret: str | None = field(default=None, repr=False)
    """The key itself, so that logs can blot it out."""
    missing_key: str | None = None
    """The environment variables to set, if the provider lacks its key or a part of its address."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    text_calls: tuple[str, ...] = ()
    """Channels of its answers in which calls are looked for, where nobody says otherwise."""
    network: Network = field(default_factory=Network)
    limits: Limits | None = None
    """How much it is asked at once and in a time."""
    access: str = ""
    """Says which address and key it is, and nothing of them: another one begins with a clean record."""
    pool: tuple[Endpoint, ...] = field(default=(), repr=False)
    """The same with each of its keys, in the order of the config; empty where there is but one."""

    def with_key(self, place: int) -> Endpoint:
        """The same with the key at this place of the pool; itself without a pool."""
        return self.pool[place] if self.pool else self


MOCK = Endpoint("mock", PROVIDERS["mock"].dialect, PROVIDERS["mock"].base_url, {})
"""The built-in provider that answers what was routed where."""


def in_url(url: str) -> Iterator[str]:
    """The password of a URL, or what stands in its place; and both parts as a request shows them."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.username or parts.password:
        name, password = unquote(parts.username or ""), unquote(parts.password or "")
        yield password or name
        yield b64encode(f"{name}:{password}".encode()).decode("ascii")


def in_header(value: str) -> Iterator[str]:
    """What follows the scheme in a header's value."""
    scheme, _, token = value.partition(" ")
    if token and scheme.isalpha():
        yield token.strip()
