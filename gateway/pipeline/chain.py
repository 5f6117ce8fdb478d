"""The tries of one exchange: which target is asked, with which key, and what follows a failure. No IO.

The targets of a route are asked in its order, each once. One whose circuits are open is passed over while
another can be asked; when none can, those passed over are asked all the same: what a circuit knows is the
gateway's guess, and a lone local server that has just come back must not be shut out by it. Only where the
provider itself has named a time that is not over, in a few refusals in a row, is nobody asked: it would
refuse, some count refused requests against the limit, and the client can wait for that time, or a person
read of it. (A probe every `longest_cooldown` finds out when a limit was raised meanwhile.)

A key that is refused or has reached its limit gives way to the next one of its pool at once. The same
target is asked again at once only where a rule has `retries`. A rule with a fallback that says nothing of
them asks all its targets once more, in turn, when each has failed in a way that may pass: what fails one
time in five fails twice in a row one time in twenty-five, which is too often to tell every client of it.
Either is done only as often as the traffic has earned (see `Budget`), and never for a client that is asking
again by itself: one storm is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from gateway.availability import (
    HEALTHY,
    Access,
    Live,
    Named,
    Ticket,
    preferred,
)
from gateway.config import Endpoint, Snapshot
from gateway.errors import GatewayError, UpstreamFailure
from gateway.pipeline.tries import (
    MARGIN,
    OTHER_KEY_HELPS,
    another_may_help,
    client_retries,
    fault_of,
    is_of_provider,
    left_alone,
    may_pass,
    wait_before,
)
from gateway.routing import Facts, Route, Target

Against = Literal["client", "wait", "circuit", "budget"]
"""Why the same target is not asked again: the client does so itself; the provider has named a time that
is too long; it has failed too often, and there are others; the traffic has not earned it."""


Then = Literal["repeat", "key", "fallback", "round"]
"""What follows a failed try: the same again, with another key, another target, or all of them in turn."""

ROUNDS = 2
"""How often the targets of a rule with a fallback are asked once more."""


class Failed(NamedTuple):
    """A try after which another one was made."""

    target: str
    message: str
    then: Then
    """What came next."""


class Chain(Struct, eq=False):
    """See the module. Methods are called in the order in which they stand here, the last ones in turn."""

    _snapshot: Snapshot
    _facts: Facts
    _headers: Mapping[str, str]
    _live: Live
    _route: Route | None = None
    _targets: tuple[Target, ...] = ()
    _left: list[int] = []
    """Places of targets that were not asked, in this round."""
    _at: int = 0
    """The place of the target that was asked last."""
    _may_pass: list[int] = []
    """Places of those that have failed in a way that may pass."""
    _rounds: int = 0
    """How often all of them were asked once more."""
    target: Target | None = None
    """Who was asked last; None before anybody was chosen."""
    place: int = 0
    """Of the key in the pool of the target's provider."""
    _ticket: Ticket | None = None
    """Of the try under way, until something was reported of it."""
    _due: Literal["choice", "repeat"] | None = "choice"
    """What is to be done once the time to wait is over: one of those left is chosen, or the same
    target asked again. None where the next try has begun already."""
    _is_over: bool = False
    """Nobody waits for the exchange any more."""
    _tried: set[int] = set()
    """Places of keys with which the target was asked."""
    _repeats: int = 0
    """How often the target was asked again."""
    failed: list[Failed] = []
    passed_over: list[str] = []
    """Targets that were not asked because of what is known of them, while another one was."""
    withheld: list[tuple[str, Against]] = []
    """Repetitions that a rule asks for and that were not made: of which target, and why."""

    __repr__ = object.__repr__
    """The client's key is among the headers."""

    def enter(self, route: Route) -> Target:
        """Whom to ask. Raises `UpstreamFailure` when all have asked to be left alone."""
        if self.target is None:
            targets = route.targets
            self._route, self._targets = route, targets
            if not self._live.circuits and not self._is_over:
                first = targets[0]
                if not self._snapshot.endpoints[first.provider].pool:  # as nearly always
                    if route.fallback:
                        self._left = list(range(1, len(targets)))
                    self.target, self._ticket, self._due = first, HEALTHY, None
                    return first
            self._left = list(range(len(targets)))
        if self._due == "choice":
            if not self._choose():
                raise self._refusal()
        elif self._due == "repeat":
            ticket = self._live.ask_anyway(self._access)
            if ticket is None:
                raise self._refusal()
            self._begin(self._now, self.place, ticket)
        return self._now

    # -- what becomes of a try ------------------------------------------------------------------

    def began(self) -> None:
        """Something useful was said."""
        ticket = self._ticket
        if ticket is not None and ticket is not HEALTHY:
            self._live.began(self._access, ticket)

    def succeeded(self) -> None:
        """An answer is whole, or is the refusal of a server that works."""
        ticket, self._ticket = self._ticket, None
        if ticket is not None and self._live.circuits:
            self._live.succeeded(self._access, ticket)

    def over(self) -> None:
        """Nobody waits for the exchange any more."""
        self._is_over = True
        if self._ticket is not None:
            self._leave()

    def note(self, error: GatewayError) -> None:
        """The try failed, whether or not another one can follow."""
        if self._ticket is None or not is_of_provider(error):
            self._leave()
            return
        found = fault_of(error, self._live.wall())
        if found is None:
            self.succeeded()
            return
        ticket, self._ticket = self._ticket, None
        self._live.failed(self._access, ticket, found, self._snapshot.failover)

    def _leave(self) -> None:
        """The try says nothing of whom it asked."""
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            self._live.left(self._access, ticket)

    def after(self, error: GatewayError) -> float | None:
        """Chooses whom to ask after a failure; seconds until then, None for nobody."""
        self.note(error)
        if self._route is None:
            return None
        if self.target is None:  # all have asked to be left alone, maybe for a moment only
            self._may_pass = list(range(len(self._targets)))
            return self._wait_for_all(error)
        failed = str(self.target)
        then: Then = "key"
        wait: float | None = 0.0
        if not self._other_key(error):
            if (wait := self._wait_for_same(error)) is not None:
                then = "repeat"
            elif (wait := self._go_on(error)) is not None:
                then = "fallback"
            elif (wait := self._wait_for_all(error)) is not None:
                then = "round"
        if wait is not None:
            self.failed.append(Failed(failed, error.message, then))
        return wait

    def _go_on(self, error: GatewayError) -> float | None:
        """Goes on with the next target, if there is one and it may help: at once, which is 0."""
        if may_pass(error) and self._at not in self._may_pass:
            self._may_pass.append(self._at)
        if not another_may_help(error) or not self._left:
            return None
        if self._rounds and not self._earned(is_last=True):
            return None
        return 0.0 if self._choose() else None

    # -- choosing -------------------------------------------------------------------------------

    def _choose(self) -> bool:
        """Whom to ask of those that are left: who can be, otherwise who may be all the same."""
        for enter in (self._live.ask, self._live.ask_anyway):
            for at in self._left:
                if self._enter(self._targets[at], enter):
                    self._left.remove(at)
                    self._at, self._repeats = at, 0
                    if enter == self._live.ask:
                        self._passed(at)
                    return True
        return False

    def _begin(self, target: Target, place: int, ticket: Ticket) -> None:
        self.target, self.place, self._ticket, self._due = target, place, ticket, None
        if self._is_over:
            self._leave()  # it was chosen in a thread, and nobody waits for it

    def _passed(self, asked: int) -> None:
        """Those that stand before the one that is asked, and were not."""
        for at in self._left:
            if at < asked and (name := str(self._targets[at])) not in self.passed_over:
                self.passed_over.append(name)

    def _enter(
        self,
        target: Target,
        enter: Callable[[Access], Ticket | None],
        tried: Collection[int] = (),
    ) -> bool:
        """Begins a try of a target with the best of its keys beside those tried, if it can be asked."""
        for place, access in self._keys(target):
            if place not in tried and (ticket := enter(access)) is not None:
                self._tried = {*tried, place}
                self._begin(target, place, ticket)
                return True
        return False

    def _other_key(self, error: GatewayError) -> bool:
        """Goes on with another key of the same target, if that may help and one can be asked."""
        if error.status not in OTHER_KEY_HELPS or not is_of_provider(error) or self._due:
            return False
        has_others = bool(self._snapshot.endpoints[self._now.provider].pool)
        return has_others and self._enter(self._now, self._live.ask, self._tried)

    def _wait_for_same(self, error: GatewayError) -> float | None:
        """Seconds until the same target is asked once more with the same key; None where it is not."""
        retries = (self._route.retries if self._route is not None else None) or 0
        if not may_pass(error) or self._repeats >= retries:
            return None
        found = fault_of(error, self._live.wall())
        named = found.named if found is not None else None
        if self._is_withheld(self._now, self._against_same(named)):
            return None
        self._repeats += 1
        self._due = "repeat"
        return wait_before(self._repeats, named, self._live.chance())

    def _against_same(self, named: float | None) -> Against | None:
        """What speaks against asking the same target again; None for nothing."""
        if (reason := self._against(named)) is not None:
            return reason
        if named is None and self._left and not self._live.may_ask(self._access):
            return "circuit"
        is_last = not any(self._may_ask(self._targets[at]) for at in self._left)
        return None if self._earned(is_last=is_last) else "budget"

    def _wait_for_all(self, error: GatewayError) -> float | None:
        """Seconds until those that have failed in passing are asked once more; None where they are not."""
        route = self._route
        if route is None or route.retries is not None or len(self._targets) < 2:
            return None
        if not (self._may_pass and another_may_help(error)) or self._rounds >= ROUNDS:
            return None
        soonest = min(self._seconds_named(self._targets[at]) for at in self._may_pass)
        reason = self._against(soonest)
        if reason is None and not self._earned(is_last=True):
            reason = "budget"
        if self._is_withheld(self.target or self._targets[0], reason):
            return None
        self._rounds += 1
        self._left, self._may_pass, self._due = sorted(self._may_pass), [], "choice"
        wait = wait_before(self._rounds, None, self._live.chance())
        return max(wait, soonest + MARGIN) if soonest > 0.0 else wait

    def _against(self, named: float | None) -> Against | None:
        """What speaks against any repetition, after so many seconds if the provider has named them."""
        if client_retries(self._headers):
            return "client"
        if named is not None and named > self._snapshot.failover.longest_wait:
            return "wait"
        return None

    def _earned(self, *, is_last: bool) -> bool:
        """Takes one repetition of those that the traffic has earned."""
        return self._live.budget.spend(
            self._live.clock(),
            self._snapshot.failover,
            asks_again=client_retries(self._headers) is not None,
            is_last=is_last,
        )

    def _is_withheld(self, target: Target, reason: Against | None) -> bool:
        """Something speaks against a repetition, which is written down."""
        if reason is not None:
            self.withheld.append((str(target), reason))
        return reason is not None

    def _seconds_named(self, target: Target) -> float:
        """For which a target has asked to be left alone, with the key that is free the soonest."""
        named = (self._live.named(access) for _, access in self._keys(target))
        return min(one.seconds if one is not None else 0.0 for one in named)

    def _refusal(self) -> UpstreamFailure:
        """What is said in place of the providers that have asked to be left alone: the soonest's word."""
        waits = [
            (named, target)
            for target in self._targets
            for _, access in self._keys(target)
            if (named := self._live.named(access)) is not None
        ]
        # There is one, but for a time that has run out in this moment.
        soon = (Named(1.0, 529), self._targets[0])
        named, target = min(waits, key=lambda wait: wait[0].seconds, default=soon)
        return left_alone(target, named)

    # -- keys -----------------------------------------------------------------------------------

    def key_for(self, target: Target) -> int:
        """The place of the key with which a target is asked beside the exchange."""
        keys = list(self._keys(target))
        return next((place for place, access in keys if self._live.may_ask(access)), keys[0][0])

    def _may_ask(self, target: Target) -> bool:
        """Nothing is known against some key of a target."""
        return any(self._live.may_ask(access) for _, access in self._keys(target))

    def _keys(self, target: Target) -> Iterator[tuple[int, Access]]:
        """The places of a target's keys and what each is known by, the one to prefer in front."""
        endpoint = self._snapshot.endpoints[target.provider]
        places: Sequence[int] = (0,)
        if endpoint.pool:
            seed = self._facts.session or f"{self._facts.lot}"
            places = preferred(seed, [one.access for one in endpoint.pool])
        return ((place, access_of(endpoint, target, place)) for place in places)

    @property
    def _access(self) -> Access:
        """Of whom is asked."""
        endpoint = self._snapshot.endpoints[self._now.provider]
        return access_of(endpoint, self._now, self.place)

    @property
    def _now(self) -> Target:
        if self.target is None:
            raise RuntimeError("nobody was chosen")
        return self.target


def access_of(endpoint: Endpoint, target: Target, place: int) -> Access:
    """What the circuit of a target and a key is known by."""
    return Access(target.provider, target.model, endpoint.with_key(place).access)
