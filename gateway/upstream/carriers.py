"""Which transport makes the connections of a network: ours, or httpx's for what ours leaves out."""

from __future__ import annotations

import ssl
from functools import partial
from importlib.util import find_spec

import httpx

from gateway.config import Network
from gateway.upstream.answers import Carrier
from gateway.upstream.dialing import ALIVE
from gateway.upstream.over_httpx import OverHttpx

PARSES = find_spec("httptools") is not None
"""The parser of our transport is there; it is not installed on Windows."""

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=60)


def over(network: Network) -> Carrier:
    """HTTP/1.1 straight to the provider is ours; proxies and HTTP/2 are httpx's.

    The environment's proxies are not looked at: where requests go, and who sees them on the way, is what
    the config says.
    """
    tls = partial(_trusting, network.ca)
    if network.is_direct and PARSES:
        from gateway.upstream.transport import OwnTransport

        return OwnTransport(tls)
    return OverHttpx(
        httpx.AsyncHTTPTransport(
            verify=tls(),
            http2=network.http2,
            proxy=network.proxy,
            limits=UNLIMITED,
            socket_options=ALIVE,
            trust_env=False,
        )
    )


def _trusting(ca: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(cadata=ca)
    return context
