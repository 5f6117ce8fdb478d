"""The connection to a client: uvicorn's, but the body of a request comes whole and is copied once.

uvicorn hands a body on in pieces of 64 KB, each of which stops the reading, wakes a task and starts the
reading again, and the event loop makes an object of every piece that it reads: for a conversation of
megabytes that is most of what it costs to take it. Here the bytes of a long body go from the socket to
where they stay, past the parser, and the application is woken once.

What a connection may send is bounded: the head, the time for it, the time for a body (see `door`). What
is no request is refused in the protocol's form, behind the answers to what was asked before it. A head
that comes again is not parsed again (see `heads`).

Of uvicorn's own, this uses the attributes that stand here; `tests/server/test_http.py` fails when one of
them is gone or means something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.errors import GatewayError, InvalidRequest, OverBound
from gateway.messages import random_id
from gateway.server.connections import door as bounds
from gateway.server.connections.door import Door
from gateway.server.connections.heads import Cut, Heads, cut_of
from gateway.server.connections.patience import Patience
from gateway.server.connections.refusals import large_head, long_url, too_many
from gateway.server.connections.rest import FIRST, NEXT, Rest
from gateway.server.connections.writing import UNHEARD, Response

__all__ = ["FIRST", "NEXT", "SHORT", "Cycle", "Protocol", "Rest", "limited"]

SHORT = 32 * 1024
"""Bytes still to come of a body up to which they go through the parser."""

TINY = 256
"""Bytes of a piece up to which it is put to the one before: as an object of its own it would take several
times as many."""

LINGER = 1.0
"""Seconds in which a client that was refused may read so; what it still sends is let go."""


class Lingering:
    """A transport that closes a moment after it was told to: closing a connection on which something
    is not read yet takes back what was written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.write = transport.write
        self.is_closing = transport.is_closing

    def close(self) -> None:
        """Says that nothing more will be said; then closes."""
        if self._transport.is_closing():
            return
        if not self._transport.can_write_eof():  # TLS
            self._transport.close()
            return
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER, self._transport.close)


class Cycle(Response):
    """One request and its response. The body is one message, unless it is longer than `most` bytes."""

    whole: bytes | None = None
    """A body that came with its head, until it is handed over."""
    pieces: list[bytes | bytearray]
    most: int
    received = 0
    """Bytes of the body that have come."""
    kept = 0
    """Bytes of it that are not handed over."""
    is_awaited = False
    """The application waits for the body, so it may come as fast as it can."""
    is_handed_over = False
    sent = 0
    """Bytes that a body in chunks has taken on the wire."""
    is_parsed = True
    """The parser has seen the head, and so waits for the body."""
    fault: GatewayError | None = None
    """Why the body will not be complete."""

    def __init__(self, http: Protocol, scope: Any) -> None:
        """Begins a request whose head was known; the others are begun by uvicorn."""
        self.scope = scope
        self.transport = http.transport
        self.flow = http.flow
        self.logger = http.logger
        self.default_headers = http.server_state.default_headers
        self.on_response = http.answered
        self.is_parsed = False

    def fail(self, fault: GatewayError) -> None:
        """The body cannot be read on; whoever waits for it is told, and the connection ends after that."""
        self.fault = fault
        self.keep_alive = False
        lingering: Any = Lingering(self.transport)
        self.transport = lingering
        self.message_event.set()

    def take(self, piece: bytes | bytearray) -> None:
        """Keeps a piece. Stops the reading at more than somebody waits for."""
        if self.response_complete:
            self.pieces.clear()
            return
        if len(piece) < TINY and self.pieces and isinstance(self.pieces[-1], bytearray):
            self.pieces[-1] += piece
        else:
            self.pieces.append(bytearray(piece) if len(piece) < TINY else piece)
        self.received += len(piece)
        self.kept += len(piece)
        if self.kept > self.most:
            self.message_event.set()
        if self.kept > (self.most if self.is_awaited else HIGH_WATER_LIMIT):
            self.flow.pause_reading()

    def whole_body(self) -> bytes | None:
        """See `Client`."""
        if self.whole is None or self.disconnected or self.response_complete:
            return None
        whole, self.whole = self.whole, None
        self.is_handed_over = True
        return whole

    async def receive(self) -> Any:
        """The body, or of one that is too long the beginning; afterwards, that the client has left.

        Raises `GatewayError` when what came is no body.
        """
        if (whole := self.whole_body()) is not None:
            return {"type": "http.request", "body": whole, "more_body": False}
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        self.is_awaited = True
        while not (self.disconnected or self.response_complete or self._is_due()):
            if self.fault is not None:
                raise self.fault
            self.flow.resume_reading()
            if self.message_event is UNHEARD:
                self.message_event = asyncio.Event()
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
    """A connection; see `door` for what it is held to."""

    door: Door
    heads: Heads
    ends: dict[str, Any]
    """What the scope of a request says of the connection."""
    asked = 0
    """Requests that were begun."""
    came = 0
    """Bytes that came, all in all."""
    coming = 0
    """Bytes that are being parsed."""
    head = 0
    """Bytes of the head, or the trailers, under way, without those that are being parsed."""
    is_surplus = False
    """There were too many connections when it was made."""
    is_broken = False
    """What comes is not read any more."""
    refusal: GatewayError | None = None
    """Why the parser was stopped, if it was not the parser's own wish."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins, unless there are far too many."""
        super().connection_made(transport)
        self.ends = {"server": self.server, "client": self.client, "scheme": self.scheme}
        self.patience = Patience()
        surplus = len(self.connections) - self.door.most_connections
        self.is_surplus = surplus > 0
        if surplus > bounds.SPARE:
            self.door.refused(too_many())
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or was sent away: the answer under way is told at once."""
        super().connection_lost(exc)
        cycle: Any = self.cycle
        if cycle is not None and cycle.gone is not None:
            cycle.gone()

    @property
    def is_in_head(self) -> bool:
        """A request has begun, and its head has not ended."""
        scope: Any = self.scope  # None at first, whatever uvicorn declares
        cycle: Any = self.cycle
        return scope is not None and (cycle is None or cycle.scope is not scope)

    def on_headers_complete(self) -> None:
        """Begins a request. Its task has been made, and runs later."""
        if (refusal := self._refusal()) is not None:
            self.refusal = refusal
            raise refusal  # the parser stops, and says so to `send_400_response`
        super().on_headers_complete()
        self.asked += 1
        self.headers = []  # trailers are no headers: who has looked at these need not look again
        cycle: Any = self.cycle
        cycle.__class__ = Cycle  # uvicorn names the class where it makes one
        cycle.pieces, cycle.most = [], self.door.most_body
        self.head = 0
        if self.door.life.is_draining:
            cycle.keep_alive = False

    def _refusal(self) -> GatewayError | None:
        headers = self.headers
        if self.is_surplus:
            return too_many()
        if self.parser.should_upgrade():  # after which it reads no body
            return InvalidRequest(
                "The gateway speaks HTTP/1.1 and changes to nothing else: send no `upgrade` header.",
                bound="malformed",
            )
        if len(self.url) > bounds.LONGEST_URL:
            return long_url()
        if len(headers) > bounds.MOST_HEADERS:
            return large_head(f"more than {bounds.MOST_HEADERS} headers")
        # What is coming may be the body, for the most part.
        if self.head + self.coming > bounds.LARGEST_HEAD:
            size = sum(len(name) + len(value) for name, value in headers)
            if size > bounds.LARGEST_HEAD:
                return large_head(f"headers of more than {bounds.LARGEST_HEAD} bytes")
        return None

    def on_body(self, body: bytes) -> None:
        """A piece of a body that goes through the parser."""
        cycle: Any = self.cycle
        cycle.take(body)

    def data_received(self, data: bytes) -> None:
        """Parses what came, unless it is known. If it is the beginning of a long body, `Rest` reads on."""
        if self.is_broken:
            return
        self.coming = size = len(data)
        self.came += size
        cut = cut_of(data) if self._awaits_request() else None
        if cut is not None and self._begin(cut, data):
            return
        before, asked = self.scope, self.asked
        super().data_received(data)
        cycle: Any = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            if not self.is_broken:
                self._look_at_head(goes_on=before is self.scope)
            return
        if cut is not None and self.asked == asked + 1 and cycle.keep_alive:
            self.heads.learn(cut, cycle.scope)
        if not cycle.more_body or cycle.response_complete:
            return
        announces = announced(cycle.scope["headers"])
        if announces is None:
            self._look_at_chunks(cycle)
        elif announces - cycle.received > SHORT and not self.transport.is_closing():
            left = announces - cycle.received
            self.transport.set_protocol(Rest(self, cycle, left))

    # -- heads that are known -------------------------------------------------------------------

    def _awaits_request(self) -> bool:
        """Nothing is under way, and what comes now may be an ordinary request."""
        cycle: Any = self.cycle
        if cycle is None:
            is_free = not self.is_in_head and not self.is_surplus
        else:
            is_free = cycle.response_complete and not cycle.more_body and cycle.scope is self.scope
        return is_free and not self.door.life.is_draining

    def _begin(self, cut: Cut, data: bytes) -> bool:
        """Begins the request without the parser, if its head is known and nothing comes after it."""
        rest, length, end = cut
        head = self.heads.get(rest)
        if head is None:
            return False
        left = end + int(length) - self.coming
        if left and (left < 0 or self.transport.is_closing()):
            return False
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self.asked += 1
        self.head = 0
        scope: Any = head.scope(self, length)
        cycle = Cycle(self, scope)
        self.scope, self.cycle = scope, cycle
        if left:
            self._take_rest(cycle, data[end:], left)
        else:
            cycle.whole, cycle.more_body = data[end:], False
        task = self.loop.create_task(cycle.run_asgi(self.app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    def _take_rest(self, cycle: Cycle, begun: bytes, left: int) -> None:
        """Most of the body is still to come."""
        cycle.pieces, cycle.most = [], self.door.most_body
        if begun:
            cycle.take(begun)
        self.transport.set_protocol(Rest(self, cycle, left))

    def answered(self) -> None:
        """The answer to a request whose head was known is complete: uvicorn has something to do if more
        comes already. Otherwise nothing is, and it needs no timer for that: see `Patience`."""
        cycle: Any = self.cycle
        if self.pipeline or self.flow.read_paused or cycle.more_body:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1

    def _look_at_head(self, *, goes_on: bool) -> None:
        """What is under way may be no larger than a head; of what came before it, nothing is known."""
        self.head = self.head + self.coming if goes_on else 0
        if self.head <= bounds.LARGEST_HEAD:
            return
        is_url = len(getattr(self, "url", b"")) > bounds.LONGEST_URL
        self.refuse(
            long_url() if is_url else large_head(f"a head of more than {bounds.LARGEST_HEAD} bytes")
        )

    def _look_at_chunks(self, cycle: Any) -> None:
        """What is sent of a body in chunks may not be something else for the most part."""
        cycle.sent += self.coming
        if cycle.sent > bounds.LARGEST_HEAD + 16 * cycle.received and not self.is_broken:
            self.refuse(OverBound("The body has more framing than content.", bound="framing"))

    # -- what is refused ------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """The parser has stopped; nothing after this place can be told apart."""
        refusal, self.refusal = self.refusal, None
        self.refuse(refusal or InvalidRequest(f"{msg.rstrip('.')}.", bound="malformed"))

    def refuse(self, error: GatewayError) -> None:
        """Says so once it is this request's turn, and ends the connection."""
        self.is_broken = True
        cycle: Any = self.cycle
        is_in_body = cycle is not None and cycle.scope is self.scope and cycle.more_body
        if is_in_body and not cycle.response_complete:
            cycle.fail(error)  # whoever reads it says so, and counts it
            return
        self.door.refused(error)
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False  # what was asked before is answered
        elif is_in_body:
            self.transport.close()  # it has its answer
        else:
            self._say(error)

    def _say(self, error: GatewayError) -> None:
        if self.transport.is_closing():
            return
        id = random_id("req")
        body = error.body(id)
        fields = {"content-type": "application/json", "request-id": id, **error.headers}
        head = [STATUS_LINE[error.status]]
        head += [b"%b: %b\r\n" % field for field in self.server_state.default_headers]
        head += [f"{name}: {value}\r\n".encode() for name, value in fields.items()]
        head.append(b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body))
        self.transport.write(b"".join(head) + body)
        Lingering(self.transport).close()

    def shutdown(self) -> None:
        """The gateway drains: a connection on which nothing is under way ends."""
        if not self.is_in_head:
            super().shutdown()

    def body_is_complete(self) -> None:
        """Reads the next request: with a new parser, if the old one still waits for the body."""
        cycle: Any = self.cycle
        if cycle.is_parsed:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.transport.set_protocol(self)
        self.on_message_complete()

    def data_came(self, size: int) -> None:
        """A client that still sends is not idle, even if it has its answer."""
        self.came += size
        self._unset_keepalive_if_required()


def announced(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The length of the body; None when it is sent in chunks. The parser has checked that it is a number."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)


def limited(door: Door) -> type[Protocol]:
    """The protocol for an application behind this door."""
    return type("LimitedProtocol", (Protocol,), {"door": door, "heads": Heads()})
