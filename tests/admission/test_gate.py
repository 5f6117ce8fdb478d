"""Laws of the room of a provider: no clock, no network, any order of events."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.admission import Gate, Limits, Ticket
from gateway.units import Rate

RATES = st.none() | st.builds(Rate, st.integers(1, 6), st.sampled_from([1.0, 10.0]))
LIMITS = st.builds(
    Limits,
    concurrency=st.none() | st.integers(1, 3),
    requests=RATES,
    tokens=st.none() | st.builds(Rate, st.integers(10, 40), st.just(10.0)),
    queue=st.integers(0, 6),
    wait=st.sampled_from([0.5, 5.0, 60.0]),
)


class AtTheGate(RuleBasedStateMachine):
    """Requests come, end, leave early; time passes; limits change."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.gate = Gate(Limits(concurrency=2))
        self.waiting: list[Ticket] = []
        self.running: list[Ticket] = []
        self.sent: dict[Ticket, int] = {}
        """What was let in under the limits of now, with the tokens that it used."""

    def turn(self) -> None:
        let_in, refused = self.gate.turns(self.now)
        limits = self.gate.limits
        for ticket in let_in:
            earlier = [one for one in self.waiting if one.session == ticket.session]
            assert earlier[0] is ticket, "the requests of a session go in the order they came"
            self.waiting.remove(ticket)
            self.let_in(ticket)
        for ticket, reason in refused:
            self.waiting.remove(ticket)
            is_late = limits.requests or limits.tokens or self.now >= ticket.since + limits.wait
            assert reason == "full" or is_late
            assert self.gate.patience(1, self.now) >= 1
        assert len(self.waiting) <= limits.queue
        assert all(self.now < one.since + limits.wait for one in self.waiting)

    def let_in(self, ticket: Ticket) -> None:
        self.running.append(ticket)
        self.sent[ticket] = ticket.tokens
        limits = self.gate.limits
        assert limits.concurrency is None or len(self.running) <= limits.concurrency
        if limits.requests is not None:
            assert len(self.within(limits.requests.seconds)) <= limits.requests.amount
        if limits.tokens is not None:
            tokens = self.within(limits.tokens.seconds)
            is_alone = sum(tokens) == ticket.tokens
            assert sum(tokens) <= limits.tokens.amount or is_alone

    def within(self, seconds: float) -> list[int]:
        """The tokens of each that was let in so lately."""
        return [used for one, used in self.sent.items() if one.let_in > self.now - seconds]

    @rule(limits=LIMITS)
    def reload(self, limits: Limits) -> None:
        """Who runs and who waits stays; what was sent under other limits proves nothing any more."""
        running, queued = self.gate.running, self.gate.queued
        self.gate.limits = limits
        assert (self.gate.running, self.gate.queued) == (running, queued)
        self.sent.clear()
        self.turn()

    @rule(session=st.integers(1, 3), tokens=st.integers(1, 50))
    def ask(self, session: int, tokens: int) -> None:
        self.waiting.append(self.gate.ask(session, tokens, self.now))
        self.turn()

    @rule(tokens=st.integers(1, 50))
    def ask_now(self, tokens: int) -> None:
        """Nobody is overtaken."""
        ticket = self.gate.ask_now("beside", tokens, self.now, counts=True)
        if ticket is not None:
            assert not self.waiting
            self.let_in(ticket)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), share=st.none() | st.integers(0, 100))
    def end(self, data: st.DataObject, share: int | None) -> None:
        """It used as much as was taken for it, or less, or nobody knows."""
        ticket = data.draw(st.sampled_from(self.running))
        self.running.remove(ticket)
        used = ticket.tokens * share // 100 if share is not None else None
        self.gate.leave(ticket, self.now, used)
        self.gate.leave(ticket, self.now)
        if used is not None and ticket in self.sent:
            self.sent[ticket] = used
        self.turn()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(ticket)
        self.gate.leave(ticket, self.now)
        self.turn()

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.9, 5.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        """The gate says itself when it is to be looked at."""
        end = self.now + seconds
        while (due := self.gate.due(self.now)) is not None and due <= end:
            assert due > self.now, "what was due has been done"
            self.now = due
            self.turn()
        self.now = end
        self.turn()

    @invariant()
    def nothing_leaks(self) -> None:
        assert self.gate.queued == len(self.waiting)
        assert self.gate.running == len(self.running)

    def teardown(self) -> None:
        """Once everybody has left, the gate is as new."""
        for ticket in [*self.running, *self.waiting]:
            self.gate.leave(ticket, self.now)
        assert (self.gate.running, self.gate.queued) == (0, 0)
        assert self.gate.due(self.now) is None


TestAtTheGate = AtTheGate.TestCase
TestAtTheGate.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_sessions_take_turns(arrivals: list[int]) -> None:
    """As long as k sessions wait, each is served once in every k turns; each in its own order."""
    gate = Gate(Limits(concurrency=1))
    holder = gate.ask("first", 1, 0.0)
    gate.turns(0.0)
    asked = [gate.ask(session, 1, 0.0) for session in arrivals]
    served: list[Ticket] = []
    while gate.queued:
        gate.leave(holder, 0.0)
        [holder], refused = gate.turns(0.0)
        assert not refused
        served.append(holder)
    for session in set(arrivals):
        own = [one for one in asked if one.session == session]
        assert [one for one in served if one.session == session] == own
    left = Counter(arrivals)
    at = 0
    while left:
        turn = [one.session for one in served[at : at + len(left)]]
        assert sorted(map(str, turn)) == sorted(map(str, left))
        at += len(left)
        left -= Counter(list(left))


@given(st.integers(1, 20), st.lists(st.floats(0, 5), max_size=60))
def test_a_rate_holds_in_every_stretch(amount: int, pauses: list[float]) -> None:
    """Wherever a minute begins, no more is let in within it; and nobody waits for more than that."""
    rate = Rate(amount, 60.0)
    gate, now, let_in = Gate(Limits(requests=rate, queue=100, wait=3600)), 0.0, []
    for pause in pauses:
        now += pause
        gate.ask("one", 0, now)
        let_in += [now] * len(gate.turns(now).let_in)
    while (due := gate.due(now)) is not None:
        assert now < due <= now + rate.seconds * 1.01
        now = due
        let_in += [now] * len(gate.turns(now).let_in)
    assert len(let_in) == len(pauses)
    for begin, end in zip(let_in, let_in[amount:], strict=False):
        assert end - begin >= rate.seconds


def test_whoever_fills_the_line_is_refused_first() -> None:
    """A session with fewer in line gets a place; the last of the one with most gives it up."""
    gate = Gate(Limits(concurrency=1, queue=3))
    gate.ask("busy", 1, 0.0)
    gate.turns(0.0)
    waiting = [gate.ask("busy", 1, 0.0) for _ in range(3)]
    assert gate.turns(0.0) == ([], [])
    gate.ask("modest", 1, 0.0)
    assert gate.turns(0.0) == ([], [(waiting[-1], "full")])
    late = gate.ask("busy", 1, 0.0)
    assert gate.turns(0.0) == ([], [(late, "full")])


def test_a_wait_that_is_too_long_for_certain_is_refused_at_once() -> None:
    """Nobody stands in line for an hour's quota that is used up; and is told when to come again."""
    gate = Gate(Limits(requests=Rate(1, 3600.0), wait=60))
    gate.ask("a", 1, 0.0)
    assert gate.turns(0.0).let_in
    late = gate.ask("a", 1, 600.0)
    assert gate.turns(600.0).refused == [(late, "late")]
    assert gate.patience(1, 600.0) == pytest.approx(3000, abs=10)


def test_a_prompt_larger_than_the_rate_is_let_in_alone() -> None:
    """It could never be otherwise."""
    gate = Gate(Limits(tokens=Rate(100, 60.0)))
    gate.ask("a", 1_000, 0.0)
    assert gate.turns(0.0).let_in
    gate.ask("a", 1, 1.0)
    assert not gate.turns(1.0).let_in
    assert gate.turns(60.2).let_in


def test_tokens_are_those_that_were_used() -> None:
    """Less than was taken gives room at once; more takes some, from when it is known."""
    gate = Gate(Limits(tokens=Rate(100, 60.0), wait=100))
    first = gate.ask("a", 100, 0.0)
    gate.turns(0.0)
    second = gate.ask("a", 80, 1.0)
    assert not gate.turns(1.0).let_in
    gate.leave(first, 2.0, used=20)
    assert gate.turns(2.0).let_in == [second]
    gate.leave(second, 50.0, used=100)
    gate.ask("a", 90, 50.0)
    assert not gate.turns(61.0).let_in, "what was used beyond the estimate counts from then on"
    assert gate.turns(110.2).let_in


def test_a_refused_request_is_told_when_room_is_likely() -> None:
    """By how long answers take here, and how many are ahead."""
    gate = Gate(Limits(concurrency=2))
    for _ in range(2):
        done = gate.ask("a", 1, 0.0)
        gate.turns(0.0)
        gate.leave(done, 10.0)
    for _ in range(5):
        gate.ask("a", 1, 10.0)
        gate.turns(10.0)
    assert (gate.running, gate.queued) == (2, 3)
    assert gate.patience(1, 10.0) == pytest.approx(20)


def test_what_only_goes_along_takes_no_place_in_line() -> None:
    """What is sent within another's slot is counted; what is not counted needs a slot alone."""
    gate = Gate(Limits(concurrency=1, requests=Rate(2, 60.0)))
    count = gate.ask_now(None, 0, 0.0, counts=False)
    assert count is not None
    assert gate.ask_now(None, 0, 0.0, counts=False) is None
    gate.leave(count, 0.0)
    gate.count(0, 0.0)
    gate.count(0, 0.0)
    assert gate.ask_now(None, 0, 0.0, counts=True) is None
    assert gate.ask_now(None, 0, 0.0, counts=False) is not None
