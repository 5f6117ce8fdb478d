"""The secret that seals reasoning state: from the config, or from a file that is made once.

Every worker and every restart has to find the same secret, or clients come back with states that
nobody can open; they lose the thinking of earlier turns then, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

from gateway import observe
from gateway.config import ReasoningSettings
from gateway.reasoning import Vault
from gateway.server.state import prepared, state_folder

SECRET_BYTES = 32


class Vaults:
    """One vault per setting, so that a reload keeps what did not change."""

    def __init__(self) -> None:
        self._made: dict[ReasoningSettings, Vault] = {}

    def vault(self, settings: ReasoningSettings) -> Vault:
        """The vault of a config. Reads no file yet: most requests need none."""
        found = self._made.get(settings)
        if found is None:
            found = self._made[settings] = Vault(lambda: secret_of(settings))
        return found


def secret_of(settings: ReasoningSettings) -> bytes:
    """The secret of a config."""
    if settings.key is not None:
        return settings.key.encode()
    path = Path(settings.key_file) if settings.key_file is not None else default_file()
    try:
        return shared_secret(path)
    except OSError as error:
        observe.logger().warning(
            "reasoning_key_not_kept",
            file=str(path),
            error=error.strerror,
            effect="thinking of earlier turns is lost when the gateway restarts",
            help="set reasoning.key or reasoning.key_file in the config",
        )
        return passing_secret()


def default_file() -> Path:
    """Where the secret is kept if the config says nothing."""
    return state_folder() / "reasoning.key"


def shared_secret(path: Path) -> bytes:
    """The secret in a file, which is made when it does not exist. Raises `OSError`.

    The file appears whole or not at all: it is written under another name and linked, so that of
    several workers that start at once the first wins and the others read what it wrote. It is on the
    disk before anybody uses it: after a loss of power a secret that nobody knows any more would make
    states of what nobody can open. An empty file, as a crash of another program leaves it, is no secret.
    """
    with contextlib.suppress(FileNotFoundError):
        if secret := path.read_bytes():
            return secret
        path.unlink(missing_ok=True)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = secrets.token_hex(SECRET_BYTES).encode()
    with prepared(path.parent, made) as file, contextlib.suppress(FileExistsError):
        os.link(file, path)
    _settle(path.parent)
    return path.read_bytes()


def _settle(folder: Path) -> None:
    """Puts the names in a folder on the disk, where the system lets a program do so."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@lru_cache(maxsize=1)
def passing_secret() -> bytes:
    """A secret for this process alone."""
    return secrets.token_bytes(SECRET_BYTES)
