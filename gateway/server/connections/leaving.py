"""A client that leaves: the answer under way is told at once, and nobody has to wait for that."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Leaving(HttpToolsProtocol):
    """A connection whose last request is told of its end."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or was sent away."""
        super().connection_lost(exc)
        cycle: Any = self.cycle
        if cycle is not None and cycle.gone is not None:
            cycle.gone()
