"""httpx's transport interface over aiohttp's connections.

httpx's own transport costs five times the CPU per request, and its pool dies when a request is
cancelled twice (https://github.com/encode/httpx/discussions/3782); its types and its seam for tests are
what is wanted. No cookie jar: a cookie that a provider sets for one user would go out with the next
user's request. No decompression: providers are asked for plain bytes, so that events arrive as sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import httpx
from yarl import URL

DRAIN = 0.25
"""Seconds granted to an answer's last bytes, so that its connection can be used again."""

SKIPPED = ("accept", "accept-encoding", "user-agent", "content-type")
"""Headers that aiohttp would add by itself."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """One pool for all providers; connections are kept per host."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends; the response's body is still on its way. Raises httpx's transport errors."""
        connect = request.extensions.get("timeout", {}).get("connect")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect)
        try:
            response = await self._open().request(
                request.method,
                URL(str(request.url), encoded=True),
                data=request.content,
                headers=[(k.decode("ascii"), v.decode("latin-1")) for k, v in request.headers.raw],
                allow_redirects=False,
                timeout=timeout,
                skip_auto_headers=SKIPPED,
            )
        except (aiohttp.ConnectionTimeoutError, TimeoutError) as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except aiohttp.ClientConnectorError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error) or repr(error), request=request) from error
        return httpx.Response(
            response.status,
            headers=[(k.lower(), v) for k, v in response.raw_headers],
            stream=AiohttpStream(response),
            request=request,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    async def aclose(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class AiohttpStream(httpx.AsyncByteStream):
    """A body: what can be read at once comes as one piece, so events that came together stay so."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        try:
            while chunk := await content.readany():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error) or repr(error)) from error

    async def aclose(self) -> None:
        """Gives the connection back if the body is complete, otherwise ends it."""
        if not self._response.content.at_eof():
            self._response.close()
        else:
            self._response.release()

    async def drain(self) -> None:
        """Waits a moment for the end of a body whose answer is known to be complete."""
        try:
            async with asyncio.timeout(DRAIN):
                while await self._response.content.readany():
                    pass
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # the connection is not used again; the answer is complete all the same
