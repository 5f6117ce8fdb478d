"""The config that a command works with."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway import resources
from gateway.config import Loaded, Snapshot
from gateway.config.render import render_full
from gateway.config_file import ConfigFile, read_config

DEFAULTS = (Path("config.yaml"), Path("config.example.yaml"))
"""Where a config is looked for when none is named."""


class Unusable(Exception):
    """There is no config to work with; the text says why."""

    def __init__(self, message: str, *, has_findings: bool) -> None:
        super().__init__(message)
        self.has_findings = has_findings
        """The config was read, and is wrong."""


def find_config(path: Path | None, env: str | None = None) -> ConfigFile:
    """A file, or the first of `DEFAULTS` that exists. Raises `Unusable`."""
    path = path or next((one for one in DEFAULTS if one.exists()), DEFAULTS[0])
    try:
        return read_config(path).in_environment(env)
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise Unusable(f"gateway: {path} cannot be read: {words}", has_findings=False) from None


def load_config(path: Path | None, env: str | None = None) -> Snapshot:
    """The snapshot of a file, or of the first of `DEFAULTS` that exists. Raises `Unusable`."""
    return snapshot_of(find_config(path, env).load())


def snapshot_of(loaded: Loaded) -> Snapshot:
    """What a config came to. Raises `Unusable` with its findings."""
    if loaded.snapshot is None:
        color = sys.stderr.isatty()
        found = render_full(loaded.findings, loaded.sources, color=color)
        raise Unusable(found, has_findings=True)
    return loaded.snapshot


def schema_of(folder: Path) -> str:
    """Where an editor finds the schema from a folder."""
    beside = Path("schemas", "config.schema.json")
    if (folder / beside).is_file():
        return f"./{beside.as_posix()}"
    return (resources.data_folder("schemas") / beside.name).resolve().as_posix()
