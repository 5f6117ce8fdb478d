"""HTTP/1.1 of our own: little more than the event loop's transports and a parser in C.

A request costs a third of what it costs over the fastest general client, or less; what is left out is
what a gateway does not want. No cookie jar: a cookie that a provider sets for one user
would go out with the next user's request. No decompression: providers are asked for plain bytes, so
that events arrive as sent. No redirects, and no proxy but one that a config names (`network`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import cache

import httpx

from gateway.pipeline import UpstreamRequest
from gateway.upstream.connections import Connection, Pool
from gateway.upstream.dialing import Dialer
from gateway.upstream.incoming import Incoming, Unanswered
from gateway.upstream.outgoing import Place, addressed, head

UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})
"""Codes of OpenSSL for certificates that nobody vouches for who is trusted
(https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/)."""

CROSSED = 1.0
"""Seconds in which a close may have crossed a request on its way."""


class OwnTransport:
    """A `Carrier`: one pool for all providers; connections are kept per place."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        """`tls` gives the context of encrypted connections; it is asked once, when one is needed."""
        self._dialer = Dialer(cache(lambda: _speaking(tls())))
        self._pool: Pool | None = None

    async def ask(self, request: UpstreamRequest) -> Incoming:
        """See `Carrier`.

        A server may close a connection that waits just when a request is on its way there. It is sent
        again, once, if the connection had served before and is closed at once without a byte: then the
        server has not begun to answer. Any other request may have been worked on, and work costs money.
        """
        pool = self._pool or self._opened()
        timeouts = request.endpoint.timeouts
        address = addressed(request.url)
        data = (head(address, request.headers, len(request.body)), request.body)
        connection = pool.waiting(address.place)
        if connection is not None:
            incoming = connection.send(data)
            try:
                await incoming.head(timeouts.first_byte)
                return incoming
            except Unanswered:
                if pool.loop.time() - incoming.sent > CROSSED:
                    raise
        connect = min(timeouts.connect, timeouts.first_byte)
        incoming = (await _connected(pool, address.place, connect)).send(data)
        await incoming.head(timeouts.first_byte)
        return incoming

    def _opened(self) -> Pool:
        self._pool = Pool(self._dialer)
        return self._pool

    async def aclose(self) -> None:
        """Ends every connection."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None


async def _connected(pool: Pool, place: Place, patience: float) -> Connection:
    """A new connection within `patience` seconds: name, address and TLS. Raises httpx's errors."""
    where = f"{place.host}:{place.port}"
    try:
        async with asyncio.timeout(patience):
            return await pool.fresh(place)
    except TimeoutError as error:
        raise httpx.ConnectTimeout(f"{where} did not answer") from error
    except (OSError, ValueError) as error:
        raise httpx.ConnectError(f"{where}: {error}{_advice(error)}") from error


def _advice(error: Exception) -> str:
    """What to look at, for those errors of TLS whose words say it to few."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in UNKNOWN_ISSUER:
            return " (`network: {ca_file: ...}` of the provider names whom else to trust.)"
    elif isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return " (No TLS is spoken there: should its base_url begin with http://?)"
    return ""


def _speaking(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    return context
