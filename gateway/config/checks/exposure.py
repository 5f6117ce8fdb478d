"""Checks of what is open to others: the port, the keys, the addresses requests go to. No IO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.config.findings import Finding
from gateway.config.redaction import holds_key, is_reference
from gateway.config.sections.access import UnixSocket, is_loopback
from gateway.config.text.document import Document
from gateway.config.text.environment import has_reference
from gateway.config.text.positions import Path
from gateway.providers import PROVIDERS

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_SECRET_HEADER = re.compile(r"(?i)authorization|.*(?:key|token|secret)")


def open_server(document: Document) -> Iterator[Finding]:
    """A port that other machines can reach asks for keys, unless the config says otherwise in words."""
    auth = [document.raw("server", "auth", name) for name in ("keys", "keys_file")]
    if document.raw("server", "allow_unauthenticated") or any(auth):
        return  # whether these are sound is said elsewhere
    help = "add `auth: {keys: [{name: …, key: …}]}`, or say `allow_unauthenticated: true`"
    path: Path = ("server", "host")
    host = document.get(*path)
    if isinstance(host, str) and not is_loopback(host):
        message = f"other machines can reach {document.typed(path)}, and no client needs a key"
        yield document.positions.error("open-server", document.positions.value(path), message, help)
    path = ("server", "socket", "mode")
    mode = document.get(*path)
    if isinstance(mode, str) and UnixSocket("", int(mode, 8)).is_open:
        message = "every user of this machine can open the socket, and no client needs a key"
        yield document.positions.error("open-server", document.positions.value(path), message, help)


def plain_secrets(document: Document) -> Iterator[Finding]:
    """A config is shared and kept in git; keys are neither."""
    known = dict.fromkeys(_secret_places(document), "a key stands in the config itself")
    for path in document.positions.places:
        typed = document.positions.typed(path)
        says = known.get(path, "this looks like a key, and stands in the config itself")
        if not typed or not document.get(*path) or is_reference(typed):
            continue
        if path in known or holds_key(typed):
            message = f"{document.where(path)}{says}"
            help = 'put it into the environment or `.env`, and refer to it as "${NAME}"'
            span = document.positions.value(path)
            yield document.positions.warning("plain-secret", span, message, help)


def _secret_places(document: Document) -> Iterator[Path]:
    for index in document.indexes("server", "auth", "keys"):
        yield ("server", "auth", "keys", index, "key")
    yield ("server", "admin", "key")
    yield ("reasoning", "key")
    for name in document.names("providers"):
        yield from document.each("providers", name, "api_key")
        for header in document.names("providers", name, "headers"):
            if _SECRET_HEADER.fullmatch(header):
                yield ("providers", name, "headers", header)


def pools(document: Document) -> Iterator[Finding]:
    """No key stands twice in a pool: it has one limit, and cools down once."""
    for name in document.names("providers"):
        seen: set[str] = set()
        for path in document.each("providers", name, "api_key"):
            key = document.get(*path)
            if not isinstance(key, str) or not key.strip():
                continue
            if key.strip() in seen:
                span = document.positions.value(path)
                message = f"{document.where(path)}this key stands in the list already"
                yield document.positions.warning("repeated-key", span, message)
            seen.add(key.strip())


def base_urls(document: Document) -> Iterator[Finding]:
    """Every address is one that requests can be sent to."""
    for name in document.names("providers"):
        path: Path = ("providers", name, "base_url")
        url = document.get(*path)
        if isinstance(url, str) and not is_address(url) and url != PROVIDERS["mock"].base_url:
            message = f"{document.where(path)}expected a URL that begins with http:// or https://"
            if not has_reference(document.positions.typed(path)):
                message += f", got {document.typed(path)}"
            span = document.positions.value(path)
            yield document.positions.error("bad-url", span, message)
        elif isinstance(url, str) and any(mark in url for mark in "?#"):
            message = f"{document.where(path)}an address ends with its path, and has no `?` or `#`"
            help = "a key goes into `api_key`, and `auth` says in which header it is shown"
            span = document.positions.value(path)
            yield document.positions.error("bad-url", span, message, help)


def is_address(url: str) -> bool:
    """A URL of http or https with a host."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port_is_good
        and " " not in url
    )


def headers(document: Document) -> Iterator[Finding]:
    """Every header, and every key, can be sent."""
    for name in document.names("providers"):
        places = document.each("providers", name, "api_key")
        for header in document.names("providers", name, "headers"):
            path: Path = ("providers", name, "headers", header)
            places.append(path)
            if not _HEADER_NAME.fullmatch(header):
                message = f"{document.where(path)}this is not the name of a header"
                span = document.positions.key(path)
                yield document.positions.error("bad-header", span, message)
        for path in places:
            value = document.get(*path)
            if isinstance(value, str) and not _HEADER_VALUE.fullmatch(value.strip()):
                message = f"{document.where(path)}it holds a character that a header cannot carry"
                span = document.positions.value(path)
                yield document.positions.error("bad-header", span, message)
