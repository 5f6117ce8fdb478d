"""Talks to providers: the only owner of connections to them.

`Upstream.send` gives a reply as soon as the provider's headers are there; the body follows in pieces,
each as soon as it came. Leaving the `async with` early ends the connection, so a client that goes away
stops the provider's work.

`client` is what others use. Behind it `answers` says what a transport gives; ours is `transport` (a
request's bytes are made in `outgoing`, an answer's read in `incoming`, and `alarm`, `dialing` and
`connections` are what their names say), and `over_httpx` puts any of httpx's behind the same seam.
"""

from gateway.imports import without

with without("pygments", "rich"):  # httpx would import them for its own command line
    import httpx  # noqa: F401

from gateway.upstream.client import Reply, Upstream

__all__ = ["Reply", "Upstream"]
