"""Keeps the snapshot that serves equal to the config on disk, as long as that one is sound.

A request asks for the current snapshot. When a watched file has changed, it is read once it has been
still for a moment (editors write in several steps), checked, compiled and swapped in whole, before
that request is routed. A broken config is refused with its findings, and the old one serves on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time

from gateway.config import Finding, Loaded, Snapshot, load, parse_env_file
from gateway.observe import redactor

STILL = 0.025
"""Seconds that a file must be unchanged before it is read."""

PATIENCE = 40
"""How often a file that keeps changing is looked at again before it is read as it is."""

POLL = 1.0
"""Seconds between looks when there are no requests."""

Signature = tuple[tuple[int, int, int] | None, ...]
Report = Callable[[str, tuple[Finding, ...]], None]
"""Told of every outcome: `loaded`, `refused` or `unreadable`, with the findings."""


class ConfigError(Exception):
    """There is no sound config to start with."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Refusal:
    """A config that was not taken."""

    at: float
    """Seconds since the epoch."""
    findings: tuple[Finding, ...]


def read_config(path: Path) -> tuple[str, Mapping[str, str]]:
    """The config's text, and the variables it may name: the process's win over those of `.env`."""
    text = path.read_text(encoding="utf-8")
    env_file = path.parent / ".env"
    defined = parse_env_file(env_file.read_text(encoding="utf-8")) if env_file.is_file() else {}
    return text, {**defined, **os.environ}


class ConfigStore:
    """The config file of a running gateway."""

    def __init__(self, path: Path, report: Report) -> None:
        """Loads for the first time. Raises `ConfigError` and `OSError`."""
        self.path = path
        self._watched = (path, path.parent / ".env")
        self._report = report
        self._signature = self._look()
        self._lock = asyncio.Lock()
        self.refusal: Refusal | None = None
        self.loaded_at = time()
        loaded = self._read()
        if loaded.snapshot is None:
            raise ConfigError(loaded.findings)
        self.snapshot: Snapshot = loaded.snapshot
        redactor.know(loaded.snapshot.secrets)
        self._report("loaded", loaded.findings)

    async def current(self) -> Snapshot:
        """The snapshot that serves now; a saved change is taken in first."""
        if self._look() != self._signature:
            async with self._lock:
                await self._reload()
        return self.snapshot

    async def watch(self) -> None:
        """Takes changes in without a request; runs until it is cancelled."""
        while True:
            await asyncio.sleep(POLL)
            await self.current()

    async def _reload(self) -> None:
        signature = await self._settled()
        if signature == self._signature:
            return  # another request has done it
        self._signature = signature
        try:
            loaded = await asyncio.to_thread(self._read)
        except (OSError, UnicodeDecodeError) as error:
            unreadable = _unreadable(self.path, error)
            self._refuse("unreadable", (unreadable,))
            return
        if loaded.snapshot is None:
            self._refuse("refused", loaded.findings)
            return
        self.refusal = None
        if loaded.snapshot.id != self.snapshot.id:
            redactor.know(loaded.snapshot.secrets)
            self.snapshot = loaded.snapshot
            self.loaded_at = time()
            self._report("loaded", loaded.findings)

    def _refuse(self, outcome: str, findings: tuple[Finding, ...]) -> None:
        self.refusal = Refusal(time(), findings)
        self._report(outcome, findings)

    async def _settled(self) -> Signature:
        before = self._look()
        for _ in range(PATIENCE):
            await asyncio.sleep(STILL)
            after = self._look()
            if after == before:
                break
            before = after
        return before

    def _read(self) -> Loaded:
        text, environment = read_config(self.path)
        return load(text, file=self.path.name, environment=environment)

    def _look(self) -> Signature:
        """What changes when a watched file is written, replaced or removed. Links are followed."""
        return tuple(_stamp(path) for path in self._watched)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _unreadable(path: Path, error: Exception) -> Finding:
    return Finding(
        file=path.name,
        line=1,
        column=1,
        code="unreadable",
        severity="error",
        message=f"cannot be read: {error}",
        help="the config that was loaded before serves on",
    )
