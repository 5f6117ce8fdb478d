"""Checks of who may use the gateway: keys, what they open, names of hosts. No IO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import time

from gateway.config.findings import Finding
from gateway.config.sections.access import HASH, digest_of, guessable, hash_of, parse_expiry
from gateway.config.text.document import Document, quoted, suggestion
from gateway.config.text.positions import Path, Positions, Span
from gateway.patterns import matches_any

KEYS: Path = ("server", "auth", "keys")
ADMIN: Path = ("server", "admin")
NEW = "`gateway key new` makes one"

_HOST = re.compile(r"[A-Za-z0-9*?_.-]+|\[?[0-9A-Fa-f:.]+\]?")
_ORIGIN = re.compile(r"\*|null|[A-Za-z*][A-Za-z0-9+.*-]*://[^/\s?#]+")


def secrets(document: Document) -> Iterator[Finding]:
    """Every key is there, in one form, and cannot be guessed."""
    has_file = bool(document.raw("server", "auth", "keys_file"))
    known: dict[bytes, Path] = {}
    for path in _entries(document):
        key, hash = document.get(*path, "key"), document.get(*path, "hash")
        given = [kind for kind in ("key", "hash") if document.raw(*path, kind) is not None]
        if len(given) == 2:
            span = document.positions.key((*path, "hash"))
            message = f"{document.where(path)}a key and a hash; one of them is enough"
            yield document.positions.error("two-secrets", span, message)
        elif not given and not (has_file and path != ADMIN):
            span = document.positions.value(path)
            message = f"{document.where(path)}it has neither a `key` nor a `hash`"
            yield document.positions.error("no-secret", span, message, NEW)
        if isinstance(key, str) and key.strip():
            place = (*path, "key")
            span = document.positions.value(place)
            if finding := weak_key(document.positions, span, key.strip(), document.where(place)):
                yield finding
            yield from _twice(
                document, known, place, digest_of(key.strip().encode("utf-8", "replace"))
            )
        if isinstance(hash, str) and (match := HASH.fullmatch(hash.strip())):
            place = (*path, "hash")
            if hash.strip().lower() == hash_of(""):
                message = f"{document.where(place)}this is the hash of an empty text"
                span = document.positions.value(place)
                yield document.positions.error("weak-key", span, message, NEW)
            yield from _twice(document, known, place, bytes.fromhex(match[1]))


def _entries(document: Document) -> Iterator[Path]:
    """The client keys, and the admin key."""
    yield from ((*KEYS, index) for index in document.indexes(*KEYS))
    if isinstance(document.raw(*ADMIN), dict):
        yield ADMIN


def _twice(
    document: Document, known: dict[bytes, Path], place: Path, digest: bytes
) -> Iterator[Finding]:
    """A key of two names would open what only one of them may."""
    if digest in known:
        line = document.positions.value(known[digest]).line
        span = document.positions.value(place)
        message = f"{document.where(place)}the key of line {line} is the same"
        yield document.positions.error("duplicate-client-key", span, message)
    known.setdefault(digest, place)


def weak_key(positions: Positions, span: Span, key: str, where: str) -> Finding | None:
    """A key that somebody could guess: its hash is quick to try, and so is the gateway."""
    if HASH.fullmatch(key) or not guessable(key):
        return None
    message = f"{where}this key is short enough to be guessed"
    return positions.warning("weak-key", span, message, NEW)


def expiries(document: Document) -> Iterator[Finding]:
    """Every end is one, and not over."""
    for path in _entries(document):
        place = (*path, "expires")
        typed = document.get(*place)
        if not isinstance(typed, str):
            continue
        span = document.positions.value(place)
        try:
            is_over = parse_expiry(typed) <= time()
        except (ValueError, OverflowError, OSError):
            message = f"{document.where(place)}there is no such date as {document.typed(place)}"
            yield document.positions.error("bad-value", span, message)
            continue
        if is_over:
            message = f"{document.where(place)}the key has expired; whoever shows it is refused"
            yield document.positions.warning("expired-key", span, message)


def grants(document: Document) -> Iterator[Finding]:
    """What keys open exists."""
    providers, aliases = document.known_providers, document.names("aliases")
    rules = [document.raw("rules", index, "name") for index in document.indexes("rules")]
    names = [name for name in rules if isinstance(name, str)]
    for place, text in _listed(document, "models"):
        provider, colon, _ = text.partition(":")
        is_like = any(matches_any((provider,), known) for known in providers)
        if text in aliases or text.strip("*") == "" or (colon and is_like):
            continue
        message = f"{document.where(place)}no target is like {document.typed(place)}"
        help = suggestion(provider, providers) if colon else "a target such as openai:* or an alias"
        span = document.positions.value(place)
        yield document.positions.error("unknown-target", span, message, help)
    for place, text in _listed(document, "rules"):
        if not any(matches_any((text,), name) for name in names):
            message = f"{document.where(place)}no rule is called {document.typed(place)}"
            span = document.positions.value(place)
            help = suggestion(text, names) or "there are no rules"
            yield document.positions.error("unknown-rule", span, message, help)


def _listed(document: Document, what: str) -> Iterator[tuple[Path, str]]:
    """The texts of a setting of keys that may be one or a list of them."""
    for index in document.indexes(*KEYS):
        yield from _texts(document, (*KEYS, index, what))


def _texts(document: Document, path: Path) -> Iterator[tuple[Path, str]]:
    for place in document.each(*path):
        text = document.get(*place)
        if isinstance(text, str):
            yield place, text


def budgets(document: Document) -> Iterator[Finding]:
    """A cost can be counted only where there are prices."""
    if any(document.raw("models", name, "price") for name in document.names("models")):
        return
    for index in document.indexes(*KEYS):
        for place in document.each(*KEYS, index, "budget"):
            if document.get(*place, "cost") is not None:
                message = (
                    f"{document.where(place)}no target has a price, so nothing counts against it"
                )
                help = "say `price: {input: …, output: …}` under `models:`"
                span = document.positions.key((*place, "cost"))
                yield document.positions.warning("no-prices", span, message, help)


def names(document: Document) -> Iterator[Finding]:
    """Names of hosts are names, and origins are origins."""
    for place, text in _texts(document, ("server", "hosts")):
        if not _HOST.fullmatch(text.strip()):
            yield _not_a(document, place, "a name without scheme and port, such as gateway.lan")
        elif text.strip().strip("*?.") == "" and not _asks_for_keys(document):
            message = (
                f"{document.where(place)}any web page can reach this gateway under such a name"
            )
            span = document.positions.value(place)
            help = (
                f"name the hosts, or add client keys: without them {quoted('*')} lets every page in"
            )
            yield document.positions.warning("any-host", span, message, help)
    for place, text in _texts(document, ("server", "origins")):
        if not _ORIGIN.fullmatch(text.strip()):
            yield _not_a(
                document, place, "an origin without a path, such as https://app.example.com"
            )


def _not_a(document: Document, place: Path, expected: str) -> Finding:
    message = f"{document.where(place)}expected {expected}, got {document.typed(place)}"
    return document.positions.error("bad-value", document.positions.value(place), message)


def _asks_for_keys(document: Document) -> bool:
    return bool(document.raw(*KEYS) or document.raw("server", "auth", "keys_file"))
