"""A provider that costs next to nothing: chat completions and Anthropic messages from prepared bytes.

Run as `python -m bench.upstream PORT`. It shares a core with whoever sends the load, so that whatever
it spends is spent beside every system alike.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from functools import lru_cache
from typing import cast

import uvloop

from bench import answers
from bench.answers import Answer

_STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_REFUSED = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
)
LEADING = {True: 2, False: 1}
"""Events before the first text: in Anthropic's format, and in chat completions."""
_END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """A piece of a body in transfer encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@lru_cache(maxsize=1024)
def pieces(answer: Answer, *, native: bool) -> list[bytes]:
    """The events of a stream as chunks of the transfer encoding, one for each tick of a paced answer.

    What precedes the first text comes with it, so that both formats say it at the same tick.
    """
    events = answers.message_events(answer) if native else answers.chat_events(answer)
    chunks = [chunk(event) for event in events]
    first = LEADING[native] + 1
    return [b"".join(chunks[:first]), *chunks[first:]]


@lru_cache(maxsize=1024)
def at_once(answer: Answer, *, native: bool, streams: bool) -> bytes:
    """The whole response."""
    if streams:
        return _STREAM + b"".join(pieces(answer, native=native)) + _END
    body = answers.message_whole(answer) if native else answers.chat_whole(answer)
    return _WHOLE % len(body) + body


class Provider(asyncio.Protocol):
    """One connection, kept alive; one request after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._needed = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        """They left; a stream under way ends."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Collects a request, then answers it."""
        self._buffer += data
        if len(self._buffer) < self._needed:
            return
        while (request := self._next()) is not None:
            self._answer(*request)

    def _next(self) -> tuple[bytes, bytes] | None:
        """Head and body of the next request that is complete."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._buffer[:end]).lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            found = dechunked(self._buffer, end + 4)
            if found is None:
                return None
            body, stop = found
        else:
            stop = end + 4 + _content_length(head)
            if len(self._buffer) < stop:
                self._needed = stop
                return None
            body = bytes(self._buffer[end + 4 : stop])
        self._needed = 0
        del self._buffer[:stop]
        return head, body

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get"):
            self._write(_WHOLE % 2 + b"{}")
            return
        native = b"/messages" in head.split(b" ", 2)[1]
        streams = b'"stream":true' in body or b'"stream": true' in body
        try:
            answer = answers.asked_for(body)
        except ValueError:
            self._write(_REFUSED)
            return
        if not streams or not answer.delay:
            self._write(at_once(answer, native=native, streams=streams))
            return
        self._write(_STREAM)
        self._pace(pieces(answer, native=native), 0, answer.delay / 1000, self._loop.time())

    def _pace(self, events: list[bytes], at: int, delay: float, due: float) -> None:
        """Sends one event and sets the alarm for the next; late ones do not move those after them."""
        self._write(events[at])
        if at + 1 == len(events):
            self._write(_END)
            return
        due += delay
        self._timer = self._loop.call_at(due, self._pace, events, at + 1, delay, due)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _content_length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def dechunked(data: bytes | bytearray, at: int) -> tuple[bytes, int] | None:
    """The body in transfer encoding that begins at `at`, and where it ends; None if it is not all there."""
    body = bytearray()
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(bytes(data[at:line]).split(b";")[0], 16)
        stop = line + 2 + size
        if len(data) < stop + 2:
            return None
        body += data[line + 2 : stop]
        at = stop + 2
        if size == 0:
            return bytes(body), at


async def serve(port: int) -> None:
    """Until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", port, backlog=4096)
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
