"""From a place to a connected socket, and the connection made of it.

Addresses are tried as RFC 8305 has it, so that a host whose IPv6 leads nowhere costs a quarter of a
second and not the whole time limit.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import NamedTuple, TypeVar

from gateway.upstream.outgoing import Place

STAGGER = 0.25
"""Seconds until the next address is tried beside the ones under way."""

REMEMBERED = 60.0
"""Seconds that a host's addresses are kept: a burst of requests asks for them once."""

ALIVE: tuple[tuple[int, int, int], ...] = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (
            ("TCP_KEEPIDLE", 60),
            ("TCP_KEEPALIVE", 60),  # macOS's name for the same
            ("TCP_KEEPINTVL", 60),
            ("TCP_KEEPCNT", 5),
        )
        if hasattr(socket, name)
    ),
)
"""Level, option, value. A model may think for many minutes without a byte, and what stands between forgets
connections that are silent for five; and a host that is gone is told from one that thinks. Seconds."""

P = TypeVar("P", bound=asyncio.Protocol)
Where = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Found = tuple[int, Where]
"""A family, and the address of a socket."""

Info = tuple[int, int, int, str, Where]
"""What a resolver says of one address."""


class Lookup(NamedTuple):
    """A question for a host's addresses, and when it was asked."""

    answer: asyncio.Task[list[Found]]
    at: float


class Dialer:
    """Makes connections. `tls` gives the context of encrypted ones; it is asked when one is needed."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls
        self._lookups: dict[tuple[str, int], Lookup] = {}

    async def dial(self, place: Place, protocol: Callable[[], P]) -> P:
        """Raises `OSError` (TLS errors are some) and `ValueError` for a name that cannot be one."""
        loop = asyncio.get_running_loop()
        try:
            sock = await first(await self._addresses(place.host, place.port))
        except OSError:
            self._lookups.pop((place.host, place.port), None)
            raise
        try:
            if place.scheme == "https":
                host = place.host.rstrip(".")
                made = loop.create_connection(
                    protocol, sock=sock, ssl=self._tls(), server_hostname=host
                )
            else:
                made = loop.create_connection(protocol, sock=sock)
            return (await made)[1]
        except BaseException:
            sock.close()
            raise

    async def _addresses(self, host: str, port: int) -> list[Found]:
        try:
            flags = socket.AI_NUMERICHOST
            return _alternating(
                socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
            )
        except socket.gaierror:
            pass  # it is a name
        loop = asyncio.get_running_loop()
        known = self._lookups.get((host, port))
        if known is None or known.at + REMEMBERED < loop.time():
            known = Lookup(loop.create_task(resolved(host, port)), loop.time())
            self._lookups[host, port] = known
        # Others may wait for the same answer, so whoever leaves does not end the question.
        return await asyncio.shield(known.answer)


async def resolved(host: str, port: int) -> list[Found]:
    loop = asyncio.get_running_loop()
    return _alternating(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _alternating(infos: Iterable[Info]) -> list[Found]:
    """Addresses in the resolver's order, with the families taking turns."""
    found = [(info[0], info[4]) for info in infos]
    first = [one for one in found if one[0] == found[0][0]]
    other = [one for one in found if one[0] != found[0][0]]
    turns = (one for pair in zip_longest(first, other) for one in pair if one is not None)
    return list(turns)


async def first(addresses: list[Found]) -> socket.socket:
    """The first of the addresses that lets itself be connected to. Raises `OSError`."""
    if len(addresses) == 1:
        return await _connected(addresses[0])
    untried = deque(addresses)
    trying: set[asyncio.Task[socket.socket]] = set()
    failures: list[OSError] = []
    try:
        while untried or trying:
            if untried:
                trying.add(asyncio.create_task(_connected(untried.popleft())))
            await asyncio.wait(
                trying,
                timeout=STAGGER if untried else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in [task for task in trying if task.done()]:
                trying.discard(task)
                try:
                    return task.result()
                except OSError as error:
                    failures.append(error)
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_thrown_away)
    raise OSError("; ".join(dict.fromkeys(str(error) for error in failures)))


async def _connected(address: Found) -> socket.socket:
    family, where = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family in (socket.AF_INET, socket.AF_INET6):
            for option in ALIVE:
                sock.setsockopt(*option)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _thrown_away(task: asyncio.Task[socket.socket]) -> None:
    """A connection that came second."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
