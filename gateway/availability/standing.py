"""The circuits of a process. No IO."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sized
from dataclasses import dataclass
from random import SystemRandom
from time import monotonic, time
from typing import NamedTuple, Protocol

from gateway.availability.budget import Budget
from gateway.availability.circuit import UNHURT, Circuit, Hold, Luck, State
from gateway.availability.faults import Fault
from gateway.availability.settings import Settings

MOST = 2_000
"""Circuits that are remembered; which model a request names is the client's choice."""


class Access(NamedTuple):
    """Whom a try asks."""

    provider: str
    model: str
    """Empty for the key as such, whatever the model."""
    key: str
    """Says which key and address it is, and nothing of them (`Endpoint.access`)."""

    @property
    def whole(self) -> Access:
        """The key as such."""
        return self._replace(model="")


class Ticket(NamedTuple):
    """A try that is under way: at the circuit of key and model, and at that of the key as such."""

    model: Hold
    key: Hold


HEALTHY = Ticket(UNHURT, UNHURT)
"""Nothing was known against whom is asked."""


class Named(NamedTuple):
    """A provider has asked to be left alone."""

    seconds: float
    """That are left."""
    status: int
    """What it said then, as clients are told it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A circuit as people are told of it."""

    access: Access
    state: State
    seconds: float
    """Of cooldown that are left."""
    status: int
    """Of the failure that counted last."""


class Live(Protocol):
    """What a chain of tries asks and tells."""

    budget: Budget

    @property
    def circuits(self) -> Sized:
        """Of what has failed; empty when all is well."""

    def clock(self) -> float:
        """Seconds; does not go back."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def chance(self) -> float:
        """From 0 to 1."""

    def may_ask(self, access: Access) -> bool:
        """Whether `ask` would give a ticket; changes nothing."""

    def ask(self, access: Access) -> Ticket | None:
        """Lets a try through; None when it is to pass this one over.

        Every ticket has to end in one of `succeeded`, `left` and `failed`.
        """

    def ask_anyway(self, access: Access) -> Ticket | None:
        """For a try that has nowhere else to go: the gateway's own guess must not shut out a server
        that may have come back. None when the provider itself has asked to be left alone, and more
        than once or twice (`BELIEVED`)."""

    def named(self, access: Access) -> Named | None:
        """What is left of the time for which the provider has asked to be left alone."""

    def began(self, access: Access, ticket: Ticket) -> None:
        """Something useful was said."""

    def succeeded(self, access: Access, ticket: Ticket) -> None:
        """An answer is whole, or is one of a server that works."""

    def left(self, access: Access, ticket: Ticket) -> None:
        """The try ended, and says nothing of whom it asked."""

    def failed(self, access: Access, ticket: Ticket, fault: Fault, settings: Settings) -> None:
        """The try failed, before or after it had begun to answer."""


CHANCE = SystemRandom().random
"""Of the system: nobody can foretell it, and nobody has seeded it."""


class Availability:
    """Safe between threads. Satisfies `Live`."""

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        wall: Callable[[], float] = time,
        chance: Callable[[], float] = CHANCE,
        most: int = MOST,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.chance = chance
        self.circuits: OrderedDict[Access, Circuit] = OrderedDict()
        """Of what has failed; empty when all is well."""
        self.budget = Budget(clock())
        self._most = most
        self._lock = threading.Lock()
        self._luck = Luck(chance, itertools.count(1).__next__)

    # -- asking ---------------------------------------------------------------------------------

    def may_ask(self, access: Access) -> bool:
        if not self.circuits:
            return True
        with self._lock:
            now = self.clock()
            found = (self.circuits.get(access), self.circuits.get(access.whole))
            return all(circuit is None or circuit.may_enter(now) for circuit in found)

    def ask(self, access: Access) -> Ticket | None:
        if not self.circuits:
            return HEALTHY
        with self._lock:
            now = self.clock()
            circuit, whole = self.circuits.get(access), self.circuits.get(access.whole)
            hold = circuit.enter(now) if circuit is not None else UNHURT
            if hold is None:
                return None
            of_key = whole.enter(now) if whole is not None else UNHURT
            if of_key is None:
                if circuit is not None:
                    circuit.left(hold)
                return None
            return Ticket(hold, of_key)

    def ask_anyway(self, access: Access) -> Ticket | None:
        ticket = self.ask(access)
        if ticket is not None:
            return ticket
        with self._lock:
            circuit, whole = self.circuits.get(access), self.circuits.get(access.whole)
            if circuit is not None and circuit.keeps_out(self.clock()):
                return None
            return Ticket(
                circuit.force() if circuit is not None else UNHURT,
                whole.force() if whole is not None else UNHURT,
            )

    def named(self, access: Access) -> Named | None:
        with self._lock:
            circuit = self.circuits.get(access)
            seconds = circuit.seconds_named(self.clock()) if circuit is not None else 0.0
            return Named(seconds, circuit.named_status) if circuit and seconds > 0 else None

    # -- reports --------------------------------------------------------------------------------

    def began(self, access: Access, ticket: Ticket) -> None:
        with self._lock:
            for one, hold in _each(access, ticket):
                if (circuit := self.circuits.get(one)) is not None:
                    circuit.began(hold)

    def succeeded(self, access: Access, ticket: Ticket) -> None:
        if not self.circuits:
            return
        with self._lock:
            for one, hold in _each(access, ticket):
                circuit = self.circuits.get(one)
                if circuit is not None and circuit.succeeded(hold):
                    del self.circuits[one]

    def left(self, access: Access, ticket: Ticket) -> None:
        if ticket is HEALTHY:
            return
        with self._lock:
            self._left(access, ticket)

    def failed(self, access: Access, ticket: Ticket, fault: Fault, settings: Settings) -> None:
        blamed, hold = (access.whole, ticket.key) if fault.kind == "key" else (access, ticket.model)
        with self._lock:
            circuit = self.circuits.get(blamed)
            if circuit is None:
                circuit = self.circuits[blamed] = Circuit()
                hold = UNHURT  # what it may have held is forgotten
            circuit.failed(hold, fault, self.clock(), settings, self._luck)
            self._left(access, ticket)
            self.circuits.move_to_end(blamed)
            if len(self.circuits) > self._most:
                self.circuits.popitem(last=False)

    def _left(self, access: Access, ticket: Ticket) -> None:
        for one, hold in _each(access, ticket):
            if (circuit := self.circuits.get(one)) is not None:
                circuit.left(hold)

    # -- telling --------------------------------------------------------------------------------

    def standings(self) -> list[Standing]:
        """The circuits that are not closed, in the order in which they last failed."""
        with self._lock:
            now = self.clock()
            return [
                Standing(access, state, circuit.seconds_left(now), circuit.last.status)
                for access, circuit in self.circuits.items()
                if (state := circuit.state(now)) != "closed" and circuit.last is not None
            ]


def _each(access: Access, ticket: Ticket) -> tuple[tuple[Access, Hold], tuple[Access, Hold]]:
    return (access, ticket.model), (access.whole, ticket.key)
