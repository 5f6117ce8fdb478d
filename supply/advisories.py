"""Known weaknesses, from a copy on this machine: advisories in OSV's form, judged without the network.

https://ossf.github.io/osv-schema/; an export of the ecosystem PyPI is a folder of such files, or a zip.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from supply.locks import Locked

ECOSYSTEM = "PyPI"
ALWAYS = Version("0.dev0")
"""OSV's `0`: before every version."""

Advisory = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Weakness:
    """An advisory about a package that is locked."""

    name: str
    version: Version
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]
    """Versions from which on it is mended."""

    def __str__(self) -> str:
        others = f" ({', '.join(self.aliases)})" if self.aliases else ""
        mended = f"; mended in {', '.join(self.fixed)}" if self.fixed else ""
        return f"{self.name} {self.version}: {self.id}{others}: {self.summary}{mended}"


def read(path: Path) -> Iterator[Advisory]:
    """The advisories in a file, a folder or a zip. Raises `OSError` and `ValueError`."""
    if path.is_dir():
        for found in sorted(path.rglob("*.json")):
            yield json.loads(found.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    else:
        said = json.loads(path.read_bytes())
        yield from said if isinstance(said, list) else [said]


def weaknesses(locked: Iterable[Locked], advisories: Iterable[Advisory]) -> Iterator[Weakness]:
    """What is known of the locked versions; advisories that were withdrawn do not count."""
    versions: dict[str, set[Version]] = {}
    for entry in locked:
        versions.setdefault(entry.name, set()).add(entry.version)
    for advisory in advisories:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem", "").partition(":")[0] != ECOSYSTEM:
                continue
            name = canonicalize_name(package.get("name", ""))
            for version in sorted(versions.get(name, ())):
                if affects(affected, version):
                    yield _weakness(name, version, advisory, affected)


def affects(affected: Mapping[str, Any], version: Version) -> bool:
    """OSV's rule: a version that is listed, or lies in a range of the ecosystem's own versions."""
    listed = (_version(text) for text in affected.get("versions", ()))
    return version in listed or any(
        _is_within(found.get("events", ()), version)
        for found in affected.get("ranges", ())
        if found.get("type") == "ECOSYSTEM"
    )


def _is_within(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """Walks through the events in the order of their versions: the last one up to `version` decides."""
    told = [(_version(text), kind) for event in events for kind, text in event.items()]
    order = {"introduced": 0, "fixed": 1, "limit": 1, "last_affected": 2}
    found = False
    for at, kind in sorted(
        ((at, kind) for at, kind in told if at is not None and kind in order),
        key=lambda one: (one[0], order[one[1]]),
    ):
        if kind == "introduced" and version >= at:
            found = True
        elif (kind in ("fixed", "limit") and version >= at) or (
            kind == "last_affected" and version > at
        ):
            found = False
    return found


def _version(text: str) -> Version | None:
    """None for what is no version of Python packages; a few old advisories have such."""
    if text == "0":
        return ALWAYS
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _weakness(
    name: str, version: Version, advisory: Advisory, affected: Mapping[str, Any]
) -> Weakness:
    fixed = [
        event["fixed"]
        for found in affected.get("ranges", ())
        if found.get("type") == "ECOSYSTEM"
        for event in found.get("events", ())
        if "fixed" in event
    ]
    summary = advisory.get("summary") or advisory.get("details", "").partition("\n")[0]
    aliases = tuple(advisory.get("aliases", ()))
    return Weakness(name, version, advisory.get("id", "?"), aliases, summary, tuple(fixed))
