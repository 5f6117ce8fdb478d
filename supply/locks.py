"""Reads locks: requirement files in which every package stands with its version and its hashes.

The form is that of `uv pip compile --generate-hashes` (pip's requirements file format,
https://pip.pypa.io/en/stable/reference/requirements-file-format/), of which nothing else may occur here:
no address of an index, no option, no path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

PROJECT = "rules-gateway"
"""Who asks for what pyproject.toml names."""

HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
PIN = re.compile(r"^(?P<pin>[^ ;\\]+==[^ ;\\]+)(?P<marker> ; [^\\]+)?$")


class BadLock(ValueError):
    """A line that has no place in a lock; the message names it."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package in one version."""

    name: NormalizedName
    version: Version
    marker: Marker | None
    """Where it is installed; None: everywhere."""
    hashes: tuple[str, ...]
    """`sha256:…` of each file that may be installed."""
    via: tuple[str, ...]
    """Who asks for it: names of packages, or `PROJECT`."""

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Whether it is installed in an environment (PEP 508's names)."""
        return self.marker is None or self.marker.evaluate(dict(environment))


def read(text: str) -> list[Locked]:
    """The packages of a lock, in its order. Raises `BadLock`."""
    return [_locked(*entry) for entry in _entries(text.splitlines())]


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each package's first line, and those that belong to it."""
    first, others = "", list[str]()
    for line in lines:
        if line.startswith((" ", "\t")):
            others.append(line.strip())
        elif line and not line.startswith("#"):
            if first:
                yield first, others
            first, others = line, []
    if first:
        yield first, others


def _locked(first: str, others: list[str]) -> Locked:
    pin = first.rstrip("\\").rstrip()
    if not PIN.match(pin):
        raise BadLock(f"`{pin}` is not `name==version`")
    try:
        wanted = Requirement(pin)
    except InvalidRequirement as error:
        raise BadLock(f"`{pin}`: {error}") from None
    hashes = [line.rstrip("\\").rstrip() for line in others if not line.startswith("#")]
    if strange := [line for line in hashes if not HASH.fullmatch(line)]:
        raise BadLock(f"`{pin}` has `{strange[0]}`, which is no hash")
    (specifier,) = wanted.specifier
    return Locked(
        canonicalize_name(wanted.name),
        Version(specifier.version),
        wanted.marker,
        tuple(line.removeprefix("--hash=") for line in hashes),
        tuple(_via(line for line in others if line.startswith("#"))) or (PROJECT,),
    )


def _via(comments: Iterable[str]) -> Iterator[str]:
    """`# via httpx`, or `# via` and a line for each. `-c` names a lock that agrees, and asks for nothing.

    What builds the gateway is asked for without a name.
    """
    for comment in comments:
        said = comment.removeprefix("#").strip().removeprefix("via").strip()
        if said.startswith(PROJECT):
            yield PROJECT
        elif said and not said.startswith("-c "):
            yield str(canonicalize_name(said))
