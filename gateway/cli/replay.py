"""`gateway replay`: recorded requests through a config: how many go where, and what that costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.cli.commands import Commands, add_env
from gateway.cli.configs import Unusable, load_config
from gateway.cli.records import NoRecords, caveats, money, records_in
from gateway.recording import replayed, with_every_key
from gateway.tokens import Tiktoken, TokenCounter

FINDINGS, USAGE = 1, 2


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "replay", help="say where recorded requests go by a config, and what that costs"
    )
    command.add_argument(
        "traffic", type=Path, nargs="+", help="files that the recorder has written"
    )
    command.add_argument("--config", type=Path, help="config file (default: config.yaml)")
    add_env(command)
    command.add_argument("--json", action="store_true", help="for machines")
    command.set_defaults(
        run=lambda told: run(told.traffic, told.config, env=told.env, as_json=told.json)
    )


def run(traffic: Sequence[Path], config: Path | None, *, env: str | None, as_json: bool) -> int:
    """Gives the exit code: 1 when the config has errors, 2 when there is nothing to replay."""
    try:
        snapshot = with_every_key(load_config(config, env))
        records = records_in(traffic)
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return FINDINGS if error.has_findings else USAGE
    except NoRecords as error:
        sys.stderr.write(f"gateway: {error}\n")
        return USAGE
    told = replayed(snapshot, records, TokenCounter(Tiktoken())).to_json()
    print(json.dumps(told, indent=2, ensure_ascii=False) if as_json else "\n".join(as_text(told)))
    return 0


def as_text(told: Mapping[str, Any]) -> Iterator[str]:
    """A line for each pair of rule and target, the most frequent first."""
    rows = told["rows"]
    width = max((len(row["rule"]) for row in rows), default=0)
    for row in rows:
        cost = money(row["cost"]) + (" and more" if row["cost"] and row["unpriced"] else "")
        yield (
            f"{row['count']:>7,}  {row['share']:>6.1%}  {row['rule']:<{width}}  {row['target']}"
            f"  cost {cost}"
        )
    yield f"{told['total']:>7,}  requests"
    yield from caveats(told)
