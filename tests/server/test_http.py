"""The connection to a client: bodies come whole however they are cut, and no further than they may."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import uvloop
from door_sockets import at_a_port
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.config import ServerSettings
from gateway.errors import GatewayError
from gateway.server.accounts.tally import Tally
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.connections.door import Door
from gateway.server.connections.http import FIRST, NEXT, SHORT, Cycle, Protocol, Rest
from gateway.server.connections.life import Life
from gateway.server.delivery import Delivery
from gateway.server.paths import App, Receive, Scope, Send

Run = Callable[[Coroutine[Any, Any, Any]], Any]
LOOPS: list[Run] = [asyncio.run, uvloop.run]
each_loop = pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])

MOST = 5_000_000
PATIENCE = 10.0
"""Seconds for what comes at once."""


@dataclass
class Served:
    """A server, and the connections that were made to it."""

    port: int = 0
    connections: list[Protocol] = field(default_factory=list)

    @property
    def cycle(self) -> Any:
        """The request under way on the only connection."""
        (connection,) = self.connections
        return connection.cycle


@asynccontextmanager
async def serving(app: App, most: int = MOST) -> AsyncIterator[Served]:
    """The application on our protocol."""
    door = Door(lambda: ServerSettings(max_body=most), Tally(), Life())
    async with at_a_port(app, door) as (port, connections):
        yield Served(port, connections)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[tuple[Any, Any]]:
    """A client: what it reads, and where it writes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        async with asyncio.timeout(PATIENCE):
            yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for it."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)


def body(size: int, number: int = 0) -> bytes:
    """A body in which no part is like another."""
    return b"".join(b"%08d" % (at + number) for at in range(0, size, 8))[:size]


def head(*lines: bytes) -> bytes:
    return b"\r\n".join((b"POST / HTTP/1.1", b"host: x", *lines, b"", b""))


def whole(content: bytes) -> bytes:
    return head(b"content-length: %d" % len(content)) + content


def chunked(content: bytes, size: int) -> bytes:
    cut = [content[at : at + size] for at in range(0, len(content), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (*cut, b""))
    return head(b"transfer-encoding: chunked") + chunks


class Reading:
    """Reads as the gateway does, notes what came, and answers with its size."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.bodies: list[bytes] = []
        self.messages: list[int] = []
        self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages = 0

        async def counted() -> Any:
            nonlocal messages
            messages += 1
            return await receive()

        try:
            got = await read_body(counted, headers_of(scope), self._most)
        except GatewayError as error:
            await Delivery(send).error(error, {})
            return
        except ClientGone:
            self.left += 1
            return
        self.bodies.append(got)
        self.messages.append(messages)
        await Delivery(send).whole(200, {}, b"%d" % len(got))


edges = st.sampled_from(
    [
        0,
        1,
        SHORT,
        SHORT + 1,
        FIRST,
        FIRST + 1,
        FIRST + SHORT + 1,
        FIRST + NEXT,
        FIRST + 2 * NEXT + 1,
    ]
)
sizes = st.one_of(edges, st.integers(0, 3 * FIRST))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(sizes, st.none() | st.integers(9_999, 200_000)), min_size=1, max_size=4),
    st.lists(st.integers(0, 4_000_000), max_size=6),
    st.sampled_from(LOOPS),
)
def test_requests_are_the_same_however_the_bytes_are_cut(
    requests: list[tuple[int, int | None]], cuts: list[int], run: Run
) -> None:
    """Announced or in chunks, one after the other or sent ahead: each body whole, in one message."""
    bodies = [body(size, number) for number, (size, _) in enumerate(requests)]
    wire = b"".join(
        whole(content) if step is None else chunked(content, step)
        for content, (_, step) in zip(bodies, requests, strict=True)
    )
    places = sorted({0, *(cut for cut in cuts if cut < len(wire)), len(wire)})
    app = Reading()

    async def story() -> None:
        async with serving(app) as served, connected(served) as (reader, writer):

            async def speak() -> None:
                for begin, end in pairwise(places):
                    writer.write(wire[begin:end])
                    await writer.drain()
                    await asyncio.sleep(0)

            speaking = asyncio.create_task(speak())
            heard = [await answer(reader) for _ in bodies]
            await speaking
        assert heard == [(200, b"%d" % len(content)) for content in bodies]

    run(story())
    assert app.bodies == bodies
    assert app.messages == [1] * len(bodies)


@each_loop
def test_too_long_is_said_before_it_is_sent(run: Run) -> None:
    """The announcement is enough. What is sent all the same is let go, and the next request is answered."""
    app = Reading(most=1000)

    async def story() -> None:
        async with serving(app, most=1000) as served, connected(served) as (reader, writer):
            writer.write(head(b"content-length: %d" % MOST))
            status, words = await answer(reader)
            assert (status, b"over 1000 bytes" in words) == (413, True)
            assert served.connections[0].timeout_keep_alive_task is not None
            writer.write(body(FIRST))
            await until(lambda: served.connections[0].timeout_keep_alive_task is None)
            writer.write(body(MOST - FIRST) + whole(b"short"))
            assert await answer(reader) == (200, b"5")
            assert not served.cycle.pieces

    run(story())


@each_loop
def test_too_long_is_said_as_soon_as_it_is(run: Run) -> None:
    """Of a body in chunks, whose end nobody has announced, no more is kept than that."""
    app = Reading(most=FIRST)

    async def story() -> None:
        async with serving(app, most=FIRST) as served, connected(served) as (reader, writer):
            chunk = b"%x\r\n%b\r\n" % (SHORT, body(SHORT))
            writer.write(head(b"transfer-encoding: chunked") + chunk * 9)
            assert (await answer(reader))[0] == 413
            writer.write(chunk * 99 + b"0\r\n\r\n" + whole(b"short"))
            assert await answer(reader) == (200, b"5")

    run(story())


@each_loop
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_that_nobody_reads_waits_outside(run: Run, is_announced: bool) -> None:
    """The client is stopped after little more than one read, and all of it comes once it is wanted."""
    wanted, app = asyncio.Event(), Reading()
    content = body(MOST)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await wanted.wait()
        await app(scope, receive, send)

    async def story() -> None:
        async with serving(slow) as served, connected(served) as (reader, writer):
            writer.write(whole(content) if is_announced else chunked(content, SHORT))
            await until(lambda: bool(served.connections and served.connections[0].flow))
            await until(lambda: served.connections[0].flow.read_paused)
            kept = served.cycle.kept
            await asyncio.sleep(0.05)
            assert served.cycle.kept == kept <= 2 * FIRST + 65536
            wanted.set()
            assert (await answer(reader))[0] == 200
        assert app.bodies == [content]

    run(story())


@each_loop
def test_what_is_announced_takes_no_memory(run: Run) -> None:
    """Ten thousand million bytes that do not come cost no more than those that a read may bring."""

    async def story() -> None:
        async with (
            serving(Reading(10**11), most=10**11) as served,
            connected(served) as (_, writer),
        ):
            tracemalloc.start()
            writer.write(head(b"content-length: 10000000000") + b"x")
            await until(lambda: bool(served.connections and served.connections[0].cycle))
            assert isinstance(served.connections[0].transport.get_protocol(), Rest)
            assert tracemalloc.get_traced_memory()[1] < 2 * FIRST

    try:
        run(story())
    finally:
        tracemalloc.stop()


@each_loop
@pytest.mark.parametrize("sent", [0, 10, SHORT, FIRST, 2 * FIRST, FIRST + NEXT])
def test_a_client_may_leave_in_the_middle_of_its_body(run: Run, sent: int) -> None:
    """The application is told, wherever that is."""
    app = Reading()

    async def story() -> None:
        async with serving(app) as served:
            async with connected(served) as (_, writer):
                writer.write(head(b"content-length: %d" % MOST) + body(sent))
                await writer.drain()
                await until(lambda: bool(served.connections and served.connections[0].cycle))
            await until(lambda: app.left == 1)

    run(story())


@each_loop
@pytest.mark.parametrize("size", [5, MOST])
def test_a_client_that_asks_first_is_told_to_go_on(run: Run, size: int) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#field.expect."""
    content = body(size)

    async def story() -> None:
        async with serving(Reading()) as served, connected(served) as (reader, writer):
            writer.write(head(b"expect: 100-continue", b"content-length: %d" % size))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(content)
            assert await answer(reader) == (200, b"%d" % size)

    run(story())


@each_loop
@pytest.mark.parametrize("size", [5, MOST])
def test_a_client_that_leaves_after_its_body_is_noticed(run: Run, size: int) -> None:
    """Whoever goes on receiving hears of nothing else, and hears it once."""
    heard: list[str] = []

    async def waiting(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    async def story() -> None:
        async with serving(waiting) as served:
            async with connected(served) as (_, writer):
                writer.write(whole(body(size)))
                await until(lambda: len(served.connections) == 1 and served.cycle is not None)
                await until(lambda: bool(served.cycle.is_handed_over))
            await until(lambda: len(heard) == 2)

    run(story())
    assert heard == ["http.request", "http.disconnect"]


def test_uvicorn_has_what_is_used_of_it() -> None:
    """And has no use of its own for the names that are added."""
    theirs = {*vars(RequestResponseCycle), *RequestResponseCycle.__init__.__code__.co_names}
    assert theirs >= {
        *("disconnected", "flow", "message_event", "more_body", "receive", "response_complete"),
        *("transport", "waiting_for_100_continue"),
    }
    ours = {name for name in {*vars(Cycle), *Cycle.__annotations__} if not name.startswith("__")}
    assert ours & theirs == {"receive"}
    theirs = {*vars(HttpToolsProtocol), *HttpToolsProtocol.__init__.__code__.co_names}
    used = {"cycle", "headers", "parser", "scope", "transport", "_unset_keepalive_if_required"}
    used |= {
        "connections",
        "flow",
        "on_message_complete",
        "server_state",
        "timeout_keep_alive_task",
    }
    overridden = {"connection_made", "connection_lost", "data_received", "on_body"}
    overridden |= {"on_headers_complete", "send_400_response", "shutdown"}
    assert theirs >= {*used, *overridden}
    ours = {name for name in vars(Protocol) if not name.startswith("__")}
    assert ours & theirs == overridden
