"""`gateway import`: the config of another system as a config of the gateway."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.cli.commands import Commands
from gateway.cli.configs import schema_of
from gateway.config import Finding, load, render_concise
from gateway.importers import SYSTEMS, CannotImport, File, Imported, convert, variables_of
from gateway.importers.draft import Outcome

FINE, FINDINGS, USAGE = 0, 1, 2
STDIN = "-"
PLACEHOLDER = "http://localhost/to-be-set"
"""What a variable is taken to hold until it is set: sound as a key and as an address."""

WIDEST = 50
"""Columns of the names in the report, unless one is longer."""

HEADINGS: Mapping[Outcome, str] = {
    "carried": "carried",
    "secret": "keys: referred to, not copied",
    "dropped": "not carried",
    "unknown": "not known, so nothing was made of it",
}
"""What became of settings, and how the report says so; in its order."""

EXAMPLE = """\
examples:
  $ gateway import .env models.yaml --out config.yaml
  $ gateway import ~/.claude-code-router/config.json > config.yaml
"""


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "import",
        help="turn the config of another system into a config.yaml",
        description="Recognises the system by the text of its files. Keys are never copied.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("files", nargs="+", help="all files of one system, - for stdin")
    command.add_argument("--from", dest="system", choices=tuple(SYSTEMS), help="the system")
    command.add_argument("--out", type=Path, help="file to write (default: stdout)")
    command.add_argument("--force", action="store_true", help="write over a file that exists")
    command.add_argument("--json", action="store_true", help="config and report as JSON, on stdout")
    command.set_defaults(
        run=lambda told: run(told.files, told.system, told.out, force=told.force, as_json=told.json)
    )


def run(
    files: Sequence[str], system: str | None, out: Path | None, *, force: bool, as_json: bool
) -> int:
    """Gives the exit code.

    0: the config is sound once the variables that it needs are set. 1: something in it is wrong.
    2: there is nothing to import, or no place for it.
    """
    try:
        sources = [_file(name) for name in files]
        imported = convert(sources, system=system, schema=schema_of(out.parent if out else Path()))
        if out is not None:
            with out.open("w" if force else "x", encoding="utf-8") as file:
                file.write(imported.text)
    except CannotImport as error:
        print(f"gateway: {error}", file=sys.stderr)
        return USAGE
    except UnicodeDecodeError:
        print("gateway: a file is not UTF-8", file=sys.stderr)
        return USAGE
    except FileExistsError:
        print(f"gateway: {out} exists; --force writes over it", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"gateway: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    findings = check(imported, variables_of(sources), str(out or "config.yaml"))
    if as_json:
        print(json.dumps(_told(imported, findings), indent=2, ensure_ascii=False))
    else:
        if out is None:
            sys.stdout.write(imported.text)
        report = "\n".join(_report(imported, findings, out))
        print(report, file=sys.stderr if out is None else sys.stdout)
    return FINDINGS if any(found.severity == "error" for found in findings) else FINE


def check(imported: Imported, given: Mapping[str, str], name: str) -> tuple[Finding, ...]:
    """What is wrong with the config when every variable that it needs is set."""
    environment = {needed.name: PLACEHOLDER for needed in imported.needed}
    environment |= {name: text for name, text in {**given, **os.environ}.items() if text.strip()}
    return load(imported.text, file=name, environment=environment).findings


def _file(name: str) -> File:
    if name == STDIN:
        return File("<stdin>", sys.stdin.read())
    return File(name, Path(name).read_text(encoding="utf-8"))


def _told(imported: Imported, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "system": imported.system,
        "config": imported.text,
        "settings": [asdict(note) for note in imported.notes],
        "variables": [asdict(needed) for needed in imported.needed],
        "findings": [
            {"line": found.line, "severity": found.severity, "message": found.message}
            for found in findings
        ],
    }


def _report(imported: Imported, findings: Sequence[Finding], out: Path | None) -> Iterator[str]:
    yield f"imported from {imported.system}" + (f" to {out}" if out is not None else "")
    for outcome, heading in HEADINGS.items():
        notes = [note for note in imported.notes if note.outcome == outcome]
        if notes:
            yield from ("", f"{heading} ({len(notes)})", *_columns((n.name, n.says) for n in notes))
    if imported.needed:
        yield from ("", "variables that it needs, in the environment or in `.env` beside it")
    yield from _columns((one.name, _held(one.held_by, one.says)) for one in imported.needed)
    if findings:
        yield from ("", render_concise(findings))


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    listed = list(rows)
    width = min(WIDEST, max((len(name) for name, _ in listed), default=0))
    return [f"  {name:<{width}}  {says}" for name, says in listed]


def _held(file: str | None, says: str) -> str:
    if file is None:
        return f"to be set: {says}"
    if Path(file).name == ".env":
        return f"set in {file}: {says}"
    return f"set in {file}, to be put into .env: {says}"
