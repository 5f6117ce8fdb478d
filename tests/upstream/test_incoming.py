"""An answer of HTTP/1.1 from bytes that come cut anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from language import cut

from gateway.upstream.alarm import Alarm
from gateway.upstream.incoming import HELD, LARGEST_HEAD, Incoming, by_name

PATIENCE = 10.0

LENGTH, CHUNKED, CLOSE = "length", "chunked", "close"


class Line:
    """A connection that writes down what its answer asks of it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ended = asyncio.Event()

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def done(self, *, serves_again: bool) -> None:
        self.told.append("again" if serves_again else "done")
        self.ended.set()

    def abort(self) -> None:
        self.told.append("abort")
        self.ended.set()


def on(line: Line) -> Incoming:
    """An answer that comes on it."""
    loop = asyncio.get_running_loop()
    return Incoming(line, loop, Alarm(loop))


@dataclass(frozen=True)
class Told:
    """An answer as a server means it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    framing: str
    sizes: tuple[int, ...]
    """How chunks are cut."""
    interim: int
    trailer: bool
    closes: bool

    @property
    def head(self) -> bytes:
        """Up to the first byte of the body, with what comes before it."""
        lines = [f"HTTP/1.1 {self.status} Fine", *(f"{k}: {v}" for k, v in self.headers)]
        lines += ["Connection: close"] if self.closes else []
        lines += [f"Content-Length: {len(self.body)}"] if self.framing == LENGTH else []
        lines += ["Transfer-Encoding: chunked"] if self.framing == CHUNKED else []
        interim = b"HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n" * self.interim
        return interim + "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def wire(self) -> bytes:
        """All of it."""
        if self.framing != CHUNKED:
            return self.head + self.body
        pieces = [piece for piece in cut(self.body, list(self.sizes)) if piece]
        chunks = b"".join(b"%x;q=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        end = b"0\r\nX-Trailer: later\r\n\r\n" if self.trailer else b"0\r\n\r\n"
        return self.head + chunks + end


names = st.sampled_from(["x-a", "X-B", "Content-Type", "request-id", "x-a-b"])
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
answers = st.builds(
    Told,
    status=st.sampled_from([200, 201, 400, 429, 529]),
    headers=st.lists(st.tuples(names, values), max_size=4, unique_by=lambda h: h[0].lower()).map(
        tuple
    ),
    body=st.binary(max_size=60),
    framing=st.sampled_from([LENGTH, CHUNKED, CLOSE]),
    sizes=st.lists(st.integers(1, 60), max_size=5).map(tuple),
    interim=st.integers(0, 2),
    trailer=st.booleans(),
    closes=st.booleans(),
)
cuts = st.lists(st.integers(0, 400), max_size=8)


async def collected(incoming: Incoming, fed: bool) -> bytes:
    """The body, by one of the two ways."""
    if not fed:
        pieces = []
        while piece := await incoming.read(PATIENCE):
            pieces.append(piece)
        return b"".join(pieces)
    body = bytearray()

    def take(piece: bytes) -> bool:
        body.extend(piece)
        return len(piece) % 2 == 0  # now and then it wants a break

    while not await incoming.feed(take, PATIENCE):
        pass
    return bytes(body)


async def heard(
    pieces: Iterable[bytes], *, closes: bool, fed: bool = False, turns: Sequence[bool] = ()
) -> tuple[Line, Incoming, bytes]:
    """What a reader gets that reads while the pieces come; it has a turn between some of them."""
    line = Line()
    incoming = on(line)

    async def reads() -> bytes:
        await incoming.head(PATIENCE)
        return await collected(incoming, fed)

    reader = asyncio.create_task(reads())
    await asyncio.sleep(0)
    for index, piece in enumerate(pieces):
        incoming.receive(piece)
        if not turns or turns[index % len(turns)]:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    if closes:
        incoming.cut(None)
    return line, incoming, await asyncio.wait_for(reader, PATIENCE)


@given(answers, cuts, st.booleans(), st.lists(st.booleans(), min_size=1, max_size=5))
def test_an_answer_is_the_same_however_it_is_cut(
    told: Told, at: list[int], fed: bool, turns: list[bool]
) -> None:
    """Any framing, any cut, read by tasks or fed to a callable: status, headers and bytes agree.

    And the connection serves again exactly when the body said where it ends and nobody wants to close.
    """
    pieces = cut(told.wire, at)
    line, incoming, body = asyncio.run(
        heard(pieces, closes=told.framing == CLOSE, fed=fed, turns=turns)
    )
    assert (incoming.status, body) == (told.status, told.body)
    assert {k: incoming.headers[k.lower()] for k, _ in told.headers} == dict(told.headers)
    if told.framing != CLOSE:
        assert line.told == ["done" if told.closes else "again"]


@given(answers, st.data(), cuts, st.booleans(), st.sampled_from([None, ConnectionResetError("x")]))
def test_an_answer_that_breaks_off_has_no_end(
    told: Told, data: st.DataObject, at: list[int], fed: bool, error: Exception | None
) -> None:
    """Wherever the connection is lost within an answer: an error, and never what looks complete."""
    within = len(told.head) if told.framing == CLOSE and error is None else len(told.wire)
    kept = told.wire[: data.draw(st.integers(0, within - 1))]

    async def story() -> None:
        line = Line()
        incoming = on(line)
        for piece in cut(kept, at):
            incoming.receive(piece)
        incoming.cut(error)
        await incoming.head(PATIENCE)
        await collected(incoming, fed)

    with pytest.raises(httpx.TransportError):
        asyncio.run(story())


@given(answers.filter(lambda told: told.framing != CLOSE), st.binary(min_size=1, max_size=30))
def test_what_nobody_asked_for_ends_the_connection(told: Told, surplus: bytes) -> None:
    """Bytes behind an answer belong to no request: the answer is what it is, and nothing follows it."""
    line, incoming, body = asyncio.run(heard([told.wire + surplus], closes=False))
    assert (incoming.status, body) == (told.status, told.body)
    if surplus.strip(b"\r\n"):
        assert line.told == ["done"]


def test_a_second_answer_is_not_taken_for_the_next_ones() -> None:
    """Two answers to one request, in one read: whoever asks next must not get the second."""
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" * 2
    line, _, body = asyncio.run(heard([wire], closes=False))
    assert (line.told, body) == (["done"], b"a")


@pytest.mark.parametrize(
    ("wire", "body", "again"),
    [
        (b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 No\r\n\r\n", b"", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", b"a", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", b"a", True),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", b"a", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", b"a", True),
        (
            b"HTTP/1.1 200 OK\r\nConnection: Upgrade, Keep-Alive\r\nUpgrade: h2c\r\n"
            b"Content-Length: 1\r\n\r\na",
            b"a",
            True,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", True),
    ],
)
def test_the_ways_in_which_servers_differ(wire: bytes, body: bytes, again: bool) -> None:
    """Bodies that cannot be, old versions, bare line feeds, padded sizes, offers of other protocols."""
    for pieces in ([wire], [bytes([byte]) for byte in wire]):
        line, _, read = asyncio.run(heard(pieces, closes=False))
        assert (read, line.told) == (body, ["again" if again else "done"])


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * LARGEST_HEAD + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: 1\r\n" * (LARGEST_HEAD // 6 + 1) + b"\r\n",
        b"HTTP/1.1 103 Early\r\na: 1\r\n\r\n" * (LARGEST_HEAD // 6),
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2 * LARGEST_HEAD,
    ],
)
def test_what_is_no_answer_is_an_error(wire: bytes) -> None:
    """Another protocol, contradictions about the length, and heads without an end."""
    for pieces in ([wire], cut(wire, list(range(0, len(wire), 997)))):
        with pytest.raises(httpx.RemoteProtocolError):
            asyncio.run(heard(pieces, closes=False))


def test_a_reader_that_is_slow_makes_the_provider_wait() -> None:
    """No more of a body is held than a bound and one read; taking it lets the provider go on."""

    async def story() -> list[str]:
        line = Line()
        incoming = on(line)
        incoming.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
        await incoming.head(PATIENCE)
        for _ in range(3):
            while line.told[-1:] != ["pause"]:
                incoming.receive(b"x" * 10_000)
            assert HELD < len(await incoming.read(PATIENCE)) <= HELD + 10_000
        await incoming.close()
        return line.told

    assert asyncio.run(story()) == ["pause", "resume"] * 3 + ["abort"]


def test_what_take_raises_is_raised_where_it_waits() -> None:
    """Whoever feeds a callable gets its errors, and the connection is then theirs to close."""

    def take(_piece: bytes) -> bool:
        raise KeyError("taken")

    async def story() -> None:
        incoming = on(Line())
        incoming.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await incoming.head(PATIENCE)
        asyncio.get_running_loop().call_soon(incoming.receive, b"a")
        await incoming.feed(take, PATIENCE)

    with pytest.raises(KeyError):
        asyncio.run(story())


@pytest.mark.parametrize("rest", [b"bc", b"b"])
def test_a_drained_answer_gives_its_connection_back_by_itself(rest: bytes) -> None:
    """When its end comes; closing it meanwhile changes nothing."""

    async def story() -> list[str]:
        line = Line()
        incoming = on(line)
        incoming.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na")
        await incoming.head(PATIENCE)
        incoming.drain()
        await incoming.close()
        assert line.told == []
        incoming.receive(rest)
        await asyncio.wait_for(line.ended.wait(), PATIENCE)
        return line.told

    assert asyncio.run(story()) == (["again"] if rest == b"bc" else ["abort"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"x-a", b"X-A", b"x-b", b"Content-Type", b"date"]),
            st.text("aZ ,;\n\xe9\xdf\xc9\x85", max_size=6).map(lambda text: text.encode("latin-1")),
        ),
        max_size=8,
    )
)
def test_headers_that_are_decoded_together_are_what_each_is(
    fields: list[tuple[bytes, bytes]],
) -> None:
    """Also where one is repeated, and where a value has what no parser would let pass."""
    expected: dict[str, list[str]] = {}
    for name, value in fields:
        expected.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
    flat = [part for field in fields for part in field]
    assert by_name(flat) == {name: ", ".join(values) for name, values in expected.items()}


@given(answers, cuts)
def test_a_body_that_is_here_is_had_whole(told: Told, at: list[int]) -> None:
    """From its last byte on, and not before: however it comes, it is what reading it gives."""
    pieces = cut(told.wire, at)

    async def story() -> bytes | None:
        incoming = on(Line())
        for piece in pieces:
            assert told.framing == LENGTH or incoming.whole() is None
            incoming.receive(piece)
        if told.framing == CLOSE:
            assert incoming.whole() is None
            incoming.cut(None)
        return incoming.whole()

    assert asyncio.run(story()) == told.body


def test_a_body_that_broke_off_is_never_whole() -> None:
    """What came of it is read, and then what went wrong is raised."""

    async def story() -> None:
        incoming = on(Line())
        incoming.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        incoming.cut(None)
        assert incoming.whole() is None
        assert await incoming.read(PATIENCE) == b"half"
        with pytest.raises(httpx.RemoteProtocolError):
            await incoming.read(PATIENCE)

    asyncio.run(story())


@given(answers, st.lists(answers, min_size=1, max_size=2), cuts)
def test_what_nobody_asked_for_is_no_part_of_an_answer(
    told: Told, more: list[Told], at: list[int]
) -> None:
    """Not even where it comes in one read with the end; a connection that says more is used no more."""
    assume(told.framing != CLOSE)
    wire = told.wire + b"".join(one.wire for one in more)

    async def story() -> tuple[bytes | None, list[str]]:
        line = Line()
        incoming = on(line)
        for piece in cut(wire, [where for where in at if where < len(told.wire)]):
            incoming.receive(piece)
        return incoming.whole(), line.told

    assert asyncio.run(story()) == (told.body, ["done"])
