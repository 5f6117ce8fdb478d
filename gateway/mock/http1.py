"""The bytes around an answer: status, headers, chunks. No IO.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

LAST = b"0\r\n\r\n"
"""The chunk that says that the body is complete."""

PHRASES: Mapping[int, str] = {
    **{status.value: status.phrase for status in HTTPStatus},
    529: "Overloaded",
}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Everything before the body."""
    lines = [f"HTTP/1.1 {status} {PHRASES.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """A piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    """An answer whose length is said."""
    return head(status, {**headers, "content-length": str(len(body))}) + body
