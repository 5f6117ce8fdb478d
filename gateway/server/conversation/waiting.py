"""What happens while a client waits: the stream is opened and kept awake, and long work leaves the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.errors import UpstreamEndless
from gateway.pipeline import PING, Exchange
from gateway.server.body import ClientGone
from gateway.server.connections.life import Life, stopping
from gateway.server.delivery import EVENTS, Client, Delivery
from gateway.server.paths import Receive

COMMIT_AFTER = 30.0
"""Seconds of the provider's silence after which the stream is opened all the same."""

HEARTBEAT = 10.0
"""Seconds of silence towards the client after which it is told that the gateway still waits."""

WATCH_AFTER = 0.05
"""Seconds after which a client that leaves is noticed."""

HELD = 16 * 1024
"""Bytes held back of an answer above which it is read in a thread."""

AT_ONCE = 128 * 1024
"""Bytes that come in one piece above which they are read in a thread."""

MOST_HELD = 64 * 1024 * 1024
"""Bytes of an answer of which nothing can be said yet. A call with a whole image in it has fewer."""

MOST_READ = 256 * 1024 * 1024
"""Bytes of an answer in all: what a model can say at most, in the most talkative of formats."""


async def commit(exchange: Exchange, delivery: Delivery) -> None:
    """Sends status and headers, once."""
    if not delivery.committed:
        headers = {
            **exchange.response_headers,
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }
        await delivery.start(200, headers, EVENTS)


class Beat:
    """When the client was last told something."""

    def __init__(self) -> None:
        self.clock = asyncio.get_running_loop().time
        self.last = self.clock()
        self.feed: Feed | None = None
        """What reads the answer, once there is one."""

    def reset(self) -> None:
        """It was told something now."""
        self.last = self.clock()

    def due(self, interval: float) -> float:
        """Seconds until `interval` has passed."""
        return self.last + interval - self.clock()


class Heartbeats:
    """Keeps the client waiting while the provider is silent.

    The task that does so begins when there may be something to do: most answers come before that.
    """

    def __init__(self, exchange: Exchange, delivery: Delivery) -> None:
        self._exchange = exchange
        self._delivery = delivery
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Beat:
        """Begins to count."""
        self._beat = Beat()
        self._timer = self._loop.call_later(min(COMMIT_AFTER, HEARTBEAT), self._begin)
        return self._beat

    def _begin(self) -> None:
        work = keep_alive(self._exchange, self._delivery, self._beat)
        self._task = self._loop.create_task(work)

    def __exit__(self, *_raised: object) -> None:
        """The answer is complete, or nobody waits for it."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


class Watch:
    """Stops what is inside when the client leaves: writing to nobody raises no error by itself. And when
    the gateway ends.

    Raises `ClientGone` and `Overloaded` then. Once the answer is delivered the client may leave; what is
    left to do is between us and the provider. Where the server does not tell by itself, a task watches. It
    begins after a moment, in which most short requests end.
    """

    _worker: asyncio.Task[Any] | None = None
    _client: Client | None = None
    _timer: asyncio.TimerHandle | None = None
    _watcher: asyncio.Task[None] | None = None
    _gone = False
    _stopped = False

    def __init__(self, receive: Receive, delivery: Delivery, life: Life) -> None:
        self._receive = receive
        self._delivery = delivery
        self._life = life

    def __enter__(self) -> None:
        """Begins to watch, now or soon."""
        self._worker = asyncio.current_task()
        self._life.begin(self._stop)
        client = self._delivery.client
        if client is not None and client.when_gone(self._leave):
            self._client = client
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WATCH_AFTER, self._begin)

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        if not (self._delivery.ended or self._stopped) and self._worker is not None:
            self._gone = True
            self._worker.cancel()

    def _stop(self) -> None:
        if not (self._delivery.ended or self._gone) and self._worker is not None:
            self._stopped = True
            self._worker.cancel()

    def __exit__(self, kind: type[BaseException] | None, _error: object, _at: object) -> None:
        """Ends the watch."""
        self._life.done(self._stop)
        if self._client is not None:
            self._client.gone = None
        else:
            self._end_watching()
        if kind is asyncio.CancelledError and (self._gone or self._stopped):
            if self._worker is not None:
                self._worker.uncancel()
            raise (ClientGone() if self._gone else stopping()) from None

    def _end_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # the task keeps what it was cancelled in, which is us


async def keep_alive(exchange: Exchange, delivery: Delivery, beat: Beat) -> None:
    """Opens a stream that is late, then beats whenever it has been silent."""
    while not delivery.ended:
        due = beat.due(HEARTBEAT if delivery.committed else COMMIT_AFTER)
        if due > 0:
            await asyncio.sleep(min(due, HEARTBEAT))  # committing brings the next beat forward
            continue
        opens = not delivery.committed
        beat.reset()
        await commit(exchange, delivery)
        if beat.feed is not None and beat.feed.is_reading:
            await delivery.write(PING)
        else:
            await delivery.write(exchange.begin() if opens else exchange.heartbeat())


def _in_a_message(_piece: bytes) -> bool:
    """See `Client.piece`, of a server that knows messages only."""
    return False


class Intake:
    """Reads the usual piece of an answer the moment it comes, without a turn of the task that waits.

    What takes longer is left to the task: a piece that is not light, a question, the end of the
    answer, the first words, which bring status and headers, and a client that is slow.
    """

    def __init__(self, exchange: Exchange, feed: Feed, delivery: Delivery, beat: Beat) -> None:
        self._feed = feed
        self._delivery = delivery
        self._piece = delivery.client.piece if delivery.client is not None else _in_a_message
        self._beat = beat
        self._clock = beat.clock
        self._answer = exchange.attempt.answer
        self._questions = exchange.waiting
        self._unread = b""
        self._unsaid = b""

    def take(self, piece: bytes) -> bool:
        """A piece of the provider's; False when the task has something to do."""
        feed = self._feed
        if feed.is_heavy or len(piece) > AT_ONCE:
            self._unread = piece
            return False
        data = feed.read(piece)
        if self._questions or self._answer.ended:
            self._unsaid = data
            return False
        if not data:
            return True
        self._beat.last = self._clock()
        if self._piece(data):
            return True
        if self._delivery.committed:
            return self._delivery.write_now(data)
        self._unsaid = data
        return False

    async def left(self) -> bytes:
        """What is to be said still, once what takes longer is done."""
        if self._delivery.unsent is not None:
            unsent, self._delivery.unsent = self._delivery.unsent, None
            await unsent
        unread, self._unread = self._unread, b""
        unsaid, self._unsaid = self._unsaid, b""
        return await self._feed.receive(unread) if unread else unsaid


def endless(is_held: bool) -> UpstreamEndless:
    """An answer is larger than any answer."""
    if is_held:
        return UpstreamEndless(
            f"The provider has sent more than {MOST_HELD} bytes of which nothing can be passed on.",
            bound="held",
        )
    return UpstreamEndless(
        f"The provider's answer has more than {MOST_READ} bytes.", bound="answer"
    )


class Feed:
    """Feeds an answer to its exchange: off the loop once much of it is held back.

    What is held back is a tool call, or a text that may be one, and comes to be read and repaired all
    at once; the other answers under way shall not wait for that.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._receive = exchange.attempt.receive
        self._held = 0
        self._read = 0
        self.is_heavy = False
        """Much of the answer has not been passed on."""
        self.is_reading = False
        """A thread is at work on the exchange, so nobody else may ask it for anything."""

    def read(self, chunk: bytes) -> bytes:
        """What the exchange has to say to some bytes, read here and now. Raises `UpstreamEndless`, too."""
        data = self._receive(chunk)
        self._read = read = self._read + len(chunk)
        if self._held or not data:
            self._hold(0 if data else self._held + len(chunk))
        if read > MOST_READ:
            raise endless(is_held=False)
        return data

    def _hold(self, size: int) -> None:
        self._held = size
        self.is_heavy = size > HELD
        if size > MOST_HELD:
            raise endless(is_held=True)

    async def receive(self, chunk: bytes) -> bytes:
        """The same, in a thread when much is held back already, or comes at once."""
        if self.is_heavy or len(chunk) > AT_ONCE:
            return await self._off_loop(lambda: self.read(chunk))
        return self.read(chunk)

    async def finish(self) -> bytes:
        """What it has to say at the end."""
        if self.is_heavy:
            return await self._off_loop(self._exchange.finish)
        return self._exchange.finish()

    async def _off_loop(self, read: Callable[[], bytes]) -> bytes:
        self.is_reading = True
        try:
            return await asyncio.to_thread(read)
        finally:
            self.is_reading = False
