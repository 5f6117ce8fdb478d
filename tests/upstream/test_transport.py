"""Our transport against servers that close, race, stall and are asked by those who leave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import httptools
import httpx
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.raw import Call, serving

from gateway.config import Endpoint, Timeouts
from gateway.dialects import DIALECTS
from gateway.errors import UpstreamBroken
from gateway.pipeline import UpstreamRequest
from gateway.upstream import Upstream, connections, dialing, outgoing, transport

Run = Callable[[Coroutine[Any, Any, Any]], Any]
LOOPS: list[Run] = [asyncio.run, uvloop.run]
each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request(
    url: str, body: bytes = b"{}", *, timeouts: Timeouts | None = None, **headers: str
) -> UpstreamRequest:
    endpoint = Endpoint("lab", DIALECTS["openai-chat"], url, {}, timeouts=timeouts or Timeouts())
    return UpstreamRequest(endpoint, f"{url}/v1/x", headers, body)


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


async def fine(call: Call) -> None:
    await call.say(OK)


def test_a_connection_is_kept_alive_in_silence() -> None:
    """The system asks the other side after a minute, so that nothing between forgets the connection."""

    async def story() -> None:
        async with serving(fine) as server:
            at = httpx.URL(server.url)
            with await dialing.first([(socket.AF_INET, (at.host, at.port or 0))]) as sock:
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                if hasattr(socket, "TCP_KEEPIDLE"):
                    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60

    asyncio.run(story())


@each_loop
def test_a_connection_that_the_server_closed_is_not_used(run: Run) -> None:
    """It closes after each answer without a word; the next request goes out on another one."""

    async def closes(call: Call) -> bool:
        await call.say(OK)
        return False

    async def story() -> None:
        async with serving(closes) as server, client() as upstream:
            for _ in range(5):
                assert await read(upstream, request(server.url)) == b"ok"
                await server.until_closed()
            assert [call.turn for call in server.calls] == [0] * 5

    run(story())


@each_loop
@pytest.mark.parametrize("crossed", [True, False])
def test_a_close_that_crossed_a_request_is_met_by_asking_again(
    run: Run, crossed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, on a fresh connection; a server that had the time to begin its work is not asked twice."""
    monkeypatch.setattr(transport, "CROSSED", 60.0 if crossed else -1.0)

    async def gone(call: Call) -> bool:
        if call.turn == 0:
            await call.say(OK)
        return call.turn == 0

    async def story() -> list[tuple[int, int]]:
        async with serving(gone) as server, client() as upstream:
            await read(upstream, request(server.url))
            try:
                assert await read(upstream, request(server.url)) == b"ok"
                assert crossed
            except UpstreamBroken as error:
                assert not crossed
                assert "without an answer" in error.message
            return [(call.connection, call.turn) for call in server.calls]

    assert run(story()) == [(0, 0), (0, 1), *([(1, 0)] if crossed else [])]


@each_loop
@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (0, b""),
        *((turn, said) for turn in (0, 1) for said in (b"H", b"HTTP/1.1 100 On\r\n\r\n", OK[:-1])),
    ],
)
def test_a_request_that_may_have_been_worked_on_is_not_sent_again(
    run: Run, turn: int, said: bytes
) -> None:
    """Not from a fresh connection, and not once a byte of an answer has come."""

    async def cuts(call: Call) -> bool:
        cut = call.turn == turn
        await call.say(said if cut else OK)
        return not cut

    async def story() -> int:
        async with serving(cuts) as server, client() as upstream:
            for _ in range(turn):
                await read(upstream, request(server.url))
            with pytest.raises(UpstreamBroken):
                await read(upstream, request(server.url))
            return len(server.calls)

    assert run(story()) == turn + 1


@each_loop
@settings(deadline=None, max_examples=40)
@given(
    steps=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    size=st.integers(0, 3),
    fed=st.booleans(),
    twice=st.booleans(),
)
def test_leaving_at_any_step_costs_nothing(
    run: Run, steps: list[int], size: int, fed: bool, twice: bool
) -> None:
    """Cancelled anywhere, once or twice: no connection is left open, and nobody gets another's bytes."""

    async def echoes(call: Call) -> None:
        chunks = [b"%x\r\n%s\r\n" % (len(call.body), call.body)] * size
        await call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *chunks)
        await call.say(b"0\r\n\r\n")

    async def ask(upstream: Upstream, url: str, body: bytes) -> bytes:
        async with upstream.send(request(url, body)) as reply:
            if not fed:
                return b"".join([chunk async for chunk in reply.chunks()])
            pieces: list[bytes] = []

            def take(piece: bytes) -> bool:
                pieces.append(piece)
                return True

            assert await reply.feed(take)
            return b"".join(pieces)

    async def story() -> None:
        async with serving(echoes) as server:
            async with client() as upstream:
                for number, count in enumerate(steps):
                    body = b"request %d" % number
                    task = asyncio.create_task(ask(upstream, server.url, body))
                    for _ in range(count):
                        await asyncio.sleep(0)
                    task.cancel()
                    if twice:
                        await asyncio.sleep(0)
                        task.cancel()
                    [left] = await asyncio.gather(task, return_exceptions=True)
                    assert isinstance(left, asyncio.CancelledError) or left == body * size
                assert await ask(upstream, server.url, b"last") == b"last" * size
                for _ in range(3):
                    await asyncio.sleep(0.001)
                assert server.open <= 1 + len(steps)
            await server.until_closed()

    run(story())


@each_loop
def test_connections_come_back_when_answers_were_read_to_their_end(run: Run) -> None:
    """Many at once need many; afterwards as many wait, and those that were left early do not."""

    async def story() -> tuple[int, int]:
        async with serving(fine) as server, client() as upstream:
            await asyncio.gather(*(read(upstream, request(server.url)) for _ in range(20)))
            many = server.connections
            await asyncio.gather(*(read(upstream, request(server.url)) for _ in range(20)))
            return many, server.connections

    many, later = run(story())
    assert many == later == 20


@each_loop
def test_a_connection_that_waits_too_long_is_closed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody needs to ask for anything: it goes by itself."""
    monkeypatch.setattr(connections, "IDLE", 0.02)

    async def story() -> None:
        async with serving(fine) as server, client() as upstream:
            await read(upstream, request(server.url))
            await server.until_closed()
            assert await read(upstream, request(server.url)) == b"ok"

    run(story())


@each_loop
def test_closing_ends_what_is_under_way(run: Run) -> None:
    """A reader is told at once, also where only the end of the connection would end the body."""

    async def stalls(call: Call) -> None:
        await call.say(b"HTTP/1.0 200 OK\r\n\r\nsome")
        said.set()
        await asyncio.sleep(60)

    async def story() -> None:
        async with serving(stalls) as server:
            upstream = Upstream()
            task = asyncio.create_task(read(upstream, request(server.url)))
            await asyncio.wait_for(said.wait(), 10)
            await upstream.close()
            with pytest.raises(UpstreamBroken):
                await task

    said = asyncio.Event()
    run(story())


@each_loop
def test_an_early_answer_is_heard_and_the_connection_not_used_again(run: Run) -> None:
    """A server that refuses a large body while it is on its way: its words arrive."""

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        with suppress(OSError):
            while await reader.read(65536):
                pass
        writer.transport.abort()
        left.set()

    async def story() -> bytes:
        server = await asyncio.start_server(refuses, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, client() as upstream:
            said = await read(upstream, request(url, b"x" * 30_000_000))
            await asyncio.wait_for(left.wait(), 10)
            return said

    left = asyncio.Event()
    assert run(story()) == b"ok"


HEAD = b"HTTP/1.1 200 OK\r\n"
LARGE = HEAD + b"A: %b\r\n\r\n" % (b"x" * 70_000)


@each_loop
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"GARBAGE\r\n\r\n", "broke before an answer came: the answer is not HTTP/1.1: "),
        (HEAD + b"Content-Length: x\r\n\r\n", "is not HTTP/1.1: Invalid character"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "broke: the answer is not HTTP/1.1: "),
        (LARGE, "its headers are too large"),
        (b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "another protocol"),
    ],
)
def test_what_is_wrong_with_an_answer_is_told(run: Run, said: bytes, words: str) -> None:
    """That the connection is ended because of it explains nothing."""

    async def errs(call: Call) -> None:
        await call.say(said)

    async def story() -> str:
        async with serving(errs) as server, client() as upstream:
            with pytest.raises(UpstreamBroken) as raised:
                await read(upstream, request(server.url))
            return raised.value.message

    assert words in run(story())


# -- requests ------------------------------------------------------------------------------------------

tokens = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
texts = st.text(st.characters(max_codepoint=0x100), max_size=12)


class Seen:
    """The headers that a server would see."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.ended = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_message_complete(self) -> None:
        self.ended += 1


@given(st.dictionaries(st.one_of(tokens, texts), texts, max_size=4), st.binary(max_size=20))
def test_headers_go_out_as_given_or_not_at_all(headers: dict[str, str], body: bytes) -> None:
    """Nothing in a name or a value makes another header, or another request."""
    address = outgoing.addressed("http://127.0.0.1:81/v1?x=%2F")
    try:
        head = outgoing.head(address, headers, len(body))
    except httpx.LocalProtocolError:
        return
    seen = Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(head + body)
    except httptools.HttpParserError:
        return  # a control character: servers refuse it whole
    own = {"host": "127.0.0.1:81", "accept-encoding": "identity"}
    expected = {**own, **headers, "content-length": str(len(body))}
    wire = [
        (name.encode(), value.strip(" \t").encode("latin-1")) for name, value in expected.items()
    ]
    assert (seen.fields, seen.ended) == (wire, 1)


@pytest.mark.parametrize(
    "name", ["content-length", "Transfer-Encoding", "a b", "a:b", "", "a\r\nb"]
)
def test_some_headers_cannot_be_given(name: str) -> None:
    """Those that say where the body ends, and names that are none."""
    with pytest.raises(httpx.LocalProtocolError):
        outgoing.head(outgoing.addressed("http://h/"), {name: "1"}, 0)


@pytest.mark.parametrize(
    ("url", "place", "host"),
    [
        ("http://h/a?b", ("http", "h", 80), "h"),
        ("https://h:8443/", ("https", "h", 8443), "h:8443"),
        ("http://[::1]:8080/", ("http", "::1", 8080), "[::1]:8080"),
        (
            "https://B\u00fccher.example/",
            ("https", "xn--bcher-kva.example", 443),
            "xn--bcher-kva.example",
        ),
    ],
)
def test_an_address_says_where_to_and_whom_to_ask_for(
    url: str, place: tuple[str, str, int], host: str
) -> None:
    """Ports that go without saying are not said."""
    address = outgoing.addressed(url)
    assert (tuple(address.place), dict(address.headers)["host"]) == (place, host)


def test_a_password_in_an_address_is_shown_to_its_server() -> None:
    """Unless the request shows another key."""
    address = outgoing.addressed("http://me:se%20cret@h/")
    assert b"\r\nauthorization: Basic bWU6c2UgY3JldA==\r\n" in outgoing.head(address, {}, 0)
    head = outgoing.head(address, {"authorization": "Bearer k"}, 0)
    assert head.count(b"authorization") == 1
    assert b"me:" not in head


@pytest.mark.parametrize("url", ["http:///x", "http://h\r\nx: y/", "http://h:99999/"])
def test_what_is_no_address_is_said(url: str) -> None:
    """As a provider that cannot be reached."""

    async def story() -> None:
        async with client() as upstream:
            await read(upstream, request(url))

    with pytest.raises(UpstreamBroken, match="cannot be reached"):
        asyncio.run(story())


# -- addresses -----------------------------------------------------------------------------------------


@each_loop
@given(st.permutations([True, False, False]))
@settings(deadline=None, max_examples=10)
def test_the_first_address_that_answers_is_taken(run: Run, order: list[bool]) -> None:
    """Whichever it is; those that refuse cost nothing, and no socket is left."""

    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            good: dialing.Found = (socket.AF_INET, there.getsockname())
            bad: dialing.Found = (socket.AF_INET, nobody.getsockname())
            with await dialing.first([good if answers else bad for answers in order]) as sock:
                assert sock.getpeername() == there.getsockname()
            with pytest.raises(OSError, match=r"failed|refused"):
                await dialing.first([bad, bad])

    run(story())


@each_loop
def test_a_name_is_asked_for_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst of requests to one host shares one answer, though the first to ask has left."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[dialing.Found]:
        asked.append(host)
        await asyncio.sleep(0.01)
        return [(socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(dialing, "resolved", resolve)

    async def story() -> None:
        async with serving(fine) as server, client() as upstream:
            url = server.url.replace("127.0.0.1", "lab.example")
            tasks = [asyncio.create_task(read(upstream, request(url))) for _ in range(10)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            assert await asyncio.gather(*tasks[1:]) == [b"ok"] * 9

    run(story())
    assert asked == ["lab.example"]


@each_loop
def test_a_name_that_nobody_knows_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And asked for anew the next time."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[dialing.Found]:
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(dialing, "resolved", resolve)

    async def story() -> None:
        async with client() as upstream:
            for _ in range(2):
                with pytest.raises(UpstreamBroken, match="Name or service not known"):
                    await read(upstream, request("http://nosuch.example"))

    run(story())
    assert asked == ["nosuch.example"] * 2
