"""Which transport serves which addresses."""

from __future__ import annotations

import ssl
from importlib.util import find_spec

import httpx

from gateway.upstream.answers import Carrier
from gateway.upstream.over_httpx import OverHttpx

PARSES = find_spec("httptools") is not None
"""The parser of our transport is there; it is not installed on Windows."""


def web() -> Carrier:
    """Connections over the net: ours, or httpx's where the parser is missing."""
    if not PARSES:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return OverHttpx(
            httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), limits=limits)
        )
    from gateway.upstream.transport import OwnTransport

    return OwnTransport(ssl.create_default_context)
