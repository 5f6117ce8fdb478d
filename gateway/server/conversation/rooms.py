"""Room at the providers that have limits: requests wait here for theirs. A provider without any has no door.

Who is let in, and when, is decided in `admission`; this is its clock, and what tells those who wait. Beside
the requests of clients: a copy for a target that is tried out, and a question for the size of a prompt, go
only where there is room at once, and a model that is asked about a tool call of an answer goes within the
slot of that answer where it is at the same provider, which would wait for itself otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from math import ceil

from gateway.admission import Gate, Limits, Refused, Ticket
from gateway.admission.limits import UNLIMITED
from gateway.config import Endpoint, Snapshot
from gateway.errors import NoRoom
from gateway.messages import Usage
from gateway.pipeline import Exchange, UpstreamRequest
from gateway.pipeline.sizing import BYTES
from gateway.reload import ConfigStore
from gateway.server.accounts.tally import Tally


class Door:
    """Of one provider."""

    def __init__(self, name: str, limits: Limits, tally: Tally) -> None:
        self._name = name
        self._tally = tally
        self._clock = asyncio.get_running_loop().time
        self._waiting: dict[Ticket, asyncio.Future[Refused | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.gate = Gate(limits)

    def limit(self, limits: Limits) -> None:
        """The limits from now on, also for those who wait."""
        if limits != self.gate.limits:
            self.gate.limits = limits
            self._turn()

    async def enter(self, session: Hashable, tokens: int) -> Room:
        """Waits for room. Raises `NoRoom`."""
        ticket = self.gate.ask(session, tokens, self._clock())
        told = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        try:
            self._turn()
            refused = await told
        except BaseException:
            self.leave(ticket, None)
            raise
        if refused is not None:
            raise self.no_room(tokens, refused)
        waited = ticket.let_in - ticket.since
        self._tally.note_waited(self._name, waited)
        return Room(self, ticket, waited)

    def enter_now(self, tokens: int, *, counts: bool) -> Room | None:
        """Room that is there at once, if any is."""
        ticket = self.gate.ask_now(None, tokens, self._clock(), counts=counts)
        return Room(self, ticket, 0.0) if ticket is not None else None

    def count(self, tokens: int) -> None:
        """A request within the slot of another."""
        self.gate.count(tokens, self._clock())

    def leave(self, ticket: Ticket, used: int | None) -> None:
        """Gives back a slot or a place in line; whoever can be let in now is."""
        self._waiting.pop(ticket, None)
        self.gate.leave(ticket, self._clock(), used)
        self._turn()

    def no_room(self, tokens: int, why: Refused) -> NoRoom:
        """What a request is told that is not let in; and the count of it."""
        self._tally.no_room[self._name, why] += 1
        gate = self.gate
        seconds = ceil(gate.patience(tokens, self._clock()))
        settings = f"providers.{self._name}.limits"
        said = {
            "full": f"{gate.running} requests run and {gate.queued} wait, as many as "
            f"`{settings}.queue` lets wait",
            "late": f"there is none within the {gate.limits.wait:g} s that `{settings}.wait` lets it wait",
        }
        bounds = " and ".join(f"`{name}`" for name in _set(gate.limits))
        return NoRoom(
            f"The gateway has no room for another request to {self._name}: {said[why]} (its {bounds} "
            f"there say how much is sent). There is likely to be room in {seconds} s.",
            headers={"retry-after": str(seconds)},
        )

    def _turn(self) -> None:
        """Tells whose waiting has ended, and sets the clock for the next."""
        now = self._clock()
        let_in, refused = self.gate.turns(now)
        for ticket in let_in:
            self._tell(ticket, None)
        for ticket, why in refused:
            self._tell(ticket, why)
        if self._timer is not None:
            self._timer.cancel()
        due = self.gate.due(now)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(due, self._turn) if due is not None else None

    def _tell(self, ticket: Ticket, refused: Refused | None) -> None:
        told = self._waiting.pop(ticket)
        if not told.done():  # a client that left takes its ticket back in a moment
            told.set_result(refused)


@dataclass(frozen=True, slots=True)
class Room:
    """What a request has while it is under way."""

    _door: Door
    _ticket: Ticket
    waited: float
    """Seconds."""

    def leave(self, usage: Usage | None = None) -> None:
        """Gives it back. `usage`: what the answer cost, as far as the provider said."""
        used = usage.prompt + usage.output if usage is not None else 0
        self._door.leave(self._ticket, used or None)


class Rooms:
    """The doors of all providers that have limits. `request.endpoint.limits` says whether one has."""

    def __init__(self, config: ConfigStore, tally: Tally) -> None:
        self._config = config
        self._tally = tally
        self._doors: dict[str, Door] = {}

    async def enter(self, exchange: Exchange, request: UpstreamRequest) -> Room:
        """Room for a try. Raises `NoRoom`."""
        door = self._door(request.endpoint)
        tokens = await estimated(exchange) if door.gate.limits.tokens is not None else 0
        room = await door.enter((exchange.inbound.client, exchange.facts.session), tokens)
        exchange.waited += room.waited
        return room

    async def enter_beside(self, exchange: Exchange, request: UpstreamRequest) -> Room | None:
        """Room for a question about the answer under way; None where it is asked within the answer's own.

        Raises `NoRoom`.
        """
        door, tokens = self._door(request.endpoint), len(request.body) // BYTES
        if exchange.attempt.endpoint.name == request.endpoint.name:
            door.count(tokens)
            return None
        return await door.enter((exchange.inbound.client, exchange.facts.session), tokens)

    def enter_now(self, request: UpstreamRequest) -> Room | None:
        """Room for a request that is not worth waiting for."""
        return self._door(request.endpoint).enter_now(len(request.body) // BYTES, counts=True)

    def enter_to_count(self, request: UpstreamRequest) -> Room:
        """Room for a question for a size: providers count these apart, or not at all. Raises `NoRoom`."""
        door = self._door(request.endpoint)
        room = door.enter_now(0, counts=False)
        if room is None:
            raise NoRoom(f"{request.endpoint.name} has no room for a question within its limits.")
        return room

    def state(self) -> dict[str, dict[str, int]]:
        """By provider: how many are `running` and `queued` there."""
        return {
            name: {"running": door.gate.running, "queued": door.gate.queued}
            for name, door in sorted(self._doors.items())
        }

    async def follow(self) -> None:
        """Gives those who wait the limits of the config that serves; runs until it is cancelled."""
        serving: Snapshot | None = None

        def is_news(snapshot: Snapshot) -> bool:
            return snapshot is not serving

        while True:
            await self._config.until(is_news)
            serving = self._config.snapshot
            for name, door in self._doors.items():
                door.limit(_limits(serving, name))

    def _door(self, endpoint: Endpoint) -> Door:
        """By the limits of now: the request may have begun with an older config."""
        name = endpoint.name
        limits = _limits(self._config.snapshot, name)
        door = self._doors.get(name)
        if door is None:
            door = self._doors[name] = Door(name, limits, self._tally)
        door.limit(limits)
        return door


async def estimated(exchange: Exchange) -> int:
    """The tokens of the prompt, about as its target counts them."""
    facts = exchange.facts
    if facts.size_if_known is None:
        await asyncio.to_thread(lambda: facts.size)
    return exchange.sizing.expected(exchange.attempt.target, facts.size)


def _limits(snapshot: Snapshot, name: str) -> Limits:
    endpoint = snapshot.endpoints.get(name)
    return (endpoint.limits if endpoint is not None else None) or UNLIMITED


def _set(limits: Limits) -> Iterator[str]:
    """The limits that there are."""
    every = {
        "concurrency": limits.concurrency,
        "requests": limits.requests,
        "tokens": limits.tokens,
    }
    return (name for name, limit in every.items() if limit is not None)
