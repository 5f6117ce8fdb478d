"""TLS, proxies, HTTP/2: real servers, an authority that nobody else trusts, and a proxy that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from servers.authority import Authority, authority
from servers.raw import Call, serving
from servers.second import second
from servers.tunnel import tunnel

from gateway.config import Endpoint, Network, Timeouts
from gateway.dialects import DIALECTS
from gateway.errors import UpstreamBroken, UpstreamTimeout
from gateway.pipeline import UpstreamRequest
from gateway.upstream import Reply, Upstream, carriers

Run = Callable[[Coroutine[Any, Any, Any]], Any]
each_loop = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@pytest.fixture
def lab(tmp_path: Path) -> Authority:
    """The authority behind the servers here."""
    return authority(tmp_path)


def request(url: str, network: Network, *, timeouts: Timeouts | None = None) -> UpstreamRequest:
    endpoint = Endpoint(
        "lab", DIALECTS["openai-chat"], url, {}, timeouts=timeouts or Timeouts(), network=network
    )
    return UpstreamRequest(endpoint, f"{url}/v1", {"x-a": "1"}, b"hello")


@asynccontextmanager
async def asking(
    url: str, network: Network, *, timeouts: Timeouts | None = None
) -> AsyncIterator[Reply]:
    upstream = Upstream()
    try:
        async with upstream.send(request(url, network, timeouts=timeouts)) as reply:
            yield reply
    finally:
        await upstream.close()


async def read(url: str, network: Network) -> bytes:
    async with asking(url, network) as reply:
        return b"".join([chunk async for chunk in reply.chunks()])


async def echoes(call: Call) -> None:
    """In chunks."""
    await call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await call.say(b"%x\r\n%s\r\n" % (len(call.body), call.body), b"0\r\n\r\n")


@each_loop
def test_a_server_is_trusted_by_its_own_authority(run: Run, lab: Authority) -> None:
    """Its certificate is checked, with those of the system and those of the config."""

    async def story() -> bytes:
        async with serving(echoes, tls=lab.server) as server:
            return await read(server.url, Network(ca=lab.pem))

    assert run(story()) == b"hello"


@each_loop
@pytest.mark.parametrize("known", [False, True])
def test_whom_nobody_vouches_for_is_told_nothing(run: Run, lab: Authority, known: bool) -> None:
    """An unknown authority, and a name that the certificate does not hold: not a byte is sent."""

    async def story() -> int:
        async with serving(echoes, tls=lab.server) as server:
            url = server.url.replace("127.0.0.1", "localhost") if known else server.url
            with pytest.raises(UpstreamBroken, match="certificate") as caught:
                await read(url, Network(ca=lab.pem) if known else Network())
            assert ("ca_file" in caught.value.message) is not known
            return len(server.calls)

    assert run(story()) == 0


@each_loop
def test_a_port_that_speaks_no_tls(run: Run) -> None:
    """The scheme of the address is what is wrong, and is named."""

    def refuses(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(refuses, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(UpstreamBroken, match="base_url begin with http://"):
                await read(f"https://127.0.0.1:{port}", Network())

    run(story())


@each_loop
def test_a_connection_with_tls_serves_again(run: Run, lab: Authority) -> None:
    """And a body that is cut within TLS is no end either."""

    async def cuts(call: Call) -> bool:
        if call.turn < 2:
            await echoes(call)
            return True
        await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        return False

    async def story() -> list[int]:
        upstream = Upstream()
        async with serving(cuts, tls=lab.server) as server:
            asked = request(server.url, Network(ca=lab.pem))
            for _ in range(2):
                async with upstream.send(asked) as reply:
                    assert [chunk async for chunk in reply.chunks()] == [b"hello"]
            with pytest.raises(UpstreamBroken):
                async with upstream.send(asked) as reply:
                    assert [chunk async for chunk in reply.chunks()]
            await upstream.close()
            return [call.connection for call in server.calls]

    assert run(story()) == [0, 0, 0]


@each_loop
def test_a_server_that_accepts_and_never_greets_is_given_up(run: Run) -> None:
    """The limit of connecting is one for name, address and TLS."""

    class Silent(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            left.set()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Silent, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            with pytest.raises(UpstreamTimeout, match="did not accept a connection"):
                async with asking(url, Network(), timeouts=Timeouts(connect=0.1)):
                    pass
            await asyncio.wait_for(left.wait(), 10)

    left = asyncio.Event()
    run(story())


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_proxy_is_gone_through(lab: Authority, encrypted: bool) -> None:
    """By CONNECT for https, and by whole addresses for http; the answer is the server's."""

    async def story() -> tuple[bytes, list[str], str]:
        async with serving(echoes, tls=lab.server if encrypted else None) as server:
            async with tunnel() as proxy:
                said = await read(server.url, Network(proxy=proxy.url, ca=lab.pem))
            return said, proxy.places, server.url

    said, places, url = asyncio.run(story())
    assert (said, places) == (b"hello", [url.partition("://")[2]])


def test_a_proxy_is_shown_its_password() -> None:
    """As its URL has it; the provider does not see it."""

    async def story() -> tuple[bytes, bytes]:
        async with serving(echoes) as server, tunnel() as proxy:
            url = proxy.url.replace("://", "://me:secret@")
            await read(server.url, Network(proxy=url))
            return proxy.heads[0], server.calls[0].body

    head, body = asyncio.run(story())
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head
    assert body == b"hello"


def test_a_proxy_that_refuses_is_named(lab: Authority) -> None:
    """Its own words are told."""

    async def story() -> None:
        async with serving(echoes, tls=lab.server) as server, tunnel(refuses=True) as proxy:
            await read(server.url, Network(proxy=proxy.url, ca=lab.pem))

    with pytest.raises(UpstreamBroken, match="lab cannot be reached: 407"):
        asyncio.run(story())


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where requests go is what the config says."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def story() -> list[bytes]:
        async with serving(echoes) as server:
            return [await read(server.url, network) for network in (Network(), Network(http2=True))]

    assert asyncio.run(story()) == [b"hello"] * 2


def test_http2_is_spoken_with_those_who_can(tmp_path: Path) -> None:
    """It is offered in the handshake; status, headers and body come as ever."""
    lab = authority(tmp_path, protocols=("h2", "http/1.1"))

    async def story() -> tuple[str, bytes]:
        async with second(lab.server) as url:
            async with asking(url, Network(ca=lab.pem, http2=True)) as reply:
                body = b"".join([chunk async for chunk in reply.chunks()])
            return reply.headers["x-version"], body

    assert asyncio.run(story()) == ("2", b"told: hello")


def test_who_cannot_speak_http2_is_spoken_to_as_before(lab: Authority) -> None:
    """The offer is declined in the handshake."""

    async def story() -> bytes:
        async with serving(echoes, tls=lab.server) as server:
            return await read(server.url, Network(ca=lab.pem, http2=True))

    assert asyncio.run(story()) == b"hello"


def test_without_the_parser_httpx_carries_everything(
    lab: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not installed; the ways to take a body are the same."""
    monkeypatch.setattr(carriers, "PARSES", False)
    pieces: list[bytes] = []

    def take(piece: bytes) -> bool:
        pieces.append(piece)
        return True

    async def story() -> bool:
        async with (
            serving(echoes, tls=lab.server) as server,
            asking(server.url, Network(ca=lab.pem)) as reply,
        ):
            return await reply.feed(take)

    assert asyncio.run(story())
    assert pieces == [b"hello"]
