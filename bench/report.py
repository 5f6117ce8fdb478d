"""What was measured, as RESULTS.md and its plots."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import goals, svg, systems
from bench.cases import Case
from bench.figures import middle, ratio, shown, slope
from bench.measure import Cell, Results

FOLDER = Path(__file__).parent
PACKAGES = ("rules-gateway", "aiohttp", "httptools", "msgspec", "uvicorn", "uvloop", "tiktoken")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first lean to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def write(results: Results) -> list[Path]:
    """Writes the files; gives their names."""
    written = {
        FOLDER / "RESULTS.md": page(results),
        FOLDER / "ratios.svg": ratios_plot(results),
        FOLDER / "growth.svg": growth_plot(results),
    }
    for path, content in written.items():
        path.write_text(content, "utf-8")
    return list(written)


def costs(results: Results, case: Case) -> dict[str, float]:
    """What a case costs each system: CPU milliseconds for a request, or microseconds for a piece."""
    found = {}
    for system in results.systems:
        cost = results.cells[case.name, system.name].cost(case)
        if cost is not None and system.command is not None:
            found[system.name] = cost
    return found


def page(results: Results) -> str:
    """RESULTS.md."""
    return "\n\n".join(part.strip() for part in _parts(results)) + "\n"


def _parts(results: Results) -> Iterator[str]:
    day = time.strftime("%Y-%m-%d", time.gmtime(results.began))
    yield "# What a request costs"
    yield (
        f"Measured on {day} with `{command(results)}` in {results.seconds / 60:.0f} minutes; written by "
        f"`bench/report.py`. Machine: {results.machine}. {', '.join(versions())}."
    )
    yield (
        "CPU time of the measured process and its children, threads included, read 30 ms after the last "
        "answer; medians over rounds in which all systems take turns. Every answer is verified: the "
        "whole text, tool inputs, the stop reason and the order of events. Milliseconds differ from machine "
        "to machine; the ratios in one run hardly do."
    )
    yield "\n".join(f"- **{system.name}**: {system.says}" for system in results.systems)
    yield "## CPU of a request, as a multiple of the floor\n\n![CPU ratios](ratios.svg)"
    yield _ratio_table(results)
    yield (
        "## CPU time\n\nMilliseconds for a request; for streams (us) microseconds for a piece.\n\n"
        + (_cost_table(results))
    )
    yield "## Time\n\nMedians, in milliseconds.\n\n" + _time_table(results)
    if results.growth:
        yield "## A conversation that grows\n\n![CPU of a turn](growth.svg)"
        yield _growth_table(results)
    yield "## Start and memory\n\n" + _start_table(results)
    faults = [f"- {fault}" for fault in results.faults]
    sent = sum(cell.sent for cell in results.cells.values())
    yield "\n".join(["## Wrong answers", "", *(faults or [f"None among {sent:,}."])])


def command(results: Results) -> str:
    """What to type for the same."""
    with_rivals = any(system.name == "litellm" for system in results.systems)
    return "make bench-rivals" if with_rivals else "make bench"


def versions() -> list[str]:
    """Packages that matter, with their versions."""
    found = [f"python {sys.version.split()[0]}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def _ratio_table(results: Results) -> str:
    rows = []
    for case in results.cases:
        cost = costs(results, case)
        base, nginx = cost.get("floor"), cost.get("nginx")
        rows.append(
            [
                case.says,
                _times(ratio(cost.get("gateway"), base), goals.FLOOR_GOALS.get(case.name)),
                _times(ratio(cost.get("edited"), base), None),
                _times(ratio(cost.get("passthrough"), base), None),
                _times(ratio(cost.get("passthrough"), nginx), goals.NGINX_GOALS.get(case.name)),
                _times(ratio(cost.get("litellm"), cost.get("gateway")), None),
            ]
        )
    head = ["", "gateway", "edited", "passthrough", "passthrough / nginx", "LiteLLM / gateway"]
    if not any(row[-1] != "-" for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return table(head, rows)


def _times(value: float | None, goal: float | None) -> str:
    if value is None:
        return "-"
    if goal is None:
        return f"{value:.2f}"
    return f"**{value:.2f}** ({'goal' if value <= goal else 'misses'} {goal:g})"


def _cost_table(results: Results) -> str:
    names = [system.name for system in results.systems if system.command is not None]
    rows = []
    for case in results.cases:
        cost = costs(results, case)
        unit = " (us)" if case.per_piece else ""
        rows.append([case.says + unit, *(shown(cost.get(name)) for name in names)])
    return table(["", *names], rows)


def _time_table(results: Results) -> str:
    direct = {case.name: results.cells[case.name, "direct"] for case in results.cases}
    rows = []
    for case in results.cases:
        for system in results.systems:
            cell = results.cells[case.name, system.name]
            if cell.total and system.name != "edited":
                rows.append([case.says, system.name, *_times_of(cell, direct[case.name])])
    head = [
        "",
        "system",
        "whole",
        "first piece",
        "later than direct",
        "gap, 99 of 100",
        "answers / s",
    ]
    return table(head, rows)


def _times_of(cell: Cell, direct: Cell) -> list[str]:
    first, base = middle(cell.first), middle(direct.first)
    later = first - base if first is not None and base is not None else None
    return [*map(shown, (middle(cell.total), first, later, middle(cell.gap), middle(cell.rate)))]


def _growth_table(results: Results) -> str:
    names = list(results.growth)
    sizes = [size for size, _ in results.growth[names[0]]]
    rows = [
        [f"{size:.2f} MB", *(shown(results.growth[name][at][1]) for name in names)]
        for at, size in enumerate(sizes)
    ]
    rows.append(["ms for a further MB", *(shown(slope(results.growth[name])) for name in names)])
    return table(["body of the turn", *(f"{name}, ms" for name in names)], rows)


def _start_table(results: Results) -> str:
    rows = [
        [
            name,
            shown(min(start.seconds)),
            shown(middle(start.cpu)),
            shown(middle(start.rss)),
            shown(results.rss_after.get(name)),
        ]
        for name, start in results.starts.items()
    ]
    notes = f"**{systems.UNCOUNTED.name}** is {systems.UNCOUNTED.says}."
    head = ["", "first 200, s", "CPU, s", "memory at start, MB", "after all cases, MB"]
    return f"{table(head, rows)}\n\n{notes}"


def ratios_plot(results: Results) -> str:
    """The main plot: every case as a multiple of the floor."""
    rows: dict[str, Mapping[str, float]] = {}
    for case in results.cases:
        cost = costs(results, case)
        if "floor" in cost:
            shares = {name: cost[name] / cost["floor"] for name in cost if name != "floor"}
            shares.pop("edited", None)
            rows[case.says] = shares
    title = (
        "CPU of a request (of a piece, for streams) as a multiple of the bare floor; left is better"
    )
    return svg.rows_of_dots(title, rows, base="floor", labelled="gateway")


def growth_plot(results: Results) -> str:
    """The cost of a turn against the size of its body."""
    names = {
        "gateway": "gateway, translated",
        "passthrough": "gateway, passthrough",
        "floor": "floor",
        "digest": "reading and hashing the body",
    }
    series = {names[name]: points for name, points in results.growth.items()}
    title = "CPU of the next turn of a conversation that grows from 10k to 1M tokens"
    return svg.lines(title, series, across="size of the request, MB", up="CPU of a turn, ms")
