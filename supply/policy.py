"""What is locked, and what is allowed in there: change it here, with a reason in the commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNTIME = Path("requirements.lock")
TEST = Path("locks/test.lock")
LICENCES = Path("locks/licences.toml")


@dataclass(frozen=True, slots=True)
class Group:
    """The requirements that one lock answers."""

    project: bool = True
    """What the gateway itself needs; else what builds it."""
    extras: Sequence[str] = ()
    """Of `[project.optional-dependencies]`."""


GROUPS: Mapping[Path, Group] = {
    RUNTIME: Group(),
    TEST: Group(extras=("test", "lint", "bench")),
    Path("locks/build.lock"): Group(project=False),
    Path("locks/bench.lock"): Group(extras=("bench",)),
    Path("locks/fuzz.lock"): Group(extras=("test", "fuzz")),
    Path("locks/supply.lock"): Group(extras=("supply",)),
}
"""Lock, from the root -> what it holds. Each is complete: none is installed on top of another. What
stands in several has one version, which is the one that tests run with."""

PYTHON = "3.11"
"""The oldest one that is served."""

ENVIRONMENTS: Sequence[Mapping[str, str]] = [
    {
        "python_version": version,
        "python_full_version": f"{version}.9",
        "sys_platform": platform,
        "platform_system": system,
        "os_name": os,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for version in (PYTHON, "3.12", "3.13")
    for platform, system, os, machine in (
        ("linux", "Linux", "posix", "x86_64"),
        ("linux", "Linux", "posix", "aarch64"),
        ("darwin", "Darwin", "posix", "arm64"),
        ("win32", "Windows", "nt", "AMD64"),
    )
]
"""Where the locks have to serve, as markers see it (PEP 508)."""

MOST_NAMED, MOST_INSTALLED = 18, 48
"""Packages that the gateway names, and those that an installation consists of, on any platform."""

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences (SPDX) that ask nothing of those who run or pass on the gateway but to keep their text;
MPL-2.0, besides, to pass on changes to its own files."""
