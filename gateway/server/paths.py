"""Which endpoint a URL means, and what stands before it.

Every endpoint also works under a prefix, `/{provider}:{model}` or one that a rule asks for. Model ids
hold slashes and colons, so the endpoint is found at the end of the path and the rest is the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = "gateway.prefix"
"""Key of the scope under which the prefix stands."""

HEADERS = "gateway.headers"
"""Key of the scope under which the headers stand as a mapping, once somebody has made it."""

PLAIN = frozenset({"/v1/messages", "/v1/messages/count_tokens"})
"""Paths without a prefix, of which nothing has to be taken off: nearly all requests."""

_ENDPOINT = re.compile(
    r"(?P<prefix>.*?)(?P<endpoint>/v1/messages/count_tokens|/v1/messages|/v1/models(?:/.*)?"
    r"|/v1/stats|/api/hello|/health/ready|/health)/?",
    re.DOTALL,
)
_TARGET = re.compile(r"/[^/:]+:.+", re.DOTALL)


def split_path(path: str) -> tuple[str, str]:
    """The prefix and the endpoint of a path; an unknown path is all endpoint."""
    if (match := _ENDPOINT.fullmatch(path)) is not None:
        return match["prefix"], match["endpoint"]
    bare = path.rstrip("/")
    if _TARGET.fullmatch(bare) and "/v1/" not in bare and "/api/" not in bare:
        return bare, "/"
    return "", path


def without_prefix(scope: Scope) -> Scope:
    """The request as it is routed: its path is that of an endpoint."""
    prefix, endpoint = split_path(scope["path"])
    return {**scope, PREFIX: prefix, "path": endpoint, "raw_path": endpoint.encode()}
