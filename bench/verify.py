"""Whether an answer is right: whole text, tool inputs, stop reason, and every event in its place. No IO.

A system that is fast because it loses something is not fast.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.answers import TOOL, Answer
from bench.upstream import dechunked


def fault(response: bytes, expected: Answer, *, stream: bool) -> str | None:
    """What is wrong with a whole HTTP response; None for a right one."""
    head, separator, body = response.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not separator or status != [b"200"]:
        return f"status {b''.join(status).decode()}: {body[:200]!r}"
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        found = dechunked(body, 0)
        if found is None:
            return "the transfer encoding is cut"
        body = found[0]
    try:
        message = folded(body) if stream else json.loads(body)
    except ValueError as error:
        return str(error)
    return difference(message, expected)


def difference(message: Any, expected: Answer) -> str | None:
    """What a message says that was not meant; None for a right one."""
    if not isinstance(message, dict) or message.get("type") != "message":
        return f"no message: {str(message)[:200]}"
    blocks = message.get("content", [])
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = [(block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]
    if text != expected.text:
        return f"the text differs: {len(text)} characters for {len(expected.text)}: {text[-60:]!r}"
    if calls != [(TOOL, input) for input in expected.inputs]:
        return f"the tool calls differ: {str(calls)[:200]}"
    if message.get("stop_reason") != expected.stop_reason:
        return f"stop_reason {message.get('stop_reason')!r} for {expected.stop_reason!r}"
    return None


def folded(body: bytes) -> dict[str, Any]:
    """The message that a stream tells. Raises `ValueError` for a stream that breaks the protocol."""
    fold = _Fold()
    for event in events(body):
        fold.take(event)
    if not fold.is_stopped:
        raise ValueError("no message_stop")
    return fold.message


def events(body: bytes) -> Iterator[dict[str, Any]]:
    """The data of each event. Raises `ValueError`."""
    for line in body.splitlines():
        if line.startswith(b"data:"):
            event = json.loads(line[5:])
            if not isinstance(event, dict):
                raise ValueError(f"no event: {line[:100]!r}")
            yield event


class _Fold:
    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.is_stopped = False
        self._is_ending = False
        self._open: int | None = None
        self._json: list[str] = []

    def take(self, event: dict[str, Any]) -> None:
        type = str(event.get("type"))
        if type == "ping":
            return
        if self.is_stopped or (type == "message_start") == bool(self.message):
            raise ValueError(f"{type} out of place")
        handler = _HANDLERS.get(type)
        if handler is None:
            raise ValueError(f"{type}: {str(event)[:200]}")
        handler(self, event)

    def _start(self, event: dict[str, Any]) -> None:
        self.message = {**event["message"], "content": []}

    def _block_start(self, event: dict[str, Any]) -> None:
        blocks = self.message["content"]
        if self._is_ending or self._open is not None or event["index"] != len(blocks):
            raise ValueError(f"block {event['index']} starts out of place")
        self._open = event["index"]
        self._json = []
        blocks.append(dict(event["content_block"]))

    def _delta(self, event: dict[str, Any]) -> None:
        if event["index"] != self._open:
            raise ValueError(f"a delta for block {event['index']}, which is not open")
        block, delta = self.message["content"][-1], event["delta"]
        if delta["type"] == "text_delta":
            block["text"] += delta["text"]
        elif delta["type"] == "input_json_delta":
            self._json.append(delta["partial_json"])

    def _block_stop(self, event: dict[str, Any]) -> None:
        if event["index"] != self._open:
            raise ValueError(f"block {event['index']} ends, which is not open")
        self._open = None
        block = self.message["content"][-1]
        if block["type"] == "tool_use":
            block["input"] = json.loads("".join(self._json) or "{}")

    def _message_delta(self, event: dict[str, Any]) -> None:
        if self._open is not None:
            raise ValueError(f"block {self._open} is open when the message ends")
        self._is_ending = True
        self.message.update(event["delta"])

    def _stop(self, event: dict[str, Any]) -> None:
        if not self._is_ending:
            raise ValueError("no message_delta")
        self.is_stopped = True


_HANDLERS = {
    "message_start": _Fold._start,
    "content_block_start": _Fold._block_start,
    "content_block_delta": _Fold._delta,
    "content_block_stop": _Fold._block_stop,
    "message_delta": _Fold._message_delta,
    "message_stop": _Fold._stop,
}
