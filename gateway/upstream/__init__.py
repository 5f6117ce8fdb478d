"""Talks to providers: the only user of the HTTP client.

`Upstream.send` gives a reply as soon as the provider's headers are there; the body follows in pieces,
each as soon as it came. Leaving the `async with` early ends the connection, so a client that goes away
stops the provider's work.
"""

from gateway.upstream.client import Reply, Upstream

__all__ = ["Reply", "Upstream"]
