"""Laws of circuits: who is let through when, whatever came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.availability import (
    HEALTHY,
    Access,
    Availability,
    Fault,
    Looking,
    Settings,
    Ticket,
)
from gateway.availability.circuit import BELIEVED, SPREAD

ASKED = Access("openai", "gpt", "k1")
DOWN = Fault("down", 502)
LIMITED = Fault("limited", 429)


@dataclass
class World:
    """A clock and chance that the test holds in its hands."""

    now: float = 1000.0
    luck: float = 0.0
    settings: Settings = field(default_factory=Settings)
    most: int = 2_000

    def __post_init__(self) -> None:
        self.live = Availability(
            lambda: self.now, lambda: 1e9 + self.now, lambda: self.luck, self.most
        )

    def fail(self, fault: Fault = DOWN, access: Access = ASKED, times: int = 1) -> None:
        """Tries that fail one after the other, as far as they are let through."""
        for _ in range(times):
            ticket = self.live.ask(access)
            if ticket is not None:
                self.live.failed(access, ticket, fault, self.settings)

    def state(self, access: Access = ASKED) -> str:
        """As people are told it."""
        told = {one.access: one.state for one in self.live.standings()}
        return told.get(access, "closed")


def test_what_is_well_is_asked_without_a_note_of_it() -> None:
    """No circuit, no ticket of its own, however much is asked."""
    world = World()
    for _ in range(100):
        ticket = world.live.ask(ASKED)
        assert ticket is HEALTHY
        world.live.succeeded(ASKED, ticket)
    assert not world.live.circuits


def test_so_many_failures_in_a_row_open_it_and_one_fewer_does_not() -> None:
    """A whole answer between them begins the row anew, and so does time."""
    world = World(settings=Settings(failures=3, window=60.0))
    world.fail(times=2)
    ticket = world.live.ask(ASKED)
    assert ticket is not None
    world.live.succeeded(ASKED, ticket)
    world.fail(times=2)
    world.now += 61.0
    world.fail(times=2)
    assert world.state() == "closed"
    world.fail()
    assert world.state() == "open"
    assert world.live.ask(ASKED) is None


def test_one_probe_decides() -> None:
    """Its failure doubles the cooldown up to the longest one; its answer closes the circuit."""
    world = World(settings=Settings(failures=1, cooldown=10.0, longest_cooldown=35.0))
    world.fail()
    for cooldown in (10.0, 20.0, 35.0, 35.0):
        [told] = world.live.standings()
        assert told.seconds == cooldown
        world.now += cooldown - 0.001
        assert world.live.ask(ASKED) is None
        world.now += 0.001
        probe = world.live.ask(ASKED)
        assert probe is not None
        assert world.live.ask(ASKED) is None
        world.live.failed(ASKED, probe, DOWN, world.settings)
    world.now += 35.0
    probe = world.live.ask(ASKED)
    assert probe is not None
    world.live.began(ASKED, probe)
    assert world.live.ask(ASKED) is not None
    world.live.succeeded(ASKED, probe)
    assert not world.live.circuits


def test_what_only_begins_to_answer_stays_on_trial() -> None:
    """Streams that break off in the middle open it again, for longer each time."""
    world = World(settings=Settings(failures=5, cooldown=10.0))
    world.fail(times=5)
    for cooldown in (10.0, 20.0, 40.0):
        assert world.live.standings()[0].seconds == cooldown
        world.now += cooldown
        probe = world.live.ask(ASKED)
        assert probe is not None
        world.live.began(ASKED, probe)
        assert world.state() == "closed"
        world.live.failed(ASKED, probe, DOWN, world.settings)
        assert world.state() == "open"


def test_a_probe_that_nobody_waits_for_gives_way() -> None:
    """A client that leaves says nothing of the provider; the next request is the probe."""
    world = World(settings=Settings(failures=1))
    world.fail()
    world.now += 10.0
    probe = world.live.ask(ASKED)
    assert probe is not None
    world.live.left(ASKED, probe)
    other = world.live.ask(ASKED)
    assert other is not None
    world.live.left(ASKED, probe)  # said twice
    assert world.live.ask(ASKED) is None


@given(st.floats(min_value=0.0, max_value=1.0))
def test_chance_shortens_a_cooldown_and_never_what_the_provider_named(luck: float) -> None:
    """So gateways that failed together do not come back together."""
    world = World(luck=luck, settings=Settings(failures=1, cooldown=8.0))
    world.fail()
    assert 8.0 * (1 - SPREAD) <= world.live.standings()[0].seconds <= 8.0
    world = World(luck=luck)
    world.fail(Fault("limited", 429, 7.0))
    assert world.live.standings()[0].seconds == 7.0


def test_a_limit_is_that_of_one_key_and_one_model() -> None:
    """The same key serves other models, and the same model is served with other keys."""
    world = World()
    world.fail(LIMITED)
    assert world.live.ask(ASKED) is None
    assert world.live.ask(ASKED._replace(model="mini")) is not None
    assert world.live.ask(ASKED._replace(key="k2")) is not None


def test_a_key_that_is_refused_is_out_for_every_model_and_for_long() -> None:
    """Other keys of the pool serve on."""
    world = World(settings=Settings(longest_cooldown=300.0))
    world.fail(Fault("key", 401))
    world.now += 299.0
    assert world.live.ask(ASKED._replace(model="mini")) is None
    assert world.live.ask(ASKED._replace(key="k2")) is not None
    world.now += 1.0
    assert world.live.ask(ASKED) is not None


def test_a_long_wait_that_was_named_is_tried_now_and_then() -> None:
    """Limits are raised: after the longest cooldown one probe asks; the others are told how long."""
    world = World(settings=Settings(longest_cooldown=300.0))
    for _ in range(BELIEVED):
        refused = world.live.ask_anyway(ASKED)
        assert refused is not None  # a word or two may be of a moment, or of one request
        world.live.failed(ASKED, refused, Fault("limited", 429, 3600.0), world.settings)
    world.now += 299.0
    assert world.live.ask_anyway(ASKED) is None
    named = world.live.named(ASKED)
    assert named is not None
    assert (named.seconds, named.status) == (3301.0, 429)
    world.now += 1.0
    probe = world.live.ask_anyway(ASKED)
    assert probe is not None
    assert world.live.ask_anyway(ASKED) is None
    world.live.began(ASKED, probe)
    assert world.live.named(ASKED) is None


def test_nobody_is_shut_out_by_a_guess() -> None:
    """Who has nowhere else to go is let through an open circuit, and an answer closes it."""
    world = World(settings=Settings(failures=1))
    world.fail()
    assert world.live.ask(ASKED) is None
    ticket = world.live.ask_anyway(ASKED)
    assert ticket is not None
    world.live.succeeded(ASKED, ticket)
    assert not world.live.circuits


def test_what_began_before_it_opened_says_nothing_of_the_time_after() -> None:
    """A hundred requests under way when a server dies open its circuit once, and for the first cooldown."""
    world = World(settings=Settings(failures=5, cooldown=10.0))
    tickets = [world.live.ask(ASKED) for _ in range(100)]
    for ticket in tickets:
        assert ticket is not None
        world.live.failed(ASKED, ticket, DOWN, world.settings)
    assert world.live.standings()[0].seconds == 10.0


def test_onlookers_take_no_probe() -> None:
    """Who only asks what would be changes nothing."""
    world = World(settings=Settings(failures=1))
    world.fail()
    looking = Looking(world.live)
    assert looking.ask(ASKED) is None
    world.now += 10.0
    assert looking.ask(ASKED) is not None
    assert looking.ask(ASKED) is not None
    assert world.live.ask(ASKED) is not None


@given(st.lists(st.tuples(st.text(max_size=4), st.sampled_from([DOWN, LIMITED]))))
def test_what_is_remembered_is_bounded(failures: list[tuple[str, Fault]]) -> None:
    """Which model a request names is the client's choice; the ones that failed last are kept."""
    world = World(most=5)
    for model, fault in failures:
        world.fail(fault, ASKED._replace(model=f"m{model}"))
    assert len(world.live.circuits) <= 5


FAULTS = st.builds(
    Fault,
    st.sampled_from(["limited", "key", "refused", "down"]),
    st.sampled_from([401, 429, 503]),
    st.none() | st.integers(0, 4000).map(float),
)


class Asking(RuleBasedStateMachine):
    """Any number of tries at once, reporting in any order, over any time, and through reloads."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(settings=Settings(failures=3))
        self.under_way: list[tuple[Access, Ticket]] = []

    def _report(self, pick: int) -> tuple[Access, Ticket]:
        return self.under_way.pop(pick % len(self.under_way))

    @rule(seconds=st.integers(0, 400), luck=st.sampled_from([0.0, 0.5, 1.0]))
    def time_passes(self, seconds: int, luck: float) -> None:
        self.world.now += seconds
        self.world.luck = luck

    @rule(model=st.sampled_from(["gpt", "mini"]), forced=st.booleans())
    def asks(self, model: str, forced: bool) -> None:
        live, access = self.world.live, ASKED._replace(model=model)
        may, named = live.may_ask(access), live.named(access)
        ticket = live.ask_anyway(access) if forced else live.ask(access)
        if may:
            assert ticket is not None
        elif not forced:
            assert ticket is None
        else:
            assert ticket is not None or named is not None
        if ticket is not None:
            self.under_way.append((access, ticket))

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 99), fault=FAULTS, failures=st.integers(1, 5))
    def fails(self, pick: int, fault: Fault, failures: int) -> None:
        access, ticket = self._report(pick)
        self.world.live.failed(access, ticket, fault, Settings(failures=failures))

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 99), how=st.sampled_from(["succeeded", "left"]))
    def ends(self, pick: int, how: str) -> None:
        access, ticket = self._report(pick)
        report: Callable[[Access, Ticket], None] = getattr(self.world.live, how)
        report(access, ticket)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 99))
    def begins(self, pick: int) -> None:
        access, ticket = self.under_way[pick % len(self.under_way)]
        self.world.live.began(access, ticket)

    @invariant()
    def no_more_than_one_probe(self) -> None:
        """Once the cooldown is over: one at a time, and always somebody's who will report on it."""
        live, now = self.world.live, self.world.now
        held = {id(hold) for _, ticket in self.under_way for hold in ticket}
        for access, circuit in live.circuits.items():
            assert circuit.probe is None or id(circuit.probe) in held
            if circuit.state(now) != "half-open":
                continue
            taken = circuit.probe is not None
            assert circuit.may_enter(now) != taken
            if taken:
                assert live.ask(access) is None

    @invariant()
    def no_cooldown_is_longer_than_the_longest(self) -> None:
        for one in self.world.live.standings():
            assert 0.0 <= one.seconds <= Settings().longest_cooldown

    def teardown(self) -> None:
        """When all have reported and time has passed, everybody is asked again: nothing is stuck."""
        live = self.world.live
        for access, ticket in self.under_way:
            live.left(access, ticket)
        self.world.now += Settings().longest_cooldown
        for model in ("gpt", "mini"):
            access = ASKED._replace(model=model)
            again = live.ask(access)
            assert again is not None
            live.succeeded(access, again)
            assert live.ask(access) is not None


TestAsking = Asking.TestCase
TestAsking.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
