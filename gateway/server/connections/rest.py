"""The rest of a body whose length is known, read past the parser."""

from __future__ import annotations

import asyncio
from typing import Any

FIRST, NEXT = 256 * 1024, 1024 * 1024
"""Bytes of the first piece of memory for the rest of a body, and of the others: what a client announces
is not what it sends."""


class Rest(asyncio.BufferedProtocol):
    """The rest of a body, `left` bytes: the event loop writes them where they stay."""

    def __init__(self, http: Any, cycle: Any, left: int) -> None:
        self._http = http
        self._cycle = cycle
        self._left = left
        self._begin(FIRST)

    def _begin(self, size: int) -> None:
        self._piece = bytearray(min(size, self._left))
        self._free = memoryview(self._piece)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes belong: never room for more than those of this body."""
        return self._free

    def buffer_updated(self, nbytes: int) -> None:
        """So many have come."""
        self._http.data_came(nbytes)
        self._free = self._free[nbytes:]
        if self._free:
            return
        self._left -= len(self._piece)
        self._cycle.take(self._piece)
        if self._left:
            self._begin(NEXT)
        else:
            self._http.body_is_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """In the middle of the body."""
        self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        """An early answer that the client does not read."""
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._http.resume_writing()
