"""Runs the cases: systems take turns in every round, so that a busy minute is everybody's."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import uvloop

from bench import machine, systems
from bench.cases import GROWTH, GROWTH_TURNS, KB, SHORT, Case, Script
from bench.conversations import BYTES_PER_TOKEN
from bench.figures import middle, quantile
from bench.load import Load, Outcome
from bench.machine import Running
from bench.systems import System

SETTLE = 0.03
"""Seconds after the last answer until the CPU time is read: what is done after it counts too."""
WARM = 20
"""Short questions that a system is asked before anything is measured."""
COLD_STARTS = 3


@dataclass(slots=True)
class Cell:
    """A case of a system: a value for each round, over which medians are taken."""

    cpu: list[float] = field(default_factory=list)
    """Milliseconds for a request."""
    total: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    gap: list[float] = field(default_factory=list)
    """The 99th of a hundred gaps."""
    rate: list[float] = field(default_factory=list)
    """Right answers in a second."""
    sent: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def note(self, outcome: Outcome, cpu_ms: float) -> None:
        """One round."""
        self.sent += outcome.sent
        self.faults += outcome.faults
        timings = outcome.timings
        if not timings:
            return
        self.cpu.append(cpu_ms / outcome.sent)
        self.total.append(median(timing.total for timing in timings))
        self.rate.append(len(timings) / outcome.seconds)
        if firsts := [timing.first for timing in timings if timing.first is not None]:
            self.first.append(median(firsts))
        if gaps := [gap for timing in timings for gap in timing.gaps]:
            self.gap.append(quantile(gaps, 0.99))

    def cost(self, case: Case) -> float | None:
        """CPU: milliseconds for a request, or microseconds for a piece."""
        cpu = middle(self.cpu)
        if cpu is None or not case.per_piece:
            return cpu
        return cpu * 1e3 / case.parts


@dataclass(slots=True)
class Start:
    """How a system starts."""

    seconds: list[float] = field(default_factory=list)
    """Until the first 200."""
    cpu: list[float] = field(default_factory=list)
    """Seconds of CPU until then."""
    rss: list[float] = field(default_factory=list)
    """Megabytes a second later: what is loaded in the background is there."""


@dataclass(slots=True)
class Results:
    """Everything that was measured."""

    began: float
    machine: str
    systems: Sequence[System]
    cases: Sequence[Case]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    """(case, system)."""
    starts: dict[str, Start] = field(default_factory=dict)
    growth: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """System -> (megabytes of the body, CPU milliseconds of a turn)."""
    rss_after: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def faults(self) -> list[str]:
        """Wrong answers, each kind once."""
        return [
            f"{case} of {system}: {count} x {fault}"
            for (case, system), cell in self.cells.items()
            for fault, count in cell.faults.items()
        ]


def tell(words: str) -> None:
    """Says how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


class Bench:
    """The systems that run, and who sends to them."""

    def __init__(self, running: Mapping[str, Running | None], upstream: int) -> None:
        self._running = running
        self._loads = {
            name: Load(one.port if one is not None else upstream) for name, one in running.items()
        }

    async def once(
        self, system: System, case: Case, script: Script, count: int, *, settle: float = SETTLE
    ) -> tuple[Outcome, float]:
        """Sends so many requests; the outcome, and the CPU milliseconds that the system took."""
        running, load = self._running[system.name], self._loads[system.name]
        requests = script.next(count)
        before = running.cpu_ms() if running is not None else 0.0
        outcome = await load.send(requests, concurrency=case.concurrency, ramp=case.ramp)
        await asyncio.sleep(settle)
        after = running.cpu_ms() if running is not None else 0.0
        return outcome, after - before

    async def warm(self, measured: Sequence[System]) -> None:
        """So that nobody pays for what is done only once. Raises `RuntimeError` for wrong answers."""
        for stream in (False, True):
            case = Case("warm", "", SHORT, 0, WARM, 1, stream)
            for system in measured:
                outcome, _ = await self.once(system, case, Script(case, system), WARM)
                if outcome.faults:
                    raise RuntimeError(f"{system.name} is wrong from the start: {outcome.faults}")

    async def run(self, case: Case, measured: Sequence[System], cells: Mapping[str, Cell]) -> None:
        """All rounds of a case; the order is turned round each time."""
        able = [system for system in measured if system.calls_tools or not case.answer.calls]
        scripts = {system.name: Script(case, system) for system in able}
        for system in able if case.size else ():
            await self.once(system, case, scripts[system.name], 1, settle=0.3)
        for number in range(case.rounds):
            for system in able if number % 2 == 0 else reversed(able):
                count = max(case.requests // system.rarely, case.concurrency)
                outcome, cpu = await self.once(system, case, scripts[system.name], count)
                cells[system.name].note(outcome, cpu)

    async def grow(self, measured: Sequence[System]) -> dict[str, list[tuple[float, float]]]:
        """The cost of a turn while a conversation grows."""
        points: dict[str, list[tuple[float, float]]] = {system.name: [] for system in measured}
        for thousands in GROWTH:
            size = int(thousands * KB * BYTES_PER_TOKEN)
            case = Case(f"{thousands}k", "", SHORT, size, GROWTH_TURNS, 1, grows=True)
            scripts = {system.name: Script(case, system, seed=2) for system in measured}
            costs: dict[str, list[float]] = {system.name: [] for system in measured}
            for system in measured:
                await self.once(system, case, scripts[system.name], 1, settle=0.3)
            for _ in range(GROWTH_TURNS):
                for system in measured:
                    _, cpu = await self.once(system, case, scripts[system.name], 1)
                    costs[system.name].append(cpu)
            for name, cpu_ms in costs.items():
                points[name].append((scripts[name].bytes / 1e6, median(cpu_ms)))
        return points

    def rss_mb(self) -> dict[str, float]:
        """Memory of each system now."""
        return {name: one.rss_mb() for name, one in self._running.items() if one is not None}

    def close(self) -> None:
        """Ends the connections."""
        for load in self._loads.values():
            load.close()


def cold(system: System, upstream: int, times: int = COLD_STARTS) -> Start:
    """Starts a system again and again."""
    found = Start()
    for _ in range(times):
        running = systems.start(system, upstream)
        found.seconds.append(running.cold_seconds)
        found.cpu.append(running.cpu_ms() / 1e3)
        time.sleep(1.0)
        found.rss.append(running.rss_mb())
        running.stop()
    return found


def cells(cases: Sequence[Case], measured: Sequence[System]) -> dict[tuple[str, str], Cell]:
    """An empty cell for each case of each system."""
    return {(case.name, system.name): Cell() for case in cases for system in measured}


async def measure(cases: Sequence[Case], measured: Sequence[System], upstream: int) -> Results:
    """The cases, then the growing conversation."""
    results = Results(time.time(), machine.described(), measured, cases)
    results.cells = cells(cases, measured)
    with systems.started(measured, upstream) as running:
        bench = Bench(running, upstream)
        await bench.warm(measured)
        for case in cases:
            tell(f"{case.name}: {case.says}")
            row = {system.name: results.cells[case.name, system.name] for system in measured}
            await bench.run(case, measured, row)
        results.rss_after = bench.rss_mb()
        bench.close()
    return results


async def growth(upstream: int) -> dict[str, list[tuple[float, float]]]:
    """The cost of a turn of a conversation that grows, of the gateway and both floors."""
    tell("a conversation that grows to 1M tokens")
    measured = [systems.GATEWAY, systems.PASSED, systems.FLOOR, systems.DIGEST]
    with systems.started(measured, upstream) as running:
        bench = Bench(running, upstream)
        await bench.warm(measured)
        points = await bench.grow(measured)
        bench.close()
    return points


def everything(cases: Sequence[Case], *, rivals: bool) -> Results:
    """The whole run."""
    began = time.perf_counter()
    measured = systems.present(rivals=rivals)
    with machine.pinned(machine.OTHERS), systems.upstream() as upstream:
        starts = {}
        for system in (*measured, systems.UNCOUNTED):
            if system.command is not None and system not in (systems.EDITED, systems.PASSED):
                tell(f"start of {system.name}")
                starts[system.name] = cold(system, upstream)
        results = uvloop.run(measure(cases, measured, upstream))
        results.starts = starts
        results.growth = uvloop.run(growth(upstream))
    results.seconds = time.perf_counter() - began
    return results
