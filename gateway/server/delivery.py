"""The response side of one request: what was sent, and what can still be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, MutableMapping
from functools import partial
from itertools import repeat
from typing import Any

from gateway.errors import GatewayError
from gateway.pipeline import shown
from gateway.server.paths import Send

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"

BODY_FOLLOWS = "gateway.body_follows"
"""Key of an ASGI message: the body comes at once, so that the head can go out with it. A server that does
not know it sends the head by itself."""


class Client(ABC):
    """A server's `send` that can do more than be called: it saves what it takes to say that in messages."""

    gone: Callable[[], None] | None = None
    """Is called when the client leaves."""

    def whole_body(self) -> bytes | None:
        """Takes the body of the request, if it has come and nobody has taken any of it; None where it has
        to be received."""
        return None

    @abstractmethod
    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """As any server's."""

    @abstractmethod
    def at_once(
        self, status: int, headers: Mapping[str, str], body: bytes, content_type: str
    ) -> bool:
        """Sends a complete response. False: messages have to say this one."""

    @abstractmethod
    def piece(self, data: bytes) -> bool:
        """Sends a piece of a response that has begun. False: messages have to say it."""

    @abstractmethod
    def when_gone(self, call: Callable[[], None]) -> bool:
        """Sets `gone`. False: nobody will call it, since the client has left already."""


class _Sent:
    """Nothing to wait for."""

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield


SENT = _Sent()
"""What a server's `send` returns that has sent already: what it takes to make a coroutine is saved."""


class Resumed:
    """A coroutine that was begun outside of a task: awaiting it goes on where it stopped."""

    def __init__(self, begun: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        """Waits for what the coroutine waits for, and hands on what comes of it."""
        waits_for = self._waits_for
        while True:
            try:
                came = yield waits_for
            except BaseException as error:
                step = partial(self._begun.throw, error)
            else:
                step = partial(self._begun.send, came)
            try:
                waits_for = step()
            except StopIteration:
                return


class Delivery:
    """Status and headers go out with the first bytes; until then they can change.

    Ending without `end` cuts the connection: the client then knows that the answer is incomplete, and
    the official ones ask again.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.client = send if isinstance(send, Client) else None
        """Who can be told at once, and tells."""
        self.committed = False
        self.unsent: Awaitable[None] | None = None
        """What `write_now` could not send at once."""
        self.ended = False
        self.status = 0

    async def start(self, status: int, headers: Mapping[str, str], content_type: str) -> None:
        """Commits to a status. What is said next is said at once."""
        names = map(str.encode, headers, repeat("ascii"))
        values = map(str.encode, headers.values(), repeat("latin-1"), repeat("replace"))
        raw = [(b"content-type", content_type.encode("ascii")), *zip(names, values, strict=True)]
        self.committed = True
        self.status = status
        await self._send(
            {"type": "http.response.start", "status": status, "headers": raw, BODY_FOLLOWS: True}
        )

    async def write(self, data: bytes) -> None:
        """Sends a piece."""
        if data and not self.ended:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def write_now(self, data: bytes) -> bool:
        """Sends a piece without a task's turn. False: the client is slow, await `unsent` before more."""
        if not data or self.ended or (self.client is not None and self.client.piece(data)):
            return True
        message = {"type": "http.response.body", "body": data, "more_body": True}
        sending = self._send(message)
        if sending is SENT:
            return True
        if not isinstance(sending, Coroutine):
            self.unsent = sending
            return False
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return True
        self.unsent = Resumed(sending, waits_for)
        return False

    async def end(self, data: bytes = b"") -> None:
        """Sends the last piece."""
        if not self.ended:
            self.ended = True
            await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def whole(
        self, status: int, headers: Mapping[str, str], body: bytes, content_type: str = JSON
    ) -> None:
        """A complete response."""
        if self.client is not None:
            self.committed = self.ended = True
            self.status = status
            if self.client.at_once(status, headers, body, content_type):
                return
            self.committed = self.ended = False
        await self.start(status, {**headers, "content-length": str(len(body))}, content_type)
        await self.end(body)

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Sends what somebody else has to say, for whom this is a server's `send`."""
        self.committed = True
        return self._send(message)

    async def error(self, error: GatewayError, headers: Mapping[str, str]) -> None:
        """The response to a failed request. Only before anything else was sent."""
        request_id = headers.get("request-id")
        told = shown({**headers, **error.headers})
        await self.whole(error.status, told, error.body(request_id))
