"""The circuits of others, for a request that only asks what would be. No IO."""

from __future__ import annotations

from collections.abc import Sized

from gateway.availability.faults import Fault
from gateway.availability.settings import Settings
from gateway.availability.standing import HEALTHY, Access, Live, Named, Ticket


class Looking:
    """Satisfies `Live`; nothing in it changes, and no probe is taken from a request that is sent."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.budget = live.budget

    @property
    def circuits(self) -> Sized:
        return self._live.circuits

    def clock(self) -> float:
        return self._live.clock()

    def wall(self) -> float:
        return self._live.wall()

    def chance(self) -> float:
        return self._live.chance()

    def may_ask(self, access: Access) -> bool:
        return self._live.may_ask(access)

    def ask(self, access: Access) -> Ticket | None:
        return HEALTHY if self._live.may_ask(access) else None

    def ask_anyway(self, access: Access) -> Ticket | None:
        return HEALTHY

    def named(self, access: Access) -> Named | None:
        return self._live.named(access)

    def began(self, access: Access, ticket: Ticket) -> None:
        """Not said."""

    def succeeded(self, access: Access, ticket: Ticket) -> None:
        """Not said."""

    def left(self, access: Access, ticket: Ticket) -> None:
        """Not said."""

    def failed(self, access: Access, ticket: Ticket, fault: Fault, settings: Settings) -> None:
        """Not said."""
