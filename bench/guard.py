"""Fails when the gateway costs too many times the floor: under a minute, for every change.

Noise only ever adds CPU time, so the cheapest of several rounds is compared; what is beyond its limit is
measured once more before it counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import uvloop

from bench import goals, machine, systems
from bench.cases import CASES, Case
from bench.measure import Bench, cells, tell

ROUNDS = 4
SHARE = 2
"""One of so many requests of the long run."""


def short(case: Case) -> Case:
    """The case with fewer requests."""
    requests = max(case.requests // SHARE, case.concurrency)
    return replace(case, requests=requests, rounds=min(case.rounds, ROUNDS))


async def ratios(names: Iterable[str], upstream: int) -> dict[str, float]:
    """What each case costs as a multiple of the floor. Raises `RuntimeError` for wrong answers."""
    wanted = set(names)
    cases = [short(case) for case in CASES if case.name in wanted]
    measured = (systems.GATEWAY, systems.FLOOR)
    table = cells(cases, measured)
    with systems.started(measured, upstream) as running:
        bench = Bench(running, upstream)
        await bench.warm(measured)
        for case in cases:
            row = {system.name: table[case.name, system.name] for system in measured}
            await bench.run(case, measured, row)
        bench.close()
    if faults := [fault for cell in table.values() for fault in cell.faults]:
        raise RuntimeError(f"wrong answers: {faults[:3]}")
    return {
        case.name: min(table[case.name, "gateway"].cpu) / min(table[case.name, "floor"].cpu)
        for case in cases
    }


def run() -> int:
    """Gives the exit code: 0 within the limits, 1 beyond."""
    with machine.pinned(machine.OTHERS), systems.upstream() as upstream:
        found = uvloop.run(ratios(goals.GUARDED, upstream))
        if again := goals.beyond(found):
            tell(f"beyond the limit, measured once more: {', '.join(again)}")
            second = uvloop.run(ratios(again, upstream))
            found |= {case: min(found[case], ratio) for case, ratio in second.items()}
    print("CPU of the gateway as a multiple of the bare floor:")
    for case, ratio in found.items():
        verdict = "too much" if ratio > goals.limit(case) else "ok"
        goal = goals.FLOOR_GOALS[case]
        print(
            f"  {case:<10} {ratio:5.2f}   limit {goals.limit(case):.2f}, goal {goal:.2f}   {verdict}"
        )
    return 1 if goals.beyond(found) else 0
