"""The certificate of the port: the one of the config that serves."""

from __future__ import annotations

import ssl
from typing import Any

from gateway import observe
from gateway.config import Tls
from gateway.reload import ConfigStore


class Certificates:
    """What new connections are shown."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store
        self._shown: Tls | None = None
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext | None:
        """For the listener; None without TLS. Raises `OSError`."""
        tls = self._store.snapshot.server.tls
        if tls is None:
            return None
        self._shown, self._context = tls, self._made(tls)
        return self._context

    def _made(self, tls: Tls) -> ssl.SSLContext:
        folder = self._store.path.parent
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(folder / tls.cert, folder / tls.key)
        context.sni_callback = self._begins
        return context

    def _begins(self, connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        """A connection begins: it is shown the certificate of now. Those under way keep theirs."""
        tls = self._store.snapshot.server.tls
        if tls is not None and tls != self._shown:
            self._shown = tls
            try:
                self._context = self._made(tls)
            except OSError as error:  # what was checked was replaced a moment later
                observe.logger().error(
                    "certificate_not_taken", error=str(error), serving="the one before"
                )
        connection.context = self._context
