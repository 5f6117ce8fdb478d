"""What commands share: their place on the command line, how they read its words, and how they answer."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TextIO, TypeAlias

from gateway.units import parse_duration

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command is added; the class can be subscripted by type checkers only."""


def add_env(command: argparse.ArgumentParser) -> None:
    """The option that names an overlay of the config."""
    command.add_argument(
        "--env", metavar="NAME", help="the overlay of the config (default: what GATEWAY_ENV says)"
    )


def shows_color(stream: TextIO) -> bool:
    """A terminal, of somebody who has not asked for text alone (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def unreadable(file: str | Path, error: OSError | UnicodeDecodeError) -> str:
    """The sentence for a file that is missing, closed, or no text."""
    if isinstance(error, UnicodeDecodeError):
        return f"{file} cannot be read: byte {error.start} is not UTF-8"
    return f"{file} cannot be read: {error.strerror or error}"


def port(text: str) -> int:
    """A TCP port."""
    number = int(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 1 to 65535")
    return number


def duration(text: str) -> float:
    """A time such as `5m`, in seconds."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
