"""What commands share: their place on the command line, and how they read its words."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command is added; the class can be subscripted by type checkers only."""


def add_env(command: argparse.ArgumentParser) -> None:
    """The option that names an overlay of the config."""
    command.add_argument(
        "--env", metavar="NAME", help="the overlay of the config (default: what GATEWAY_ENV says)"
    )


def port(text: str) -> int:
    """A TCP port."""
    number = int(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 1 to 65535")
    return number
