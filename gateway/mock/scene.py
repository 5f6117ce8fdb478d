"""One answer about to be played: what is said, in which format, framed how. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from gateway import json_text
from gateway.mock import http1
from gateway.mock.said import Said
from gateway.mock.wires import Wire

JSON_TYPE = "application/json"


class End(Enum):
    """How the mock ends a connection by itself."""

    CLOSE = "close"
    """In order: everything that was written arrives."""
    RESET = "reset"
    """By a reset, as a process that dies or a firewall does it."""


Act = bytes | float | End
"""Bytes are written, numbers are seconds of silence, an end is the last act."""

Script = Iterator[Act]
"""Acts of one answer. Where no end is among them, the connection serves the next request."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What of a scenario can be set."""

    silence: float = 300.0
    """Seconds of a silence."""
    drip: float = 0.02
    """Seconds before each byte of what comes byte by byte."""
    retry_after: int = 7
    """Seconds to wait that a refusal names."""
    large: int = 1_000_000
    """Bytes of what is large."""
    beat: float = 0.05
    """Seconds between what is well and what goes wrong within an answer, so that they come apart."""


@dataclass(frozen=True, slots=True)
class Scene:
    """See the module."""

    wire: Wire
    said: Said
    streams: bool
    knobs: Knobs
    key: str = ""
    """The credential that the request showed."""

    @property
    def type(self) -> str:
        """The content type of a success."""
        return self.wire.stream_type if self.streams else JSON_TYPE

    @property
    def first(self) -> list[bytes]:
        """The first half of what is said, in pieces."""
        told, _ = self._told()
        return list(told[: len(told) // 2])

    @property
    def second(self) -> list[bytes]:
        """The other half, in pieces."""
        told, _ = self._told()
        return list(told[len(told) // 2 :])

    @property
    def finish(self) -> list[bytes]:
        """The pieces that say that the answer is complete; a whole answer has none."""
        return list(self._told()[1])

    @property
    def all(self) -> list[bytes]:
        """Everything, in pieces."""
        told, finish = self._told()
        return [*told, *finish]

    def _told(self) -> tuple[Sequence[bytes], Sequence[bytes]]:
        if self.streams:
            streamed = self.wire.stream(self.said)
            return streamed.said, streamed.finish
        body = json_text.encode(self.wire.whole(self.said))
        return [body[: len(body) // 2], body[len(body) // 2 :]], []

    # -- the bytes around it --------------------------------------------------------------------

    def opening(self, length: int | None = None, **more: str) -> bytes:
        """Status and headers of a success: with a length, or in chunks."""
        frame = (
            {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
        )
        more = {name.replace("_", "-"): value for name, value in more.items()}
        return http1.head(200, {"content-type": self.type, **frame, **more})

    def framed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pieces of a body as they go out: in chunks where it is a stream."""
        return (http1.chunk(piece) if self.streams else piece for piece in pieces)

    def begun(self, pieces: list[bytes]) -> Iterator[bytes]:
        """The opening of an answer, and so much of it. Its length is that of the whole answer."""
        yield self.opening(None if self.streams else len(b"".join(self.all)))
        yield from self.framed(pieces)

    def complete(self, pieces: list[bytes], **more: str) -> Iterator[bytes]:
        """An answer of these pieces, which ends as HTTP wants it."""
        yield self.opening(None if self.streams else len(b"".join(pieces)), **more)
        yield from self.framed(pieces)
        if self.streams:
            yield http1.LAST

    def refusal(self, status: int, message: str, **headers: str) -> bytes:
        """An error in the words of the wire format."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json_text.encode(self.wire.refusal(status, message))
        return http1.whole(status, body, {"content-type": JSON_TYPE, **headers})
