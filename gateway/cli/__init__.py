"""The `gateway` command. Exit codes: 0 fine, 1 findings or a failed start, 2 usage, 3 crash."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from gateway import __version__
from gateway.cli import serve, validate
from gateway.reload import read_config

CRASHED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; gives its exit code."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 0
    except Exception:
        traceback.print_exc()
        return CRASHED


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="gateway",
        description="A rules-based routing gateway for clients of the Anthropic Messages API.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("serve", help="run the gateway")
    command.add_argument("--config", type=Path, help="config file (default: config.yaml)")
    command.add_argument("--host", help="address to listen on, in place of server.host")
    command.add_argument("--port", type=port, help="port to listen on, in place of server.port")
    command.add_argument(
        "--log", choices=("console", "json"), help="form of the log (default: by terminal)"
    )
    command.set_defaults(run=run_serve)

    command = commands.add_parser(
        "validate-config", help="check config files and say all that is wrong"
    )
    command.add_argument(
        "files", nargs="*", help="config files, - for stdin (default: config.yaml)"
    )
    command.add_argument(
        "--format", choices=("full", "concise", "json"), default="full", help="form of the findings"
    )
    command.set_defaults(run=run_validate)

    command = commands.add_parser("version", help="print the version")
    command.set_defaults(run=run_version)
    return top


def port(text: str) -> int:
    """A TCP port."""
    number = int(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 1 to 65535")
    return number


def run_serve(options: argparse.Namespace) -> int:
    """`gateway serve`"""
    return serve.run(options.config, host=options.host, port=options.port, log=options.log)


def run_validate(options: argparse.Namespace) -> int:
    """`gateway validate-config`"""
    return validate.run(options.files, format=options.format, read=read_config)


def run_version(_options: argparse.Namespace) -> int:
    """`gateway version`"""
    sys.stdout.write(f"rules-gateway {__version__}\n")
    return 0
