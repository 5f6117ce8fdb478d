"""The config that a command works with."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway import resources
from gateway.cli.commands import shows_color, unreadable
from gateway.config import Loaded, Snapshot
from gateway.config.told.render import render_full
from gateway.config_file import ConfigFile, read_config

DEFAULTS = (Path("config.yaml"), Path("config.example.yaml"))
"""Where a config is looked for when none is named."""


class Unusable(Exception):
    """There is no config to work with; the text says why."""

    def __init__(self, message: str, *, has_findings: bool) -> None:
        super().__init__(message)
        self.has_findings = has_findings
        """The config was read, and is wrong."""


def default_config() -> Path:
    """The first of `DEFAULTS` that exists, or the one that is missed."""
    return next((path for path in DEFAULTS if path.exists()), DEFAULTS[0])


def find_config(path: Path | None, env: str | None = None) -> ConfigFile:
    """A file, or the first of `DEFAULTS` that exists. Raises `Unusable`."""
    path = path or default_config()
    try:
        return read_config(path).in_environment(env)
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"gateway: {unreadable(path, error)}", has_findings=False) from None


def load_config(path: Path | None, env: str | None = None) -> Snapshot:
    """The snapshot of a file, or of the first of `DEFAULTS` that exists. Raises `Unusable`."""
    return snapshot_of(find_config(path, env).load())


def snapshot_of(loaded: Loaded) -> Snapshot:
    """What a config came to. Raises `Unusable` with its findings."""
    if loaded.snapshot is None:
        color = shows_color(sys.stderr)
        found = render_full(loaded.findings, loaded.sources, color=color)
        raise Unusable(found, has_findings=True)
    return loaded.snapshot


def schema_of(folder: Path) -> str:
    """Where an editor finds the schema from a folder."""
    beside = Path("schemas", "config.schema.json")
    if (folder / beside).is_file():
        return f"./{beside.as_posix()}"
    return (resources.data_folder("schemas") / beside.name).resolve().as_posix()
