"""`gateway version`."""

from __future__ import annotations

import sys

from gateway import __version__
from gateway.cli.commands import Commands


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser("version", help="print the version")
    command.set_defaults(run=lambda _: run())


def run() -> int:
    """Prints the version."""
    sys.stdout.write(f"rules-gateway {__version__}\n")
    return 0
