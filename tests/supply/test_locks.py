"""What is installed is locked: every package, in one version, by the hashes of its files."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from supply import closure
from supply.agreement import faults, requirements
from supply.locks import BadLock, Locked, read
from supply.policy import ENVIRONMENTS, GROUPS, MOST_INSTALLED, MOST_NAMED, ROOT, RUNTIME

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
TEXTS = {path: (ROOT / path).read_text() for path in GROUPS}
LOCKS: dict[Path, Sequence[Locked]] = {path: read(text) for path, text in TEXTS.items()}
DIRECT = sorted(
    canonicalize_name(text.split(">")[0]) for text in requirements(PYPROJECT, GROUPS[RUNTIME])
)
PIN = "rich==15.0.0 \\\n    --hash=sha256:" + "0" * 64


def changed(path: Path, locked: Sequence[Locked]) -> list[str]:
    """What is wrong once a lock holds something else."""
    return [*faults(PYPROJECT, {**LOCKS, path: locked})]


def test_the_locks_are_what_pyproject_asks_for() -> None:
    """`make lock` was run after the last change."""
    assert [*faults(PYPROJECT, LOCKS)] == []


@pytest.mark.parametrize("path", GROUPS, ids=str)
def test_a_lock_names_no_address(path: Path) -> None:
    """Where packages are had from is the business of whoever installs them."""
    assert "://" not in TEXTS[path]
    assert "--index" not in TEXTS[path]


@pytest.mark.parametrize("path", GROUPS, ids=str)
def test_a_lock_serves_everywhere(path: Path) -> None:
    """No package stands twice for the same machine, on any that is served."""
    for environment in ENVIRONMENTS:
        names = [entry.name for entry in LOCKS[path] if entry.applies(environment)]
        assert len(names) == len(set(names))


def test_an_installation_stays_small() -> None:
    """Who adds a dependency raises the bound, and says why in the commit."""
    assert (len(DIRECT), len(LOCKS[RUNTIME])) == (MOST_NAMED, MOST_INSTALLED)


def test_the_lock_holds_what_is_needed_and_nothing_beside() -> None:
    """By the word of the packages themselves, as they are installed here."""
    wanted = requirements(PYPROJECT, GROUPS[RUNTIME])
    assert [*closure.faults(wanted, LOCKS[RUNTIME])] == []


@pytest.mark.parametrize("name", DIRECT)
def test_a_lock_without_a_requirement_is_noticed(name: str) -> None:
    """Wherever it is missing."""
    for path, locked in LOCKS.items():
        if GROUPS[path].project:
            less = [entry for entry in locked if entry.name != name]
            assert any(name in fault for fault in changed(path, less))


@pytest.mark.parametrize("name", DIRECT)
def test_a_requirement_that_is_gone_is_noticed(name: str) -> None:
    """A lock must not install what nobody asks for any more."""
    left = [
        text
        for text in PYPROJECT["project"]["dependencies"]
        if canonicalize_name(text.split(">")[0]) != name
    ]
    edited = {**PYPROJECT, "project": {**PYPROJECT["project"], "dependencies": left}}
    assert any(name in fault for fault in faults(edited, LOCKS))


@pytest.mark.parametrize(
    "edit",
    [
        {"version": Version("0.0.1")},
        {"hashes": ()},
        {"hashes": ("sha256:" + "0" * 64,)},
        {"via": ("nobody",)},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_another_version_or_file_is_noticed(edit: dict[str, Any]) -> None:
    """Tests have to try what users run, and nothing comes without a hash."""
    for path, locked in LOCKS.items():
        if GROUPS[path].project:
            (at,) = [at for at, entry in enumerate(locked) if entry.name == "litestar"]
            other = [*locked[:at], dataclasses.replace(locked[at], **edit), *locked[at + 1 :]]
            assert any("litestar" in fault for fault in changed(path, other))


@pytest.mark.parametrize(
    "line",
    [
        "rich>=15",
        "rich",
        "rich @ file:///tmp/rich.whl",
        "-e .",
        "--index-url x",
        "./rich.whl",
        "rich==15.* ; python_version",
    ],
)
def test_nothing_but_pins_can_stand_in_a_lock(line: str) -> None:
    """No path, no address, no option, no range."""
    with pytest.raises(BadLock):
        read(f"{PIN}\n{line}\n")


@pytest.mark.parametrize("hash", ["md5:00", "sha256:0", "sha256:" + "0" * 63 + "g"])
def test_a_hash_is_a_whole_sha256(hash: str) -> None:
    """A weaker one would let another file pass."""
    with pytest.raises(BadLock):
        read(f"{PIN} \\\n    --hash={hash}\n")
