"""An answer of HTTP/1.1, from a connection's bytes to status, headers and body.

What was read at once is handed on at once, in one piece. The answer and its connection part as soon as
the last byte is here, whether or not somebody has taken it; then the connection serves again.
https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import httptools
import httpx

from gateway.upstream.answers import Take

LARGEST_HEAD = 64 * 1024
"""Bytes of status line and headers."""

LARGEST_FRAMING = 1024 * 1024
"""Bytes between two pieces of a body, or behind the last one: extensions of chunks, and trailers."""

HELD = 256 * 1024
"""Bytes of a body that wait for their reader before the provider is made to wait."""

DRAIN = 0.25
"""Seconds granted to an answer's last bytes, so that its connection can be used again."""

BODILESS = frozenset({204, 304})


class Unanswered(httpx.RemoteProtocolError):
    """The connection was closed before a byte of an answer came."""


class Line(Protocol):
    """The connection, as its answer sees it."""

    def pause(self) -> None:
        """No more bytes for now."""

    def resume(self) -> None:
        """Bytes again."""

    def done(self, *, serves_again: bool) -> None:
        """The answer is here to its end."""

    def abort(self) -> None:
        """The answer is not wanted any more."""


class Incoming:
    """See `Arriving`; and what a connection tells: `receive` and `cut`."""

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.sent = loop.time()
        self._loop = loop
        self._line: Line | None = line
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        # Servers that end lines with LF alone, or pad the sizes of chunks, are odd and not dangerous.
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._fields: list[tuple[bytes, bytes]] = []
        self._read = 0
        self._fields_size = 0
        self._framing = 0
        self._in_body = False
        self._until_close = False
        self._keeps = False
        self._pieces: list[bytes] = []
        self._held = 0
        self._paused = False
        self._complete = False
        self._error: Exception | None = None
        self._take: Take | None = None
        self._idle = 0.0
        self._draining = False
        self._waiter: asyncio.Future[bool] | None = None
        self._due = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    # -- what the parser finds ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Nobody asked for a second answer: the connection has lost its step."""
        if self._complete:
            self._keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody reads."""
        if not self._in_body:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; an interim one (1xx) only says that the real one will come."""
        assert self._parser is not None  # noqa: S101 - it is what calls
        status = self._parser.get_status_code()
        if self._read > LARGEST_HEAD:  # otherwise they cannot be
            self._fields_size += sum(len(name) + len(value) + 4 for name, value in self._fields)
        if status < 200 or self._complete:
            self._fields.clear()
            return
        self._in_body = True
        self.status = status
        self.headers = headers = _by_name(self._fields)
        chunked = headers.get("transfer-encoding", "").lower().endswith("chunked")
        framed = chunked or "content-length" in headers or status in BODILESS
        self._until_close = not framed
        self._keeps = framed and self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without its framing."""
        if not self._complete:
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The last byte is here."""
        self._complete = self._in_body

    # -- what the connection tells --------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes came."""
        parser = self._parser
        if parser is None:
            return
        fault = ""
        if not self._in_body:
            self._read += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            fault = "it wants another protocol"
        except httptools.HttpParserError as error:
            fault = str(error)
        # What is read up to the body's first byte may be more than the head, but not while it goes on.
        if (self._fields_size if self._in_body else self._read) > LARGEST_HEAD:
            fault, self._complete, self._in_body = "its headers are too large", False, False
        elif self._in_body and not self._pieces:
            self._framing += len(data)
            if self._framing > LARGEST_FRAMING and not self._complete:
                fault = "there is more framing than body"
        else:
            self._framing = 0
        if self._complete:
            self._part(serves_again=self._keeps and not fault)
        elif fault:
            self._fail(httpx.RemoteProtocolError(f"the answer is not HTTP/1.1: {fault}"))
        self._pass_on(len(data))

    def cut(self, error: Exception | None) -> None:
        """The connection is closed; `error` says why, if it was not the other side's wish."""
        if self._line is None:
            return
        self._line = None
        if error is None and self._until_close:
            self._complete = True
        elif not self._read:
            self._error = Unanswered(_reason(error, "it closed the connection without an answer"))
        elif error is None:
            self._error = httpx.RemoteProtocolError("it closed the connection within an answer")
        else:
            self._error = httpx.ReadError(_reason(error, "the connection is lost"))
        self._rest()
        self._wake()

    # -- what the reader does -------------------------------------------------------------------

    async def head(self, patience: float) -> None:
        """Waits for status and headers; lets go of the connection when it fails."""
        try:
            while not self._in_body:
                if self._error is not None:
                    raise self._error
                await self._news(patience)
        except BaseException:
            self._let_go()
            raise

    async def read(self, patience: float) -> bytes:
        """See `Arriving`."""
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self._complete:
                return b""
            await self._news(patience)
        return self._taken()

    async def feed(self, take: Take, patience: float, idle: float) -> bool:
        """See `Arriving`. `take` is called by the event loop as bytes come, without a task's turn."""
        if self._pieces:
            patience = idle
            if not take(self._taken()):
                return False
        self._take, self._idle = take, idle
        try:
            while not self._complete:
                if self._error is not None:
                    raise self._error
                if not await self._news(patience):
                    return False
            return True
        finally:
            self._take = None

    def drain(self) -> None:
        """See `Arriving`. Nobody waits for it: the connection is given back, or ended, by itself."""
        if self._line is None or self._draining:
            return
        self._draining = True
        self._taken()
        self._rest()
        self._alarm = self._loop.call_later(DRAIN, self._let_go)

    async def close(self) -> None:
        """See `Arriving`."""
        if not self._draining:
            self._let_go()

    # -- in between -----------------------------------------------------------------------------

    def _pass_on(self, size: int) -> None:
        """Some bytes were read: to whoever takes them."""
        if self._draining:
            self._pieces.clear()
            return
        waiter, take = self._waiter, self._take
        if waiter is None or waiter.done():
            self._hold(size)
        elif take is not None and self._pieces:
            self._hand(take, waiter)
        elif take is None or self._line is None:
            waiter.set_result(True)

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > HELD and self._pieces and not self._paused and self._line is not None:
            self._paused = True
            self._line.pause()

    def _hand(self, take: Take, waiter: asyncio.Future[bool]) -> None:
        self._due = self._loop.time() + self._idle
        try:
            goes_on = take(self._taken())
        except Exception as error:
            if not waiter.done():
                waiter.set_exception(error)
            return
        if not waiter.done() and (not goes_on or self._line is None):
            waiter.set_result(goes_on)

    def _taken(self) -> bytes:
        data = b"".join(self._pieces)  # one piece alone is not copied
        self._pieces.clear()
        self._held = 0
        if self._paused:
            self._paused = False
            if self._line is not None:
                self._line.resume()
        return data

    async def _news(self, patience: float) -> bool:
        """Waits until something has changed; False if a `take` wants no more.

        Raises `TimeoutError` after `patience` seconds of silence. Setting a timer costs as much as a
        chunk, so there is one for all: when it rings, it looks how long the silence is.
        """
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = waiter
        self._due = due = self._loop.time() + patience
        if self._alarm is None or self._alarm.when() > due:
            self._set_alarm()
        try:
            return await waiter
        finally:
            self._waiter = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None or self._waiter.done():
            return  # the reader's own pace is not the provider's silence
        if self._loop.time() < self._due:
            self._set_alarm()
        else:
            self._waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._let_go()

    def _let_go(self) -> None:
        line, self._line = self._line, None  # so that what it says of its end changes no error
        self._rest()
        if line is not None:
            line.abort()

    def _part(self, *, serves_again: bool) -> None:
        line, self._line = self._line, None
        self._rest()
        if line is not None:
            line.done(serves_again=serves_again)

    def _rest(self) -> None:
        """Nothing more can come, or nobody waits for it."""
        if self._line is None:
            self._parser = None  # they hold each other
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


def _by_name(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; one that is repeated is one list."""
    headers: dict[str, str] = {}
    for raw, value in fields:
        name = raw.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _reason(error: Exception | None, otherwise: str) -> str:
    return (str(error) or repr(error)) if error is not None else otherwise
