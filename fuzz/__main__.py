"""Runs the fuzzers one after the other, and prints what they did; see the package."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from fuzz.entrances import ENTRANCES

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache/fuzz"
LONGEST = 6000
"""Bytes of an input."""
HANGS = 240
"""Seconds after which an input is taken to hang: far beyond what a busy machine does to the slowest. What
takes the processor for long is seen before."""
GRACE = 300
"""Seconds that a fuzzer gets beyond its time, to start and to make a failure small."""
COLUMNS = ("fuzzer", "seconds", "executions", "coverage", "crashes", "hangs", "5xx", "")


@dataclass(frozen=True, slots=True)
class Row:
    """What a fuzzer did."""

    name: str
    seconds: int = 0
    executions: int = 0
    coverage: int | None = None
    """Branches that were seen, where they are counted."""
    crashes: int = 0
    hangs: int = 0
    server_errors: int = 0
    note: str = ""

    @property
    def failed(self) -> bool:
        """Something did not hold."""
        return bool(self.crashes or self.hangs or self.server_errors)

    def cells(self) -> tuple[str, ...]:
        """As text, in the order of `COLUMNS`."""
        covered = f"{self.coverage:,}" if self.coverage is not None else "-"
        numbers = (f"{self.crashes}", f"{self.hangs}", f"{self.server_errors}")
        return (self.name, f"{self.seconds}", f"{self.executions:,}", covered, *numbers, self.note)


def guided(name: str, seconds: int) -> Row:
    """Searches an entrance, led by what is new."""
    if find_spec("atheris") is None:
        return Row(name, crashes=1, note="not run: atheris is for Linux on x86-64")
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={HANGS}"]
    options += ["-rss_limit_mb=4096", "-print_final_stats=1"]
    code, said = run(["fuzz.guided", name, *options], folder, seconds)
    runs = re.findall(r"stat::number_of_executed_units:\s+(\d+)", said) or [0]
    covered = re.findall(r"\bcov: (\d+)", said)
    kept = re.findall(r"Test unit written to \./(\S+)", said)
    hangs = sum(path.startswith("timeout-") for path in kept) + ("\nTooSlow: " in said)
    return Row(
        name,
        executions=int(runs[-1]),
        coverage=int(covered[-1]) if covered else None,
        crashes=int(code != 0 and not hangs),
        hangs=hangs,
        note=f"see {folder.relative_to(ROOT)}/{kept[-1] if kept else 'log'}" if code else "",
    )


def reporting(name: str, module: str, *words: str) -> Callable[[str, int], Row]:
    """A fuzzer that prints its figures as JSON."""

    def fuzzer(_: str, seconds: int) -> Row:
        folder = CACHE / f"{name}-log"
        folder.mkdir(parents=True, exist_ok=True)
        code, said = run([module, str(seconds), *words], folder, seconds)
        try:
            told = json.loads(said.splitlines()[-1])
        except (ValueError, IndexError):
            told = {"crashes": 1, "note": f"see {folder.relative_to(ROOT)}/log"}
        row = Row(name, **told)
        return row if row.failed or not code else replace(row, crashes=1)

    return fuzzer


FUZZERS: Mapping[str, Callable[[str, int], Row]] = {
    **dict.fromkeys(ENTRANCES, guided),
    "wire": reporting("wire", "fuzz.wire"),
    "api": reporting("api", "fuzz.api"),
    "api-keys": reporting("api-keys", "fuzz.api", "keys"),
}


def run(words: list[str], folder: Path, seconds: int) -> tuple[int, str]:
    """The exit code of a fuzzer and what it said, which also stands in `folder/log`."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    is_guided = words[0] == "fuzz.guided"
    with (folder / "log").open("w+", errors="replace") as log:
        done = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder if is_guided else ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            code = done.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            done.kill()
            code = done.wait()
        log.seek(0)
        return code, log.read()


def table(rows: list[Row]) -> str:
    """For people."""
    cells = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(COLUMNS) - 1)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *map(str.rjust, line[1:-1], widths[1:]), line[-1]]
        ).rstrip()
        for line in cells
    )


def main() -> int:
    """Gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description="throw bytes at the gateway"
    )
    parser.add_argument("--seconds", type=int, default=600, help="for each (default: 600)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(FUZZERS)}")
    told = parser.parse_args()
    if unknown := {*told.names} - FUZZERS.keys():
        parser.error(f"no such fuzzer: {', '.join(sorted(unknown))}")
    rows = []
    for name in told.names or FUZZERS:
        print(f"{name}: {told.seconds} s", file=sys.stderr, flush=True)
        start = time.monotonic()
        row = FUZZERS[name](name, told.seconds)
        rows.append(replace(row, seconds=round(time.monotonic() - start)))
    print(table(rows))
    return 1 if any(row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
