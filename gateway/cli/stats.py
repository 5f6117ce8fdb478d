"""`gateway stats`: what a running gateway has counted since its start."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.cli.commands import Commands
from gateway.cli.running import Running, Unreachable, add_running
from gateway.server.accounts.tally import OTHER

FAILED = 1
PATIENCE = 10.0
"""Seconds that the gateway gets to answer."""

HEADINGS = ("target", "tool", "calls", "valid", "repaired", "unrepaired", "by class")
LEFT = frozenset({"target", "tool", "by class"})
"""Columns of words."""

EXAMPLE = (
    "Which local model is good enough for Edit? Let it serve for a while, then ask for this table."
)


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser("stats", help="what a running gateway has counted")
    topics = command.add_subparsers(metavar="TOPIC", required=True)
    repairs = topics.add_parser(
        "repairs",
        help="tool calls by model and tool: how many were valid, repaired, beyond repair",
        description=EXAMPLE,
    )
    add_running(repairs)
    repairs.add_argument("--json", action="store_true", help="for machines")
    repairs.set_defaults(run=lambda told: run(told.url, told.key, as_json=told.json))


def run(url: str, key: str | None, *, as_json: bool) -> int:
    """Gives the exit code: 1 when there is no gateway that answers."""
    gateway = Running(url, key, patience=PATIENCE)
    try:
        told = gateway.ask("GET", "/v1/stats", field="tools", does="counts")
    except Unreachable as error:
        sys.stderr.write(f"gateway: {error}\n")
        return FAILED
    if as_json:
        print(json.dumps(told["tools"], indent=2, ensure_ascii=False))
        return 0
    print("\n".join(table(told["tools"])))
    return 0


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of the table, the worst pair of target and tool first."""
    if not rows:
        return ["No tool call has been checked yet."]
    ordered = sorted(
        rows, key=lambda row: (row["tool"] == OTHER, row["valid_share"], -row["calls"])
    )
    cells = [HEADINGS, *(_cells(row) for row in ordered)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return [
        "  ".join(
            text.ljust(width) if name in LEFT else text.rjust(width)
            for name, text, width in zip(HEADINGS, line, widths, strict=True)
        ).rstrip()
        for line in cells
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    classes = sorted(row["classes"].items(), key=lambda item: (-item[1], item[0]))
    return (
        row["target"],
        row["tool"],
        str(row["calls"]),
        f"{row['valid_share']:.1%}",
        str(row["repaired"]),
        str(row["unrepaired"]),
        ", ".join(f"{rule} {count}" for rule, count in classes),
    )
