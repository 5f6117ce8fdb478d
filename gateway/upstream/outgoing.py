"""A request's bytes, and the place they go to. No IO.

https://www.rfc-editor.org/rfc/rfc9112#name-message-format
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import httpx

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a body ends; whoever writes the body writes them."""

ADDED = {"accept-encoding": "identity"}
"""Said where nothing else is: a body comes as it is read, so that events arrive as sent."""

PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """What a connection leads to."""

    scheme: str
    host: str
    port: int


class Address(NamedTuple):
    """A URL, made ready."""

    place: Place
    start: str
    """The request line."""
    headers: tuple[tuple[str, str], ...]
    """What is said where a request does not say otherwise."""


@lru_cache(maxsize=1024)
def addressed(url: str) -> Address:
    """Reading an address costs as much as sending to it; there are few of them.

    Raises `httpx.UnsupportedProtocol` and `httpx.InvalidURL`.
    """
    parsed = httpx.URL(url)
    if parsed.scheme not in PORTS or not parsed.raw_host:
        raise httpx.UnsupportedProtocol("the address is none of http:// or https://")
    host = parsed.raw_host.decode("ascii")
    place = Place(parsed.scheme, host, parsed.port or PORTS[parsed.scheme])
    start = f"POST {parsed.raw_path.decode('ascii')} HTTP/1.1\r\n"
    said = {"host": parsed.netloc.decode("ascii"), **added(parsed)}
    return Address(place, start, tuple(said.items()))


def added(url: httpx.URL) -> Mapping[str, str]:
    """`ADDED`, and the name and password that a URL holds (RFC 7617)."""
    if not url.userinfo:
        return ADDED
    pair = f"{url.username}:{url.password}".encode()
    return {**ADDED, "authorization": f"Basic {b64encode(pair).decode('ascii')}"}


def head(address: Address, headers: Mapping[str, str], length: int) -> bytes:
    """The request up to its body of `length` bytes. Raises `httpx.LocalProtocolError`.

    Headers go out as they are given; those of the address only where they are not, the length always.
    """
    return b"%bcontent-length: %d\r\n\r\n" % (_start(address, tuple(headers.items())), length)


@lru_cache(maxsize=64)
def _start(address: Address, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The head without the length: mostly the one of the request before."""
    said = dict((*address.headers, *headers))
    lines = [address.start]
    lines += [f"{_label(name)}{value}\r\n" for name, value in said.items()]
    text = "".join(lines)
    # Each line ends once: a further end would have come from a value.
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        raise httpx.LocalProtocolError("a header's value holds a line break or a NUL")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        message = "a header's value holds a character that a header cannot carry"
        raise httpx.LocalProtocolError(message) from None


@lru_cache(maxsize=1024)
def _label(name: str) -> str:
    if not TOKEN.fullmatch(name):
        raise httpx.LocalProtocolError("a header's name is not one")
    if name.lower() in FRAMING:
        raise httpx.LocalProtocolError(f"{name} is not a header that can be given")
    return f"{name}: "
