"""`gateway reload`: has a running gateway read its config at once, or take a change that it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial

from gateway.cli.commands import Commands
from gateway.cli.running import Running, Unreachable, add_running

FAILED = 1
PATIENCE = 60.0
"""Seconds that the gateway gets to answer: it may run the tests of the config."""

GOOD = frozenset({"loaded", "unchanged"})
OUTCOMES: Mapping[str, str] = {
    "loaded": "the config on disk serves now",
    "unchanged": "the config on disk serves already",
    "refused": "the config on disk is refused; the one before serves on",
    "unreadable": "the config on disk cannot be read; the one before serves on",
    "held": "the config on disk changes too much and is held; the one before serves on",
}


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser(
        "reload", help="have a running gateway read its config at once, or take a change it holds"
    )
    command.add_argument(
        "--accept", action="store_true", help="take the change that the gateway holds"
    )
    add_running(command)
    command.add_argument("--json", action="store_true", help="for machines")
    command.set_defaults(
        run=lambda told: run(told.url, told.key, accept=told.accept, as_json=told.json)
    )


def run(url: str, key: str | None, *, accept: bool, as_json: bool) -> int:
    """Gives the exit code: 1 when the config on disk does not serve, or no gateway answers."""
    gateway = Running(url, key, patience=PATIENCE)
    ask = partial(gateway.ask, field="config", does="reloads")
    try:
        # What is taken is the change that was held when this was asked for, and no later one.
        held = ask("GET", "/health")["config"]["held"] if accept else None
        wish = {"accept": held["id"]} if held is not None else {}
        told = ask("POST", "/admin/reload", wish)
    except Unreachable as error:
        sys.stderr.write(f"gateway: {error}\n")
        return FAILED
    if as_json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        if accept and held is None:
            print("no change was held")
        print(f"{OUTCOMES[told['outcome']]} ({told['config']['id']})")
        for finding in told["findings"]:
            print(f"  {finding}")
        if told["outcome"] == "held":
            print("  take it with: gateway reload --accept")
    return 0 if told["outcome"] in GOOD else FAILED
