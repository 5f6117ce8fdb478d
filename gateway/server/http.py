"""The connection to a client: uvicorn's, but the body of a request comes whole and is copied once.

uvicorn hands a body on in pieces of 64 KB, each of which stops the reading, wakes a task and starts the
reading again, and the event loop makes an object of every piece that it reads: for a conversation of
megabytes that is most of what it costs to take it. Here the bytes of a long body go from the socket to
where they stay, past the parser, and the application is woken once.

Of uvicorn's own, this uses the attributes that stand here; `tests/server/test_http.py` fails when one of
them is gone or means something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

SHORT = 32 * 1024
"""Bytes still to come of a body up to which they go through the parser."""

FIRST, NEXT = 256 * 1024, 1024 * 1024
"""Bytes of the first piece of memory for the rest of a body, and of the others: what a client announces
is not what it sends."""


class Cycle(RequestResponseCycle):
    """One request and its response. The body is one message, unless it is longer than `most` bytes."""

    pieces: list[bytes | bytearray]
    most: int
    received = 0
    """Bytes of the body that have come."""
    kept = 0
    """Bytes of it that are not handed over."""
    is_awaited = False
    """The application waits for the body, so it may come as fast as it can."""
    is_handed_over = False

    def take(self, piece: bytes | bytearray) -> None:
        """Keeps a piece. Stops the reading at more than somebody waits for."""
        if self.response_complete:
            self.pieces.clear()
            return
        self.pieces.append(piece)
        self.received += len(piece)
        self.kept += len(piece)
        if self.kept > self.most:
            self.message_event.set()
        if self.kept > (self.most if self.is_awaited else HIGH_WATER_LIMIT):
            self.flow.pause_reading()

    async def receive(self) -> Any:
        """The body, or of one that is too long the beginning; afterwards, that the client has left."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        self.is_awaited = True
        while not (self.disconnected or self.response_complete or self._is_due()):
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        self.is_awaited = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self.pieces, self.kept = self.pieces, [], 0
        self.is_handed_over = not self.more_body
        return {"type": "http.request", "body": b"".join(pieces), "more_body": self.more_body}

    def _is_due(self) -> bool:
        return not self.is_handed_over and (not self.more_body or self.kept > self.most)


class Protocol(HttpToolsProtocol):
    """A connection; see `limited`, which says how long a body may be."""

    most: Callable[[], int]
    """Bytes of the longest body that the application takes."""

    def on_headers_complete(self) -> None:
        """Begins a request. Its task has been made, and runs later."""
        super().on_headers_complete()
        cycle: Any = self.cycle
        cycle.__class__ = Cycle  # uvicorn names the class where it makes one
        cycle.pieces, cycle.most = [], self.most()

    def on_body(self, body: bytes) -> None:
        """A piece of a body that goes through the parser."""
        cycle: Any = self.cycle
        cycle.take(body)

    def data_received(self, data: bytes) -> None:
        """Parses what came. If it is the beginning of a long body, `Rest` reads on."""
        super().data_received(data)
        cycle: Any = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_complete:
            return
        left = announced(self.headers) - cycle.received
        if left > SHORT and not self.transport.is_closing():
            self.transport.set_protocol(Rest(self, cycle, left))

    def body_is_complete(self) -> None:
        """Reads the next request: with a new parser, since the old one still waits for the body."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.transport.set_protocol(self)
        self.on_message_complete()

    def data_came(self) -> None:
        """A client that still sends is not idle, even if it has its answer."""
        self._unset_keepalive_if_required()


class Rest(asyncio.BufferedProtocol):
    """The rest of a body, `left` bytes: the event loop writes them where they stay."""

    def __init__(self, http: Protocol, cycle: Cycle, left: int) -> None:
        self._http = http
        self._cycle = cycle
        self._left = left
        self._begin(FIRST)

    def _begin(self, size: int) -> None:
        self._piece = bytearray(min(size, self._left))
        self._free = memoryview(self._piece)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes belong: never room for more than those of this body."""
        return self._free

    def buffer_updated(self, nbytes: int) -> None:
        """So many have come."""
        self._http.data_came()
        self._free = self._free[nbytes:]
        if self._free:
            return
        self._left -= len(self._piece)
        self._cycle.take(self._piece)
        if self._left:
            self._begin(NEXT)
        else:
            self._http.body_is_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """In the middle of the body."""
        self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        """An early answer that the client does not read."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._http.resume_writing()


def announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """The length of the body; 0 when it is sent in chunks. The parser has checked that it is a number."""
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def limited(most: Callable[[], int]) -> type[Protocol]:
    """The protocol for an application that takes bodies of so many bytes."""
    return type("LimitedProtocol", (Protocol,), {"most": staticmethod(most)})
