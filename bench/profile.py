"""Where the microseconds of each hot path go, as PROFILE.md."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from bench import machine, stages, systems
from bench.cases import CASES, Case, Script
from bench.figures import shown
from bench.load import Load
from bench.machine import Running
from bench.measure import tell
from bench.report import table, versions
from bench.systems import System

SECONDS = 4.0
"""Of load for each path, after as many without the sampler."""
PAGE = Path(__file__).parent / "PROFILE.md"


@dataclass(frozen=True)
class Profile:
    """What a path costs: microseconds of a request, or of a piece of its answer."""

    says: str
    unit: str
    bare: float
    """Without the sampler."""
    rows: list[stages.Row]

    @property
    def total(self) -> float:
        """The sum of the rows."""
        return sum(row.spent for row in self.rows)


def paths() -> Iterator[tuple[Case, System]]:
    """What is looked at."""
    cases = {case.name: case for case in CASES}
    for name in ("small", "turn 200k", "burst", "32 paced"):
        yield cases[name], systems.GATEWAY
    for name in ("small", "turn 200k", "32 paced"):
        yield cases[name], systems.PASSED


def sampled(system: System, notes: Path) -> System:
    """The system with the sampler in its process."""
    plain = system.command
    if plain is None:
        raise ValueError(f"{system.name} is no process")

    def command(port: int, upstream: int, folder: Path) -> list[str]:
        words = plain(port, upstream, folder)
        return [sys.executable, "-m", "bench.sampler", str(notes), *words[words.index("serve") :]]

    return replace(system, command=command)


async def drive(running: Running, case: Case, script: Script, load: Load) -> float:
    """Sends for `SECONDS`; gives the number of requests. Raises `RuntimeError` for wrong answers."""
    sent = 0
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        outcome = await load.send(script.next(case.requests), concurrency=case.concurrency)
        if outcome.faults:
            raise RuntimeError(f"wrong answers: {outcome.faults}")
        sent += outcome.sent
    return sent


def wait_for(notes: Path) -> None:
    """Until the sampler has written. Raises `TimeoutError`."""
    until = time.perf_counter() + 10
    while not notes.exists():
        if time.perf_counter() > until:
            raise TimeoutError("the sampler wrote nothing; the gateway's log may say why")
        time.sleep(0.01)


async def cost(
    running: Running, case: Case, system: System, notes: Path | None
) -> tuple[float, float]:
    """CPU nanoseconds and requests; what the sampler noted meanwhile is in `notes`."""
    load, script = Load(running.port), Script(case, system)
    await load.send(script.next(3), concurrency=1)
    await asyncio.sleep(0.5)
    if notes is not None:
        running.process.send_signal(signal.SIGUSR1)
    before = running.cpu_ms()
    sent = await drive(running, case, script, load)
    await asyncio.sleep(0.1)
    spent = (running.cpu_ms() - before) * 1e6
    if notes is not None:
        running.process.send_signal(signal.SIGUSR2)
        wait_for(notes)
    load.close()
    return spent, sent


def profile(case: Case, system: System, upstream: int) -> Profile:
    """One path."""
    notes = systems.SCRATCH / "run" / "notes.txt"
    notes.unlink(missing_ok=True)
    measured: list[tuple[float, float]] = []
    for one, file in ((system, None), (sampled(system, notes), notes)):
        running = systems.start(one, upstream)
        try:
            measured.append(uvloop.run(cost(running, case, system, file)))
        finally:
            running.stop()
    (bare, bare_sent), (_, sent) = measured
    scale = 1e3 * case.parts
    found = [
        (stack, spent / sent / scale) for stack, spent in stages.stacks(notes.read_text("utf-8"))
    ]
    says = f"{case.says}, {system.name}"
    unit = "piece" if case.per_piece else "request"
    return Profile(says, unit, bare / bare_sent / scale, stages.rows(found))


def page(profiles: list[Profile]) -> str:
    """PROFILE.md."""
    parts = [
        "# Where the microseconds go",
        f"Measured on {time.strftime('%Y-%m-%d', time.gmtime())} with `make profile`. "
        f"Machine: {machine.described()}. {', '.join(versions())}.",
        "A sampler in the gateway's process notes every few milliseconds of CPU time what is being done, and "
        "charges it what was spent since the last note (`bench/sampler.py`); `bench/stages.py` says which "
        "code is which stage. The rows add up to the total. What the loop does in C between two callbacks "
        "(waiting, late writes) is charged to the Python function that comes next. "
        "*handle* is the request's own coroutines: waiting, time limits, heartbeats. Numbers below a "
        "fiftieth of the total rest on few notes.",
    ]
    for one in profiles:
        rows = [
            [row.stage, shown(row.spent), f"{row.spent / one.total:.0%}", _mostly(row)]
            for row in one.rows
        ]
        rows.append([f"**a {one.unit}**", f"**{shown(one.total)}**", "", ""])
        head = ["stage", "us", "share", "mostly"]
        bare = f"Without the sampler: {shown(one.bare)} us."
        parts.append(f"## {one.says}\n\n{table(head, rows)}\n\n{bare}")
    return "\n\n".join(parts) + "\n"


def _mostly(row: stages.Row) -> str:
    return ", ".join(f"`{frame}` {shown(spent)}" for frame, spent in row.mostly)


def run() -> int:
    """Gives the exit code."""
    found = []
    with machine.pinned(machine.OTHERS), systems.upstream() as upstream:
        for case, system in paths():
            tell(f"{case.says}, {system.name}")
            found.append(profile(case, system, upstream))
    PAGE.write_text(page(found), "utf-8")
    print(f"written: {PAGE.relative_to(machine.ROOT)}")
    return 0
