"""Laws of heads that come again: that they are known changes nothing that can be seen, but the work."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.config import ServerSettings
from gateway.errors import GatewayError
from gateway.server.accounts.tally import Tally
from gateway.server.body import ClientGone, headers_of, read_body
from gateway.server.connections.door import Door
from gateway.server.connections.heads import LONGEST, MOST, MOST_MARKS, Heads, cut_of
from gateway.server.connections.http import limited
from gateway.server.connections.life import Life
from gateway.server.connections.patience import SECONDS
from gateway.server.delivery import Client, Delivery
from gateway.server.paths import HEADERS, Receive, Scope, Send

MOST_BODY = 100_000
TURNS = 12
"""Turns of the loop in which an application ends that waits for nothing."""


class Forgetful(Heads):
    """Knows no head again."""

    def learn(self, *_: Any) -> None:
        """Learns nothing."""


class App:
    """Reads a request and answers with the size of its body; at `/early` before it reads, at `/late` after
    some turns, and there it takes no body at once."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = {name: value for name, value in scope.items() if name != HEADERS}
        self.seen.append((plain, headers_of(scope)))
        if scope["path"] == "/early":
            await Delivery(send).whole(200, {}, b"early")
            return
        try:
            client = send if isinstance(send, Client) and scope["path"] != "/late" else None
            body = await read_body(receive, headers_of(scope), MOST_BODY, client)
        except GatewayError as error:
            await Delivery(send).error(error, {"request-id": "req_1"})
            return
        except ClientGone:
            self.seen.append("left")
            return
        if scope["path"] == "/late":
            for _ in range(TURNS // 2):
                await asyncio.sleep(0)
        self.seen.append(body)
        await Delivery(send).whole(200, {}, b"%d" % len(body))


@dataclass
class Wire:
    """A transport that hands over what a client sends, cut as it is told."""

    protocol: Any = None
    coming: list[bytes] = field(default_factory=list)
    written: bytes = b""
    is_paused: bool = False
    closed: bool = False

    def set_protocol(self, protocol: Any) -> None:
        """Who reads from now on."""
        self.protocol = protocol

    def hand_over(self) -> None:
        """Whatever came and may be read."""
        while self.coming and not self.is_paused and not self.closed:
            piece = self.coming.pop(0)
            if not isinstance(self.protocol, asyncio.BufferedProtocol):
                self.protocol.data_received(piece)
                continue
            room: Any = self.protocol.get_buffer(-1)
            size = min(len(piece), len(room))
            room[:size] = piece[:size]
            if size < len(piece):
                self.coming.insert(0, piece[size:])
            self.protocol.buffer_updated(size)

    def write(self, data: bytes) -> None:
        """To the client."""
        assert not self.closed
        self.written += data

    def close(self) -> None:
        """The connection ends."""
        self.closed = True

    def can_write_eof(self) -> bool:
        """As over TLS, where connections close at once."""
        return False

    def is_closing(self) -> bool:
        """It has ended."""
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is handed over."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Until here."""
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        """The client reads at once."""
        return 0

    def get_extra_info(self, name: str) -> Any:
        """Where the connection goes."""
        return {"peername": ("127.0.0.1", 5000), "sockname": ("127.0.0.1", 4000)}.get(name)


class Story:
    """A connection to an application."""

    def __init__(self, heads: Heads, life: Life | None = None) -> None:
        self.app, self.wire = App(), Wire()
        door = Door(lambda: ServerSettings(max_body=MOST_BODY), Tally(), life or Life())
        kind: Any = limited(door)
        kind.heads = heads
        config = uvicorn.Config(self.app, http=kind, log_config=None, ws="none")
        config.load()
        self.state = ServerState()
        self.connection = kind(config=config, server_state=self.state, app_state={})
        self.wire.protocol = self.connection
        self.connection.connection_made(self.wire)

    async def say(self, *pieces: bytes, turns: int = TURNS) -> None:
        """They come one after the other."""
        for piece in pieces:
            self.wire.coming.append(piece)
            self.wire.hand_over()
            for _ in range(turns):
                await asyncio.sleep(0)
                self.wire.hand_over()

    async def end(self) -> tuple[list[Any], bytes, bool, int]:
        """The client leaves; all that can be seen of the story."""
        await self.say(b"", turns=10 * TURNS) if not self.wire.closed else None
        closed, asked = self.wire.closed, self.state.total_requests
        self.connection.connection_lost(None)
        await asyncio.gather(*self.state.tasks, return_exceptions=True)
        masked = re.sub(rb"req_\w+", b"req", self.wire.written)
        return self.app.seen, re.sub(rb"content-length: \d+", b"", masked), closed, asked


def post(path: str, body: bytes, *lines: bytes, named: bytes = b"content-length") -> bytes:
    head = [b"POST %b HTTP/1.1" % path.encode(), b"host: x", *lines]
    return b"\r\n".join([*head, b"%b: %d" % (named, len(body)), b"x-last: 1", b"", b""]) + body


SIZES = (0, 1, 7, 300, 20_000, 70_000, MOST_BODY + 1)
SNEAKY = b"POST / HTTP/1.1\ncontent-length: 30\n\nabcdef\r\ncontent-length: 4\r\n\r\nxx"
ODD = (
    b"GET /got?a=%20b HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST / HTTP/1.0\r\nhost: x\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 1\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\nfolded: a\r\n b\r\ncontent-length: 1\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0x1\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: \r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1 \r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 001\r\n\r\nx",
    b"POST / HTTP/1.1\r\nhost: x\r\nx: \0\r\ncontent-length: 1\r\n\r\nx",
    b"CONNECT a:1 HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx",
    b"HEAD / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
    SNEAKY,
    SNEAKY.replace(b"4\r\n\r\nxx", b"9\r\n\r\nxx"),
    b"\r\n\r\n",
    b"nonsense\r\n\r\n",
)

bodies = st.sampled_from(SIZES).map(b"b".__mul__)
usual = st.builds(
    post,
    st.sampled_from(["/", "/", "/", "/late", "/early", "/a%20b?c=d"]),
    bodies,
    named=st.sampled_from([b"content-length", b"content-length", b"Content-Length"]),
)
requests = st.one_of(usual, usual, usual, st.sampled_from(ODD))
Cuts = list[tuple[int, int]]
cuts = st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, TURNS)), max_size=6)
A, B = post("/", b"abc"), post("/", b"defgh")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(requests, cuts), min_size=1, max_size=8), st.booleans())
@example(
    [(A, []), (A, []), (B, []), (B, [(80, 0)]), (A + B, []), (B[:-1], []), (b"h" + A, [])], False
)
@example([(SNEAKY, [])] * 4, False)
@example([(one, []) for one in ODD[:2] for _ in range(4)], False)
@example([(one, []) for one in ODD[8:9] for _ in range(4)], False)
def test_what_is_known_changes_nothing(asked: list[tuple[bytes, Cuts]], begins: bool) -> None:
    """Whatever is sent, however it is cut and whenever it comes: the same scopes, bodies and answers."""

    said: list[tuple[bytes, int]] = []
    for wire, places in asked:
        at = sorted({0, *(place for place, _ in places if place < len(wire)), len(wire)})
        waits = [*(turns for _, turns in places), *[TURNS] * len(at)]
        said += [(wire[a:b], turns) for (a, b), turns in zip(pairwise(at), waits, strict=False)]
    before = [wire for wire, _ in asked for _ in range(2)] if begins else []
    assert told(Heads(), said, before) == told(Forgetful(), said, before)


def told(heads: Heads, said: list[tuple[bytes, int]], before: list[bytes]) -> Any:
    """What a connection comes to: of pieces, and the turns after each. `before` was said on others."""

    async def tell() -> Any:
        for wire in before:
            other = Story(heads)
            await other.say(wire)
            await other.end()
        story = Story(heads)
        for piece, turns in said:
            await story.say(piece, turns=turns)
        return await story.end()

    return asyncio.run(tell())


WITHIN: dict[str, list[tuple[bytes, int]]] = {
    "a head": [(b"POST /x HTTP/1.1\r\nx: ", TURNS), (A, TURNS)],
    "a body": [(post("/", A, b"x: y")[: -len(A)], TURNS), (A, TURNS)],
    "a body of a request that is answered": [
        (post("/early", A, b"x: y")[: -len(A)], TURNS),
        (A, TURNS),
    ],
    "the time of an answer": [(post("/late", b"", b"x: y"), 0), (A, 0), (B, TURNS)],
    "a body in chunks": [
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n" % len(A), TURNS),
        (A, TURNS),
        (b"\r\n0\r\n\r\n", TURNS),
    ],
    "a line": [(b"\r\n", TURNS), (A, TURNS)],
    "half a line": [(b"\r", TURNS), (A, TURNS)],
}


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("said", WITHIN.values(), ids=WITHIN)
def test_what_looks_like_a_known_head_may_be_something_else(
    said: list[tuple[bytes, int]], begins: bool
) -> None:
    """The first thing on a connection, or after others: it is what stands before it that says so."""
    said = said if begins else [(A, TURNS), *said]
    assert told(Heads(), said, [A] * 3) == told(Forgetful(), said, [A] * 3)


def known(*wires: bytes, heads: Heads | None = None) -> list[bool]:
    """Which requests of a connection were begun without the parser."""

    async def told() -> list[bool]:
        story, found = Story(heads or Heads()), []
        for wire in wires:
            before = story.connection.cycle
            await story.say(wire)
            cycle = story.connection.cycle
            found.append(cycle is not None and cycle is not before and not cycle.is_parsed)
        await story.end()
        return found

    return asyncio.run(told())


def test_a_head_is_known_the_third_time() -> None:
    """Whatever the length of the body; the first time it may be one of many that never come again."""
    wires = [post("/", b"x" * size) for size in (1, 0, 22, 333, MOST_BODY)]
    assert known(*wires) == [False, False, True, True, True]
    assert known(wires[0], wires[1], post("/other", b"x"), wires[2]) == [False, False, False, True]


def test_connections_share_what_is_known() -> None:
    """The first request of a new one is parsed no more than any other."""
    heads = Heads()
    assert [known(A, heads=heads) for _ in range(4)] == [[False], [False], [True], [True]]


@pytest.mark.parametrize("wire", ODD)
def test_what_is_not_ordinary_is_not_remembered(wire: bytes) -> None:
    """It is parsed each time. One length is as good as another, though, however it is written."""
    heads = Heads()
    for _ in range(4):
        is_known = known(wire, heads=heads)
    ordinary = wire.startswith(b"HEAD") or b": 001\r" in wire
    assert is_known == [ordinary]


def test_what_comes_in_pieces_is_parsed() -> None:
    """A head in one piece is known, even if its body comes later; what is sent ahead is parsed."""
    assert known(A, A, A[:-1], A[-1:], A) == [False, False, True, False, True]
    assert known(A, A, A[:20], A[20:], A) == [False, False, False, False, True]
    assert known(A, A, A + A, A) == [False, False, False, True]


def test_a_connection_that_may_not_go_on_does_not() -> None:
    """While the gateway drains, a known head keeps no connection either."""

    async def told() -> None:
        heads, life = Heads(), Life()
        story = Story(heads, life)
        await story.say(A, A, A)
        assert not story.connection.cycle.is_parsed
        life.drain()
        await story.say(A)
        assert story.connection.cycle.is_parsed
        assert story.wire.closed

    asyncio.run(told())


def test_a_known_head_is_held_to_the_bounds_of_all() -> None:
    """One connection too many is told so, and a body that does not come is not waited for any longer."""

    async def told() -> None:
        heads = Heads()
        story = Story(heads)
        await story.say(A, A, A)
        assert not story.connection.cycle.is_parsed
        surplus = Story(heads)
        surplus.connection.is_surplus = True
        await surplus.say(A)
        assert surplus.wire.written.startswith(b"HTTP/1.1 503 ")
        slow = story.wire.written
        await story.say(A[:-1])
        assert not story.connection.cycle.is_parsed
        for seconds in (0, SECONDS["body"] + 1):
            story.connection.patience.look(story.connection, seconds)
        await story.say(b"", turns=TURNS)
        assert story.wire.written.removeprefix(slow).startswith(b"HTTP/1.1 408 ")
        assert story.wire.closed

    asyncio.run(told())


def test_no_more_is_remembered_than_is_good() -> None:
    """Neither heads nor marks of them; a long head not at all."""
    heads = Heads()
    for number in range(MOST + MOST_MARKS):
        wire = post(f"/{number}", b"")
        cut = cut_of(wire)
        assert cut is not None
        names = (b"host", b"content-length", b"x-last")
        headers = [(name, b"0") for name in names]
        scope = {"http_version": "1.1", "method": "POST", "headers": headers}
        if number < MOST * 2:
            heads.learn(cut, scope)
            heads.learn(cut, scope)
        else:
            heads.learn(cut, scope)
        assert (heads.get(cut[0]) is not None) == (number < MOST * 2)
    assert len(heads._known) == MOST
    assert len(heads._marks) <= MOST_MARKS
    assert cut_of(post("/", b"", b"x: " + b"y" * LONGEST)) is None


def test_what_a_request_is_told_is_its_own() -> None:
    """Whoever changes headers changes those of no other request."""

    async def told() -> None:
        story = Story(Heads())
        await story.say(A, A, A)
        scope = story.connection.scope
        scope[HEADERS]["host"] = "changed"
        scope["headers"].clear()
        await story.say(A)
        scope = story.connection.scope
        assert headers_of(scope)["host"] == "x"
        assert (b"host", b"x") in scope["headers"]

    asyncio.run(told())


def test_an_idle_client_is_waited_for_as_long_as_ever() -> None:
    """There is no timer after a known head: the look at connections ends it, and each request counts."""

    async def told() -> None:
        story = Story(Heads())
        look = story.connection.patience.look
        await story.say(A, A, A)
        assert story.connection.timeout_keep_alive_task is None
        for number in range(4):
            look(story.connection, number * SECONDS["request"])
            await story.say(A)
        look(story.connection, 4 * SECONDS["request"])
        look(story.connection, 5 * SECONDS["request"])
        assert not story.wire.closed
        look(story.connection, 5 * SECONDS["request"] + 1)
        assert story.wire.closed

    asyncio.run(told())


def test_uvicorn_has_what_a_known_head_needs() -> None:
    """Attributes of its connections and cycles that are read or set without it."""
    theirs = {*vars(HttpToolsProtocol), *HttpToolsProtocol.__init__.__code__.co_names}
    assert theirs >= {"app", "app_state", "client", "logger", "loop", "on_response_complete"}
    assert theirs >= {"pipeline", "scheme", "server", "server_state", "tasks"}
    made = set(RequestResponseCycle.__init__.__code__.co_names)
    assert made == {
        *("access_log", "access_logger", "body", "bytearray", "chunked_encoding", "logger"),
        *("default_headers", "disconnected", "expected_content_length", "flow", "keep_alive"),
        *("message_event", "more_body", "on_response", "response_complete", "response_started"),
        *("scope", "transport", "waiting_for_100_continue"),
    }
