"""`gateway validate-config`: says all that is wrong with config files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from gateway import __version__
from gateway.cli.commands import Commands, add_env, shows_color, unreadable
from gateway.cli.configs import default_config
from gateway.config import Finding, Loaded, Snapshot
from gateway.config.findings import Severity
from gateway.config.told.render import render_concise, render_full, render_github, render_json
from gateway.config.told.sarif import render_sarif
from gateway.config_file import config_of, read_config

STDIN = "-"
SOUND, FINDINGS, USAGE = 0, 1, 2

_SEVERITIES: tuple[Severity, ...] = ("error", "warning")

Format = Literal["full", "concise", "json", "github", "sarif"]

ALONE: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "json": render_json,
    "sarif": lambda found: render_sarif(found, version=__version__),
}
"""Forms for programs: one document for all files, and nothing else."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one file came to."""

    file: str
    loaded: Loaded

    @property
    def findings(self) -> tuple[Finding, ...]:
        """By file and position."""
        return self.loaded.findings

    @property
    def summary(self) -> str:
        """`config.yaml: 2 errors, 1 warning`, or `config.yaml: ok (…)`."""
        snapshot = self.loaded.snapshot
        parts = [] if snapshot is None else [f"ok ({_contents(snapshot)})"]
        numbers = Counter(found.severity for found in self.findings)
        parts += [_counted(numbers[word], word) for word in _SEVERITIES if numbers[word]]
        return f"{self.file}: {', '.join(parts)}"


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "validate-config", help="check config files and say all that is wrong"
    )
    command.add_argument(
        "files", nargs="*", help="config files, - for stdin (default: config.yaml)"
    )
    command.add_argument(
        "--format", choices=get_args(Format), default="full", help="form of the findings"
    )
    command.add_argument(
        "--notes", action="store_true", help="tell of rules that overlap too, with an example"
    )
    add_env(command)
    command.set_defaults(
        run=lambda told: run(told.files, format=told.format, env=told.env, notes=told.notes)
    )


def run(
    files: Sequence[str | Path], *, format: Format, env: str | None = None, notes: bool = False
) -> int:
    """Prints the findings of every file and a line about each; gives the exit code.

    0: every file can serve, maybe with warnings. 1: some file cannot. 2: some file cannot be read.
    """
    reports: list[Report] = []
    code = SOUND
    for file in files or [default_config()]:
        try:
            report = _check(file, env, notes=notes)
        except (OSError, UnicodeDecodeError) as error:
            print(f"gateway: {unreadable(file, error)}", file=sys.stderr)
            code = USAGE
            continue
        reports.append(report)
        code = max(code, SOUND if report.loaded.snapshot is not None else FINDINGS)
    _print(reports, format)
    return code


def _check(file: str | Path, env: str | None, *, notes: bool) -> Report:
    from_stdin = str(file) == STDIN
    config = config_of(sys.stdin.read(), "<stdin>") if from_stdin else read_config(Path(file))
    loaded = config.in_environment(env).load(notes=notes, every_overlay=True)
    return Report(config.name, loaded)


def _print(reports: Sequence[Report], format: Format) -> None:
    if (alone := ALONE.get(format)) is not None:
        print(alone([found for report in reports for found in report.findings]))
        return
    color = shows_color(sys.stdout)
    for report in reports:
        if report.findings and format == "full":
            print(render_full(report.findings, report.loaded.sources, color=color), end="\n\n")
        elif report.findings and format == "github":
            print(render_github(report.findings))
        elif report.findings:
            print(render_concise(report.findings, color=color))
        print(report.summary)


def _contents(snapshot: Snapshot) -> str:
    """How much the config holds; of providers, those that its targets name."""
    providers = {target.partition(":")[0] for target in snapshot.targets}
    return ", ".join(
        (
            _counted(len(providers), "provider"),
            _counted(len(snapshot.rules), "rule"),
            _counted(len(snapshot.transforms), "transform"),
        )
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
