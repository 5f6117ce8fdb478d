"""Where secrets stand in a config's text; how they look is for `gateway.redaction`. No IO."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gateway.config.text.positions import Span
from gateway.redaction import USERINFO, shapes_in

_REFERENCE = re.compile(r"(?:[A-Za-z-]+ )?(?:\$\{[A-Za-z_]\w*(?::-)?\})+", re.ASCII)
"""A value that only names where the secret is, maybe after a scheme such as `Bearer`."""

_SECRET_NAME = re.compile(r"(?i)(?:key|api_keys|token|secret|password|authorization)$")
_NOT_SECRET = frozenset({"missing_key"})
_NAMED = re.compile(
    r"""(?ix)(?<!missing_)(?: key|token|secret|password|authorization|headers ) ["']? \s* :
        \s* (?!["']?\$\{\w+\}) (?P<secret> .* )"""
)
_RANDOM = re.compile(
    r"""(?x)
    \b[0-9a-fA-F]{32,}\b
    | \b(?= [A-Za-z]*[0-9] )(?= [0-9a-z]*[A-Z] )(?= [0-9A-Z]*[a-z] )[A-Za-z0-9]{24,}\b
    """
)
"""What is too random to be a word."""

SHORTEST_KEY = 20
"""Characters. What is shorter is hidden, to be sure, but may be the name of a model."""


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """A key under which a secret stands, even when the key is misspelt."""
    if name in _NOT_SECRET:
        return False
    return bool(_SECRET_NAME.search(name)) or bool(
        difflib.get_close_matches(name.lower(), ["api_key", "apikey"], cutoff=0.75)
    )


def is_secret_path(path: Iterable[str | int]) -> bool:
    """A place whose value must not be shown: under a secret's name, or among the headers."""
    names = [step for step in path if isinstance(step, str)]
    if names and names[-1] == "key" and names[0] == "server" and "tls" in names:
        return False  # it names a file
    return "headers" in names or (bool(names) and is_secret_name(names[-1]))


def is_reference(text: str) -> bool:
    """The text takes its secret from the environment and holds none."""
    return _REFERENCE.fullmatch(text) is not None


def secrets_among(environment: Mapping[str, str]) -> list[str]:
    """The values of variables that are named like secrets."""
    return [value for name, value in environment.items() if _SECRET_NAME.search(name)]


NO_CREDENTIALS = frozenset({"rules", "default", "transforms", "tests", "overlays", "models", "tls"})
"""Sections in which `key` is the name of a client's key, or of a file, and not the key."""


def written_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """The texts that stand where secrets belong, and those that rules compare secret headers with."""
    waiting: list[tuple[Any, str, bool]] = [(item, name, True) for name, item in config.items()]
    while waiting:
        value, above, is_place = waiting.pop()
        if isinstance(value, str):
            if is_place and _SECRET_NAME.search(above) and above not in _NOT_SECRET:
                yield value.strip()
        elif isinstance(value, list):
            waiting += [(item, above, is_place) for item in value]
        elif isinstance(value, dict):
            inside = (is_place or above == "header") and above not in NO_CREDENTIALS
            waiting += [(item, str(name), inside) for name, item in value.items()]


def looks_secret(text: str) -> bool:
    """The text holds something of the shape of a key, wherever it stands."""
    return next(_shapes(text), None) is not None


def holds_key(text: str) -> bool:
    """The text holds the key of a known maker, or a password in a URL: long enough to be no name."""
    for found in USERINFO.finditer(text):
        name, colon, password = found[1].partition(":")
        written = password if colon else name
        if not is_reference(written) and (colon or len(written) >= SHORTEST_KEY):
            return True
    keys = (text[start:end] for start, end in shapes_in(text))
    return any(len(key) >= SHORTEST_KEY and any(map(str.isdigit, key)) for key in keys)


def _shapes(text: str) -> Iterator[tuple[int, int]]:
    yield from shapes_in(text)
    yield from (found.span() for found in _RANDOM.finditer(text))


def blot(lines: Sequence[str], secrets: Iterable[Span] | None) -> list[str]:
    """The lines with `secrets` and whatever looks like one blotted out, none longer or shorter.

    `secrets` is None for a text that could not be read: then what follows a secret's name, in its line
    and in the lines indented under it, is taken for one.
    """
    shown = _blot_named(lines) if secrets is None else list(lines)
    for span in secrets or ():
        for line in range(span.line, min(span.end_line, len(shown)) + 1):
            text = shown[line - 1]
            start = span.column - 1 if line == span.line else 0
            end = span.end_column - 1 if line == span.end_line else len(text)
            shown[line - 1] = text[:start] + "*" * len(text[start:end]) + text[end:]
    return [_without_shapes(line) for line in shown]


def _without_shapes(line: str) -> str:
    for start, end in list(_shapes(line)):
        line = line[:start] + "*" * (end - start) + line[end:]
    return line


def _blot_named(lines: Sequence[str]) -> list[str]:
    shown: list[str] = []
    under: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if under is not None and (indent > under or not line.strip()):
            shown.append("*" * len(line))
            continue
        match = _NAMED.search(line)
        under = indent if match else None
        kept = match.start("secret") if match else len(line)
        shown.append(line[:kept] + "*" * len(line[kept:]))
    return shown
