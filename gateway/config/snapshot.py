"""A checked config, compiled to what a request needs. No IO.

A snapshot is never changed: a reload makes another one, and requests keep the one they began with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.correction import Mode
from gateway.dialects import Dialect
from gateway.providers import PROVIDERS
from gateway.routing import Rule
from gateway.transforms import Transform

SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)
"""Headers whose values are nobody's business."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that clients show to the gateway."""

    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the gateway listens and whom it serves."""

    host: str = "127.0.0.1"
    port: int = 4000
    keys: tuple[ClientKey, ...] = ()
    """Empty: everybody who can reach the port is served."""
    allow_unauthenticated: bool = False
    """Said in so many words: everybody who can reach the port may use it."""
    max_body: int = 32 * 1024 * 1024
    """Bytes of the largest request body."""

    @property
    def is_safe(self) -> bool:
        """Only this machine can reach it, or it asks for a key, or it is meant to be open."""
        return self.host in LOOPBACK or bool(self.keys) or self.allow_unauthenticated


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    first_byte: float = 600.0
    """From the request to the first byte of the answer: long prompts take local models minutes."""
    idle: float = 300.0
    """Silence within an answer."""


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
    """The environment variable to set, if the provider needs a key and has none."""
    timeouts: Timeouts = field(default_factory=Timeouts)


MOCK = Endpoint("mock", PROVIDERS["mock"].dialect, PROVIDERS["mock"].base_url, {})
"""The built-in provider that answers what was routed where."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a target's limits, in tokens."""

    context: int | None = None
    max_output: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that decides what happens to a request."""

    id: str
    """A short digest of the config's text: the same text, the same id."""
    server: ServerSettings
    endpoints: Mapping[str, Endpoint]
    """Every provider that can be named: those of the config, and those known by declaration."""
    models: Mapping[str, ModelFacts]
    """By target, as `provider:model`."""
    rules: tuple[Rule, ...]
    default: Rule
    transforms: Mapping[str, Transform]
    correction: Mode = "repair"
    when_key_is_missing: Literal["refuse", "mock"] = "refuse"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every key, so that logs can blot them out."""
        found = [client.key for client in self.server.keys]
        for endpoint in self.endpoints.values():
            found += [endpoint.secret] if endpoint.secret else []
            for name, value in endpoint.headers.items():
                is_own = endpoint.secret is not None and endpoint.secret in value
                if SECRET_HEADER.search(name) and not is_own:
                    found.append(value)
        return tuple(dict.fromkeys(found))

    @property
    def path_prefixes(self) -> tuple[str, ...]:
        """The URL prefixes that rules ask for."""
        return tuple(rule.path_prefix for rule in self.rules if rule.path_prefix is not None)

    @property
    def targets(self) -> tuple[str, ...]:
        """Every target that the config names, once, in the order it names them."""
        named = [str(rule.target) for rule in (*self.rules, self.default)]
        return tuple(dict.fromkeys([*named, *self.models]))
