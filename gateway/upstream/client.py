"""Sends one request and hands out its answer, within the provider's time limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import Protocol, runtime_checkable

import httpx

from gateway.config import Timeouts
from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.pipeline import UpstreamRequest
from gateway.upstream.mock import MockTransport
from gateway.upstream.transport import AiohttpTransport

LARGEST_ERROR = 256 * 1024
"""Bytes of a provider's error body that are read."""


@runtime_checkable
class Drainable(Protocol):
    """A body whose last bytes can be awaited, so that its connection serves again."""

    async def drain(self) -> None:
        """Waits for the end, for a moment."""


class Reply:
    """A provider's answer under way."""

    def __init__(self, response: httpx.Response, provider: str, timeouts: Timeouts) -> None:
        self._response = response
        self._provider = provider
        self._timeouts = timeouts
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        """Names in lower case."""

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece. Raises `UpstreamBroken` and `UpstreamTimeout`."""
        now = asyncio.get_running_loop().time
        patience = self._timeouts.first_byte
        try:
            async with asyncio.timeout(patience) as limit:
                async for chunk in self._stream():
                    limit.reschedule(None)  # the client's own pace is not the provider's silence
                    yield chunk
                    patience = self._timeouts.idle
                    limit.reschedule(now() + patience)
        except TimeoutError:
            raise UpstreamTimeout(f"{self._provider} said nothing for {patience:g} s.") from None
        except httpx.HTTPError as error:
            raise UpstreamBroken(f"The connection to {self._provider} broke: {error}") from None

    async def error_body(self) -> bytes:
        """The body of a refusal, up to a limit."""
        body = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > LARGEST_ERROR:
                    break
        return bytes(body[:LARGEST_ERROR])

    async def drain(self) -> None:
        """The answer is complete: lets its connection serve the next one, if it ends in time."""
        stream = self._stream()
        if isinstance(stream, Drainable):
            await stream.drain()

    def _stream(self) -> httpx.AsyncByteStream:
        stream = self._response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what our transports give
        return stream


class Upstream:
    """All connections to providers. Create it where an event loop runs; close it there too."""

    def __init__(self, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None) -> None:
        """`transports` maps URL schemes; tests pass their own."""
        web = AiohttpTransport()
        self._transports = transports or {"http": web, "https": web, "mock": MockTransport()}

    @asynccontextmanager
    async def send(self, request: UpstreamRequest) -> AsyncIterator[Reply]:
        """Sends, and waits for status and headers. Raises `UpstreamBroken` and `UpstreamTimeout`."""
        endpoint = request.endpoint
        response = await self._open(request)
        try:
            yield Reply(response, endpoint.name, endpoint.timeouts)
        finally:
            await response.aclose()

    async def _open(self, request: UpstreamRequest) -> httpx.Response:
        endpoint = request.endpoint
        timeouts = endpoint.timeouts
        url = parsed_url(request.url)
        headers = {"accept-encoding": "identity", **request.headers}
        sent = httpx.Request(
            "POST",
            url,
            headers=[
                (name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()
            ],
            content=request.body,
            extensions={"timeout": {"connect": timeouts.connect}},
        )
        try:
            async with asyncio.timeout(timeouts.first_byte):
                return await self._transports[url.scheme].handle_async_request(sent)
        except httpx.ConnectTimeout:
            raise UpstreamTimeout(
                f"{endpoint.name} at {url.host}:{url.port or url.scheme} did not accept a connection "
                f"within {timeouts.connect:g} s."
            ) from None
        except TimeoutError:
            raise UpstreamTimeout(
                f"{endpoint.name} did not answer within {timeouts.first_byte:g} s."
            ) from None
        except httpx.HTTPError as error:
            raise UpstreamBroken(f"{endpoint.name} cannot be reached: {error}") from None

    async def close(self) -> None:
        """Ends every connection."""
        for transport in dict.fromkeys(self._transports.values()):
            await transport.aclose()


@lru_cache(maxsize=1024)
def parsed_url(url: str) -> httpx.URL:
    """Parsing an address costs as much as sending to it; there are few of them."""
    return httpx.URL(url)
