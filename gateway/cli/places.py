"""Where `gateway serve` listens: by the config, the command line, and what must not be open."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gateway.config import Snapshot, UnixSocket, is_loopback
from gateway.reload import ConfigStore
from gateway.server.connections import listening
from gateway.server.connections.certificates import Certificates
from gateway.server.connections.sockets import leave, listen_unix


class CannotListen(Exception):
    """A place is taken, or must not be; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Listens:
    """Where the gateway listens."""

    host: str | None
    """None for no port."""
    port: int
    socket: UnixSocket | None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the port; a unix socket has none that a browser could use."""
        return () if self.host is None else (self.host,)


def place_of(snapshot: Snapshot, host: str | None, port: int | None) -> Listens:
    """Where the config and the command line, which has the last word, have it listen."""
    settings = snapshot.server
    has_port = settings.listens_at_port or host is not None or port is not None
    address = (settings.host if host is None else host) if has_port else None
    return Listens(address, port or settings.port, settings.socket)


@contextmanager
def opened(
    store: ConfigStore, place: Listens
) -> Iterator[tuple[list[socket.socket], ssl.SSLContext | None]]:
    """The listening sockets, and the TLS of the port. Raises `CannotListen`."""
    listeners: list[socket.socket] = []
    path = store.path.parent / place.socket.path if place.socket is not None else None
    try:
        if place.host is not None:
            listeners.append(_port(place.host, place.port))
            reached = listeners[0].getsockname()[0]
            if (problem := exposed(store.snapshot, place, reached)) is not None:
                raise CannotListen(problem)  # a name such as localhost may mean anything
        if place.socket is not None and path is not None:
            try:
                listeners.append(listen_unix(path, place.socket.mode))
            except OSError as error:
                raise CannotListen(
                    f"cannot listen at {path}: {error.strerror or error}. Choose another path with "
                    "server.socket."
                ) from None
        try:
            tls = Certificates(store).context()
        except OSError as error:
            raise CannotListen(f"cannot speak TLS: {error}") from None
        yield listeners, tls
    finally:
        for listener in listeners:
            listener.close()
            if path is not None and listener.family == socket.AF_UNIX:
                leave(path)


def _port(host: str, port: int) -> socket.socket:
    try:
        return listening.listen(host, port)
    except OSError as error:
        raise CannotListen(listening.refusal(host, port, error)) from None


def exposed(snapshot: Snapshot, place: Listens, reached: str | None = None) -> str | None:
    """Why the gateway must not listen there; None if it may. `reached` is the address of the port."""
    host = place.host if reached is None else reached
    settings = replace(
        snapshot.server,
        host=host or "",
        listens_at_port=host is not None,
        socket=place.socket,
    )
    if settings.is_safe:
        return None
    what = f"{host} can be reached from other machines"
    if host is None or is_loopback(host):
        what = "Every user of this machine can open the socket"
    return (
        f"{what}, and the config names no client keys. Add server.auth.keys, or say "
        "server.allow_unauthenticated: true if that is meant."
    )


def url_of(listener: socket.socket, tls: ssl.SSLContext | None) -> str:
    name = listener.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{'http' if tls is None else 'https'}://{host}:{name[1]}"
