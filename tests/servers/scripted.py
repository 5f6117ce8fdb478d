"""The scripted upstream: chat completions and Anthropic messages on one loopback port.

    .../chat/completions             whole or streamed
    .../v1/messages                  whole or streamed
    .../v1/messages/count_tokens     a number

What it says comes from `plays`, how it fails from `faults`. It keeps every request with the protocol
faults it noticed and with how the answer ended.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

from aiohttp import web

from servers import chat_check, chat_wire, faults, messages_wire, plays
from servers.chat_wire import Usage
from servers.faults import ErrorAnswer, Faults

MAX_BODY = 64 * 1024 * 1024
START_SECONDS = 10.0

Ending = Literal["open", "done", "cut", "gone"]
"""`gone`: the other side closed the connection before the answer was complete."""


@dataclass(slots=True)
class Received:
    """One request, and what became of its answer."""

    path: str
    headers: Mapping[str, str]
    """Lower-case names."""
    raw: bytes
    body: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    """Protocol faults of a chat completions request."""
    ending: Ending = "open"


class Answer(Protocol):
    """A step in a wire format."""

    def whole(self) -> dict[str, Any]: ...

    def events(self) -> list[bytes]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """What the server needs to know of a wire format."""

    answer: Callable[[dict[str, Any], Faults], Answer]
    error: Callable[[ErrorAnswer], dict[str, Any]]
    midstream_error: bytes
    check: Callable[[dict[str, Any]], list[str]]


def _completion(body: dict[str, Any], asked: Faults) -> Answer:
    step = plays.step(chat_wire.turns(body))
    return chat_wire.Completion(
        step,
        body["model"],
        usage=Usage.of(len(body["messages"]), step),
        faults=asked,
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _message(body: dict[str, Any], asked: Faults) -> Answer:
    step = plays.step(messages_wire.turns(body))
    return messages_wire.Message(
        step,
        body["model"],
        usage=Usage.of(len(body["messages"]), step),
        faults=asked,
        thinks=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
    )


FORMATS: dict[str, Format] = {
    "/chat/completions": Format(
        _completion, chat_wire.error, chat_wire.MIDSTREAM_ERROR, chat_check.faults
    ),
    "/v1/messages": Format(
        _message, messages_wire.error, messages_wire.MIDSTREAM_ERROR, lambda body: []
    ),
}


class Upstream:
    """The server, in a thread of its own; use it as a context manager."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.port = 0
        self._gates: dict[str, asyncio.Event] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="scripted-upstream")

    @property
    def url(self) -> str:
        """Base URL of the Anthropic format; the chat format's ends with `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    def about(self, word: str) -> list[Received]:
        """The requests whose body holds an ASCII word, in the order they came."""
        return [received for received in self.requests if word.encode() in received.raw]

    def open(self, gate: str) -> None:
        """Let the answers that wait at a gate go on; later ones do not wait at it."""
        self._loop.call_soon_threadsafe(self._gate(gate).set)

    def shut(self, gate: str) -> None:
        """Make later answers wait at a gate (it starts shut)."""
        self._loop.call_soon_threadsafe(self._gate(gate).clear)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError("the scripted upstream did not start")
        return self

    def __exit__(self, *_: object) -> None:
        for gate in list(self._gates):
            self.open(gate)
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _gate(self, name: str) -> asyncio.Event:
        return self._gates.setdefault(name, asyncio.Event())

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.path, headers, raw, json.loads(raw) if raw else {})
        self.requests.append(received)
        try:
            response = await self._answer(request, received)
        except asyncio.CancelledError:
            received.ending = "gone"
            raise
        except ConnectionResetError:
            received.ending = "gone"
            return web.Response()
        if received.ending == "open":
            received.ending = "done"
        return response

    async def _answer(self, request: web.Request, received: Received) -> web.StreamResponse:
        body, path = received.body, request.path
        if path.endswith("/v1/messages/count_tokens"):
            return web.json_response({"input_tokens": messages_wire.count(body)})
        form = next((form for end, form in FORMATS.items() if path.endswith(end)), None)
        if form is None or request.method != "POST":
            return web.json_response({"error": {"message": f"no such path: {path}"}}, status=404)
        received.faults = form.check(body)
        asked = faults.read(body["model"], path)
        if asked.error is not None:
            return web.json_response(
                form.error(asked.error), status=asked.error.status, headers=asked.error.headers
            )
        answer = form.answer(body, asked)
        if body.get("stream"):
            return await self._stream(request, received, answer.events(), form=form, asked=asked)
        await self._wait(asked)
        return web.json_response(answer.whole())

    async def _stream(
        self,
        request: web.Request,
        received: Received,
        events: list[bytes],
        *,
        form: Format,
        asked: Faults,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        pieces = _cut(events, asked.piece)
        for index, piece in enumerate(pieces):
            if index == len(pieces) // 2:
                await self._wait(asked)
                if "error-chunk" in asked:
                    await response.write(form.midstream_error)
                    break
                if "cut" in asked and request.transport is not None:
                    received.ending = "cut"
                    request.transport.abort()
                    break
            if asked.slow:
                await asyncio.sleep(asked.slow)
            await response.write(piece)
        return response

    async def _wait(self, asked: Faults) -> None:
        if asked.hold is not None:
            await self._gate(asked.hold).wait()


def _cut(events: Sequence[bytes], length: int) -> list[bytes]:
    """The events as they are, or their bytes in pieces of `length`."""
    if not length:
        return list(events)
    whole = b"".join(events)
    return [whole[at : at + length] for at in range(0, len(whole), length)]
