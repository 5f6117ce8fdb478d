"""The `gateway` command.

Exit codes: 0 fine, 1 findings or a failed start, 2 usage, 3 crash, 141 when nobody reads the output.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper

from gateway import observe

CRASHED = 3
UNREAD = 141
"""What shells say of a command that ended because the one after it in a pipe had ended (128 + SIGPIPE)."""


FILTERS = frozenset({"correct", "key"})
"""Commands that print what they were asked for: a call with a key in it, a key that was made just now."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; gives its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, TextIOWrapper):
        # A character that the terminal cannot show shall not end a command.
        sys.stdout.reconfigure(errors="backslashreplace")
    unguarded = bool(words) and words[0] in FILTERS
    with observe.guarded("stderr", *(() if unguarded else ("stdout",))):
        return _run(words, parser(words) if arguments is not None else _imported(words))


def _run(words: Sequence[str], known: argparse.ArgumentParser) -> int:
    try:
        try:
            options = known.parse_args(words)
            return int(options.run(options))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _read_by_nobody()
        return UNREAD
    except KeyboardInterrupt:
        return 0
    except Exception:
        traceback.print_exc()
        return CRASHED


def _imported(words: Sequence[str]) -> argparse.ArgumentParser:
    """The command line of a process of our own, whose collector need not look at what is imported.

    Nothing of it becomes garbage, and looking at all of it again and again takes a tenth of the start.
    """
    gc.disable()
    known = parser(words)
    gc.freeze()
    gc.enable()
    return known


def _read_by_nobody() -> None:
    """Lets the interpreter end in silence, although what was printed cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The command line: with the command that the first word names, or with all where it names none.

    Each command is imported when it is needed, because servers and their clients take long to import.
    """
    top = argparse.ArgumentParser(
        prog="gateway",
        description="A rules-based routing gateway for clients of the Anthropic Messages API.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    named = COMMANDS.get(words[0]) if words else None
    for module in dict.fromkeys(COMMANDS.values()) if named is None else (named,):
        import_module(f"gateway.cli.{module}").add_to(commands)
    return top


COMMANDS: Mapping[str, str] = {
    "serve": "serve",
    "init": "init",
    "validate-config": "validate",
    "config": "resolved",
    "explain": "explain",
    "test": "routing_tests",
    "conformance": "conformance",
    "mock": "mocking",
    "correct": "correct",
    "import": "importing",
    "reload": "reload",
    "key": "key",
    "diff": "diff",
    "replay": "replay",
    "stats": "stats",
    "schema": "papers",
    "docs": "papers",
    "version": "version",
}
"""Command -> the module that adds it to the command line, in the order of the help."""
