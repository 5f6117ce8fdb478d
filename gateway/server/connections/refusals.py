"""What a connection is refused for: too much of something, or too many of them."""

from __future__ import annotations

from gateway.errors import GatewayError, OverBound, Overloaded
from gateway.server.connections import door as bounds


def too_many() -> GatewayError:
    """There are as many connections as there may be."""
    return Overloaded(
        "Clients have as many connections as the gateway's server.max_connections allows. Ask again.",
        status=503,
        bound="connections",
    )


def long_url() -> GatewayError:
    """The URL is over its bound."""
    return OverBound(f"The URL has more than {bounds.LONGEST_URL} bytes.", status=414, bound="url")


def large_head(what: str) -> GatewayError:
    """So are the headers."""
    return OverBound(f"The request has {what}.", status=431, bound="headers")
