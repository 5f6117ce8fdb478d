"""The files that say who may use the gateway: keys of clients, and the certificate. No IO: `Files` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.config.checks.access_checks import weak_key
from gateway.config.findings import Finding
from gateway.config.sections.access import HASH, LONGEST_KEY, Tls
from gateway.config.text.document import Document
from gateway.config.text.files import Files, readable
from gateway.config.text.positions import Path, Positions, Span, split_lines

KEYS_FILE: Path = ("server", "auth", "keys_file")
TLS: Path = ("server", "tls")


@dataclass(slots=True)
class AccessFiles:
    """What was read, and what is wrong with it."""

    keys: dict[str, str] = field(default_factory=dict, repr=False)
    """Name -> key or hash, of `keys_file`."""
    tls: Tls | None = None
    findings: list[Finding] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Also those that cannot be read."""
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    """File -> its text."""


def access_files(document: Document, files: Files) -> AccessFiles:
    """Reads them. A file that is named and holds no key is a mistake: without any, all are served."""
    found = AccessFiles()
    if (text := _read(found, document, files, KEYS_FILE)) is not None:
        _keys(found, document, files, text)
    cert, key = (_read(found, document, files, (*TLS, part)) for part in ("cert", "key"))
    if cert is not None and key is not None:
        _tls(found, document, cert, key)
    return found


def _read(found: AccessFiles, document: Document, files: Files, path: Path) -> str | None:
    file = document.get(*path)
    if not isinstance(file, str) or not file:
        return None
    found.files.append(file)
    try:
        text = found.texts[file] = files.read(file)
        return text
    except OSError as error:
        wrong = f"it cannot be read: {error.strerror or error}"
    except UnicodeDecodeError:
        wrong = "it is no text"
    help = "a path is relative to the config's folder"
    found.findings.append(_bad(document, path, wrong, help))
    return None


def _bad(document: Document, path: Path, wrong: str, help: str = "") -> Finding:
    span = document.positions.value(path)
    return document.positions.error("bad-file", span, f"{document.where(path)}{wrong}", help)


# -- keys --------------------------------------------------------------------------------------------


def _keys(found: AccessFiles, document: Document, files: Files, text: str) -> None:
    name = str(document.get(*KEYS_FILE))
    lines = split_lines(text)
    positions = Positions(name, lines, {})
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            found.findings += _line(found.keys, positions, number, line)
    if not found.keys:
        found.findings.append(_bad(document, KEYS_FILE, "it holds no key"))
    plain = any(not HASH.fullmatch(secret) for secret in found.keys.values())
    if plain and files.is_open(name):
        found.findings.append(readable(positions, Span(1, 1, 1, 2)))


def _line(keys: dict[str, str], positions: Positions, number: int, line: str) -> Iterator[Finding]:
    """One line: a name and a key or its hash. What it holds is not shown."""
    span = Span(number, 1, number, 2)
    words = line.split()
    if len(words) != 2:
        message = "expected a name and a key or its hash, such as `laptop sha256:…`"
        yield positions.error("bad-key-line", span, message, "`gateway key new` makes both")
        return
    name, secret = words
    if name in keys:
        yield positions.error("duplicate-client-key", span, "another line has this name too")
    if secret.startswith("sha256:") and not HASH.fullmatch(secret):
        yield positions.error("bad-key-line", span, "a hash is `sha256:` and 64 hexadecimal digits")
    elif len(secret) > LONGEST_KEY:
        message = f"a key has at most {LONGEST_KEY} characters"
        yield positions.error("bad-key-line", span, message)
    elif (finding := weak_key(positions, span, secret, "")) is not None:
        yield finding
    keys[name] = secret


# -- the certificate ---------------------------------------------------------------------------------


def _tls(found: AccessFiles, document: Document, cert: str, key: str) -> None:
    id = hashlib.sha256(f"{cert}\0{key}".encode()).hexdigest()
    found.tls = Tls(document.get(*TLS, "cert"), document.get(*TLS, "key"), id)
    wrong = _wrong_with(cert, key)
    if wrong is not None:
        part, says = wrong
        found.findings.append(_bad(document, (*TLS, part), says))


def _wrong_with(cert: str, key: str) -> tuple[str, str] | None:
    """The file that is wrong, and why."""
    from cryptography import x509  # it is large, and few configs need it
    from cryptography.hazmat.primitives import serialization

    try:
        chain = x509.load_pem_x509_certificates(cert.encode("utf-8"))
    except ValueError:
        return "cert", "it holds no certificate (PEM)"
    try:
        own = serialization.load_pem_private_key(key.encode("utf-8"), password=None)
    except TypeError:
        return "key", "the key has a password; write it without one, readable by its owner alone"
    except ValueError:
        return "key", "it holds no private key (PEM)"
    if _spki(own.public_key()) != _spki(chain[0].public_key()):
        return "key", "it is not the key of the first certificate of `cert`"
    now, ends = datetime.now(UTC), chain[0].not_valid_after_utc
    if now > ends:
        return "cert", f"the certificate expired on {ends:%Y-%m-%d}"
    return None


def _spki(public: Any) -> bytes:
    """A public key as bytes that can be compared."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def open_files(document: Document, files: Files) -> Iterator[Finding]:
    """Private keys that every user of this machine can read."""
    file: Any = document.get(*TLS, "key")
    if isinstance(file, str) and file and files.is_open(file):
        yield readable(Positions(file, [""], {}), Span(1, 1, 1, 2))
