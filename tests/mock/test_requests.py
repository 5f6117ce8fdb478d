"""Requests are read off their bytes however these are cut, and what is no request is refused at once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mock.requests import BadRequest, Request, taken

WIRE = (
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Api-Key: sk-1\r\ncontent-length: 5\r\n\r\n{...}"
    b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer sk-2\r\n\r\n"
)


@given(st.lists(st.integers(0, len(WIRE)), max_size=9))
def test_requests_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    """Two in a row, each with what it brought."""
    buffer, found = bytearray(), list[Request]()
    places = sorted({0, *cuts, len(WIRE)})
    for start, end in pairwise(places):
        buffer += WIRE[start:end]
        while (request := taken(buffer)) is not None:
            found.append(request)
    assert [(one.method, one.target, one.body, one.key) for one in found] == [
        ("POST", "/v1/messages", b"{...}", "sk-1"),
        ("GET", "/v1/models", b"", "sk-2"),
    ]


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"hello\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nx: " + b"x" * 70_000, 431),
    ],
    ids=["TLS", "no HTTP", "chunks", "no number", "a head without an end"],
)
def test_what_is_no_request_is_refused(wire: bytes, status: int) -> None:
    """With a status that says why, and without waiting for more."""
    with pytest.raises(BadRequest) as caught:
        taken(bytearray(wire))
    assert caught.value.status == status
