"""How long a connection may owe something: the rest of a head or a body, the next request, or room for
its answer. Looked at now and then, so that a request that comes whole pays for no timer."""

from __future__ import annotations

from typing import Any

from gateway.errors import OverBound
from gateway.server.connections import door as bounds

SECONDS = {
    "head": bounds.HEAD_SECONDS,
    "body": bounds.BODY_SECONDS,
    "request": bounds.IDLE_SECONDS,
    "room": bounds.TAKE_SECONDS,
}
"""What is waited for -> how long."""


class Patience:
    """With one connection."""

    __slots__ = ("_awaited", "_mark", "_since")

    def __init__(self) -> None:
        self._awaited: str | None = None
        self._since = 0.0
        self._mark = 0

    def look(self, http: Any, now: float) -> None:
        """Ends a connection that has owed something for too long. `now` is in seconds of any clock."""
        awaited = awaited_of(http)
        if awaited is None or awaited != self._awaited or self._goes_on(http, awaited):
            self._awaited, self._since = awaited, now
            self._mark = _progress(http, awaited)
        elif now - self._since > SECONDS[awaited]:
            self._give_up(http, awaited)

    def _goes_on(self, http: Any, awaited: str) -> bool:
        if awaited == "body":
            return bool(http.came - self._mark >= bounds.BODY_LEAST)
        return awaited in ("room", "request") and _progress(http, awaited) != self._mark

    def _give_up(self, http: Any, awaited: str) -> None:
        self._awaited = None
        if awaited == "request":
            http.transport.close()
        elif awaited == "room":
            http.door.refused(OverBound("The client takes nothing of its answer.", bound="room"))
            http.transport.abort()
        else:
            http.refuse(
                OverBound(
                    f"The {awaited} of the request did not come within {SECONDS[awaited]:g} s.",
                    status=408,
                    bound=f"slow_{awaited}",
                )
            )


def _progress(http: Any, awaited: str | None) -> int:
    if awaited == "room":
        return int(http.transport.get_write_buffer_size())
    return int(http.asked if awaited == "request" else http.came)


def awaited_of(http: Any) -> str | None:
    """What a connection owes; None for nothing."""
    cycle = http.cycle
    if http.transport.is_closing() or http.flow.write_paused:
        return "room"
    if http.is_broken:
        return None  # its last answer is under way
    if http.is_in_head:
        return "head"
    if cycle is None:
        return "request"
    if cycle.more_body:
        return None if http.flow.read_paused else "body"
    if cycle.response_complete and http.timeout_keep_alive_task is None:
        return "request"
    return None
