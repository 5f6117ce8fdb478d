"""What the connections of clients are held to, and who is told when one is refused."""

from __future__ import annotations

from collections.abc import Callable

from gateway.config import ServerSettings
from gateway.errors import GatewayError
from gateway.server.accounts.tally import Tally
from gateway.server.connections.life import Life

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers; the same for trailers."""
MOST_HEADERS = 200
LONGEST_URL = 8 * 1024
"""Bytes."""
HEAD_SECONDS = 30.0
"""Seconds that a client has for a head it has begun."""
BODY_SECONDS, BODY_LEAST = 30.0, 1024
"""In so many seconds at least so many bytes of a body have to come, while somebody waits for them."""
IDLE_SECONDS = 75.0
"""Seconds for which a client may keep a connection without asking anything."""
TAKE_SECONDS = 600.0
"""Seconds for which a client may take nothing of its answer."""
SPARE = 500
"""Connections beyond the most that are told so; more are closed without a word."""


class Door:
    """One for the whole gateway."""

    def __init__(self, settings: Callable[[], ServerSettings], tally: Tally, life: Life) -> None:
        self._settings = settings
        self._tally = tally
        self.life = life

    @property
    def most_body(self) -> int:
        """Bytes of the longest body that the application takes."""
        return self._settings().max_body

    @property
    def most_connections(self) -> int:
        """Of all clients together."""
        return self._settings().life.max_connections

    @property
    def drain(self) -> float:
        """Seconds that answers get when the gateway is told to stop."""
        return self._settings().life.drain

    def refused(self, error: GatewayError) -> None:
        """A connection was refused something."""
        self._tally.note_refused(error)
