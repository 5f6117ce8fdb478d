"""The recorded requests that a command works with, and the sums that commands print."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.cli.commands import unreadable
from gateway.recording import Recorded, read_lines


class NoRecords(Exception):
    """There is nothing to work with; the text says why."""


def records_in(paths: Sequence[Path]) -> list[Recorded]:
    """The records of files, by time. Tells of lines that hold none. Raises `NoRecords`."""
    bad: Counter[str] = Counter()
    records: list[Recorded] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                records += read_lines(file, bad)
        except OSError as error:
            raise NoRecords(unreadable(path, error)) from None
    if bad:
        [(why, _)] = bad.most_common(1)
        sys.stderr.write(f"gateway: {sum(bad.values())} lines hold no record: {why}\n")
    if not records:
        raise NoRecords(f"there are no records in {', '.join(map(str, paths))}")
    return sorted(records, key=lambda record: record.at)


def caveats(told: Mapping[str, Any]) -> Iterator[str]:
    """What a reader should know of the numbers."""
    unknown = told["unknown"]
    if unknown["count"]:
        lacking = ", ".join(f"{fact} ({count})" for fact, count in unknown["lacking"].items())
        yield f"{unknown['count']:,} cannot be told; their records lack: {lacking}"
    if told["estimated"]:
        yield (
            f"the tokens of {told['estimated']:,} are estimates (a quarter of the body's bytes): no "
            "rule had needed the number"
        )


def money(cost: float | None) -> str:
    """A cost, in whatever currency the prices are."""
    return "without a price" if cost is None else f"{cost:.4f}"
