"""Where the gateway keeps what has to be there after a restart, and files that are whole at every moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def state_folder() -> Path:
    """The user's state folder (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "gateway"


@contextmanager
def prepared(folder: Path, content: bytes) -> Iterator[Path]:
    """A file that nobody knows yet: whole, on the disk, and readable by its owner only. Raises `OSError`.

    Whoever wants to keep it moves it to its name, or links it there; otherwise it is gone at the end.
    """
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
