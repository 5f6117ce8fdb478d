"""What a provider is: an address, a way to show a key, and a dialect with its quirks. No IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from gateway.dialects import Dialect

AuthScheme = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]

AUTH_SCHEMES: Mapping[AuthScheme, tuple[str, str]] = {
    "bearer": ("authorization", "Bearer {key}"),
    "x-api-key": ("x-api-key", "{key}"),
    "x-goog-api-key": ("x-goog-api-key", "{key}"),
    "api-key": ("api-key", "{key}"),
}
"""Scheme -> header name, and how the key stands in it. `none` sends no key."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A declaration. Everything in it can be overridden in the config."""

    name: str
    """The word before the colon of a target."""
    dialect: Dialect
    base_url: str
    """Without a path that the dialect adds; `/v1` at its end may stand or not. `${NAME}` and
    `${NAME:-default}` stand for what the environment holds, where every user has an own address."""
    auth: AuthScheme = "bearer"
    key_env: str | None = None
    """The environment variable that holds the key when the config names none."""
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with each request."""
    text_calls: tuple[str, ...] = ()
    """Channels (`text`, `reasoning`) in which the servers leave tool calls that they do not recognize."""


def auth_header(scheme: AuthScheme, key: str | None) -> dict[str, str]:
    """The header that shows `key`; none without one."""
    if key is None or scheme not in AUTH_SCHEMES:
        return {}
    name, form = AUTH_SCHEMES[scheme]
    return {name: form.format(key=key)}


@lru_cache(maxsize=256)
def join_url(base_url: str, path: str) -> str:
    """The address of an endpoint: one slash between its parts, and one `/v1` where both have it.

    Ollama's own endpoints, under `/api/`, stand beside `/v1`, so one at the end of the base is left out.
    """
    scheme, mark, place = base_url.partition("://")
    base = scheme + mark + "/".join(part for part in place.split("/") if part)
    if base.endswith("/v1") and path.startswith(("/v1/", "/api/")):
        base = base.removesuffix("/v1")
    return base + path
