"""The scripted upstream: every wire format on one loopback port.

    .../chat/completions                 whole or streamed
    .../responses                        whole or streamed
    .../models/NAME:generateContent      whole, or as `:streamGenerateContent` streamed
    .../api/chat                         whole or streamed (Ollama)
    .../v1/messages                      whole or streamed
    .../v1/messages/count_tokens         a number
    .../ollama/v1/messages               whole or streamed, as Ollama does it, which cannot count

What it says comes from `plays`, how it fails from `faults`. It keeps every request with the protocol
faults it noticed and with how the answer ended, and the state that its answers handed out.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Self

from aiohttp import web

from servers import (
    chat_check,
    chat_wire,
    faults,
    gemini_check,
    gemini_wire,
    messages_wire,
    ollama_check,
    ollama_wire,
    planting,
    plays,
    responses_check,
    responses_wire,
)
from servers.error_answers import ErrorAnswer
from servers.wire import Asked, Format, Issued, Received, Usage

MAX_BODY = 64 * 1024 * 1024
START_SECONDS = 10.0

FORMATS: Mapping[str, Format] = {
    r"/chat/completions": Format(
        turns=chat_wire.turns,
        offered=chat_wire.offered,
        answer=chat_wire.Completion,
        error=chat_wire.error,
        midstream_error=chat_wire.MIDSTREAM_ERROR,
        check=chat_check.check,
        refusal=chat_wire.refusal,
    ),
    r"/responses": Format(
        turns=responses_wire.turns,
        offered=responses_wire.offered,
        answer=responses_wire.answer,
        error=responses_wire.error,
        midstream_error=responses_wire.MIDSTREAM_ERROR,
        check=responses_check.check,
    ),
    r"/models/(?P<model>[^/:]+):(?P<stream>streamG|g)enerateContent": Format(
        turns=gemini_wire.turns,
        offered=gemini_wire.offered,
        answer=gemini_wire.Generated,
        error=gemini_wire.error,
        midstream_error=gemini_wire.MIDSTREAM_ERROR,
        check=gemini_check.check,
    ),
    r"/api/chat": Format(
        turns=ollama_wire.turns,
        offered=ollama_wire.offered,
        answer=ollama_wire.ChatAnswer,
        error=ollama_wire.error,
        midstream_error=ollama_wire.MIDSTREAM_ERROR,
        check=ollama_check.check,
        content_type=ollama_wire.CONTENT_TYPE,
    ),
    r"/ollama/v1/messages": Format(
        turns=messages_wire.turns,
        offered=messages_wire.offered,
        answer=messages_wire.ollama_message,
        error=messages_wire.error,
        midstream_error=messages_wire.MIDSTREAM_ERROR,
        check=messages_wire.ollama_check,
        refusal=messages_wire.ollama_refusal,
    ),
    r"/v1/messages": Format(
        turns=messages_wire.turns,
        offered=messages_wire.offered,
        answer=messages_wire.Message,
        error=messages_wire.error,
        midstream_error=messages_wire.MIDSTREAM_ERROR,
        check=messages_wire.check,
    ),
}
"""The end of a path -> its format; the first that fits. Formats without a model in the path name it
in the body."""


class Upstream:
    """The server, in a thread of its own; use it as a context manager."""

    def __init__(self, port: int = 0) -> None:
        """Without a port it takes a free one."""
        self.requests: list[Received] = []
        self.issued = Issued()
        self.port = port
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
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=512)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = json.loads(raw) if raw else {}
        received = Received(request.path, request.query_string, headers, raw, body)
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
        path = request.path
        if path.endswith("/v1/messages/count_tokens") and "/ollama/" not in path:
            return web.json_response({"input_tokens": messages_wire.count(received.body)})
        found = _format(path) if request.method == "POST" else None
        if found is None:
            return web.json_response({"error": {"message": f"no such path: {path}"}}, status=404)
        form, place = found
        asked = self._asked(received, form, place)
        received.faults = form.check(received, self.issued)
        await self._wait(received, asked.faults.stall)
        refused = _refusal(asked, form)
        if refused is not None and refused.events and received.streams:
            return await self._stream(request, received, refused.events, form=form, asked=asked)
        if refused is not None:
            return _error(form, refused, received)
        before = len(self.issued.hidden)
        answer = form.answer(asked)
        said = answer.events() if received.streams else answer.whole()
        received.handed_out = tuple(self.issued.hidden[before:])
        if isinstance(said, list):
            return await self._stream(request, received, said, form=form, asked=asked)
        await self._wait(received, asked.faults.hold)
        return web.json_response(said, headers=planting.repeated(received.headers))

    def _asked(self, received: Received, form: Format, place: re.Match[str]) -> Asked:
        """Read the request, and note what it asks for in the record."""
        body, named = received.body, place.groupdict()
        model = named.get("model") or body["model"]
        asked = faults.read(model, received.path)
        received.model = model.partition("+")[0]
        stream = named.get("stream")
        received.streams = bool(body.get("stream")) if stream is None else stream == "streamG"
        received.tools = frozenset(form.offered(body))
        turns = form.turns(body)
        step = plays.step(turns)
        return Asked(body, received.model, step, Usage.of(len(turns), step), asked, self.issued)

    async def _stream(
        self,
        request: web.Request,
        received: Received,
        events: Sequence[bytes],
        *,
        form: Format,
        asked: Asked,
    ) -> web.StreamResponse:
        repeated = planting.repeated(received.headers)
        response = web.StreamResponse(headers={"content-type": form.content_type, **repeated})
        await response.prepare(request)
        pieces = _cut(events, asked.faults.piece)
        for index, piece in enumerate(pieces):
            if index == len(pieces) // 2:
                await self._wait(received, asked.faults.hold)
                if "error-chunk" in asked.faults:
                    await response.write(form.midstream_error)
                    break
                if "cut" in asked.faults and request.transport is not None:
                    received.ending = "cut"
                    request.transport.abort()
                    break
            if asked.faults.slow:
                await asyncio.sleep(asked.faults.slow)
            await response.write(piece)
        return response

    async def _wait(self, received: Received, gate: str | None) -> None:
        if gate is not None:
            received.waits = True
            await self._gate(gate).wait()


def _format(path: str) -> tuple[Format, re.Match[str]] | None:
    for end, form in FORMATS.items():
        if (place := re.search(end + "$", path)) is not None:
            return form, place
    return None


def _refusal(asked: Asked, form: Format) -> ErrorAnswer | None:
    """The error that the request asked for, or that this server has to say."""
    if asked.faults.error is None:
        return form.refusal(asked)
    now = plays.progress(form.turns(asked.body))
    fits = now.sums_up or now.play == plays.COMPACTED or now.taken < asked.faults.late
    return None if asked.faults.late and fits else asked.faults.error


def _error(form: Format, given: ErrorAnswer, received: Received) -> web.Response:
    body = dict(given.body) if given.body is not None else form.error(given)
    repeated = planting.repeated(received.headers)
    if repeated:
        body = {**body, "shown": repeated}
    return web.json_response(body, status=given.status, headers={**given.headers, **repeated})


def _cut(events: Sequence[bytes], length: int) -> list[bytes]:
    """The events as they are, or their bytes in pieces of `length`."""
    if not length:
        return list(events)
    whole = b"".join(events)
    return [whole[at : at + length] for at in range(0, len(whole), length)]
