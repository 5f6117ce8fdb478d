"""Plots as SVG text: rows of dots on a logarithmic axis, and lines. No IO.

Each plot brings its own ground, light or dark as the reader's system asks, so it can be read on any page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 820
LIGHT = {"ground": "#ffffff", "text": "#24292f", "faint": "#57606a", "rule": "#d8dee4"}
DARK = {"ground": "#161b22", "text": "#e6edf3", "faint": "#9aa4af", "rule": "#3a424d"}
COLOURS = ("#1f7ae0", "#d9730d", "#2f9e58", "#b0439b", "#8a8f98")
"""Readable on both grounds; told apart by shape as well."""
SHAPES = ("circle", "square", "diamond", "triangle", "ring")

Point = tuple[float, float]


def style(colours: Mapping[str, str]) -> str:
    """The rules for one ground."""
    return (
        f".ground{{fill:{colours['ground']};stroke:{colours['rule']}}}"
        f".text{{fill:{colours['text']}}}.faint{{fill:{colours['faint']}}}"
        f".rule{{stroke:{colours['rule']}}}.one{{stroke:{colours['faint']}}}"
    )


def text(x: float, y: float, words: str, *, kind: str = "text", anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "rule") -> str:
    """A straight line."""
    dash = ' stroke-dasharray="4 3"' if kind == "one" else ""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{dash}/>'


def mark(x: float, y: float, series: int, *, size: float = 6) -> str:
    """The mark of a series."""
    colour, shape = COLOURS[series % len(COLOURS)], SHAPES[series % len(SHAPES)]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}"/>'
    if shape == "ring":
        attributes = f'fill="none" stroke="{colour}" stroke-width="2.5"'
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size - 1}" {attributes}/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "triangle": ((0, -1.1), (1.1, 0.9), (-1.1, 0.9)),
    }[shape]
    reach = size * 0.9
    points = " ".join(f"{x + dx * reach:.1f},{y + dy * reach:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def legend(names: Sequence[str], x: float, y: float) -> list[str]:
    """The marks with their names, in one row."""
    out = []
    for series, name in enumerate(names):
        out += [mark(x, y - 4, series), text(x + 12, y, name)]
        x += 34 + 7.2 * len(name)
    return out


def drawing(height: float, title: str, parts: Sequence[str], *, says: str) -> str:
    """The whole file. `says` is for those who do not see it."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(says)}">',
            "<style>text{font:13px system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif}"
            f".title{{font-weight:600;font-size:15px;fill:{LIGHT['text']}}}{style(LIGHT)}"
            f"@media(prefers-color-scheme:dark){{.title{{fill:{DARK['text']}}}{style(DARK)}}}</style>",
            f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8"/>',
            text(20, 30, title, kind="title"),
            *parts,
            "</svg>\n",
        ]
    )


def rows_of_dots(
    title: str, rows: Mapping[str, Mapping[str, float]], *, base: str, labelled: str
) -> str:
    """Row -> series -> ratio, on a logarithmic axis on which `base` is 1; `labelled` shows its values."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    values = [value for row in rows.values() for value in row.values() if value > 0]
    low, high = (
        math.floor(math.log10(min([*values, 0.5]))),
        math.ceil(math.log10(max([*values, 5]))),
    )
    left, right, top, step = 320.0, WIDTH - 40.0, 84.0, 30.0
    bottom = top + step * len(rows)

    def at(value: float) -> float:
        return left + (math.log10(value) - low) / (high - low) * (right - left)

    parts = legend(names, 26, 56)
    for power in range(low, high + 1):
        kind = "one" if power == 0 else "rule"
        x = at(10.0**power)
        parts.append(line(x, top - 12, x, bottom, kind=kind))
        words = f"{base} = 1" if power == 0 else f"{10.0**power:g} x"
        parts.append(text(x, bottom + 18, words, kind="faint", anchor="middle"))
    for number, (row, found) in enumerate(rows.items()):
        y = top + step * (number + 0.5)
        parts.append(text(left - 14, y + 4, row, anchor="end"))
        parts += [
            mark(at(found[name]), y, names.index(name)) for name in reversed(names) if name in found
        ]
        if labelled in found:
            parts.append(
                text(at(found[labelled]), y - 9, f"{found[labelled]:.2g}", anchor="middle")
            )
    return drawing(bottom + 34, title, parts, says=title)


def ticks(most: float) -> list[float]:
    """Round numbers from zero to at least `most`, four to six of them."""
    raw = most / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= raw)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def lines(
    title: str, series: Mapping[str, Sequence[Point]], *, across: str, up: str, height: float = 380
) -> str:
    """Series of points on linear axes from zero. `across` and `up` name what is counted."""
    points = [point for found in series.values() for point in found]
    xs, ys = ticks(max(x for x, _ in points)), ticks(max(y for _, y in points))
    left, right, top, bottom = 70.0, WIDTH - 30.0, 100.0, height - 56
    parts = legend(list(series), 26, 56)

    def place(point: Point) -> Point:
        x, y = point
        return left + x / xs[-1] * (right - left), bottom - y / ys[-1] * (bottom - top)

    for tick in xs:
        x, _ = place((tick, 0))
        parts.append(text(x, bottom + 18, f"{tick:g}", kind="faint", anchor="middle"))
    for tick in ys:
        _, y = place((0, tick))
        parts += [
            line(left, y, right, y),
            text(left - 8, y + 4, f"{tick:g}", kind="faint", anchor="end"),
        ]
    for number, found in enumerate(series.values()):
        placed = [place(point) for point in found]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [mark(x, y, number, size=5) for x, y in placed]
    parts.append(text((left + right) / 2, height - 16, across, kind="faint", anchor="middle"))
    parts.append(text(left - 50, top - 12, up, kind="faint"))
    return drawing(height, title, parts, says=title)
