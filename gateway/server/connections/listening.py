"""Listening: a port that can be had, or words that say why not; and room for connections."""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path

from gateway.server.connections.serving import BACKLOG

MOST_FILES = 65_536
"""Open files that are asked for: an answer under way takes two, and shells allow 1024."""


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections wait from now on, so that a port in use is found before anything
    else starts. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def refusal(host: str, port: int, error: OSError) -> str:
    """Why nobody can listen there, and what to do."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(port)
        who = f" by {holder}" if holder is not None else ""
        why = f"the port is taken{who}. Choose another port with --port. Or stop what has it."
    elif error.errno == errno.EACCES:
        why = "ports below 1024 are not for everybody. Choose another port with --port."
    elif error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        why = (
            f"{host} is no address of this machine. Choose another with --host: 127.0.0.1 for this "
            "machine alone, 0.0.0.0 for all networks."
        )
    else:
        why = f"{error.strerror}. Choose another address with --host or port with --port."
    return f"cannot listen on {place}: {why}"


def holder_of(port: int) -> str | None:
    """The program that listens on a port, with its process id; None where the system does not tell."""
    sockets = {f"socket:[{inode}]" for inode in _listeners(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # of somebody else, or gone
            for file in (process / "fd").iterdir():
                if str(file.readlink()) in sockets:
                    name = (process / "comm").read_text("utf-8", "replace").strip()
                    return f"{name} (process {process.name})"
    return None


def _listeners(port: int) -> set[str]:
    """The inodes of sockets that listen on a port, as Linux lists them."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                    found.add(words[9])
    return found


def allow_files() -> None:
    """Takes as many open files as the system grants for the asking."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
