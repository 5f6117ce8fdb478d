"""The built-in provider: answers, in the client's own format, what was routed where and why.

It stands behind the same seam as a real server, so that a gateway without any key or network still
takes a request through every stage.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from gateway import json_text
from gateway.messages import Emitter, EventWriter, MessageWriter, Usage

PIECE = 24
"""Characters of one streamed piece."""


class Pieces(httpx.AsyncByteStream):
    """A body in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class MockTransport(httpx.AsyncBaseTransport):
    """Answers `POST mock://answers/v1/messages`."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A text that tells the decision; streamed if the request asks for it."""
        body: dict[str, Any] = json_text.decode(request.content)
        account = json_text.decode(unquote_to_bytes(request.headers.get("x-gateway-route", "{}")))
        text = explanation(account, asked=len(request.content))
        usage = Usage(input=len(request.content) // 4, output=len(text) // 4)
        if not body.get("stream"):
            whole = MessageWriter()
            _say(Emitter(whole, model=str(body.get("model"))), text, usage)
            pieces, kind = [json_text.encode(whole.message)], "application/json"
        else:
            writer = EventWriter()
            pieces = _streamed(Emitter(writer, model=str(body.get("model"))), writer, text, usage)
            kind = "text/event-stream"
        return httpx.Response(200, headers={"content-type": kind}, stream=Pieces(pieces))


def _say(emitter: Emitter, text: str, usage: Usage) -> None:
    emitter.text(text)
    emitter.usage(usage)
    emitter.finish("end_turn")


def _streamed(emitter: Emitter, writer: EventWriter, text: str, usage: Usage) -> list[bytes]:
    pieces = []
    for at in range(0, len(text), PIECE):
        emitter.text(text[at : at + PIECE])
        pieces.append(writer.take())
    emitter.usage(usage)
    emitter.finish("end_turn")
    return [*pieces, writer.take()]


def explanation(account: dict[str, Any], *, asked: int) -> str:
    """The answer's text. `asked` is the size of the request in bytes."""
    lines = [
        "This is the gateway's built-in mock provider; no model was asked.",
        f"Target: {account.get('target', 'mock')} (chosen by {account.get('reason', 'nobody')}).",
    ]
    lines += [
        f"Rule {rule} did not match: {condition}." for rule, condition in account.get("skipped", ())
    ]
    if transforms := account.get("transforms"):
        lines.append(f"Transforms applied: {', '.join(transforms)}.")
    if variable := account.get("missing_key"):
        lines.append(f"To reach the target, set {variable} and ask again.")
    lines.append(f"The request had {asked:,} bytes after the transforms.")
    return "\n".join(lines)
