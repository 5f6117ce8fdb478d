"""An event stream of a provider, cut anywhere: read as the specification says, and nothing is lost.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from language import cut

from gateway.sse import BOM, Event, Splitter

ENDS = re.compile(rb"\r\n|\r|\n")


def law(data: bytes) -> None:
    """The first bytes say where the others are cut."""
    at, stream = cuts(data[:4]), data[4:]
    whole, pieces = read([stream]), read(cut(stream, at))
    assert pieces == whole, (pieces, whole)
    assert b"".join(event.raw for event in whole) == stream.removeprefix(BOM)
    assert [(event.name, event.data) for event in whole] == [*plainly(stream.removeprefix(BOM))]


def cuts(step: bytes) -> list[int]:
    """Places to cut at, as far apart as the bytes say."""
    places, at = list[int](), 0
    for width in step * 16:
        at += width % 37 + 1
        places.append(at)
    return places


def read(pieces: list[bytes]) -> list[Event]:
    """All events."""
    splitter = Splitter()
    found = [event for piece in pieces for event in splitter.feed(piece)]
    return [*found, *splitter.finish()]


def plainly(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and the data of the blocks, read once more in the plainest way."""
    name, data, is_block = b"", list[bytes](), False
    lines = ENDS.split(stream)
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        if line:
            field, _, value = line.partition(b":")
            value = value[1:] if value[:1] == b" " else value
            name = value if field == b"event" else name
            data += [value] if field == b"data" else []
            is_block = True
        if is_block and (is_last or not line):
            yield name, b"\n".join(data)
            name, data, is_block = b"", [], False
        elif not line and not is_last:
            yield b"", b""  # a blank line alone is a block of its own, which says nothing


def seeds() -> Iterator[bytes]:
    """Streams as servers write them."""
    yield b"\x03\x05\x07\x0b" + b'event: ping\ndata: {"type": "ping"}\n\ndata: [DONE]\n\n'
    yield b"\x01\x01\x01\x01" + BOM + b": comment\r\n\r\ndata:a\rdata: b\r\rid: 1\nretry: 5\n\n"
    yield b"\x02\x09\x01\x01" + "data: é\u2028x\n\ndata\n\nevent\n\n".encode()
