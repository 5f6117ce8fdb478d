"""Connections of HTTP/1.1, and those of them that wait for the next request.

There is no limit on them: how many requests are under way is not for the transport to say. One that
waits too long, or that its server closes, is used no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from gateway.upstream.alarm import Alarm
from gateway.upstream.dialing import Dialer
from gateway.upstream.incoming import Incoming
from gateway.upstream.outgoing import Place

IDLE = 60.0
"""Seconds that a connection waits for its next request."""


class Connection(asyncio.Protocol):
    """Carries one exchange after the other."""

    def __init__(self, pool: Pool, place: Place) -> None:
        self.place = place
        self.idle_since = 0.0
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._incoming: Incoming | None = None
        self._alarm = Alarm(pool.loop)

    @property
    def serves(self) -> bool:
        """It can take a request, as far as this side knows."""
        transport = self._transport
        return transport is not None and self._incoming is None and not transport.is_closing()

    def send(self, data: Sequence[bytes]) -> Incoming:
        """Sends a request; its answer will come. At once, so that nothing can come between."""
        assert self._transport is not None  # noqa: S101 - it is connected before anybody has it
        self._incoming = incoming = Incoming(self, self._pool.loop, self._alarm)
        self._transport.writelines(data)
        return incoming

    # -- for the answer -------------------------------------------------------------------------

    def pause(self) -> None:
        """No more bytes for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Bytes again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def done(self, *, serves_again: bool) -> None:
        """The answer has ended; one that came before the request was out leaves no order behind."""
        self._incoming = None
        transport = self._transport
        if transport is None:
            return
        if serves_again and not transport.is_closing() and not transport.get_write_buffer_size():
            self._pool.give_back(self)
        else:
            transport.abort()

    def abort(self) -> None:
        """Ends the connection, whatever is under way on it; that is no end of an answer."""
        self._cut(ConnectionAbortedError("the connection was ended"))
        if self._transport is not None:
            self._transport.abort()

    # -- for the event loop ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is up, with TLS if it has any."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no such class

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; those that nobody asked for end the connection."""
        if self._incoming is not None:
            self._incoming.receive(data)
        else:
            self.abort()

    def eof_received(self) -> None:
        """The server has said all it will; the transport then closes by itself."""
        self._cut(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is down."""
        self._transport = None
        self._alarm.cancel()
        self._cut(exc)
        self._pool.lost(self)

    def _cut(self, error: Exception | None) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.cut(error)


class Pool:
    """The connections of one transport. It belongs to the event loop in which it is made."""

    def __init__(self, dialer: Dialer) -> None:
        self.loop = asyncio.get_running_loop()
        self._dialer = dialer
        self._open: set[Connection] = set()
        self._idle: dict[Place, list[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._emptied = asyncio.Event()
        self._closed = False

    def waiting(self, place: Place) -> Connection | None:
        """The connection to a place that was used last, if one waits."""
        idle = self._idle.get(place)
        while idle:
            connection = idle.pop()
            if connection.serves:
                return connection
        return None

    async def fresh(self, place: Place) -> Connection:
        """A new connection. Raises `OSError` and `ValueError`."""
        connection = await self._dialer.dial(place, lambda: Connection(self, place))
        # Counted from here on: an event loop may end one that nobody waited for without a word.
        if self._closed or not connection.serves:
            connection.abort()
            raise ConnectionAbortedError("the connection was closed as soon as it was made")
        self._open.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """It waits for its next request."""
        if self._closed:
            connection.abort()
            return
        connection.idle_since = self.loop.time()
        self._idle.setdefault(connection.place, []).append(connection)
        if self._sweep is None:
            self._sweep = self.loop.call_later(IDLE, self._swept)

    def lost(self, connection: Connection) -> None:
        """It is gone."""
        self._open.discard(connection)
        idle = self._idle.get(connection.place, [])
        if connection in idle:
            idle.remove(connection)
        if not self._open:
            self._emptied.set()

    def _swept(self) -> None:
        """Ends what has waited too long; looks again when the next one will have."""
        now, oldest = self.loop.time(), None
        for place, idle in list(self._idle.items()):
            kept = [one for one in idle if one.serves and now - one.idle_since < IDLE]
            for connection in set(idle).difference(kept):
                connection.abort()
            if not kept:
                del self._idle[place]
                continue
            self._idle[place] = kept
            oldest = min(kept[0].idle_since, oldest if oldest is not None else now)
        self._sweep = None
        if oldest is not None:
            self._sweep = self.loop.call_at(oldest + IDLE, self._swept)

    async def close(self) -> None:
        """Ends every connection, and waits until the event loop has let go of them."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        self._closed = True
        self._idle.clear()
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._emptied.clear()
            await self._emptied.wait()
