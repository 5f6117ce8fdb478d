"""Heads that come again: the line and the headers of a request, but for the length of its body.

A client sends the same head with every request. What the parser has made of one is remembered and holds
for the next that has the same bytes, so that a head is parsed once and not once per request. Only what is
read is remembered, and never what is answered: keys, hosts and bounds are looked at with each request.

Remembered is a head that the parser took as it stands, of an ordinary request: HTTP/1.1 on a connection
that stays, with one length of a body that asks for nothing first and changes to nothing else.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.server.body import headers_of
from gateway.server.paths import HEADERS

MOST = 64
"""Heads that are remembered."""
MOST_MARKS = 1024
"""Heads of which it is known that they came once: a client whose heads all differ shall not push out those
of the others."""
LONGEST = 8 * 1024
"""Bytes of a head that is remembered."""

_NOT_ORDINARY = frozenset({"transfer-encoding", "expect", "upgrade"})
_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: ?([0-9]{1,15})\r\n").search
_OF_A_CONNECTION = ("server", "client", "scheme", "state", "headers", HEADERS)


Cut = tuple[bytes, bytes, int]
"""The beginning of what came: the head without the digits of the length, those, and where the body begins."""


def cut_of(data: bytes) -> Cut | None:
    """How a head is looked for; None if there is none that could be remembered."""
    end = data.find(b"\r\n\r\n", 0, LONGEST)
    found = _LENGTH(data, 0, end + 2)
    if found is None:
        return None
    first, last = found.span(1)
    return data[:first] + data[last:end], found[1], end + 4


class Head:
    """What a head says, whatever the length of the body."""

    __slots__ = ("_by_name", "_headers", "_place", "_scope")

    def __init__(self, scope: Any, by_name: dict[str, str]) -> None:
        self._headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        self._by_name = by_name
        self._place = [name for name, _ in self._headers].index(b"content-length")
        self._scope = {key: scope[key] for key in scope if key not in _OF_A_CONNECTION}

    def scope(self, http: Any, length: bytes) -> dict[str, Any]:
        """The scope of a request that has this head, on a connection of uvicorn's."""
        headers = self._headers.copy()
        headers[self._place] = (b"content-length", length)
        by_name = self._by_name.copy()
        by_name["content-length"] = length.decode("ascii")
        return {
            **self._scope,
            **http.ends,
            "state": http.app_state.copy(),
            "headers": headers,
            HEADERS: by_name,
        }


class Heads:
    """Those of all connections. The one that was learned first is the first to be forgotten."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}
        self._marks: set[int] = set()
        self.get = self._known.get
        """What is known of a head without its length."""

    def learn(self, cut: Cut, scope: Any) -> None:
        """The parser made this scope of a head. The second time that it comes, it is remembered."""
        rest, _, _ = cut
        mark = hash(rest)
        if mark not in self._marks:
            if len(self._marks) >= MOST_MARKS:
                self._marks.clear()
            self._marks.add(mark)
            return
        by_name = headers_of(scope)
        if not _is_as_cut(cut, scope["headers"], by_name) or scope["http_version"] != "1.1":
            return
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[rest] = Head(scope, by_name)


def _is_as_cut(cut: Cut, headers: list[tuple[bytes, bytes]], by_name: dict[str, str]) -> bool:
    """The parser has seen the head that was cut, line by line: each ends alike, and one is this length."""
    rest, length, _ = cut
    ends = len(headers)  # the request's own line has one, and the last header's was cut off
    return (
        rest.count(b"\n") == rest.count(b"\r") == rest.count(b"\r\n") == ends
        and [value for name, value in headers if name == b"content-length"] == [length]
        and _NOT_ORDINARY.isdisjoint(by_name)
    )
