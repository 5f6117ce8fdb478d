"""A client's request, read off its bytes: as much of HTTP/1.1 as clients of models send. No IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 256 * 1024 * 1024
"""Bytes; images are large."""

END = b"\r\n\r\n"
_START = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]")


class BadRequest(Exception):
    """The bytes are no request that is understood; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """See the module."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def key(self) -> str:
        """The credential that it shows, wherever."""
        for name in ("x-api-key", "x-goog-api-key"):
            if name in self.headers:
                return self.headers[name]
        return self.headers.get("authorization", "").removeprefix("Bearer ")


def taken(buffer: bytearray) -> Request | None:
    """The first request of the buffer, which is taken out of it; None while it is not whole.

    Raises `BadRequest`.
    """
    end = buffer.find(END)
    if end < 0:
        if buffer and not buffer[:1].isalpha():
            raise BadRequest(400)  # such as TLS, which would wait for an answer
        if len(buffer) > LARGEST_HEAD:
            raise BadRequest(431)
        return None
    start, *lines = buffer[:end].decode("latin-1").split("\r\n")
    if (match := _START.fullmatch(start)) is None:
        raise BadRequest(400)
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if "transfer-encoding" in headers:
        raise BadRequest(411)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise BadRequest(413)
    whole = end + len(END) + int(length)
    if len(buffer) < whole:
        return None
    body = bytes(buffer[end + len(END) : whole])
    del buffer[:whole]
    return Request(match[1], match[2], headers, body)
