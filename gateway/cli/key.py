"""`gateway key`: makes keys of clients, and their hashes for the config."""

from __future__ import annotations

import secrets
import sys
from getpass import getpass

from gateway.cli.commands import Commands
from gateway.config.sections.access import LONGEST_KEY, guessable, hash_of
from gateway.config.text.source import scalar_text

FAILED = 1

BYTES = 24
"""Of chance in a key: 192 bits, which nobody guesses."""
START = "gw-"
"""So that a key is seen for what it is, by people and by what looks for keys in texts."""


def add_to(commands: Commands) -> None:
    """The command on the command line."""
    command = commands.add_parser("key", help="make a key for clients, or the hash of one")
    topics = command.add_subparsers(metavar="TOPIC", required=True)
    new = topics.add_parser("new", help="a fresh key, shown this once, and its line for the config")
    new.add_argument("--name", default="laptop", help="who gets it (default: %(default)s)")
    new.set_defaults(run=lambda told: run_new(told.name))
    hash = topics.add_parser("hash", help="the hash of a key that is typed or piped in")
    hash.set_defaults(run=lambda told: run_hash())


def run_new(name: str) -> int:
    """Gives the exit code."""
    key = START + secrets.token_hex(BYTES)
    print(key)
    sys.stdout.flush()
    sys.stderr.write(
        "The key is shown this once; give it to the client. For the config, under server.auth.keys:\n"
    )
    print(f'- {{name: {scalar_text(name)}, hash: "{hash_of(key)}"}}')
    return 0


def run_hash() -> int:
    """Gives the exit code: 1 for a key that cannot be one."""
    typed = getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline()
    key = typed.strip()
    if not key or len(key) > LONGEST_KEY:
        problem = "there is no key" if not key else f"a key has at most {LONGEST_KEY} characters"
        sys.stderr.write(f"gateway: {problem}\n")
        return FAILED
    if guessable(key):
        sys.stderr.write(
            "gateway: warning: this key is short enough to be guessed, and its hash does not protect it; "
            "`gateway key new` makes another\n"
        )
    print(hash_of(key))
    return 0
