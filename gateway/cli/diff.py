"""`gateway diff`: which recorded requests another config would send elsewhere, and what that costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.cli.commands import Commands, add_env
from gateway.cli.configs import Unusable, load_config
from gateway.cli.records import NoRecords, caveats, money, records_in
from gateway.recording import compare, with_every_key
from gateway.tokens import Tiktoken, TokenCounter

FINDINGS, USAGE = 1, 2


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "diff", help="say which recorded requests another config would send elsewhere"
    )
    command.add_argument("old", type=Path, help="the config that serves")
    command.add_argument("new", type=Path, help="the config that is to serve")
    command.add_argument(
        "--on",
        type=Path,
        nargs="+",
        required=True,
        metavar="TRAFFIC",
        help="files that the recorder has written",
    )
    add_env(command)
    command.add_argument("--json", action="store_true", help="for machines")
    command.set_defaults(
        run=lambda told: run(told.old, told.new, told.on, env=told.env, as_json=told.json)
    )


def run(old: Path, new: Path, traffic: Sequence[Path], *, env: str | None, as_json: bool) -> int:
    """Gives the exit code: 1 when a config has errors, 2 when there is nothing to compare."""
    try:
        before, after = (with_every_key(load_config(path, env)) for path in (old, new))
        records = records_in(traffic)
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return FINDINGS if error.has_findings else USAGE
    except NoRecords as error:
        sys.stderr.write(f"gateway: {error}\n")
        return USAGE
    told = compare(before, after, records, TokenCounter(Tiktoken())).to_json()
    print(json.dumps(told, indent=2, ensure_ascii=False) if as_json else "\n".join(as_text(told)))
    return 0


def as_text(told: Mapping[str, Any]) -> Iterator[str]:
    """The sum, then each group with an example."""
    yield (
        f"{told['moved']:,} of {told['compared']:,} requests ({told['share']:.1%}) would go elsewhere"
    )
    for move in told["moves"]:
        before, after, cost = move["before"], move["after"], move["cost"]
        yield ""
        yield (
            f"{move['count']:>7,}  {move['share']:>6.1%}  {before['rule']} ({before['target']}) → "
            f"{after['rule']} ({after['target']})"
        )
        yield f"{'':17}cost {money(cost['before'])} → {money(cost['after'])}{_more(cost)}"
        for example in move["examples"][:1]:
            yield (
                f"{'':17}such as {example['id'] or 'a request'}: {example['model']}, "
                f"{example['tokens']:,} tokens, {example['request_class']}"
            )
    notes = list(caveats(told))
    if notes:
        yield ""
        yield from notes


def _more(cost: Mapping[str, float | None]) -> str:
    difference = cost["difference"]
    return "" if difference is None else f" ({difference:+.4f})"
