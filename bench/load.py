"""Sends requests over kept connections, and times what comes back. Answers are verified afterwards."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

from bench import verify
from bench.answers import Answer

PATIENCE = 120.0
"""Seconds that an answer may take."""


@dataclass(frozen=True, slots=True)
class Request:
    """A body, and what is to come back for it."""

    body: bytes
    answer: Answer
    stream: bool


@dataclass(slots=True)
class Timing:
    """Of one right answer, in milliseconds."""

    total: float
    first: float | None
    """Until the first piece of text, of a stream."""
    gaps: list[float]
    """Between pieces of text that came apart."""


@dataclass(slots=True)
class Outcome:
    """What came of some requests."""

    timings: list[Timing] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """Right and wrong together."""
        return len(self.timings) + self.faults.total()


class Connection(asyncio.Protocol):
    """One connection; one request after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None
        self.received = bytearray()
        self.began = self.first = self.ended = self._last = 0.0
        self.gaps: list[float] = []
        self._end = -1
        """Size of the response; -1: not known yet, 0: the transfer encoding tells."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        """What is under way is lost."""
        self._transport = None
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError("the connection was cut"))

    @property
    def is_open(self) -> bool:
        """Another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.close()

    async def ask(self, payload: bytes) -> None:
        """Sends a request and waits for the end of its answer. Raises `OSError`, `TimeoutError`."""
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._done = asyncio.get_running_loop().create_future()
        self.received = bytearray()
        self.gaps = []
        self._end, self.first = -1, 0.0
        self.began = perf_counter()
        self._transport.write(payload)
        await asyncio.wait_for(self._done, PATIENCE)

    def data_received(self, data: bytes) -> None:
        """Notes when it came; what it says is looked at later."""
        now = perf_counter()
        received = self.received
        received += data
        if b"text_delta" in data:
            if self.first:
                self.gaps.append((now - self._last) * 1e3)
            else:
                self.first = now
            self._last = now
        if self._end < 0:
            self._end = _size(received)
        if self._end > 0:
            is_complete = len(received) >= self._end
        else:
            is_complete = self._end == 0 and received.endswith(b"\r\n0\r\n\r\n")
        if is_complete and self._done is not None and not self._done.done():
            self.ended = now
            self._done.set_result(None)


def _size(received: bytearray) -> int:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return -1
    head = bytes(received[:end]).lower()
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return end + 4 + int(rest.split(b"\r\n", 1)[0]) if found else 0


def payload(port: int, body: bytes) -> bytes:
    """The request as HTTP."""
    return (
        b"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
        b"accept: application/json\r\nanthropic-version: 2023-06-01\r\nx-api-key: sk-bench\r\n"
        b"content-length: %d\r\n\r\n%b" % (port, len(body), body)
    )


@dataclass(slots=True)
class _Raw:
    request: Request
    response: bytearray
    began: float
    first: float
    ended: float
    gaps: list[float]


class Load:
    """Sends to one port; connections are kept between calls, as clients keep them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []

    def close(self) -> None:
        """Ends the connections."""
        for connection in self._idle:
            connection.close()
        self._idle = []

    async def send(
        self, requests: Sequence[Request], *, concurrency: int = 1, ramp: float = 0.0
    ) -> Outcome:
        """Sends all, `concurrency` at a time; `ramp`: seconds until all of those have begun."""
        ready = [(request, payload(self._port, request.body)) for request in reversed(requests)]
        raw: list[_Raw] = []
        outcome = Outcome()

        async def work(number: int) -> None:
            await asyncio.sleep(ramp * number / concurrency)
            while ready:
                request, sent = ready.pop()
                try:
                    raw.append(await self._one(request, sent))
                except (OSError, TimeoutError) as error:
                    outcome.faults[repr(error)] += 1

        gc.collect()
        gc.disable()
        began = perf_counter()
        try:
            await asyncio.gather(*(work(number) for number in range(concurrency)))
        finally:
            outcome.seconds = perf_counter() - began
            gc.enable()
        judge(raw, outcome)
        return outcome

    async def ask(self, request: Request) -> str | None:
        """Sends one request among others that are under way; what was wrong, None if nothing."""
        try:
            raw = await self._one(request, payload(self._port, request.body))
        except (OSError, TimeoutError) as error:
            return repr(error)
        return verify.fault(bytes(raw.response), request.answer, stream=request.stream)

    async def _one(self, request: Request, sent: bytes) -> _Raw:
        connection = await self._connection()
        try:
            await connection.ask(sent)
        except BaseException:
            connection.close()
            raise
        c = connection
        self._idle.append(c)
        return _Raw(request, c.received, c.began, c.first, c.ended, c.gaps)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self._port))[1]


def judge(raw: Sequence[_Raw], outcome: Outcome) -> None:
    """Sorts answers into right ones, which count, and faults."""
    for one in raw:
        request = one.request
        wrong = verify.fault(bytes(one.response), request.answer, stream=request.stream)
        if wrong is not None:
            outcome.faults[wrong] += 1
            continue
        first = (one.first - one.began) * 1e3 if one.first and request.stream else None
        outcome.timings.append(Timing((one.ended - one.began) * 1e3, first, one.gaps))
