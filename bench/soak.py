"""Mixed load for long: every answer is verified, and memory must stay below what the gateway may keep."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

import uvloop

from bench import machine, systems
from bench.answers import Answer
from bench.conversations import Conversation, small
from bench.figures import shown
from bench.load import Load, Request
from bench.machine import Running
from bench.measure import tell
from bench.systems import System

BOUND = 400
"""Megabytes that the gateway may grow by: what it remembers of conversations, and of the last requests."""
SEED = 1
WORKERS = 8
CONVERSATIONS = 40
"""At a time; they end after some turns, and others take their place."""
SIZES = {30_000: 0.45, 140_000: 0.35, 600_000: 0.15, 2_000_000: 0.05}
"""Bytes of the first turn -> share of the conversations."""
ANSWERS = (Answer(20), Answer(200), Answer(40, 5), Answer(10, 0, 2), Answer(3, 30))
WAYS = (systems.GATEWAY, systems.GATEWAY, systems.EDITED, systems.PASSED)
SHORT_QUESTIONS, WHOLE = 0.3, 0.25
"""Shares of requests without a conversation, and of requests that are not streamed."""
WARM_UP = 0.1
"""Share of the time after which the memory at the start is read."""


class Mix:
    """Requests at random, of many conversations; without an end."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not for secrets
        self._seed = seed
        self._open: list[tuple[Conversation, System, Iterator[int]]] = []

    def next(self) -> Request:
        """The next request."""
        chance = self._random
        answer, stream = chance.choice(ANSWERS), chance.random() > WHOLE
        if chance.random() < SHORT_QUESTIONS:
            plain = Answer(answer.pieces, answer.delay)
            prefix = chance.choice(WAYS).prefix
            return Request(small(plain, stream=stream, prefix=prefix), plain, stream)
        conversation, system, turns = at = self._conversation()
        turn = next(turns, None)
        if turn is None:
            self._open.remove(at)
            return self.next()
        body = conversation.body(turn, answer, stream=stream, prefix=system.prefix)
        return Request(body, answer, stream)

    def _conversation(self) -> tuple[Conversation, System, Iterator[int]]:
        chance = self._random
        if len(self._open) == CONVERSATIONS and chance.random() < 0.97:
            return chance.choice(self._open)
        if len(self._open) == CONVERSATIONS:
            self._open.pop(chance.randrange(CONVERSATIONS))
        self._seed += 1
        conversation = Conversation(self._seed)
        first = conversation.turn_of(chance.choices(tuple(SIZES), tuple(SIZES.values()))[0])
        turns = iter(range(first, first + chance.randrange(3, 30)))
        made = conversation, chance.choice(WAYS), turns
        self._open.append(made)
        return made


@dataclass(slots=True)
class Account:
    """What happened."""

    answers: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """(seconds since the start, megabytes)."""


def grown(memory: list[tuple[float, float]], seconds: float) -> float:
    """Megabytes that were added between the end of the warm-up and the last tenth of the time."""
    early = [mb for at, mb in memory if at <= seconds * WARM_UP]
    late = [mb for at, mb in memory if at >= seconds * (1 - WARM_UP)]
    return median(late or early) - min(early or late)


async def soak(running: Running, seconds: int, account: Account) -> None:
    """Sends for so long."""
    load, mix = Load(running.port), Mix(SEED)
    began = time.perf_counter()
    account.memory.append((0.0, running.rss_mb()))

    def passed() -> float:
        return time.perf_counter() - began

    async def work() -> None:
        while passed() < seconds:
            if (fault := await load.ask(mix.next())) is not None:
                account.faults[fault] += 1
            account.answers += 1

    async def watch() -> None:
        every = max(1.0, seconds / 20)
        for number in range(1, 21):
            await asyncio.sleep(max(0.0, number * every - passed()))
            account.memory.append((passed(), running.rss_mb()))
            tell(f"{passed():,.0f} s: {account.answers:,} answers, {account.memory[-1][1]:.0f} MB")

    await asyncio.gather(watch(), *(work() for _ in range(WORKERS)))
    load.close()


def run(seconds: int, bound: int) -> int:
    """Gives the exit code: 1 for wrong answers, or more memory than the bound."""
    account = Account()
    with machine.pinned(machine.OTHERS), systems.upstream() as upstream:
        running = systems.start(systems.GATEWAY, upstream)
        try:
            time.sleep(1.0)
            uvloop.run(soak(running, seconds, account))
            cpu = running.cpu_ms() / 1e3
        finally:
            running.stop()
    more = grown(account.memory, seconds)
    print(f"{account.answers:,} answers in {seconds:,} s with {cpu:,.0f} s of CPU")
    for at, mb in account.memory:
        print(f"  {at:7,.0f} s {mb:7,.0f} MB")
    print(f"grown by {shown(more)} MB; at most {bound} MB are allowed")
    for fault, count in account.faults.items():
        print(f"wrong: {count} x {fault}")
    return 1 if account.faults or more > bound else 0
