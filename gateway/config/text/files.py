"""What lies around a config's text, and what is wrong with the files themselves. No IO: whoever reads
the config says what there is."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.config.findings import Finding
from gateway.config.redaction import is_secret_name
from gateway.config.text.positions import Positions, Span, split_lines
from gateway.config.text.source import env_lines

MAX_BYTES = 1 << 20
"""Of a file that is included; longer ones are no configs."""


def no_file(name: str) -> str:
    """Reads nothing."""
    raise OSError(errno.ENOENT, "there are no files here", name)


@dataclass(frozen=True, slots=True)
class Files:
    """The surroundings of a config. Names of files are relative to the place it is named from."""

    read: Callable[[str], str] = no_file
    """The text of a file. Raises `OSError` and `UnicodeDecodeError`."""
    presets: Mapping[str, str] = field(default_factory=dict)
    """Preset -> its file."""
    extras: frozenset[str] = frozenset()
    """The optional parts of the distribution that are installed."""
    is_open: Callable[[str], bool] = lambda name: False
    """Everybody on this machine can read the file."""
    env_name: str = ".env"
    """The environment file beside the config."""
    env_text: str | None = field(default=None, repr=False)
    """What it holds; None if there is none."""


def env_file(files: Files) -> list[Finding]:
    """What is wrong with the environment file. What it holds is not shown."""
    if files.env_text is None:
        return []
    found: list[Finding] = []
    positions = Positions(files.env_name, split_lines(files.env_text), {})
    keys: list[int] = []
    for line, name, value in env_lines(files.env_text):
        if name is None:
            message = "this line is left out: it is not `NAME=value`"
            help = "a comment begins with `#`; a value of several lines has to be quoted"
            found.append(positions.warning("bad-env-line", Span(line, 1, line, 2), message, help))
        elif value and is_secret_name(name):
            keys.append(line)
    if keys and files.is_open(files.env_name):
        found.append(readable(positions, Span(keys[0], 1, keys[0], 2)))
    return found


def readable(positions: Positions, span: Span) -> Finding:
    """Everybody on this machine can read a key."""
    file = span.file or positions.file
    message = "this file holds keys, and every user of this machine can read it"
    return positions.warning("readable-keys", span, message, f"run `chmod 600 {file}`")
