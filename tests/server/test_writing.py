"""Laws of a response: what goes out is what uvicorn would send, in fewer pieces."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.server.connections.writing import Response
from gateway.server.delivery import BODY_FOLLOWS, SENT, Delivery

DATE = (b"date", b"Fri, 20 Nov 2026 12:00:00 GMT")
statuses = st.sampled_from([200, 204, 304, 400, 404, 499, 529])
pieces = st.lists(st.binary(max_size=300), min_size=1, max_size=5)
others = st.lists(
    st.sampled_from([(b"request-id", b"req_1"), (b"x-gateway-rule", b"fast"), (b"vary", b"\xe9")]),
    max_size=4,
)
connections = st.sampled_from([[], [(b"connection", b"close")], [(b"connection", b"keep-alive")]])


@dataclass
class Wire:
    """A transport that keeps what is written."""

    writes: list[bytes] = field(default_factory=list)
    closed: bool = False

    def write(self, data: bytes) -> None:
        """One call of the system."""
        self.writes.append(data)

    def close(self) -> None:
        """The connection ends."""
        self.closed = True

    def is_closing(self) -> bool:
        """It has ended."""
        return self.closed

    def pause_reading(self) -> None:
        """Nobody reads here."""

    def resume_reading(self) -> None:
        """Nobody reads here."""


@dataclass
class Said:
    """What came of a response."""

    data: bytes
    closed: bool
    ended: int
    failed: bool


def cycle(
    kind: type[RequestResponseCycle], wire: Any, ended: list[int], method: str, *, keeps: bool
) -> RequestResponseCycle:
    """A request that waits for its response."""
    return kind(
        scope={"type": "http", "method": method},  # type: ignore[typeddict-item]
        transport=wire,
        flow=FlowControl(wire),
        logger=logging.getLogger("test"),
        access_logger=logging.getLogger("test"),
        access_log=False,
        default_headers=[DATE],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keeps,
        on_response=lambda: ended.append(1),
    )


async def respond(
    kind: type[RequestResponseCycle], messages: list[Any], method: str, *, keeps: bool
) -> tuple[Said, list[bytes]]:
    """What the messages of an application become."""
    wire, ended, failed = Wire(), list[int](), False
    made = cycle(kind, wire, ended, method, keeps=keeps)
    for message in messages:
        try:
            await made.send(message)
        except RuntimeError:
            failed = True
            break
    return Said(b"".join(wire.writes), wire.closed, len(ended), failed), wire.writes


@given(
    statuses,
    others,
    connections,
    pieces,
    st.sampled_from(["POST", "GET", "HEAD"]),
    st.sampled_from(["chunks", "right", "short", "long"]),
    st.booleans(),
    st.booleans(),
)
def test_it_sends_what_uvicorn_sends(
    status: int,
    fields: list[tuple[bytes, bytes]],
    connection: list[tuple[bytes, bytes]],
    parts: list[bytes],
    method: str,
    framing: str,
    keeps: bool,
    follows: bool,
) -> None:
    """Head, framing, the end of the connection, and the refusal of a body of another length."""
    headers = [*fields, *connection]
    if framing != "chunks":
        size = len(b"".join(parts)) + {"right": 0, "short": -1, "long": 1}[framing]
        headers.append((b"content-length", b"%d" % max(size, 0)))
    start = {"type": "http.response.start", "status": status, "headers": headers}
    bodies = [{"type": "http.response.body", "body": part, "more_body": True} for part in parts]
    bodies[-1]["more_body"] = False

    async def both() -> tuple[tuple[Said, list[bytes]], tuple[Said, list[bytes]]]:
        ours = await respond(
            Response, [{**start, BODY_FOLLOWS: follows}, *bodies], method, keeps=keeps
        )
        theirs = await respond(RequestResponseCycle, [start, *bodies], method, keeps=keeps)
        return ours, theirs

    (ours, writes), (theirs, _) = asyncio.run(both())
    if ours.failed and follows and not ours.data:
        assert theirs.failed  # nothing went out yet, where uvicorn has sent the head
    else:
        assert ours == theirs
        assert not follows or len(writes) <= len(parts)


def test_an_answer_in_one_piece_is_one_write() -> None:
    """Head and body, so that the client is woken once."""
    wire = Wire()

    async def answer() -> None:
        made: Any = cycle(Response, wire, [], "POST", keeps=True)
        await Delivery(made.send).whole(200, {"request-id": "req_1"}, b"{}")

    asyncio.run(answer())
    [data] = wire.writes
    assert data.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert data.endswith(b"\r\nrequest-id: req_1\r\ncontent-length: 2\r\n\r\n{}")


@pytest.mark.parametrize("value", [b"a\r\nx: y", b"a\nb", b"a\rb", b"a\0b"])
def test_a_header_cannot_bring_another(value: bytes) -> None:
    """Nothing is sent of a response with one that would."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"x", value)]}
    said, _ = asyncio.run(respond(Response, [start], "POST", keeps=True))
    assert (said.failed, said.data) == (True, b"")


def test_a_piece_waits_for_a_client_that_is_slow() -> None:
    """What can be written at once takes no turn of the task, and what cannot is written later."""

    async def slow() -> list[bytes]:
        wire = Wire()
        made: Any = cycle(Response, wire, [], "POST", keeps=True)
        delivery = Delivery(made.send)
        await delivery.start(200, {}, "text/event-stream")
        assert delivery.write_now(b"one")
        assert made.send({"type": "http.response.body", "body": b"", "more_body": True}) is SENT
        made.flow.pause_writing()
        assert not delivery.write_now(b"two")
        unsent = delivery.unsent
        assert isinstance(unsent, Awaitable)
        waiting = asyncio.ensure_future(unsent)
        await asyncio.sleep(0)
        written = len(wire.writes)
        made.flow.resume_writing()
        await waiting
        assert len(wire.writes) == written + 1
        return wire.writes

    assert [b"one" in write for write in asyncio.run(slow())] == [True, False]


@given(
    st.lists(st.one_of(st.binary(max_size=300), st.none()), min_size=1, max_size=6),
    st.sampled_from(["POST", "HEAD"]),
    st.sampled_from([None, b"chunked", b"9999"]),
    st.sampled_from(["open", "slow", "closing", "gone"]),
    st.integers(0, 6),
)
def test_a_piece_at_once_is_what_a_message_says(
    parts: list[bytes | None], method: str, framing: bytes | None, state: str, since: int
) -> None:
    """Whatever the method, the framing and the state of the connection, and from the first piece on."""
    headers = []
    if framing is not None:
        name = b"transfer-encoding" if framing == b"chunked" else b"content-length"
        headers.append((name, framing))
    start = {"type": "http.response.start", "status": 200, "headers": headers}

    async def said(*, at_once: bool) -> tuple[bytes, list[bool]]:
        wire, told = Wire(), list[bool]()
        made: Any = cycle(Response, wire, [], method, keeps=True)
        await made.send({**start, BODY_FOLLOWS: True})
        delivery = Delivery(made if at_once else made.send)
        for number, part in enumerate(parts):
            if number == since and state == "slow":
                made.flow.pause_writing()
            wire.closed = wire.closed or (number >= since and state == "closing")
            made.disconnected = made.disconnected or (number >= since and state == "gone")
            if part is None:
                message = {"type": "http.response.body", "body": b"m", "more_body": True}
                sending = made.send(message)
                made.flow.resume_writing()
                await sending
            else:
                told.append(delivery.write_now(part))
                made.flow.resume_writing()
                if delivery.unsent is not None:
                    await delivery.unsent
                delivery.unsent = None
        return b"".join(wire.writes), told

    assert asyncio.run(said(at_once=True)) == asyncio.run(said(at_once=False))


def test_an_answer_into_nothing_is_no_error() -> None:
    """A client that left with several requests under way: only the last of them was told."""

    async def story() -> list[bytes]:
        wire = Wire(closed=True)
        made = cycle(Response, wire, [], "GET", keeps=True)
        await made.send({"type": "http.response.start", "status": 200, "headers": []})
        await made.send({"type": "http.response.body", "body": b"x", "more_body": False})
        return wire.writes

    assert asyncio.run(story()) == []


texts = st.text(st.characters(codec="latin-1"), max_size=8)
named = st.dictionaries(
    st.sampled_from(
        ["request-id", "x-gateway-rule", "retry-after", "connection", "content-length", "x-\u00e9"]
    ),
    st.one_of(texts, st.sampled_from(["close", "keep-alive", "3", "\u20ac", "a\r\nx: y"])),
    max_size=4,
)


@given(statuses, named, st.binary(max_size=50), st.sampled_from(["POST", "HEAD"]), st.booleans())
def test_what_is_said_at_once_is_what_messages_say(
    status: int, headers: dict[str, str], body: bytes, method: str, keeps: bool
) -> None:
    """The same bytes, the same end of the connection, and the same headers that are refused."""

    async def said(*, at_once: bool, is_slow: bool) -> tuple[Said, str, bool]:
        wire, ended, failure = Wire(), list[int](), ""
        made: Any = cycle(Response, wire, ended, method, keeps=keeps)
        delivery = Delivery(made if at_once else made.send)
        if is_slow:
            made.flow.pause_writing()
            asyncio.get_running_loop().call_soon(made.flow.resume_writing)
        try:
            await delivery.whole(status, headers, body)
        except (RuntimeError, UnicodeEncodeError) as error:
            failure = type(error).__name__
        told = Said(b"".join(wire.writes), wire.closed, len(ended), bool(failure))
        return told, failure, delivery.committed

    async def story() -> None:
        expected = await said(at_once=False, is_slow=False)
        assert await said(at_once=True, is_slow=False) == expected
        assert await said(at_once=True, is_slow=True) == expected

    asyncio.run(story())


async def _returns_early(_scope: Any, _receive: Any, _send: Any) -> None:
    """No answer."""


async def _breaks(_scope: Any, _receive: Any, _send: Any) -> None:
    raise ValueError("broken")


async def _breaks_off(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _returns_something(_scope: Any, _receive: Any, send: Any) -> int:
    await Delivery(send).whole(200, {}, b"ok")
    return 1


@pytest.mark.parametrize("app", [_returns_early, _breaks, _breaks_off, _returns_something])
def test_an_application_that_ends_wrongly_is_answered_for_by_uvicorn(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The client and the log are told what they would be told without us."""

    async def story(kind: type[RequestResponseCycle]) -> tuple[bytes, bool, list[str]]:
        wire = Wire()
        caplog.clear()
        await cycle(kind, wire, [], "POST", keeps=True).run_asgi(app)
        return b"".join(wire.writes), wire.closed, [record.msg for record in caplog.records]

    ours, theirs = asyncio.run(story(Response)), asyncio.run(story(RequestResponseCycle))
    assert ours[1:] == theirs[1:]
    assert ours[2]
    assert ours[0].partition(b"\r\n")[0] == theirs[0].partition(b"\r\n")[0]
