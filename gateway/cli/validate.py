"""`gateway validate-config`: says all that is wrong with config files."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.config import Finding, Snapshot, load, render_concise, render_full, render_json
from gateway.config.findings import Severity

DEFAULTS = (Path("config.yaml"), Path("config.example.yaml"))
"""The first of these that exists is checked when no file is named."""

STDIN = "-"
SOUND, FINDINGS, USAGE = 0, 1, 2

_SEVERITIES: tuple[Severity, ...] = ("error", "warning")

Format = Literal["full", "concise", "json"]
Read = Callable[[Path], tuple[str, Mapping[str, str]]]
"""Gives a config's text, and the variables that it may name. Raises `OSError`, `UnicodeDecodeError`."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one file came to."""

    file: str
    text: str
    findings: tuple[Finding, ...]
    snapshot: Snapshot | None

    @property
    def summary(self) -> str:
        """`config.yaml: 2 errors, 1 warning`, or `config.yaml: ok (…)`."""
        parts = [] if self.snapshot is None else [f"ok ({_contents(self.snapshot)})"]
        numbers = Counter(found.severity for found in self.findings)
        parts += [_counted(numbers[word], word) for word in _SEVERITIES if numbers[word]]
        return f"{self.file}: {', '.join(parts)}"


def run(files: Sequence[str | Path], *, format: Format, read: Read) -> int:
    """Prints the findings of every file and a line about each; gives the exit code.

    0: every file can serve, maybe with warnings. 1: some file cannot. 2: some file cannot be read.
    """
    reports: list[Report] = []
    code = SOUND
    for file in files or [_default()]:
        try:
            report = _check(file, read)
        except (OSError, UnicodeDecodeError) as error:
            print(f"gateway: {file} cannot be read: {_reason(error)}", file=sys.stderr)
            code = USAGE
            continue
        reports.append(report)
        code = max(code, SOUND if report.snapshot is not None else FINDINGS)
    _print(reports, format)
    return code


def _default() -> Path:
    return next((path for path in DEFAULTS if path.exists()), DEFAULTS[0])


def _check(file: str | Path, read: Read) -> Report:
    from_stdin = str(file) == STDIN
    name = "<stdin>" if from_stdin else str(file)
    text, environment = (sys.stdin.read(), os.environ) if from_stdin else read(Path(file))
    loaded = load(text, file=name, environment=environment)
    return Report(name, text, loaded.findings, loaded.snapshot)


def _print(reports: Iterable[Report], format: Format) -> None:
    if format == "json":
        print(render_json([found for report in reports for found in report.findings]))
        return
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for report in reports:
        if report.findings and format == "full":
            print(render_full(report.findings, {report.file: report.text}, color=color), end="\n\n")
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


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return error.strerror or str(error)
