"""Bytes on a socket of a running gateway: `python -m fuzz.wire SECONDS`.

Whatever is written, in whatever pieces: each answer is one by HTTP's grammar and never a 5xx, an error has
the protocol's form, the connection ends once the client has nothing more to say, and others are served.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

import httptools  # noqa: E402 - the path comes first
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: E402
from servers.process import answers  # noqa: E402

from fuzz import running  # noqa: E402
from fuzz.entrances.answers import TOOLS  # noqa: E402

PATIENCE = 20.0
"""Seconds in which a connection ends whose client says no more."""
ASK = json.dumps(
    {
        "model": "claude-x",
        "max_tokens": 20,
        "tools": TOOLS,
        "messages": [{"role": "user", "content": "Hi"}],
    }
).encode()

GOOD = (
    *(b"POST /v1/messages HTTP/1.1", b"POST /v1/messages/count_tokens HTTP/1.1"),
    *(b"GET /health HTTP/1.1", b"GET /v1/models HTTP/1.1", b"POST /admin/explain HTTP/1.1"),
    *(b"POST /mock:x/v1/messages?beta=true HTTP/1.1", b"GET /v1/stats HTTP/1.1", b"GET / HTTP/1.1"),
)
LINES = st.sampled_from(
    [
        *(b"POST /v1/messages HTTP/1.1", b"GET /health HTTP/1.1", b"HEAD / HTTP/1.1"),
        *(b"POST /v1/messages/count_tokens HTTP/1.1", b"GET /v1/models/mock:m HTTP/1.0"),
        *(
            b"POST /admin/explain HTTP/1.1",
            b"POST /admin/reload HTTP/1.1",
            b"GET /metrics HTTP/1.1",
        ),
        *(b"GET http://other.test/health HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"OPTIONS * HTTP/1.1"),
        *(b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", b"GET /%00%ff%0d%0aX:y HTTP/1.1"),
        *(
            b"GET /mock:m/v1/messages?a=%zz HTTP/1.1",
            b"GET / HTTP/9.9",
            b"PRI * HTTP/2.0",
            b"GET /",
        ),
        *(b"get /health http/1.1", b"GET  /health  HTTP/1.1", b"G\x00T / HTTP/1.1"),
        b"GET /" + b"a" * 9000 + b" HTTP/1.1",
    ]
) | st.binary(max_size=30)
HEADERS = st.sampled_from(
    [
        *(b"host: localhost", b"host: evil.test", b"host:", b"content-type: application/json"),
        *(b"content-length: %d" % len(ASK), b"content-length: 0", b"content-length: 5"),
        *(b"content-length: -1", b"content-length: 99999999999999999999", b"content-length: 1, 1"),
        *(b"content-length: 50000000", b"transfer-encoding: chunked", b"transfer-encoding: gzip"),
        *(b"Transfer-Encoding: chunked, identity", b"expect: 100-continue", b"connection: close"),
        *(
            b"connection: keep-alive",
            b"connection: upgrade",
            b"upgrade: websocket",
            b"te: trailers",
        ),
        *(b"upgrade: h2c", b"x-api-key: \xff\x00", b"authorization: Bearer", b"cookie: a=b"),
        *(b" folded: value", b"no colon", b": no name", b"x: " + b"y" * 20000, b"a b: c"),
        *(
            b"content-encoding: gzip",
            b"anthropic-version: 2023-06-01",
            b"x-claude-code-session-id: s",
        ),
        b"anthropic-beta: a,b",
    ]
) | st.binary(max_size=20)
BODIES = st.sampled_from(
    [
        *(
            ASK,
            ASK.replace(b"claude-x", b"forbidden"),
            ASK[:-1] + b', "stream": true}',
            b"{}",
            b"[]",
        ),
        *(b"", b"null", b"\xff", b'{"model":', b'"' * 3, b"[" * 5000, b'{"a":' * 3000),
        *(
            b"5\r\nhello\r\n0\r\n\r\n",
            b"ffffffffffffffff\r\n",
            b"-1\r\n",
            b"0\r\nX: y\r\n\r\n",
            b"5\r\nhel",
        ),
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(ASK), ASK),
    ]
) | st.binary(max_size=60)
NEWLINES = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])


@st.composite
def proper(draw: st.DrawFn) -> bytes:
    """A request that a client could send, with one header more."""
    body = draw(BODIES)
    head = [draw(LINES), b"host: localhost", b"content-length: %d" % len(body), draw(HEADERS)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@st.composite
def good(draw: st.DrawFn) -> bytes:
    """A request that a client does send."""
    body = draw(st.sampled_from([ASK, ASK[:-1] + b', "stream": true}', b"{}", ASK + b" " * 40_000]))
    line = draw(st.sampled_from(GOOD))
    chunked = draw(st.booleans()) and draw(st.booleans())
    head = [line, b"host: localhost", b"content-type: application/json"]
    head += [b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)]
    if chunked:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@st.composite
def improper(draw: st.DrawFn) -> bytes:
    """Something like a request."""
    newline = draw(NEWLINES)
    head = [draw(LINES), *draw(st.lists(HEADERS, max_size=6))]
    return newline.join(head) + newline * 2 + draw(BODIES)


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Requests behind each other on one connection, and where they are cut."""
    first = b"".join(draw(st.lists(good(), max_size=3)))
    said = first + b"".join(
        draw(st.lists(proper() | improper() | st.binary(max_size=40), max_size=2))
    )
    at = sorted(draw(st.lists(st.integers(0, max(len(said), 1)), max_size=4)))
    return [said[a:b] for a, b in zip([0, *at], [*at, len(said)], strict=True)]


class Answers:
    """Reads answers as a client does."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bodies: list[bytes] = []
        self.kinds: list[bytes] = []
        self.complete = 0
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Raises `httptools.HttpParserError` for what is no answer."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """An answer."""
        self.bodies.append(b"")
        self.kinds.append(b"")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        if name.lower() == b"content-type":
            self.kinds[-1] = value

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self.statuses.append(self._parser.get_status_code())

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        self.bodies[-1] += body

    def on_message_complete(self) -> None:
        """It is whole."""
        self.complete += 1


def asked(port: int, pieces: Sequence[bytes]) -> Answers:
    """What is answered until the connection ends. Raises `TimeoutError` when it does not."""
    heard = Answers()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                line.sendall(piece)
                time.sleep(0.001 if len(pieces) > 1 else 0)
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the gateway has heard enough
        try:
            is_head = any(method in b"".join(pieces) for method in (b"HEAD", b"CONNECT"))
            while data := line.recv(65536):
                if not is_head:  # whose answers announce a body that does not come
                    heard.feed(data)
        except ConnectionError:
            pass  # it does not wait until all that it does not read has come
    return heard


def judge(heard: Answers) -> int:
    """The laws; how many errors were not in JSON."""
    plain = 0
    for status, kind, body in zip(heard.statuses, heard.kinds, heard.bodies, strict=False):
        assert status < 500, (status, body)
        if status >= 400 and kind.startswith(b"application/json"):
            told: Any = json.loads(body)
            assert told["type"] == "error", told
            assert told["error"].keys() >= {"type", "message"}, told
        elif status >= 400:
            plain += 1
    return plain


def main(seconds: float) -> int:
    """Prints the figures; 1 if something did not hold."""
    counts = {"connections": 0, "answers": 0, "plain errors": 0}
    with running.gateway("wire") as gateway:
        port = int(gateway.url.rpartition(":")[2])
        end = time.monotonic() + seconds

        @settings(
            max_examples=300,
            deadline=None,
            database=DirectoryBasedExampleDatabase(running.CACHE / "examples"),
            suppress_health_check=list(HealthCheck),
            phases=(Phase.reuse, Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
        )
        @given(conversations())
        def law(pieces: list[bytes]) -> None:
            if time.monotonic() > end:
                return
            heard = asked(port, pieces)
            counts["connections"] += 1
            counts["answers"] += len(heard.statuses)
            counts["plain errors"] += judge(heard)

        failure = None
        while failure is None and time.monotonic() < end:
            try:
                law()
                assert answers(f"{gateway.url}/health"), "others are not served"
            except Exception as error:
                failure = error
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
                sys.stderr.write("\n".join(getattr(error, "__notes__", ())) + "\n")
        found = running.bugs(gateway)
    for line in found:
        sys.stderr.write(f"{line[:2000]}\n")
    hang = isinstance(failure, TimeoutError)
    server = isinstance(failure, AssertionError)
    print(
        json.dumps(
            {
                "executions": counts["connections"],
                "crashes": len(found) + (failure is not None and not hang and not server),
                "hangs": int(hang),
                "server_errors": int(server),
                "note": f"{counts['answers']} answers, {counts['plain errors']} errors without JSON",
            }
        )
    )
    return 1 if failure or found else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
