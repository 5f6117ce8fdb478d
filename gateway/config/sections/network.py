"""How connections to a provider are made, where not directly. No IO: files are read by `Files`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.config.checks.exposure import is_address
from gateway.config.endpoint import Network
from gateway.config.findings import Finding
from gateway.config.text.document import Document
from gateway.config.text.environment import has_reference
from gateway.config.text.files import Files
from gateway.config.text.positions import Path

EXTRA = "http2"
"""The part of the distribution that brings HTTP/2."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of `ca_file`, read."""

    texts: Mapping[str, str] = field(repr=False)
    """Provider -> what its file holds."""
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    """Also those that cannot be read."""


def network(options: Mapping[str, Any], ca: str | None) -> Network:
    """From a checked `network:`."""
    proxy = (options.get("proxy") or "").strip() or None
    return Network(proxy=proxy, ca=ca, http2=options.get("http2", False))


def certificates(document: Document, files: Files) -> Certificates:
    """Reads the files; a provider whose file holds no certificate cannot be reached safely."""
    texts: dict[str, str] = {}
    found: list[Finding] = []
    tried: list[str] = []
    for name in document.names("providers"):
        path: Path = ("providers", name, "network", "ca_file")
        file = document.get(*path)
        if not isinstance(file, str) or not file:
            continue
        tried.append(file)
        try:
            texts[name] = files.read(file)
            wrong = None if _holds_certificates(texts[name]) else "it holds no certificate (PEM)"
        except OSError as error:
            wrong = f"it cannot be read: {error.strerror or error}"
        except UnicodeDecodeError:
            wrong = "it is no text"
        if wrong is not None:
            message = f"{document.where(path)}{document.typed(path)}: {wrong}"
            span = document.positions.value(path)
            help = "a path is relative to the config's folder"
            found.append(document.positions.error("bad-file", span, message, help))
    return Certificates(texts, tuple(found), tuple(dict.fromkeys(tried)))


def _holds_certificates(text: str) -> bool:
    from cryptography import x509  # it is large, and few configs need it

    try:
        return bool(x509.load_pem_x509_certificates(text.encode("utf-8")))
    except ValueError:
        return False


def proxies(document: Document) -> Iterator[Finding]:
    """Every proxy has an address."""
    for name in document.names("providers"):
        path: Path = ("providers", name, "network", "proxy")
        url = document.get(*path)
        if isinstance(url, str) and url.strip() and not is_address(url.strip()):
            message = f"{document.where(path)}expected a URL such as http://proxy.lan:3128"
            if not has_reference(document.positions.typed(path)):
                message += f", got {document.typed(path)}"
            span = document.positions.value(path)
            yield document.positions.error("bad-url", span, message)


def extras(document: Document, files: Files) -> Iterator[Finding]:
    """What the config asks for is installed."""
    for name in document.names("providers"):
        path: Path = ("providers", name, "network", "http2")
        if document.get(*path) is True and EXTRA not in files.extras:
            message = f"{document.where(path)}HTTP/2 needs the package h2, which is not installed"
            help = f"run `pip install 'rules-gateway[{EXTRA}]'`, or leave it out: HTTP/1.1 will do"
            span = document.positions.value(path)
            yield document.positions.error("missing-package", span, message, help)
