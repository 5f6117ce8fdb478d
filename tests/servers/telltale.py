"""A provider, and a proxy, that repeats whatever it is shown: in bodies, in headers, within streams.

The first segment of the path says how it answers; see `ANSWERS`. A request for a whole address (a proxy is
asked so) is refused with 502 in the same way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

EVENTS = "text/event-stream"


def shown(headers: list[tuple[str, str]]) -> list[str]:
    """What it was shown that may be a secret: values of headers, with and without their scheme."""
    values = [value for name, value in headers if name.lower() not in ("host", "content-length")]
    return [*values, *(value.partition(" ")[2] for value in values if " " in value)]


def ways(text: str) -> list[str]:
    """A text as different servers repeat it."""
    encoded = base64.b64encode(f"user:{text}".encode()).decode()
    return [text, quote(text, safe=""), json.dumps(text), encoded, f"{text[:4]}...{text[-4:]}"]


class Telltale(BaseHTTPRequestHandler):
    """See the module."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        told = shown(self.headers.items())
        if not self.path.startswith("/"):
            self.answer(502, "text/html", f"<h1>{self.path}</h1>{[ways(text) for text in told]}")
            return
        name = self.path.split("/")[1]
        ANSWERS.get(name, refuse(500))(self, told)

    do_CONNECT = do_POST

    def answer(self, status: int, kind: str, body: str, *, cut: bool = False) -> None:
        """A whole answer, whose headers repeat too; one that is `cut` announces more than comes."""
        raw = body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw) + cut))
        for number, value in enumerate(shown(self.headers.items())):
            self.send_header(f"anthropic-echo-{number}", value)
            self.send_header("set-cookie", f"k={value}")
            self.send_header("request-id", value)
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = cut

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


Answers = Callable[[Telltale, list[str]], None]


def refuse(status: int) -> Answers:
    """An error that repeats, in a form that every dialect reads."""

    def answer(to: Telltale, told: list[str]) -> None:
        words = "; ".join(f"refused {way}" for text in told for way in ways(text))
        error = {
            "type": "authentication_error",
            "message": words,
            "code": "x",
            "param": {"headers": told},
        }
        to.answer(status, "application/json", json.dumps({"type": "error", "error": error}))

    return answer


def plainly(status: int, kind: str) -> Answers:
    """An error that is no JSON."""

    def answer(to: Telltale, told: list[str]) -> None:
        lines = "\n".join(f"{name}: {value}" for name, value in to.headers.items())
        to.answer(status, kind, f"Request:\n{to.path}\n{lines}\n" + "\n".join(told))

    return answer


def failing_stream(to: Telltale, told: list[str]) -> None:
    """A stream of Anthropic's or of the chat format that breaks off with an error after its first words."""
    error = {"type": "error", "error": {"type": "api_error", "message": " and ".join(told)}}
    if to.path.endswith("/messages"):
        message = {"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {}}
        block = {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        }
        delta = {"type": "text_delta", "text": "Hello"}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": message},
            block,
            {"type": "content_block_delta", "index": 0, "delta": delta},
            error,
        ]
        body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    else:
        chunks: list[Any] = [{"choices": [{"delta": {"content": "Hello"}}]}, error]
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    to.answer(200, EVENTS, body)


ANSWERS: dict[str, Answers] = {
    "e401": refuse(401),
    "e403": refuse(403),
    "e429": refuse(429),
    "e500": refuse(500),
    "e529": refuse(529),
    "page": plainly(502, "text/html"),
    "text": plainly(400, "text/plain"),
    "success-page": plainly(200, "text/html"),
    "moved": plainly(307, "text/plain"),
    "stream": failing_stream,
    "cut": lambda to, told: to.answer(200, EVENTS, "data: {", cut=True),
}
"""First segment of the path -> the answer."""


@contextmanager
def telltale() -> Iterator[str]:
    """The server, on loopback; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Telltale)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="telltale")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
