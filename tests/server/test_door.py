"""What a connection may send, and what it is told when it sends something else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httptools
import pytest
from door_sockets import at_a_port
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.config import ServerSettings
from gateway.config.sections.life_settings import Life as LifeSettings
from gateway.errors import GatewayError
from gateway.server.accounts.tally import Tally
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.connections import door as bounds
from gateway.server.connections import http
from gateway.server.connections.door import Door
from gateway.server.connections.http import Protocol
from gateway.server.connections.life import Life
from gateway.server.connections.patience import SECONDS
from gateway.server.delivery import Delivery
from gateway.server.paths import Receive, Scope, Send

MOST = 100_000
"""Bytes of a body."""
PATIENCE = 10.0
"""Seconds for what comes at once."""
QUIET = 0.05
"""Seconds of silence after which no more is expected."""


class App:
    """Reads a request, notes path, headers and body, and answers with the path; `gate` holds it up."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        try:
            body = await read_body(receive, headers, MOST)
            await self.gate.wait()
        except GatewayError as error:
            await Delivery(send).error(error, {})
            return
        except ClientGone:
            return
        self.seen.append((scope["path"], headers, body))
        await Delivery(send).whole(200, {}, scope["path"].encode())


@dataclass
class Served:
    """A server behind a door."""

    app: App
    door: Door
    tally: Tally
    port: int = 0
    connections: list[Any] = field(default_factory=list)

    async def say(self, *pieces: bytes, hangs_up: bool = False) -> bytes:
        """What comes back on a connection of its own, until it closes or falls silent."""
        heard = b""
        async with self.connected() as (reader, writer):
            try:
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0)
                if hangs_up:
                    writer.write_eof()
                while part := await asyncio.wait_for(reader.read(65536), QUIET if heard else 0.2):
                    heard += part
            except (TimeoutError, OSError):
                pass
        return heard

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A client."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(most_connections: int = 4000) -> AsyncIterator[Served]:
    """The application on our protocol."""
    server_settings = ServerSettings(
        max_body=MOST, life=LifeSettings(max_connections=most_connections)
    )
    app, tally = App(), Tally()
    door = Door(lambda: server_settings, tally, Life())
    async with at_a_port(app, door) as (port, connections):
        yield Served(app, door, tally, port, connections)


@dataclass
class Answers:
    """What an HTTP parser makes of what came back."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    parser: Any = None

    def on_message_begin(self) -> None:
        self.bodies.append(b"")

    def on_body(self, data: bytes) -> None:
        self.bodies[-1] += data

    def on_headers_complete(self) -> None:
        self.statuses.append(self.parser.get_status_code())

    @classmethod
    def of(cls, heard: bytes) -> Answers:
        """Raises `HttpParserError` for what is no HTTP."""
        answers = cls()
        answers.parser = httptools.HttpResponseParser(answers)
        answers.parser.feed_data(heard)
        return answers


def post(path: str, body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /%b HTTP/1.1" % path.encode(), b"host: x", *lines]
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", b""]) + body


FRAGMENTS = [
    *(b"GET", b"POST", b" ", b"/", b"/a?b=c", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\r\n\r\n"),
    *(b"\n", b"\r", b":", b"host: x\r\n", b"content-length: 5\r\n", b"content-length: 0\r\n"),
    *(b"transfer-encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello", b"\x00"),
    *(b"connection: close\r\n", b"expect: 100-continue\r\n", b"upgrade: h2c\r\n", b";x=y", b"\xff"),
    *(post("a", b"hello"), post("b", b""), b"a: b\r\n" * 50, b"x" * 9_000),
]
pieces = st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=20))


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """A request with one stretch of it replaced."""
    whole = draw(st.sampled_from([post("a", b"hello"), post("b", b"", b"a: b"), *FRAGMENTS[-4:-2]]))
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 8)))
    return whole[:start] + draw(pieces) + whole[end:]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.one_of(pieces, nearly()), max_size=8), min_size=6, max_size=6))
@example(
    [[b"\r\n" * 40_000], [b"GET / HTTP/1.1\r\n\r\n" * 500], [b"\x16\x03\x01"], [b"{}"], [], [b"\n"]]
)
def test_whatever_comes_is_answered_in_http_or_not_at_all(said: list[list[bytes]]) -> None:
    """Refusals have the protocol's form, and the next connection is served as if nothing had been."""

    async def story() -> None:
        async with serving() as served:
            for heard in await asyncio.gather(*(served.say(*one, hangs_up=True) for one in said)):
                answers = Answers.of(heard)
                for status, body in zip(answers.statuses, answers.bodies, strict=True):
                    assert status in (100, 200, 400, 408, 413, 414, 431)
                    assert status < 400 or json.loads(body)["type"] == "error"
            alive = Answers.of(await served.say(post("alive", b"")))
            assert (alive.statuses, alive.bodies) == ([200], [b"/alive"])

    asyncio.run(story())


HEAD = b"POST /first HTTP/1.1\r\nhost: x\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
TWO_MEANINGS = {
    "both framings": HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, the other way": HEAD
    + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    "a length twice": HEAD + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "two lengths": HEAD + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabc",
    "a list of lengths": HEAD + b"content-length: 3, 3\r\n\r\nabc",
    "a length with a sign": HEAD + b"content-length: +3\r\n\r\nabc",
    "a length below zero": HEAD + b"content-length: -3\r\n\r\nabc",
    "a length beyond numbers": HEAD + b"content-length: %d\r\n\r\nabc" % 10**30,
    "a space before the colon": HEAD + b"content-length : 3\r\n\r\nabc",
    "a folded header": HEAD + b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n",
    "a folded framing": HEAD + b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "lines that end in LF": HEAD.replace(b"\r", b"") + b"content-length: 0\n\n",
    "one line that ends in LF": HEAD + b"x: a\ncontent-length: 0\r\n\r\n",
    "a lone CR in a value": HEAD + b"x: a\rcontent-length: 3\r\n\r\nabc",
    "a NUL in a value": HEAD + b"x: a\x00b\r\ncontent-length: 0\r\n\r\n",
    "an encoding twice": HEAD + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "chunks not last": HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "an encoding that is almost chunked": HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "no encoding": HEAD + b"transfer-encoding: identity\r\n\r\nabc",
    "chunked with a tab before": HEAD + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks that end in LF": CHUNKED + b"3\nabc\n0\n\n",
    "a chunk with 0x": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk below zero": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond numbers": CHUNKED + b"f" * 20 + b"\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "LF in a chunk's extension": CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "another protocol": HEAD
    + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("wire", TWO_MEANINGS.values(), ids=TWO_MEANINGS)
def test_what_another_server_may_read_otherwise_is_refused(wire: bytes) -> None:
    """With 400, nothing of it or after it is read as a request, and the connection ends: a proxy in
    front that draws the line between two requests elsewhere can smuggle nothing."""

    async def story() -> None:
        async with serving() as served:
            heard = await served.say(wire + post("smuggled", b""), post("later", b""))
            assert Answers.of(heard).statuses == [400]
            assert served.app.seen == []
            assert served.tally.refused.keys() <= {("malformed",)}

    asyncio.run(story())


def test_what_is_asked_ahead_is_answered_in_order() -> None:
    """And what is no request ends the connection behind the answers to those that were."""

    async def story() -> None:
        async with serving() as served:
            asked = [post(str(number), b"x") for number in range(9)]
            served.app.gate.clear()
            saying = asyncio.create_task(served.say(b"".join(asked) + b"what?\r\n\r\n" + asked[0]))
            await asyncio.sleep(QUIET)
            served.app.gate.set()
            answers = Answers.of(await saying)
            assert answers.bodies == [f"/{number}".encode() for number in range(9)]
            assert [path for path, *_ in served.app.seen] == [f"/{number}" for number in range(9)]

    asyncio.run(story())


def test_a_body_that_breaks_off_into_nonsense_is_refused_in_its_turn() -> None:
    """Whoever reads it is told; the answer before it comes first."""

    async def story() -> None:
        async with serving() as served:
            served.app.gate.clear()
            saying = asyncio.create_task(served.say(post("a", b"x") + CHUNKED + b"zz\r\n"))
            await asyncio.sleep(QUIET)
            served.app.gate.set()
            answers = Answers.of(await saying)
            assert (answers.statuses, answers.bodies[0]) == ([200, 400], b"/a")

    asyncio.run(story())


def test_trailers_are_no_headers() -> None:
    """Whoever checks headers in front of the gateway does not see them."""

    async def story() -> None:
        async with serving() as served:
            await served.say(CHUNKED + b"3\r\nabc\r\n0\r\nx-api-key: stolen\r\n\r\n")
            ((_, headers, body),) = served.app.seen
            assert (body, headers) == (b"abc", {"host": "x", "transfer-encoding": "chunked"})

    asyncio.run(story())


TOO_MUCH = {
    "a long URL": (414, "url", b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * bounds.LONGEST_URL)),
    "a URL without end": (414, "url", b"GET /" + b"a" * 400_000),
    "many headers": (431, "headers", HEAD + b"a: b\r\n" * bounds.MOST_HEADERS + b"\r\n"),
    "large headers": (431, "headers", HEAD + (b"a: %b\r\n" % (b"b" * 9_000)) * 8 + b"\r\n"),
    "a header without end": (431, "headers", HEAD + b"a: " + b"b" * 400_000),
    "headers without end": (431, "headers", HEAD + b"a: b\r\n" * 80_000),
    "an extension without end": (400, "framing", CHUNKED + b"3;" + b"a" * 400_000),
    "trailers without end": (400, "framing", CHUNKED + b"0\r\n" + b"a: b\r\n" * 80_000),
    "chunks of nothing much": (413, "body", CHUNKED + b"1\r\na\r\n" * 110_000),
}


@pytest.mark.parametrize(("status", "bound", "wire"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_is_refused_and_counted(status: int, bound: str, wire: bytes) -> None:
    """In the protocol's form; no more than a read beyond the bound is kept."""

    async def story() -> None:
        async with serving() as served, served.connected() as (reader, writer):
            writer.write(wire)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            assert int(head[9:12]) == status
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert json.loads(await reader.readexactly(size))["type"] == "error"
            assert served.app.seen == []
            if status != 413 and bound != "framing":  # those are counted by whoever reads the body
                assert served.tally.refused == {(bound,): 1}

    asyncio.run(story())


def test_a_head_may_come_in_any_pieces() -> None:
    """A large one in small ones, too, behind a body."""

    async def story() -> None:
        async with serving() as served:
            large = post("b", b"", *(b"a%d: %b" % (number, b"b" * 500) for number in range(100)))
            wire = post("a", b"x" * 90_000) + large
            cut = [wire[at : at + 10_000] for at in range(0, len(wire), 10_000)]
            assert Answers.of(await served.say(*cut)).statuses == [200, 200]

    asyncio.run(story())


def test_one_connection_too_many_is_told_so() -> None:
    """With 503, before anything of it is read on; when another one ends there is room again."""

    async def story() -> None:
        async with serving(most_connections=1) as served, served.connected() as (reader, writer):
            writer.write(post("a", b""))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            answers = Answers.of(await served.say(post("b", b"")))
            assert answers.statuses == [503]
            assert json.loads(answers.bodies[0])["error"]["type"] == "overloaded_error"
            assert served.tally.refused == {("connections",): 1}
            for connection in served.connections:
                connection.transport.abort()
            await asyncio.sleep(QUIET)
            assert Answers.of(await served.say(post("c", b""))).statuses == [200]

    asyncio.run(story())


SLOW = {
    "nothing": (b"", "request", []),
    "half a line": (b"POST /a", "head", [408]),
    "half a head": (HEAD + b"x: a\r\n", "head", [408]),
    "half a head behind an answer": (post("a", b"") + HEAD, "head", [200, 408]),
    "half a body": (HEAD + b"content-length: 9\r\n\r\nabc", "body", [408]),
    "half a long body": (HEAD + b"content-length: 90000\r\n\r\nabc", "body", [408]),
    "half a chunk": (CHUNKED + b"9\r\nabc", "body", [408]),
}


@pytest.mark.parametrize(("wire", "awaited", "statuses"), SLOW.values(), ids=SLOW)
def test_who_owes_something_is_waited_for_and_not_for_ever(
    wire: bytes, awaited: str, statuses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less than the time is no reason to end a connection; more than it is, and one that trickles is no
    better than one that says nothing."""
    monkeypatch.setattr(http, "LINGER", 0.0)

    async def story() -> None:
        async with serving() as served, served.connected() as (reader, writer):
            writer.write(wire)
            await asyncio.sleep(QUIET)
            connection: Protocol = served.connections[0]

            connection.patience.look(connection, 0.0)
            if wire:
                writer.write(b"1")  # a digit is welcome everywhere
                await asyncio.sleep(QUIET)
            connection.patience.look(connection, SECONDS[awaited])
            assert not connection.transport.is_closing()
            connection.patience.look(connection, SECONDS[awaited] + 1)
            heard = await asyncio.wait_for(reader.read(), PATIENCE)
            assert Answers.of(heard).statuses == statuses if heard else statuses == []

    asyncio.run(story())


def test_a_body_that_goes_on_is_waited_for() -> None:
    """However long it takes, as long as enough of it comes."""

    async def story() -> None:
        async with serving() as served, served.connected() as (_, writer):
            writer.write(HEAD + b"content-length: 90000\r\n\r\n")
            await asyncio.sleep(QUIET)
            connection: Protocol = served.connections[0]
            for number in range(20):
                connection.patience.look(connection, number * (bounds.BODY_SECONDS - 1))
                writer.write(b"x" * bounds.BODY_LEAST)
                await asyncio.sleep(0.01)
            assert not connection.is_broken

    asyncio.run(story())
