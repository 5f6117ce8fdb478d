"""The response to a client as it goes out: uvicorn's rules, at a fifth of the price.

uvicorn makes a coroutine of each piece, looks at each header with two patterns, and writes head and body
one after the other, which for a small answer is a packet and a call of the system more. Here a piece is
written by a plain call, headers are checked all at once, and the head goes out with the first bytes of
the body where the application says that they follow at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.server.delivery import BODY_FOLLOWS, SENT, Client

BODILESS = frozenset({204, 304})

LINE = b"%b: %b\r\n".__mod__
"""(name, value) -> the line of a header."""
FIELD = ": ".join
"""(name, value) -> the same as text, without its end."""

SETTLING = frozenset({"connection", "content-length", "transfer-encoding"})
"""Headers that say how the body is framed, or what becomes of the connection."""


async def _returns(result: Any) -> Any:
    return result


async def _raises(error: BaseException) -> Any:
    raise error


def check(lines: bytes, ends: int) -> None:
    """Each line ends once: a further end would have come from a name or a value. Raises `RuntimeError`."""
    if lines.count(b"\n") != ends or lines.count(b"\r") != ends or b"\0" in lines:
        raise RuntimeError("a header of the response holds a line break or a NUL")


def _nothing() -> None:
    """Is done once the response is complete and the application has ended."""


class Unheard:
    """In place of an event for which nobody has waited yet."""

    def set(self) -> None:
        """Who waits later looks first at what there is."""


UNHEARD = Unheard()


class Response(RequestResponseCycle, Client):
    """The side of a request's cycle that answers."""

    disconnected = waiting_for_100_continue = response_started = response_complete = False
    keep_alive = more_body = True
    chunked_encoding = None
    expected_content_length = 0
    message_event: Any = UNHEARD
    # So uvicorn begins a request; these need not be said once more for one that it did not begin.

    head = b""
    """What goes out with the first bytes of the body."""

    flows = False
    """The head is out, and the body follows in chunks."""

    async def run_asgi(self, app: Any) -> None:
        """Has the application answer. What is wrong with how it ends, uvicorn tells log and client."""
        try:
            result = await app(self.scope, self.receive, self)
        except BaseException as error:
            ended = _raises(error)
        else:
            if result is None and (self.response_complete or self.disconnected):
                self.on_response = _nothing
                return
            ended = _returns(result)
        await super().run_asgi(lambda *_: ended)

    def __call__(self, message: Any) -> Any:
        """The application's `send`."""
        return self.send(message)

    def send(self, message: Any) -> Any:
        """See ASGI. What can be written at once is: then there is nothing to wait for, see `SENT`."""
        if self.flow.write_paused and not self.disconnected:
            return self._send_later(message)
        self._send_now(message)
        return SENT

    def at_once(
        self, status: int, headers: Mapping[str, str], body: bytes, content_type: str
    ) -> bool:
        """See `Client`. What is out of the ordinary is left to messages."""
        if self.response_started or self.disconnected or not self.keep_alive:
            return False
        if self.flow.write_paused or self.transport.is_closing() or self.scope["method"] == "HEAD":
            return False
        told = "".join((content_type, *headers, *headers.values()))
        if not (told.isascii() and told.isprintable() and SETTLING.isdisjoint(headers)):
            return False
        self.response_started = True
        self.waiting_for_100_continue = False
        first, last = f"content-type: {content_type}", f"content-length: {len(body)}\r\n\r\n"
        head = "\r\n".join((first, *map(FIELD, headers.items()), last)).encode()
        before = map(LINE, self.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], *before, head, body)))
        self._end()
        return True

    def piece(self, data: bytes) -> bool:
        """See `Client`."""
        if not self.flows or self.disconnected or self.flow.write_paused:
            return False
        if self.transport.is_closing():
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    def when_gone(self, call: Callable[[], None]) -> bool:
        """See `Client`."""
        if self.disconnected:
            return False
        if self.flow.read_paused:  # of a connection that is not read from, nothing is heard
            self.flow.resume_reading()
        self.gone = call
        return True

    async def _send_later(self, message: Any) -> None:
        await self.flow.drain()
        self._send_now(message)

    def _send_now(self, message: Any) -> None:
        if self.disconnected:
            return
        expected = "http.response.body" if self.response_started else "http.response.start"
        if self.response_complete or message["type"] != expected:
            raise RuntimeError(f"a response is not continued by {message['type']!r}")
        if self.transport.is_closing():
            self.disconnected = True  # only the last of several requests on a connection is told
            return
        if self.response_started:
            self._continue(message.get("body", b""), more=message.get("more_body", False))
            return
        self.response_started = True
        self.waiting_for_100_continue = False
        head = self._head(message["status"], message.get("headers", ()))
        if message.get(BODY_FOLLOWS, False):
            self.head = head
        else:
            self.transport.write(head)

    def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Status line and headers; settles how the body is framed and whether the connection stays."""
        fields = [*self.default_headers, *headers]
        known = dict(fields)
        lines = b"".join(map(LINE, fields))
        check(lines, len(fields))
        if b"close" in known.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines += b"connection: close\r\n"
        self.chunked_encoding = known.get(b"transfer-encoding", b"").lower() == b"chunked"
        if self.chunked_encoding:
            pass  # the application has said it
        elif (length := known.get(b"content-length")) is not None:
            self.expected_content_length = int(length)
        elif status not in BODILESS and self.scope["method"] != "HEAD":
            self.chunked_encoding = True
            lines += b"transfer-encoding: chunked\r\n"
        return b"%b%b\r\n" % (STATUS_LINE[status], lines)

    def _continue(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length, data = 0, b""
        elif self.chunked_encoding:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                data += b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            data = body
        if self.expected_content_length < 0:
            raise RuntimeError("the body is longer than its content-length")
        if self.head:
            data, self.head = self.head + data, b""
        if data:
            self.transport.write(data)
        self.flows = more and self.chunked_encoding is True and self.scope["method"] != "HEAD"
        if not more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("the body is shorter than its content-length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
