"""Laws of event streams: no byte is lost, and cuts do not matter."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import cut
from strategies import points

from gateway import sse
from gateway.sse import Event, EventTooLarge, Splitter

BOM = b"\xef\xbb\xbf"

lines = st.one_of(
    st.sampled_from(
        [
            b"",
            b"data: a",
            b"data:b",
            b"data:  c",
            b"data",
            b"event: x",
            b"event",
            b": note",
            b"id: 1",
        ]
    ),
    st.builds(
        lambda text: b"data: " + text.encode(), st.text("a\u2028é:{\x85\x0b\x1c", max_size=5)
    ),
    st.binary(max_size=6),
)
endings = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n"])
streams = st.builds(
    lambda start, parts: start + b"".join(line + end for line, end in parts),
    st.sampled_from([b"", BOM, BOM[:2], BOM + BOM]),
    st.lists(st.tuples(lines, endings), max_size=8),
)


def split(chunks: list[bytes]) -> list[Event]:
    """All events of a stream that comes in these chunks."""
    splitter = Splitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return [*events, *splitter.finish()]


def reference(stream: bytes) -> list[tuple[bytes, bytes]]:
    """(event type, data) of what the grammar dispatches, line by line as the standard says it.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    The one liberty taken: the end of the stream dispatches too.
    """
    dispatched: list[tuple[bytes, bytes]] = []
    data, name = b"", b""
    for line in [*re.split(rb"\r\n|\n|\r", stream.removeprefix(BOM)), b""]:
        if line == b"":
            if data != b"":
                dispatched.append((name, data.removesuffix(b"\n")))
            data, name = b"", b""
        elif b":" in line:
            field, _, value = line.partition(b":")
            value = value[1:] if value[:1] == b" " else value
            if field == b"data":
                data += value + b"\n"
            elif field == b"event":
                name = value
        elif line == b"data":
            data += b"\n"
        elif line == b"event":
            name = b""
    return dispatched


@given(streams, points)
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [9, 10, 11])
@example(BOM + b"data: a\r\r\n", [1, 2, 12])
def test_nothing_is_lost(stream: bytes, cuts: list[int]) -> None:
    """The raw bytes of all events, joined, are the stream without its byte order mark."""
    events = split(cut(stream, cuts))
    assert b"".join(event.raw for event in events) == stream.removeprefix(BOM)


@given(streams, points)
def test_cuts_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """The same events come out, however the bytes are cut; one byte at a time too."""
    whole = split([stream])
    assert split(cut(stream, cuts)) == whole
    assert split([bytes([byte]) for byte in stream]) == whole


@given(streams)
def test_an_event_a_read_is_that_event(stream: bytes) -> None:
    """Events that come each by itself are those that come together."""
    whole = split([stream])
    reads = [event.raw for event in whole]
    begun = stream[: len(stream) - len(b"".join(reads))]
    assert split([begun, *reads]) == whole


@given(streams)
def test_the_grammar(stream: bytes) -> None:
    """Names and data are those that the standard's own algorithm finds."""
    found = [(event.name, event.data) for event in split([stream]) if event.data]
    assert found == [(name, data) for name, data in reference(stream) if data]


@given(streams)
def test_an_event_ends_with_a_blank_line(stream: bytes) -> None:
    """Each event is one block: its only blank line is the one that ends it."""
    for event in split([stream])[:-1]:
        assert re.fullmatch(rb"(?s:(.*?(\r\n|\n|\r))?(\r\n|\n|\r))", event.raw)


@given(streams, points)
def test_events_come_at_once(stream: bytes, cuts: list[int]) -> None:
    """An event is given as soon as the byte after its blank line is there."""
    splitter = Splitter()
    fed = given_back = b""
    for chunk in cut(stream, cuts):
        fed += chunk
        given_back += b"".join(event.raw for event in splitter.feed(chunk))
        rest = fed.removeprefix(BOM).removeprefix(given_back)
        assert b"\n\n" not in rest
        assert b"\n\r\n" not in rest


@pytest.mark.parametrize(
    ("block", "name", "data"),
    [
        (b"event: message_stop\ndata: {}\n\n", b"message_stop", b"{}"),
        (b"data: a\ndata: b\n\n", b"", b"a\nb"),
        (b"data: a\xe2\x80\xa8b\n\n", b"", b"a\xe2\x80\xa8b"),
        (b": ping\n\n", b"", b""),
        (b"data:\n\n", b"", b""),
        (b"data:  a\n\n", b"", b" a"),
        (b"Data: a\n\n", b"", b""),
        (b"data: a: b\r\n\r\n", b"", b"a: b"),
        (b"data: cut off", b"", b"cut off"),
    ],
)
def test_one_event(block: bytes, name: bytes, data: bytes) -> None:
    """The cases that servers send."""
    assert split([block]) == [Event(name, data, block)]


def test_an_event_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that never ends is refused before it fills the memory; one that ends is not."""
    monkeypatch.setattr(sse, "MAX_EVENT", 100)
    splitter = Splitter()
    assert list(splitter.feed(b"x" * 100)) == []
    with pytest.raises(EventTooLarge):
        list(splitter.feed(b"x"))
    assert len(split([b"data: a\n\n" * 50])) == 50


def test_many_small_pieces() -> None:
    """Work grows with the bytes, not with their square: a large event in small pieces."""
    size = 4_000_000
    chunks = [b"x" * 64] * (size // 64)
    (event,) = split([b"data: ", *chunks, b"\n\n"])
    assert len(event.data) == size
