"""Sending to a real server on loopback, and what becomes of connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.config import Endpoint, Timeouts
from gateway.dialects import DIALECTS
from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.pipeline import UpstreamRequest
from gateway.upstream import Upstream

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback; gives its address."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def request(url: str, *, timeouts: Timeouts | None = None) -> UpstreamRequest:
    endpoint = Endpoint("lab", DIALECTS["openai-chat"], url, {}, timeouts=timeouts or Timeouts())
    return UpstreamRequest(endpoint, f"{url}/v1/chat/completions?x=%2F", {"x-name": "é"}, b"{}")


async def read(upstream: Upstream, asked: UpstreamRequest) -> bytes:
    async with upstream.send(asked) as reply:
        return b"".join([chunk async for chunk in reply.chunks()])


@asynccontextmanager
async def client() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    try:
        yield upstream
    finally:
        await upstream.close()


def test_an_answer_comes_with_status_headers_and_body() -> None:
    """The path goes out as it stands, and nothing is added that the provider could act upon."""
    seen: dict[str, str] = {}

    async def handler(asked: web.Request) -> web.Response:
        seen.update({"path": asked.raw_path, **{k.lower(): v for k, v in asked.headers.items()}})
        return web.Response(status=201, text="hello", headers={"Request-Id": "r1"})

    async def story() -> None:
        async with (
            serving(handler) as url,
            client() as upstream,
            upstream.send(request(url)) as reply,
        ):
            assert (reply.status, reply.headers["request-id"]) == (201, "r1")
            assert b"".join([chunk async for chunk in reply.chunks()]) == b"hello"

    asyncio.run(story())
    assert seen["path"] == "/v1/chat/completions?x=%2F"
    assert seen["accept-encoding"] == "identity"
    assert "user-agent" not in seen


def test_a_connection_serves_again_and_a_cookie_does_not() -> None:
    """Requests share connections, and never what a provider wanted one user to remember."""
    peers: list[object] = []
    cookies: list[str | None] = []

    async def handler(asked: web.Request) -> web.Response:
        assert asked.transport is not None
        peers.append(asked.transport.get_extra_info("peername"))
        cookies.append(asked.headers.get("cookie"))
        return web.Response(text="ok", headers={"Set-Cookie": "who=first"})

    async def story() -> None:
        async with serving(handler) as url, client() as upstream:
            for _ in range(3):
                await read(upstream, request(url))

    asyncio.run(story())
    assert len(set(peers)) == 1
    assert cookies == [None, None, None]


def test_whoever_leaves_early_ends_the_providers_work() -> None:
    """Leaving the reply closes the connection, and the server notices."""
    left = asyncio.Event()

    async def endless(asked: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(asked)
        try:
            while True:
                await response.write(b"data: x\n\n")
                await asyncio.sleep(0.005)
        finally:
            left.set()

    async def story() -> None:
        async with serving(endless) as url, client() as upstream:
            async with upstream.send(request(url)) as reply:
                async for _ in reply.chunks():
                    break
            await asyncio.wait_for(left.wait(), 5)

    asyncio.run(story())


def test_a_request_cancelled_twice_costs_nothing() -> None:
    """After many double cancellations the pool still serves: none of its places is lost."""

    async def slow(asked: web.Request) -> web.Response:
        await asyncio.sleep(0.0 if asked.query.get("x") == "fast" else 30)
        return web.Response(text="ok")

    async def story() -> bytes:
        async with serving(slow) as url, client() as upstream:
            for _ in range(20):
                task = asyncio.create_task(read(upstream, request(url)))
                await asyncio.sleep(0.005)
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            asked = request(url)
            fast = UpstreamRequest(asked.endpoint, f"{url}/?x=fast", {}, b"")
            return await read(upstream, fast)

    assert asyncio.run(story()) == b"ok"


@pytest.mark.parametrize("silent_after_headers", [False, True])
def test_silence_is_a_timeout_in_words(silent_after_headers: bool) -> None:
    """A provider that says nothing is given up, whether before its headers or within its body."""

    async def silent(asked: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if silent_after_headers:
            await response.prepare(asked)
            await response.write(b"a")
        await asyncio.sleep(30)
        return response

    async def story() -> None:
        limits = Timeouts(connect=5, first_byte=5 if silent_after_headers else 0.1, idle=0.1)
        async with serving(silent) as url, client() as upstream:
            await read(upstream, request(url, timeouts=limits))

    with pytest.raises(UpstreamTimeout) as caught:
        asyncio.run(story())
    assert "lab" in caught.value.message


@pytest.mark.parametrize("begins", [False, True])
def test_an_answer_that_takes_too_long_in_all_is_a_timeout(begins: bool) -> None:
    """However busy it is; and in words that name the limit. The provider's work is ended."""
    left = asyncio.Event()

    async def endless(asked: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            if begins:
                await response.prepare(asked)
            while True:
                await asyncio.sleep(0.005)
                if begins:
                    await response.write(b"data: x\n\n")
        finally:
            left.set()

    async def story() -> None:
        async with serving(endless) as url, client() as upstream:
            with pytest.raises(UpstreamTimeout) as caught:
                await read(upstream, request(url, timeouts=Timeouts(total=0.1)))
            assert "lab did not end its answer within 0.1 s (`timeouts.total`)" in str(caught.value)
            await asyncio.wait_for(left.wait(), 5)

    asyncio.run(story())


def test_a_limit_for_the_whole_is_nothing_to_an_answer_in_time() -> None:
    """Nor to whoever leaves, or fails by himself."""

    async def fine(_asked: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def story() -> None:
        async with serving(fine) as url, client() as upstream:
            asked = request(url, timeouts=Timeouts(total=30))
            assert await read(upstream, asked) == b"ok"
            with pytest.raises(TimeoutError, match="mine"):
                async with upstream.send(asked):
                    raise TimeoutError("mine")

    asyncio.run(story())


def test_a_server_that_is_not_there_is_named() -> None:
    """The operator reads which provider cannot be reached."""

    async def story() -> None:
        async with client() as upstream:
            await read(upstream, request("http://127.0.0.1:9"))

    with pytest.raises(UpstreamBroken) as caught:
        asyncio.run(story())
    assert "lab cannot be reached" in caught.value.message


def test_a_body_that_breaks_off_is_no_end() -> None:
    """A connection that dies within an answer raises; it does not look like the last chunk."""

    async def cut(asked: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(asked)
        await response.write(b"half")
        assert asked.transport is not None
        asked.transport.abort()
        return response

    async def story() -> None:
        async with serving(cut) as url, client() as upstream:
            await read(upstream, request(url))

    with pytest.raises(UpstreamBroken):
        asyncio.run(story())


def test_an_error_body_is_read_up_to_a_limit() -> None:
    """A provider that answers a refusal with megabytes is not read to the end."""

    async def flood(_asked: web.Request) -> web.Response:
        return web.Response(status=500, body=b"x" * 2_000_000)

    async def story() -> int:
        async with (
            serving(flood) as url,
            client() as upstream,
            upstream.send(request(url)) as reply,
        ):
            return len(await reply.error_body())

    assert asyncio.run(story()) == 256 * 1024
