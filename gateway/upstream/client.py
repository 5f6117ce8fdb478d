"""Sends one request and hands out its answer, within the provider's time limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from types import TracebackType

import httpx

from gateway.config import Network
from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.pipeline import UpstreamRequest
from gateway.upstream import carriers
from gateway.upstream.answers import Arriving, Carrier, Take
from gateway.upstream.mock import MockTransport
from gateway.upstream.over_httpx import OverHttpx

LARGEST_ERROR = 256 * 1024
"""Bytes of a provider's error body that are read."""


class Reply:
    """A provider's answer: `async with` sends the request, and gives the reply once status and headers are
    there; leaving it ends the exchange. Take the body in one of three ways: `chunks`, `read` or `feed`.

    Each raises `UpstreamBroken` and `UpstreamTimeout`. A body that is here already is had by `whole`.
    """

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    _arriving: Arriving

    def __init__(self, carrier: Carrier, request: UpstreamRequest) -> None:
        self._carrier = carrier
        self._request = request
        self._timeouts = timeouts = request.endpoint.timeouts
        self._patience = timeouts.first_byte

    async def __aenter__(self) -> Reply:
        try:
            self._arriving = arriving = await self._carrier.ask(self._request)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from None
        self.status, self.headers = arriving.status, arriving.headers
        return self

    async def __aexit__(
        self,
        type: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._arriving.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece."""
        while chunk := await self.read():
            yield chunk

    async def read(self) -> bytes:
        """What has come of the body, as soon as anything has; nothing at its end."""
        try:
            chunk = await self._arriving.read(self._patience)
        except (TimeoutError, httpx.HTTPError) as error:
            raise self._broken(error) from None
        self._patience = self._timeouts.idle
        return chunk

    def whole(self) -> bytes | None:
        """All of the body that is not taken yet, if it has come to its end, as a short one mostly has with
        the headers; None where it has to be waited for."""
        return self._arriving.whole()

    async def feed(self, take: Take) -> bool:
        """Hands each piece to `take` until it returns False (it wants no more); True at the body's end.

        The cheapest way: `take` is called by the event loop the moment bytes are there, without a turn
        of the task that waits here. It must not block, runs in the context (`contextvars`) of the task
        or of the connection, and what it raises is raised here. After False, what follows is kept for
        the next call of any of the three; while nobody waits, the provider is made to wait.
        """
        idle = self._timeouts.idle
        if self._patience != idle:  # of the first piece, for which a model may think
            piece = await self.read()
            if not (piece and take(piece)):
                return not piece
        try:
            return await self._arriving.feed(take, idle)
        except (TimeoutError, httpx.HTTPError) as error:
            raise self._broken(error) from None

    async def error_body(self) -> bytes:
        """The body of a refusal, up to a limit."""
        body = bytearray()
        while len(body) <= LARGEST_ERROR and (chunk := await self.read()):
            body += chunk
        return bytes(body[:LARGEST_ERROR])

    async def drain(self) -> None:
        """The answer is complete: lets its connection serve the next one, if it ends in time."""
        self._arriving.drain()

    def _unreachable(self, error: Exception) -> UpstreamBroken | UpstreamTimeout:
        """There is no answer."""
        name, timeouts = self._request.endpoint.name, self._timeouts
        if isinstance(error, httpx.ConnectTimeout):
            url = httpx.URL(self._request.url)
            return UpstreamTimeout(
                f"{name} at {url.host}:{url.port or url.scheme} did not accept a connection "
                f"within {min(timeouts.connect, timeouts.first_byte):g} s."
            )
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(f"{name} did not answer within {timeouts.first_byte:g} s.")
        if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError):
            return UpstreamBroken(f"The connection to {name} broke before an answer came: {error}")
        return UpstreamBroken(f"{name} cannot be reached: {error}")

    def _broken(self, error: Exception) -> UpstreamBroken | UpstreamTimeout:
        """The answer broke off."""
        name = self._request.endpoint.name
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(f"{name} said nothing for {self._patience:g} s.")
        return UpstreamBroken(f"The connection to {name} broke: {error}")


@asynccontextmanager
async def _within(total: float, sent: Reply, name: str) -> AsyncIterator[Reply]:
    """Ends whatever is under way with the reply when the time is over."""
    limit = asyncio.timeout(total)
    try:
        async with limit, sent as reply:
            yield reply
    except TimeoutError:
        if not limit.expired():
            raise
        raise UpstreamTimeout(
            f"{name} did not end its answer within {total:g} s (`timeouts.total`)."
        ) from None


class Upstream:
    """All connections to providers. Create it where an event loop runs; close it there too."""

    def __init__(self, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None) -> None:
        """`transports` are for all addresses of their URL schemes; tests pass their own."""
        if transports is None:
            transports = {"mock": MockTransport()}
        self._fixed: Mapping[str, Carrier] = {
            scheme: OverHttpx(one) for scheme, one in transports.items()
        }
        self._networks: dict[Network, Carrier] = {}
        self._carrier = cache(self._over)

    def send(self, request: UpstreamRequest) -> AbstractAsyncContextManager[Reply]:
        """Sends, and waits for status and headers. Raises `UpstreamBroken` and `UpstreamTimeout`, and the
        latter at any moment before the reply is left where the endpoint has a limit for all of it."""
        endpoint = request.endpoint
        carrier = self._carrier(request.url.partition(":")[0], endpoint.network)
        reply = Reply(carrier, request)
        total = endpoint.timeouts.total
        return reply if total is None else _within(total, reply, endpoint.name)

    def _over(self, scheme: str, network: Network) -> Carrier:
        """What carries requests to URLs of a scheme, over a network."""
        if scheme in self._fixed:
            return self._fixed[scheme]
        if network not in self._networks:
            self._networks[network] = carriers.over(network)
        return self._networks[network]

    async def close(self) -> None:
        """Ends every connection."""
        for carrier in (*self._fixed.values(), *self._networks.values()):
            await carrier.aclose()
