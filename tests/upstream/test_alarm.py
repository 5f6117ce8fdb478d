"""One timer for all the waits of a connection ends each of them when it is due, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.alarm import Alarm
from gateway.upstream.incoming import Incoming

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Timer:
    """A call that is due."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.is_set = at, call, True

    def cancel(self) -> None:
        self.is_set = False


class Clock:
    """An event loop whose time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []
        self.create_future = asyncio.get_running_loop().create_future

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        """The timers that are set."""
        return [timer for timer in self.timers if timer.is_set]

    def pass_to(self, then: float) -> None:
        """Rings what is due until then."""
        while due := [timer for timer in self.pending if timer.at <= then]:
            first = min(due, key=lambda timer: timer.at)
            self.now, first.is_set = max(self.now, first.at), False
            first.call()
        self.now = then


class Line:
    """A connection that does as it is told."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def done(self, *, serves_again: bool) -> None:
        assert serves_again

    def abort(self) -> None: ...


waits = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100)), max_size=12)
"""Seconds of patience with an answer, and seconds until it comes."""


@given(waits)
def test_each_wait_ends_in_its_own_time(waits: list[tuple[int, int]]) -> None:
    """Whatever the alarm was set for before; and there is never more than one timer."""

    async def story() -> None:
        clock: Any = Clock()
        alarm = Alarm(clock)
        for patience, comes in waits:
            begun = clock.now
            answer = Incoming(Line(), clock, alarm)
            head = asyncio.create_task(answer.head(patience))
            await asyncio.sleep(0)
            clock.pass_to(begun + min(patience, comes) - 0.5)
            await asyncio.sleep(0)
            assert not head.done()
            if comes < patience:
                clock.pass_to(begun + comes)
                answer.receive(ANSWER)
                await head
                assert answer.whole() == b"ok"
            else:
                clock.pass_to(begun + patience)
                with pytest.raises(TimeoutError):
                    await head
            assert alarm.waits is None
            assert len(clock.pending) <= 1
        alarm.cancel()
        assert not clock.pending

    asyncio.run(story())
