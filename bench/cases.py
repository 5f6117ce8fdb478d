"""What is asked of every system: the table of cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bench.answers import Answer
from bench.conversations import Conversation, small
from bench.load import Request
from bench.systems import System

KB = 1000


@dataclass(frozen=True)
class Case:
    """Some requests, sent several times to each system in turn."""

    name: str
    says: str
    answer: Answer
    size: int
    """Bytes of a body; 0 is the short question."""
    requests: int
    rounds: int
    stream: bool = True
    grows: bool = False
    """Each request is the next turn of the conversation; otherwise it is the same again."""
    concurrency: int = 1
    ramp: float = 0.0
    """Seconds until all of those have begun."""
    per_piece: bool = False
    """The cost is told for a piece of the answer, not for a request."""

    @property
    def parts(self) -> int:
        """Into how many the cost of a request is divided."""
        return self.answer.pieces if self.per_piece else 1


SHORT, LONG = Answer(20), Answer(200)

CASES = (
    Case("small", "a short question, not streamed", SHORT, 0, 100, 6, stream=False),
    Case("139 KB", "139 KB with 25 tools, again, not streamed", SHORT, 139 * KB, 30, 5, False),
    Case("830 KB", "830 KB, the same body again, not streamed", SHORT, 830 * KB, 10, 5, False),
    Case("turn 200k", "next turn at 200k tokens", SHORT, 830 * KB, 6, 5, grows=True),
    Case("turn 1M", "next turn at 1M tokens", SHORT, 4150 * KB, 3, 4, grows=True),
    Case("burst", "200 pieces at once", LONG, 0, 30, 6, per_piece=True),
    Case("tools", "two streamed tool calls", Answer(5, 0, 2), 139 * KB, 15, 4),
    Case("32 bursts", "32 streams at once", LONG, 0, 96, 4, concurrency=32, per_piece=True),
    Case(
        "32 paced",
        "32 streams, a piece every 10 ms",
        Answer(200, 10),
        0,
        32,
        4,
        concurrency=32,
        per_piece=True,
    ),
    Case(
        "500 streams",
        "500 streams, a piece every 50 ms",
        Answer(40, 50),
        0,
        500,
        1,
        concurrency=500,
        ramp=1.0,
        per_piece=True,
    ),
)
GROWTH = (10, 50, 100, 200, 350, 500, 750, 1000)
"""Sizes, in thousands of tokens, at which a growing conversation is looked at."""
GROWTH_TURNS = 4
"""Turns at each of them."""


@cache
def conversation(seed: int) -> Conversation:
    """Shared by all systems: they are sent the same."""
    return Conversation(seed)


class Script:
    """The requests of a case for one system; a growing conversation goes on from call to call."""

    def __init__(self, case: Case, system: System, *, seed: int = 1) -> None:
        self._case = case
        self._system = system
        self._conversation = conversation(seed)
        self._turn = self._conversation.turn_of(case.size) if case.size else 0
        self.bytes = 0
        """Of the last body."""

    def next(self, count: int) -> list[Request]:
        """The next so many."""
        return list(self._requests(count))

    def _requests(self, count: int) -> Iterator[Request]:
        case, prefix = self._case, self._system.prefix
        body = b""
        for _ in range(count):
            if not case.size:
                body = body or small(case.answer, stream=case.stream, prefix=prefix)
            elif case.grows or not body:
                body = self._conversation.body(
                    self._turn, case.answer, stream=case.stream, prefix=prefix
                )
                self._turn += case.grows
            self.bytes = len(body)
            yield Request(body, case.answer, case.stream)
