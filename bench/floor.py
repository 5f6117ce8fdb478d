"""The least that a proxy in Python does: the floors of every comparison. Not products.

`translate` turns Anthropic messages into chat completions and back with nothing else: bare ASGI on
uvicorn, one client session, a fast JSON library on both sides, text only, no rules, no checks; events
that came together leave together. `digest` does not even that: it reads a body, hashes it, and gives a
prepared answer.

Run as `python -m uvicorn bench.floor:translate`, with the upstream's address in BENCH_UPSTREAM.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import lru_cache
from typing import Any

import aiohttp
import msgspec

from bench import answers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_encode, _decode = msgspec.json.encode, msgspec.json.decode
_JSON = [(b"content-type", b"application/json")]
_EVENTS = [(b"content-type", b"text/event-stream")]
_FRAME = {
    "id": "msg_f",
    "type": "message",
    "role": "assistant",
    "model": "floor",
    "stop_sequence": None,
}
_BEGIN = b"event: message_start\ndata: %b\n\nevent: content_block_start\ndata: %b\n\n" % (
    _encode(
        {
            "type": "message_start",
            "message": {
                **_FRAME,
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": 0, "output_tokens": 0},
            },
        }
    ),
    _encode(
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        }
    ),
)
_DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%b}}\n\n'
)
_FINISH = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
    b'"stop_sequence":null},"usage":{"output_tokens":%d}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def chat_request(asked: dict[str, Any]) -> bytes:
    """The request as chat completions."""
    messages: list[dict[str, Any]] = []
    if system := asked.get("system"):
        messages.append({"role": "system", "content": _joined(system)})
    for message in asked["messages"]:
        messages += _turned(message["role"], message["content"])
    out = {"model": asked["model"], "max_tokens": asked["max_tokens"], "messages": messages}
    if tools := asked.get("tools"):
        out["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["input_schema"],
                },
            }
            for tool in tools
        ]
    if asked.get("stream"):
        out |= {"stream": True, "stream_options": {"include_usage": True}}
    return _encode(out)


def _turned(role: str, content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"role": role, "content": content}
        return
    texts, calls = [], []
    for block in content:
        type = block["type"]
        if type == "text":
            texts.append(block["text"])
        elif type == "tool_result":
            result = _joined(block["content"])
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": result}
        elif type == "tool_use":
            function = {"name": block["name"], "arguments": _encode(block["input"]).decode()}
            calls.append({"id": block["id"], "type": "function", "function": function})
    if texts or calls:
        out: dict[str, Any] = {"role": role, "content": "\n".join(texts)}
        yield {**out, "tool_calls": calls} if calls else out


def _joined(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


async def read(receive: Receive) -> bytes:
    """The body of a request."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def reply(send: Send, body: bytes, headers: list[tuple[bytes, bytes]] = _JSON) -> None:
    """A response in one piece."""
    length = (b"content-length", b"%d" % len(body))
    start = {"type": "http.response.start", "status": 200, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class Translate:
    """The ASGI application."""

    def __init__(self) -> None:
        self._url = os.environ.get("BENCH_UPSTREAM", "http://127.0.0.1:1") + "/v1/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        if scope["method"] != "POST":
            await reply(send, b"{}")
            return
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=jar, auto_decompress=False, read_bufsize=2**18
            )
        asked = _decode(await read(receive))
        headers = {"content-type": "application/json"}
        data = chat_request(asked)
        async with self._session.post(self._url, data=data, headers=headers) as response:
            if asked.get("stream"):
                await _stream(response, send)
            else:
                await reply(send, _whole(_decode(await response.read())))


def _whole(said: dict[str, Any]) -> bytes:
    usage = said["usage"]
    text = said["choices"][0]["message"]["content"]
    counts = {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}
    content = [{"type": "text", "text": text}]
    return _encode({**_FRAME, "content": content, "stop_reason": "end_turn", "usage": counts})


async def _stream(response: aiohttp.ClientResponse, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _EVENTS})
    await send({"type": "http.response.body", "body": _BEGIN, "more_body": True})
    rest, used = b"", 0
    async for data in response.content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        out = []
        for line in lines:
            if not line.startswith(b"data: {"):
                continue
            said = _decode(line[6:])
            if choices := said["choices"]:
                if text := choices[0]["delta"].get("content"):
                    out.append(_DELTA % _encode(text))
            else:
                used = said["usage"]["completion_tokens"]
        if out:
            await send({"type": "http.response.body", "body": b"".join(out), "more_body": True})
    await send({"type": "http.response.body", "body": _FINISH % used, "more_body": False})


async def digest(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads and hashes, and answers what was asked for from prepared bytes."""
    if scope["type"] != "http":
        await _lifespan(receive, send)
        return
    body = await read(receive)
    if not body:
        await reply(send, b"{}")
        return
    digest = (b"x-digest", hashlib.blake2b(body, digest_size=16).hexdigest().encode())
    streams = body.endswith(b'"stream":true}')
    kind = _EVENTS if streams else _JSON
    await reply(send, _prepared(body[:200], streams=streams), [*kind, digest])


@lru_cache(maxsize=64)
def _prepared(head: bytes, *, streams: bool) -> bytes:
    answer = answers.asked_for(head)
    if not streams:
        return answers.message_whole(answer)
    return b"".join(answers.message_events(answer))


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


translate = Translate()
