"""A config on disk, with what lies around it: its `.env`, the files that it includes, the presets."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from gateway import resources
from gateway.config import Files, Loaded, load, parse_env_file
from gateway.config.redaction import secrets_among
from gateway.config.text.files import MAX_BYTES
from gateway.config.text.overlays import VARIABLE
from gateway.redaction import redactor

ENV_FILE = ".env"

EXTRAS = {"http2": "h2"}
"""The optional parts of the distribution, and the package that each brings."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The text of a config, and all that decides what it means."""

    name: str
    """What findings call it."""
    text: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    """The variables that it may name: the process's win over those of `.env`."""
    files: Files = field(repr=False)

    def load(self, *, notes: bool = False, every_overlay: bool = False) -> Loaded:
        """Reads, checks and compiles it; see `gateway.config.load`. Its secrets are known from then on."""
        redactor.know(secrets_among(self.environment))
        loaded = load(
            self.text,
            file=self.name,
            environment=self.environment,
            files=self.files,
            notes=notes,
            every_overlay=every_overlay,
        )
        if loaded.snapshot is not None:
            redactor.know(loaded.snapshot.secrets)
        return loaded

    def in_environment(self, env: str | None) -> ConfigFile:
        """With the overlay of this name; None for what GATEWAY_ENV says."""
        if env is None:
            return self
        return replace(self, environment={**self.environment, VARIABLE: env})


def read_config(path: Path, *, name: str | None = None) -> ConfigFile:
    """Reads a config; `name` is the path as findings show it, from the folder that includes are found
    from. Raises `OSError` and `UnicodeDecodeError`."""
    shown = str(path) if name is None else name
    text = path.read_text(encoding="utf-8")
    env_file = path.parent / ENV_FILE
    env_text = env_file.read_text(encoding="utf-8") if env_file.is_file() else None
    files = files_around(
        Path() if name is None else path.parent,
        env_name=str(Path(shown).parent / ENV_FILE),
        env_text=env_text,
    )
    return ConfigFile(shown, text, {**parse_env_file(env_text or ""), **os.environ}, files)


def config_of(text: str, name: str) -> ConfigFile:
    """A config that is no file; what it includes is looked for in the folder of the process."""
    return ConfigFile(name, text, dict(os.environ), files_around(Path()))


def files_around(folder: Path, *, env_name: str = ENV_FILE, env_text: str | None = None) -> Files:
    """What a config can find from a folder."""
    presets = sorted(resources.data_folder("rules").glob("*.yaml"))
    return Files(
        read=lambda name: read_included(folder / name),
        presets={path.stem: str(path) for path in presets if not path.stem.endswith(".test")},
        extras=frozenset(extra for extra, package in EXTRAS.items() if find_spec(package)),
        is_open=lambda name: is_open(folder / name),
        env_name=env_name,
        env_text=env_text,
    )


def read_included(path: Path) -> str:
    """The text of a file. Raises `OSError`, also for what is no file or too long to be a config, and
    `UnicodeDecodeError`."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(path))
    if status.st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is longer than {MAX_BYTES} bytes", str(path))
    return path.read_text(encoding="utf-8")


def is_open(path: Path) -> bool:
    """Every user of this machine can read the file, as far as POSIX permissions tell."""
    if os.name != "posix":
        return False
    try:
        whole = path.resolve()
        folders = all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
        return folders and bool(whole.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
