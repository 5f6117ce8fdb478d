"""The matrix: all its cells asked at once, and what came of them as a table."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.cells import Cell, ask_all, cells
from faults.judging import Got, judged
from faults.lab import NETWORK, lab
from faults.stated import fails_over, wrong

from gateway.mock.scenarios import SCENARIOS
from gateway.mock.server import Mock

COLUMNS: Sequence[tuple[str, bool, bool]] = (
    ("whole", False, False),
    ("stream", True, False),
    ("whole, with a fallback", False, True),
    ("stream, with a fallback", True, True),
)


@dataclass(frozen=True, slots=True)
class Matrix:
    """What came of it."""

    got: Mapping[Cell, Got]
    still_playing: int
    """Answers of the mock that nobody had ended when all cells were answered."""
    still_open: int
    """Connections to it after the gateway had let go of those that waited for more requests."""
    still_running: Sequence[str]
    """Tasks."""

    @property
    def wrong(self) -> dict[str, str]:
        """The cells that are not as stated, each with what is not."""
        found = {cell: wrong(cell, got) for cell, got in self.got.items()}
        return {str(cell): problem for cell, problem in found.items() if problem}


def run(folder: Path) -> Matrix:
    """Asks every cell."""
    return asyncio.run(_run(folder))


async def _run(folder: Path) -> Matrix:
    async with lab(folder) as place:
        heard = await ask_all(place, list(cells()))
        playing = place.mock.playing
        await place.services.shadows.close()
        await place.services.provider_counts.close()
        await place.services.pace.close()
        await place.services.upstream.close()
        await _ended(place.mock)
        running = asyncio.all_tasks() - {asyncio.current_task()}
        return Matrix(
            {cell: judged(one, streams=cell.streams) for cell, one in heard.items()},
            playing,
            place.mock.open,
            [repr(task) for task in running],
        )


async def _ended(mock: Mock) -> None:
    """The mock has heard that its connections were closed: that takes some turns of the loop."""
    for _ in range(200):
        if not mock.open:
            return
        await asyncio.sleep(0.01)


# -- as a table ---------------------------------------------------------------------------------------


def markdown(matrix: Matrix) -> str:
    """A row for each fault. Where the wire formats differ, those that do are named."""
    lines = [f"{len(matrix.got)} cells, {len(matrix.wrong)} of them not as stated.", ""]
    names = [name for name, *_ in COLUMNS]
    lines.append(f"| fault | {' | '.join(names)} |")
    lines.append("|---" * (len(names) + 1) + "|")
    for fault in (*NETWORK, *SCENARIOS):
        values = [_value(matrix, fault, streams, spared) for _, streams, spared in COLUMNS]
        lines.append(f"| {fault} | {' | '.join(values)} |")
    return "\n".join(lines)


def _value(matrix: Matrix, fault: str, streams: bool, spared: bool) -> str:
    told = {
        cell.dialect: "the fallback's answer"
        if fails_over(cell) and got.gets == "answer"
        else got.gets
        for cell, got in matrix.got.items()
        if (cell.fault, cell.streams, cell.spared) == (fault, streams, spared)
    }
    ((usual, _),) = Counter(told.values()).most_common(1)
    others = [f"{dialect}: {gets}" for dialect, gets in told.items() if gets != usual]
    return "; ".join([usual, *others])
