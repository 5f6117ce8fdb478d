"""Transports of httpx behind the same seam: for what ours does not do, and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import lru_cache

import httpx

from gateway.pipeline import UpstreamRequest
from gateway.upstream.answers import Take
from gateway.upstream.outgoing import added


class OverHttpx:
    """A `Carrier` over any of httpx's transports."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def ask(self, request: UpstreamRequest) -> Carried:
        """See `Carrier`."""
        timeouts = request.endpoint.timeouts
        url = parsed_url(request.url)
        sent = httpx.Request(
            "POST",
            url,
            headers=[
                (name.encode("ascii"), value.encode("latin-1"))
                for name, value in {**added(url), **request.headers}.items()
            ],
            content=request.body,
            extensions={"timeout": {"connect": timeouts.connect}},
        )
        async with asyncio.timeout(timeouts.first_byte):
            return Carried(await self._transport.handle_async_request(sent))

    async def aclose(self) -> None:
        """Ends every connection."""
        await self._transport.aclose()


class Carried:
    """See `Arriving`."""

    def __init__(self, response: httpx.Response) -> None:
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what such transports give
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._pieces: AsyncIterator[bytes] = aiter(stream)

    async def read(self, patience: float) -> bytes:
        """See `Arriving`."""
        async with asyncio.timeout(patience):
            async for piece in self._pieces:
                if piece:
                    return piece
        return b""

    async def feed(self, take: Take, idle: float) -> bool:
        """See `Arriving`."""
        while piece := await self.read(idle):
            if not take(piece):
                return False
        return True

    def whole(self) -> bytes | None:
        """See `Arriving`. What has come, httpx says only to who waits for it."""
        return None

    def drain(self) -> None:
        """Such a connection is ended; httpx gives no way to wait for it beside everything else."""

    async def close(self) -> None:
        """See `Arriving`."""
        try:
            if isinstance(self._pieces, AsyncGenerator):
                await self._pieces.aclose()
        finally:
            await self._response.aclose()


@lru_cache(maxsize=1024)
def parsed_url(url: str) -> httpx.URL:
    """Parsing an address costs as much as sending to it; there are few of them."""
    return httpx.URL(url)
