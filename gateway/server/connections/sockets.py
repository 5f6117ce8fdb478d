"""Unix sockets to listen at: made closed, taken over from the dead alone, and taken away at the end."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from gateway import observe

PATIENCE = 1.0
"""Seconds that whoever listens at a unix socket already gets to take a connection."""


def listen_unix(path: Path, mode: int = 0o600) -> socket.socket:
    """A listening unix socket that is open to nobody else, not even for a moment. Raises `OSError`.

    What a gateway left behind that was killed is taken away; a socket at which somebody listens, and
    anything else that has the name, is not touched.
    """
    _clear(path)
    listener = socket.socket(socket.AF_UNIX)
    masked = os.umask(0o777 & ~mode)
    try:
        listener.bind(str(path))
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(masked)
    return listener


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EEXIST, "there is something else of this name, and it is no socket")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(PATIENCE)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except FileNotFoundError:
            return
        except TimeoutError:
            pass  # somebody is there, and busy
    raise OSError(errno.EADDRINUSE, "another process listens there")


def leave(path: Path) -> None:
    """Takes the socket away at the end. Another gateway's is left alone."""
    try:
        _clear(path)
    except OSError as error:
        observe.logger().warning("socket_left", path=str(path), error=error.strerror)
