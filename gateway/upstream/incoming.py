"""An answer of HTTP/1.1, from a connection's bytes to status, headers and body.

What was read at once is handed on at once, in one piece. The answer and its connection part as soon as
the last byte is here, whether or not somebody has taken it; then the connection serves again.
https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import httptools
import httpx

from gateway.upstream.alarm import Alarm
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
    """See `Arriving`; and what a connection tells: `receive` and `cut`.

    What the class says holds until an answer says otherwise: most of it no short one ever does.
    """

    status = 0
    _read = 0
    headers: Mapping[str, str]
    _fields_size = 0
    _framing = 0
    _in_body = False
    _until_close = False
    _keeps = False
    _held = 0
    _paused = False
    _complete = False
    _own: int | None = None
    """The pieces that are the answer's, where something followed it."""
    _error: Exception | None = None
    _take: Take | None = None
    """Who is handed the pieces, while it waits for them."""
    _draining: asyncio.TimerHandle | None = None
    _waiter: asyncio.Future[bool] | None = None
    _heard = 0.0
    """When the silence began."""
    _patience = 0.0
    """Seconds that it may last."""
    _looks = True
    """What comes may be something else than a piece of the body."""
    _fault = ""
    """Why what came is no answer."""

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop, alarm: Alarm) -> None:
        """`alarm` is that of the connection."""
        self.sent = loop.time()
        self._loop = loop
        self._line: Line | None = line
        self._alarm = alarm
        alarm.waits = self
        self._fields: list[bytes] = []
        self._pieces: list[bytes] = []
        # Nothing of ours: a stream may have a chunk for each word.
        self.on_body = self._pieces.append
        self._parser = parser = httptools.HttpResponseParser(self)
        # Servers that end lines with LF alone, or pad the sizes of chunks, are odd and not dangerous.
        parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    # -- what the parser finds ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Nobody asked for a second answer: the connection has lost its step."""
        if self._complete and self._own is None:
            self._keeps, self._own = False, len(self._pieces)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody reads."""
        if not self._in_body:
            self._fields += name, value

    def on_headers_complete(self) -> None:
        """The head is whole; an interim one (1xx) only says that the real one will come."""
        parser, fields = self._parser, self._fields
        status = parser.get_status_code()
        if self._read > LARGEST_HEAD:  # otherwise they cannot be
            self._fields_size += sum(map(len, fields)) + 2 * len(fields)  # `: ` and the line's end
        if status < 200 or self._complete:
            fields.clear()
            return
        self._in_body = True
        self.status = status
        self.headers = headers = by_name(fields)
        if (
            "content-length" in headers
            or status in BODILESS
            or headers.get("transfer-encoding", "").lower().endswith("chunked")
        ):
            self._keeps = parser.should_keep_alive()
        else:
            self._until_close = True

    def on_message_complete(self) -> None:
        """The last byte is here."""
        self._complete = self._in_body
        self._looks = True

    # -- what the connection tells --------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes came: mostly a piece of a body, and then it goes to whoever takes it."""
        if self._line is None:
            return
        if not self._in_body:
            self._read += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            upgrades = isinstance(error, httptools.HttpParserUpgrade)
            self._fault = "it wants another protocol" if upgrades else str(error)
            self._looks = True
        pieces = self._pieces
        if self._looks or not pieces:
            self._look(len(data))
        take = self._take
        if take is None:
            self._keep(len(data))
        elif pieces:
            self._heard = self._loop.time()
            piece = b"".join(pieces)  # one alone is not copied
            pieces.clear()
            try:
                goes_on = take(piece)
            except Exception as error:
                self._wake(error)
                return
            if not goes_on or self._line is None:
                self._wake(goes_on)

    def _look(self, size: int) -> None:
        """Something else came in the last `size` bytes: a head, an end, framing, or what should not come."""
        line, fault = self._line, self._fault
        if self._fields_size or not self._pieces:
            fault = self._beyond(size) or fault
        else:
            self._framing = 0
        self._looks = not self._in_body or self._framing > 0
        if self._complete and line is not None:
            if self._own is not None:
                del self._pieces[self._own :]
            self._parted()
            line.done(serves_again=self._keeps and not fault)
        elif fault:
            self._error = httpx.RemoteProtocolError(f"the answer is not HTTP/1.1: {fault}")
            self._let_go()
        else:
            return
        if not self._pieces:
            self._wake(True)

    def _beyond(self, size: int) -> str:
        """The bound that is passed by what is no body, if one is; `size` bytes were read."""
        # What is read up to the body's first byte may be more than the head, but not while it goes on.
        if (self._fields_size if self._in_body else self._read) > LARGEST_HEAD:
            self._complete = self._in_body = False
            return "its headers are too large"
        if self._pieces or not self._in_body:
            self._framing = 0
            return ""
        self._framing += size
        is_beyond = self._framing > LARGEST_FRAMING and not self._complete
        return "there is more framing than body" if is_beyond else ""

    def cut(self, error: Exception | None) -> None:
        """The connection is closed; `error` says why, if it was not the other side's wish."""
        if self._parted() is None:
            return
        if error is None and self._until_close:
            self._complete = True
        elif not self._read:
            self._error = Unanswered(_reason(error, "it closed the connection without an answer"))
        elif error is None:
            self._error = httpx.RemoteProtocolError("it closed the connection within an answer")
        else:
            self._error = httpx.ReadError(_reason(error, "the connection is lost"))
        self._wake(True)

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

    async def feed(self, take: Take, idle: float) -> bool:
        """See `Arriving`. `take` is called by the event loop as bytes come, without a task's turn."""
        if self._pieces and not take(self._taken()):
            return False
        self._take = take
        try:
            while not self._complete:
                if self._error is not None:
                    raise self._error
                if not await self._news(idle):
                    return False
            return True
        finally:
            self._take = None

    def whole(self) -> bytes | None:
        """See `Arriving`."""
        return self._taken() if self._complete and self._error is None else None

    def drain(self) -> None:
        """See `Arriving`. Nobody waits for it: the connection is given back, or ended, by itself."""
        if self._line is None or self._draining is not None:
            return
        self._taken()
        self._draining = self._loop.call_later(DRAIN, self._let_go)

    async def close(self) -> None:
        """See `Arriving`."""
        if self._line is not None and self._draining is None:
            self._let_go()

    # -- in between -----------------------------------------------------------------------------

    def _keep(self, size: int) -> None:
        """Some bytes were read that nobody takes yet: whoever waits for them is told."""
        if self._draining is not None:
            self._pieces.clear()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)
        else:
            self._held += size
            if self._held > HELD and self._pieces and not self._paused and self._line is not None:
                self._paused = True
                self._line.pause()

    def _wake(self, news: bool | Exception) -> None:
        """Whoever waits goes on, and takes no more before it says so."""
        self._take = None
        if self._waiter is None or self._waiter.done():
            return
        if isinstance(news, Exception):
            self._waiter.set_exception(news)
        else:
            self._waiter.set_result(news)

    def _taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._paused:
            self._paused = False
            if self._line is not None:
                self._line.resume()
        return data

    def _news(self, patience: float) -> asyncio.Future[bool]:
        """Comes when something has changed; False if a `take` wants no more.

        Raises `TimeoutError` after `patience` seconds of silence.
        """
        self._waiter = waiter = self._loop.create_future()
        self._heard = now = self._loop.time()
        self._patience = patience
        if self._alarm.at > now + patience:
            self._alarm.set(now + patience)
        return waiter

    def ring(self) -> None:
        """See `Alarm`. The reader's own pace is not the provider's silence."""
        if self._waiter is None or self._waiter.done():
            return
        due = self._heard + self._patience
        if self._loop.time() < due:
            self._alarm.set(due)
        else:
            self._wake(TimeoutError())

    def _let_go(self) -> None:
        line = self._parted()  # first, so that what it says of its end changes no error
        if line is not None:
            line.abort()

    def _parted(self) -> Line | None:
        """Takes leave of the connection, which has to be told what is to become of it."""
        line = self._line
        if line is not None:
            self._line = self._alarm.waits = None
            del self._parser  # they hold each other
            if self._draining is not None:
                self._draining.cancel()
        return line


def by_name(fields: Sequence[bytes]) -> dict[str, str]:
    """Headers, given as name, value, name, value: by their names in lower case; one that is repeated is
    one list.

    They are decoded together, which costs half. A value with a line break in it, which the parser lets
    nobody send, would be seen by their number.
    """
    texts = b"\n".join(fields).decode("latin-1").split("\n")
    each = iter(texts)
    headers = dict(zip(map(str.lower, each), each, strict=False))
    if 2 * len(headers) == len(fields) == len(texts):
        return headers
    headers = {}
    for raw, value in zip(fields[::2], fields[1::2], strict=True):
        name = raw.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _reason(error: Exception | None, otherwise: str) -> str:
    return (str(error) or repr(error)) if error is not None else otherwise
