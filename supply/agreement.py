"""Whether the locks are what pyproject.toml asks for: no package too few, none too many, none astray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.locks import PROJECT, Locked
from supply.policy import ENVIRONMENTS, GROUPS, TEST, Group

Locks = Mapping[Path, Sequence[Locked]]


def requirements(pyproject: Mapping[str, Any], group: Group) -> list[str]:
    """What a lock has to answer, as it is written in pyproject.toml."""
    if not group.project:
        return [*pyproject["build-system"]["requires"]]
    project = pyproject["project"]
    optional = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(one for extra in group.extras for one in optional[extra])]


def faults(pyproject: Mapping[str, Any], locks: Locks) -> Iterator[str]:
    """A sentence for each thing that is wrong. `locks` are those of `GROUPS`."""
    for path, locked in locks.items():
        wanted = [Requirement(text) for text in requirements(pyproject, GROUPS[path])]
        yield from (f"{path}: {fault}" for fault in _unanswered(wanted, locked))
        yield from (f"{path}: {fault}" for fault in _unasked(wanted, locked))
        yield from (f"{path}: {one.name} has no hash" for one in locked if not one.hashes)
        yield from (f"{path}: {fault}" for fault in _astray(locks[TEST], locked))


def _unanswered(wanted: Sequence[Requirement], locked: Sequence[Locked]) -> Iterator[str]:
    """Each requirement has one version wherever it counts, and an allowed one."""
    for one in wanted:
        name = canonicalize_name(one.name)
        for environment in ENVIRONMENTS:
            if one.marker is not None and not one.marker.evaluate(dict(environment)):
                continue
            versions = [
                entry.version
                for entry in locked
                if entry.name == name and entry.applies(environment)
            ]
            if len(versions) != 1:
                yield f"{name} is there {len(versions)} times, for {_named(environment)}"
                break
            if not one.specifier.contains(versions[0], prereleases=True):
                yield f"{name} {versions[0]} is not {one.specifier}"
                break


def _unasked(wanted: Sequence[Requirement], locked: Sequence[Locked]) -> Iterator[str]:
    """Whoever is there was asked for by somebody who is there, up to pyproject.toml."""
    names = {str(canonicalize_name(one.name)) for one in wanted}
    reached = {PROJECT}
    asked = {entry.name: set[str]() for entry in locked}
    for entry in locked:
        asked[entry.name] |= set(entry.via)
    while found := {name for name, via in asked.items() if via & reached} - reached:
        reached |= found
    for name, via in asked.items():
        if name not in reached:
            yield f"{name} is asked for by nobody"
        elif PROJECT in via and name not in names:
            yield f"{name} is not in pyproject.toml any more"


def _astray(tested: Sequence[Locked], locked: Sequence[Locked]) -> Iterator[str]:
    """Tests try the versions that users run."""
    files = {(entry.name, entry.version): set(entry.hashes) for entry in tested}
    names = {entry.name for entry in tested}
    for entry in locked:
        if entry.name in names and files.get((entry.name, entry.version)) != set(entry.hashes):
            yield f"{entry.name} {entry.version} is not what {TEST} has"


def _named(environment: Mapping[str, str]) -> str:
    return f"{environment['sys_platform']} and Python {environment['python_version']}"
