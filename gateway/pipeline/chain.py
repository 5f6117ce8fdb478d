"""The tries of one exchange: which target is asked, with which key, and what follows a failure. No IO.

The targets of a route are asked in its order, each once. One whose circuits are open is passed over while
another can be asked; when none can, those passed over are asked all the same: what a circuit knows is the
gateway's guess, and a lone local server that has just come back must not be shut out by it. Only where the
provider itself has named a time that is not over is nobody asked: it would refuse, some count refused
requests against the limit, and the client can wait for that time, or a person read of it. (A probe every
`longest_cooldown` finds out when a limit was raised meanwhile.)

A key that is refused or has reached its limit gives way to the next one of its pool at once. The same
target is asked again only where a rule has `retries`, only as often as the traffic has earned (see
`Budget`), and never for a client that is asking again by itself: one storm is enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from gateway.availability import (
    HEALTHY,
    Access,
    Fault,
    Live,
    Named,
    Settings,
    Ticket,
    preferred,
)
from gateway.config import Endpoint, Snapshot
from gateway.errors import GatewayError, UpstreamFailure
from gateway.pipeline.tries import (
    OTHER_KEY_HELPS,
    another_may_help,
    client_retries,
    fault_of,
    is_of_provider,
    may_pass,
    wait_before,
)
from gateway.routing import Facts, Route, Target

Against = Literal["client", "wait", "circuit", "budget"]
"""Why the same target is not asked again: the client does so itself; the provider has named a time that
is too long; it has failed too often, and there are others; the traffic has not earned it."""


Then = Literal["repeat", "key", "fallback"]
"""What follows a failed try: the same again, with another key, or another target."""


class Try(NamedTuple):
    """Whom to ask."""

    target: Target
    place: int = 0
    """Of the key in its pool."""
    ticket: Ticket | None = HEALTHY
    """None until the time to wait is over."""


class Failed(NamedTuple):
    """A try after which another one was made."""

    target: str
    message: str
    then: Then
    """What came next."""


class Chain:
    """See the module. Methods are called in the order in which they stand here, the last ones in turn."""

    def __init__(
        self, snapshot: Snapshot, facts: Facts, headers: Mapping[str, str], live: Live
    ) -> None:
        self._snapshot = snapshot
        self._facts = facts
        self._client_retries = client_retries(headers)
        self._live = live
        self._route: Route | None = None
        self._targets: tuple[Target, ...] = ()
        self._left: list[int] = []
        """Places of targets that were not asked."""
        self._try: Try | None = None
        self._is_open = False
        """The try has not been reported on."""
        self._has_left = False
        self._tried: set[int] = set()
        """Places of keys with which the target was asked."""
        self.repeats = 0
        """How often the target was asked again."""
        self.failed: list[Failed] = []
        self.passed_over: list[str] = []
        """Targets that were not asked because of what is known of them, while another one was."""
        self.withheld: list[tuple[str, Against]] = []
        """Repetitions that a rule has `retries` for and that were not made: target and `Against`."""

    @property
    def settings(self) -> Settings:
        """Of the config."""
        return self._snapshot.failover

    def enter(self, route: Route) -> Try:
        """Whom to ask. Raises `UpstreamFailure` when all have asked to be left alone."""
        if self._try is None:
            self._route, self._targets = route, route.targets
            self._left = list(range(len(self._targets)))
            if not self._choose():
                raise self._refusal()
        elif self._try.ticket is None:
            ticket = self._live.ask_anyway(self._access(self._try))
            if ticket is None:
                raise self._refusal()
            self._begin(self._try._replace(ticket=ticket))
        return self.now

    @property
    def now(self) -> Try:
        """Whom the exchange asks."""
        if self._try is None:
            raise RuntimeError("nobody was chosen")
        return self._try

    @property
    def target(self) -> Target | None:
        """Who was asked last; None before anybody was chosen."""
        return self._try.target if self._try is not None else None

    # -- what becomes of a try ------------------------------------------------------------------

    def began(self) -> None:
        """Something useful was said."""
        if (ticket := self._ticket) is not None and ticket is not HEALTHY:
            self._live.began(self._access(self.now), ticket)

    def succeeded(self) -> None:
        """An answer is whole, or is the refusal of a server that works."""
        if self._live.circuits and (ticket := self._ticket) is not None:
            self._live.succeeded(self._access(self.now), ticket)
        self._is_open = False

    def left(self) -> None:
        """Nobody waits for the exchange any more."""
        self._has_left = True
        self._leave()

    def note(self, error: GatewayError) -> None:
        """The try failed, whether or not another one can follow."""
        ticket = self._ticket
        if ticket is None or not is_of_provider(error):
            self._leave()
            return
        found = fault_of(error, self._live.wall())
        if found is None:
            self.succeeded()
            return
        self._is_open = False
        self._live.failed(self._access(self.now), ticket, found, self.settings)

    def _leave(self) -> None:
        """The try says nothing of whom it asked."""
        if (ticket := self._ticket) is not None:
            self._is_open = False
            self._live.left(self._access(self.now), ticket)

    @property
    def _ticket(self) -> Ticket | None:
        """Of the try under way, if it was not reported on."""
        return self._try.ticket if self._is_open and self._try is not None else None

    def after(self, error: GatewayError) -> float | None:
        """Chooses whom to ask after a failure; seconds until then, None for nobody."""
        self.note(error)
        if self._try is None or self._route is None:
            return None
        failed = str(self._try.target)
        then: Then = "key"
        wait = 0.0
        if not self._other_key(error):
            again = self._wait_for_same(error)
            if again is not None:
                then, wait = "repeat", again
            elif another_may_help(error) and self._choose():
                then = "fallback"
            else:
                return None
        self.failed.append(Failed(failed, error.message, then))
        return wait

    # -- choosing -------------------------------------------------------------------------------

    def _choose(self) -> bool:
        """Whom to ask of those that are left: who can be, otherwise who may be all the same."""
        passed: list[int] = []
        for at in self._left:
            found = self._enter(at)
            if found is not None:
                self._passed(passed)
                return self._take(at, found)
            passed.append(at)
        for at in self._left:
            found = self._enter(at, anyway=True)
            if found is not None:
                return self._take(at, found)
        return False

    def _take(self, at: int, found: Try) -> bool:
        self._left.remove(at)
        self._tried, self.repeats = {found.place}, 0
        self._begin(found)
        return True

    def _begin(self, found: Try) -> None:
        self._try, self._is_open = found, True
        if self._has_left:
            self._leave()  # it was chosen in a thread, and nobody waits for it

    def _passed(self, places: Iterable[int]) -> None:
        named = (str(self._targets[at]) for at in places)
        self.passed_over += [name for name in named if name not in self.passed_over]

    def _enter(self, at: int, *, anyway: bool = False) -> Try | None:
        """A try of the target at a place, if it can be asked: with the best of its keys."""
        target = self._targets[at]
        endpoint = self._endpoint(target)
        if not self._live.circuits and not endpoint.pool:
            return Try(target)
        enter = self._live.ask_anyway if anyway else self._live.ask
        for place in self._keys(endpoint):
            ticket = enter(access_of(endpoint, target, place))
            if ticket is not None:
                return Try(target, place, ticket)
        return None

    def _other_key(self, error: GatewayError) -> bool:
        """Goes on with another key of the same target, if that may help and one can be asked."""
        endpoint, target = self._endpoint(self.now.target), self.now.target
        if not endpoint.pool or error.status not in OTHER_KEY_HELPS or not is_of_provider(error):
            return False
        for place in self._keys(endpoint):
            if place in self._tried:
                continue
            ticket = self._live.ask(access_of(endpoint, target, place))
            if ticket is not None:
                self._tried.add(place)
                self._begin(Try(target, place, ticket))
                return True
        return False

    def _wait_for_same(self, error: GatewayError) -> float | None:
        """Seconds until the same target is asked once more with the same key; None where it is not."""
        retries = (self._route.retries if self._route is not None else None) or 0
        if not may_pass(error) or self.repeats >= retries:
            return None
        found = fault_of(error, self._live.wall())
        if (reason := self._against(found)) is not None:
            self.withheld.append((str(self.now.target), reason))
            return None
        self.repeats += 1
        self._try, self._is_open = self.now._replace(ticket=None), False
        return wait_before(self.repeats, found, self._live.chance())

    def _against(self, found: Fault | None) -> Against | None:
        """What speaks against asking the same target again; None for nothing."""
        if self._client_retries:
            return "client"
        if found is not None and found.named is not None:
            if found.named > self.settings.longest_wait:
                return "wait"
        elif self._left and not self._live.may_ask(self._access(self.now)):
            return "circuit"
        asks_again = self._client_retries is not None
        earned = self._live.budget.spend(self._live.clock(), self.settings, asks_again=asks_again)
        return None if earned else "budget"

    def _refusal(self) -> UpstreamFailure:
        """What is said in place of the providers that have asked to be left alone: the soonest's word."""
        waits: list[tuple[Named, Target]] = []
        for target in self._targets:
            endpoint = self._endpoint(target)
            for place in self._keys(endpoint):
                named = self._live.named(access_of(endpoint, target, place))
                waits += [(named, target)] if named is not None else []
        (seconds, status), target = min(waits, default=(Named(1.0, 529), self._targets[0]))
        wait = max(1, math.ceil(seconds))
        return UpstreamFailure(
            f"{target} has asked not to be asked for another {wait} s, and no other target of the rule can "
            "be asked. Wait, or give the rule another `fallback`.",
            status=429 if status == 429 else 529,
            type="rate_limit_error" if status == 429 else "overloaded_error",
            headers={"retry-after": str(wait)},
        )

    # -- keys -----------------------------------------------------------------------------------

    def key_for(self, target: Target) -> int:
        """The place of the key with which a target is asked beside the exchange."""
        endpoint = self._endpoint(target)
        places = self._keys(endpoint)
        free = (at for at in places if self._live.may_ask(access_of(endpoint, target, at)))
        return next(free, places[0])

    def _keys(self, endpoint: Endpoint) -> Sequence[int]:
        """The places of an endpoint's keys, the one to prefer in front."""
        if not endpoint.pool:
            return (0,)
        seed = self._facts.session or f"{self._facts.lot}"
        return preferred(seed, [one.access for one in endpoint.pool])

    def _endpoint(self, target: Target) -> Endpoint:
        return self._snapshot.endpoints[target.provider]

    def _access(self, asked: Try) -> Access:
        return access_of(self._endpoint(asked.target), asked.target, asked.place)


def access_of(endpoint: Endpoint, target: Target, place: int) -> Access:
    """What the circuit of a target and a key is known by."""
    return Access(target.provider, target.model, endpoint.with_key(place).access)
