"""The command line; see the package."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gateway
from supply import advisories, agreement, closure, licences, sbom
from supply.locks import PROJECT, BadLock, Locked, read
from supply.policy import (
    GROUPS,
    LICENCES,
    MOST_INSTALLED,
    MOST_NAMED,
    PYTHON,
    ROOT,
    RUNTIME,
    TEST,
)

FAILED, USAGE = 1, 2
SBOM = Path("dist/sbom.cdx.json")


def pyproject() -> dict[str, Any]:
    """As it stands."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def locks() -> dict[Path, list[Locked]]:
    """All of them. Raises `BadLock` and `OSError`."""
    return {path: read((ROOT / path).read_text("utf-8")) for path in GROUPS}


def said_licences() -> dict[str, str]:
    """Package -> licence expression, of what the gateway needs to run."""
    return tomllib.loads((ROOT / LICENCES).read_text("utf-8"))


def lock(*, upgrade: bool) -> int:
    """Writes the locks; versions that fit stay, unless all are to be the newest."""
    for path, group in GROUPS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
        command += ["--generate-hashes", "--python-version", PYTHON, "--output-file", str(path)]
        command += [
            "--custom-compile-command",
            "make lock",
            "--upgrade" if upgrade else "--no-upgrade",
        ]
        if path != RUNTIME:
            command += ["--constraints", str(RUNTIME if path == TEST else TEST)]
        command += [*(f"--extra={extra}" for extra in group.extras)]
        needs = "" if group.project else "\n".join(agreement.requirements(pyproject(), group))
        done = subprocess.run(
            [*command, "pyproject.toml" if group.project else "-"],
            cwd=ROOT,
            input=needs,
            text=True,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        sys.stderr.write(done.stderr)
        if done.returncode:
            return FAILED
        if "yanked" in done.stderr:
            sys.stderr.write(f"{path}: a version was withdrawn; allow another in pyproject.toml.\n")
            return FAILED
    return check()


def check() -> int:
    """Says what does not agree."""
    try:
        return told([*agreement.faults(pyproject(), locks())])
    except (BadLock, OSError) as error:
        return told([f"the locks cannot be read: {error}"])


def told(faults: Sequence[str]) -> int:
    """Prints them; the exit code."""
    for fault in faults:
        print(fault)
    if faults:
        print("`make lock` writes the locks anew.")
    return FAILED if faults else 0


def audit(copies: Sequence[Path]) -> int:
    """Prints a table of what was looked at, and what was found."""
    try:
        found = dict(audited(copies))
    except (BadLock, closure.NotInstalled, OSError, ValueError) as error:
        sys.stderr.write(f"cannot audit: {type(error).__name__}: {error}\n")
        return USAGE
    for title, faults in found.items():
        print(f"{'FAILED' if faults else 'ok':6}  {title}")
        for fault in faults:
            print(f"        {fault}")
    if not copies:
        print(
            "        no advisories were given: make audit ADVISORIES=a folder or zip in OSV's form"
        )
    return FAILED if any(found.values()) else 0


def audited(copies: Sequence[Path]) -> Iterator[tuple[str, list[str]]]:
    """What was looked at -> what is wrong with it."""
    everything = locks()
    yield "locks agree with pyproject.toml", [*agreement.faults(pyproject(), everything)]
    runtime = everything[RUNTIME]
    hashes = sum(len(entry.hashes) for entry in runtime)
    yield f"{len(runtime)} packages pinned, {hashes} files with SHA-256", []
    named = len([entry for entry in runtime if PROJECT in entry.via])
    for what, count, most in (
        ("packages that the gateway names", named, MOST_NAMED),
        ("packages that are installed", len(runtime), MOST_INSTALLED),
    ):
        yield f"{count} of {most} {what}", ["one more than allowed"] if count > most else []
    needs = agreement.requirements(pyproject(), GROUPS[RUNTIME])
    yield "nothing is locked that is not needed here", [*closure.faults(needs, runtime)]
    yield "licences are allowed", [*licences.faults(runtime, said_licences())]
    if copies:
        known = [advisory for copy in copies for advisory in advisories.read(copy)]
        for path, locked in everything.items():
            weak = [str(weakness) for weakness in advisories.weaknesses(locked, known)]
            yield f"{path} against {len(known)} advisories", weak


def write_sbom() -> int:
    """Writes the bill of materials."""
    licence = pyproject()["project"]["license"]
    runtime = locks()[RUNTIME]
    made = sbom.document(runtime, said_licences(), version=gateway.__version__, licence=licence)
    target = ROOT / SBOM
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"written: {SBOM}: {len(runtime)} packages")
    return 0


def main() -> int:
    """Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m supply", description="the locks and their audit"
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("lock", help="write the locks")
    command.add_argument("--upgrade", action="store_true", help="take the newest versions")
    command.set_defaults(run=lambda told: lock(upgrade=told.upgrade))
    command = commands.add_parser("check", help="whether locks and pyproject.toml agree")
    command.set_defaults(run=lambda _: check())
    command = commands.add_parser("audit", help="look through what is locked")
    command.add_argument(
        "advisories", nargs="*", type=Path, help="file, folder or zip of advisories in OSV's form"
    )
    command.set_defaults(run=lambda told: audit(told.advisories))
    command = commands.add_parser("sbom", help="write a bill of materials")
    command.set_defaults(run=lambda _: write_sbom())
    told = parser.parse_args()
    return int(told.run(told))


if __name__ == "__main__":
    sys.exit(main())
