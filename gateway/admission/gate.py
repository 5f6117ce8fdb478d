"""The room of one provider: who is let in, who waits, who is refused. No IO; clocks are passed in.

Nobody overtakes: when the one whose turn it is has no room, the others wait with it. Otherwise small
requests would keep a large one out for ever.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gateway.admission.limits import Limits
from gateway.admission.line import Line
from gateway.admission.window import Slice, Window

Refused = Literal["full", "late"]
"""Too many wait, or it would wait for too long."""

SHORTEST, LONGEST = 1.0, 3600.0
"""Seconds after which somebody who is refused is told to come again, whatever is known."""

WEIGHT = 0.2
"""Of the last answer in what is known of how long answers take."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One request at the gate."""

    session: Hashable
    """Requests of one session wait for each other; sessions take turns."""
    tokens: int
    """Those of the prompt, as far as is known."""
    since: float
    holds: bool = False
    """It was let in, and has a slot until it leaves."""
    let_in: float = 0.0
    taken: Slice | None = None
    """Its tokens, as they were counted."""


class Turns(NamedTuple):
    """Whose waiting has ended."""

    let_in: list[Ticket]
    refused: list[tuple[Ticket, Refused]]


@dataclass(slots=True)
class Gate:
    """Everything that is asked brings others their turn: `turns` follows each change, and time."""

    limits: Limits
    """May be replaced at any time."""
    _line: Line[Ticket] = field(default_factory=Line)
    _running: dict[Ticket, None] = field(default_factory=dict)
    _requests: Window = field(default_factory=Window)
    _tokens: Window = field(default_factory=Window)
    _usual: float | None = None
    """Seconds that an answer takes."""

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._line)

    @property
    def running(self) -> int:
        """How many were let in and have not left."""
        return len(self._running)

    def ask(self, session: Hashable, tokens: int, now: float) -> Ticket:
        """Stands in line; `turns` says when it is let in, and whether."""
        ticket = Ticket(session, tokens, now)
        self._line.add(ticket)
        return ticket

    def ask_now(self, session: Hashable, tokens: int, now: float, *, counts: bool) -> Ticket | None:
        """Is let in at once or not at all, and never before somebody who waits.

        `counts`: it is one of the requests that the provider counts, and its tokens are.
        """
        ticket = Ticket(session, tokens, now)
        is_free = self._has_slot and (not counts or self._free_at(ticket, now) <= now)
        if self._line or not is_free:
            return None
        self._let_in(ticket, now, counts=counts)
        return ticket

    def count(self, tokens: int, now: float) -> None:
        """A request that is sent within the slot of another one."""
        self._take(tokens, now)

    def turns(self, now: float) -> Turns:
        """Lets in whom there is room for, then refuses whom there is no waiting for."""
        let_in: list[Ticket] = []
        while (ticket := self._line.head) is not None:
            if not self._has_slot or self._free_at(ticket, now) > now:
                break
            self._line.serve(ticket)
            self._let_in(ticket, now, counts=True)
            let_in.append(ticket)
        return Turns(let_in, self._refuse(now))

    def due(self, now: float) -> float | None:
        """When `turns` is to be called if nobody comes or leaves before; None for never."""
        ticket, oldest = self._line.head, next(iter(self._line), None)
        if ticket is None or oldest is None:
            return None
        ends = oldest.since + self.limits.wait
        return min(ends, self._free_at(ticket, now)) if self._has_slot else ends

    def leave(self, ticket: Ticket, now: float, used: int | None = None) -> None:
        """Gives back the slot, or the place in line. `used`: the tokens of prompt and answer, if known.

        Whoever has left already has nothing more to give back.
        """
        if ticket in self._line:
            self._line.remove(ticket)
        if not ticket.holds:
            return
        ticket.holds = False
        del self._running[ticket]
        took = now - ticket.let_in
        self._usual = took if self._usual is None else self._usual + WEIGHT * (took - self._usual)
        if used is not None and ticket.taken is not None:
            self._correct(ticket.taken, ticket.tokens, used, now)

    def patience(self, tokens: int, now: float) -> float:
        """Seconds until there is likely to be room for one that comes last."""
        limits, ahead = self.limits, len(self._line)
        wait = 0.0
        if limits.requests is not None:
            wait = self._requests.free_at(ahead + 1, limits.requests, now) - now
        if limits.tokens is not None:
            every = tokens + sum(ticket.tokens for ticket in self._line)
            wait = max(wait, self._tokens.free_at(every, limits.tokens, now) - now)
        if limits.concurrency is not None:
            wait = max(wait, self._answer(now) * (ahead + 1) / limits.concurrency)
        return min(max(wait, SHORTEST), LONGEST)

    # -- in between -----------------------------------------------------------------------------

    @property
    def _has_slot(self) -> bool:
        most = self.limits.concurrency
        return most is None or len(self._running) < most

    def _free_at(self, ticket: Ticket, now: float) -> float:
        """When the rates have room for it, if nobody takes any before."""
        limits, at = self.limits, now
        if limits.requests is not None:
            at = self._requests.free_at(1, limits.requests, now)
        if limits.tokens is not None:
            at = max(at, self._tokens.free_at(ticket.tokens, limits.tokens, now))
        return at

    def _let_in(self, ticket: Ticket, now: float, *, counts: bool) -> None:
        ticket.holds, ticket.let_in = True, now
        self._running[ticket] = None
        if counts:
            ticket.taken = self._take(ticket.tokens, now)

    def _take(self, tokens: int, now: float) -> Slice | None:
        limits = self.limits
        if limits.requests is not None:
            self._requests.take(1, limits.requests, now)
        return self._tokens.take(tokens, limits.tokens, now) if limits.tokens is not None else None

    def _correct(self, taken: Slice, tokens: int, used: int, now: float) -> None:
        rate = self.limits.tokens
        if rate is None:
            return
        if used > tokens:
            self._tokens.take(used - tokens, rate, now)
        else:
            self._tokens.lessen(taken, tokens - used, rate, now)

    def _refuse(self, now: float) -> list[tuple[Ticket, Refused]]:
        refused: list[tuple[Ticket, Refused]] = []
        for ticket in list(self._line):
            if ticket.since + self.limits.wait > self._hopeless_before(ticket, now):
                break  # those behind it have more time
            refused.append((ticket, "late"))
            self._line.remove(ticket)
        while len(self._line) > self.limits.queue:
            ticket = self._line.longest()
            refused.append((ticket, "full"))
            self._line.remove(ticket)
        return refused

    def _hopeless_before(self, ticket: Ticket, now: float) -> float:
        """Before this moment there is no room for it for certain. Tokens may come back early while
        somebody runs."""
        if self._running or self.limits.tokens is None:
            rate = self.limits.requests
            return self._requests.free_at(1, rate, now) if rate is not None else now
        return self._free_at(ticket, now)

    def _answer(self, now: float) -> float:
        """Seconds that an answer usually takes; before there was one, those that the oldest has taken."""
        if self._usual is not None:
            return self._usual
        return now - next(iter(self._running)).let_in if self._running else 0.0
