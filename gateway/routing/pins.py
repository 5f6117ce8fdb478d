"""Which rule a conversation was given, so that it can keep it. No IO."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import Protocol

from gateway.routing.facts import Facts

Pin = tuple[str, ...]
"""What names a conversation: session, agent, class of request and model; empty for none."""

REMEMBERED = 10_000


class Pins(Protocol):
    """The memory of conversations."""

    def knows(self, session: str) -> bool:
        """Some conversation of the session was given a rule, as far as is remembered."""

    def get(self, pin: Pin) -> str | None:
        """The rule of a conversation."""

    def set(self, pin: Pin, rule: str) -> None:
        """The conversation was given this rule."""

    def forget(self, pin: Pin) -> None:
        """The conversation begins anew."""


class RecentPins:
    """The conversations that were heard of last, in this process's memory. Safe between threads."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._rules: OrderedDict[Pin, str] = OrderedDict()
        self._sessions: Counter[str] = Counter()
        """How many conversations of each session are remembered."""
        self._remembered = remembered
        self._lock = threading.Lock()

    def knows(self, session: str) -> bool:
        return session in self._sessions

    def get(self, pin: Pin) -> str | None:
        with self._lock:
            return self._rules.get(pin)

    def set(self, pin: Pin, rule: str) -> None:
        if not pin:
            return
        with self._lock:
            if pin not in self._rules:
                self._sessions[pin[0]] += 1
            self._rules[pin] = rule
            self._rules.move_to_end(pin)
            if len(self._rules) > self._remembered:
                self._gone(self._rules.popitem(last=False)[0])

    def forget(self, pin: Pin) -> None:
        with self._lock:
            if self._rules.pop(pin, None) is not None:
                self._gone(pin)

    def _gone(self, pin: Pin) -> None:
        self._sessions[pin[0]] -= 1
        if not self._sessions[pin[0]]:
            del self._sessions[pin[0]]


class Looking:
    """The memory of others, for a request that only asks what would be: nothing in it changes."""

    def __init__(self, pins: Pins) -> None:
        self._pins = pins

    def knows(self, session: str) -> bool:
        return self._pins.knows(session)

    def get(self, pin: Pin) -> str | None:
        return self._pins.get(pin)

    def set(self, pin: Pin, rule: str) -> None:
        """Not kept."""

    def forget(self, pin: Pin) -> None:
        """Not forgotten."""


class _NoPins:
    """Nothing is remembered: every request is a new one."""

    def knows(self, session: str) -> bool:
        return False

    def get(self, pin: Pin) -> str | None:
        return None

    def set(self, pin: Pin, rule: str) -> None:
        """Not kept."""

    def forget(self, pin: Pin) -> None:
        """Not kept."""


NO_PINS: Pins = _NoPins()


def pin_of(facts: Facts) -> Pin:
    """The conversation that a request belongs to; empty when its client names no session.

    An agent's conversation is its own, and so are the requests beside it; another model is another
    conversation, because the person asked for it.
    """
    if facts.session is None:
        return ()
    return (facts.session, facts.agent or "", facts.request_class, facts.model)


def compacted(facts: Facts) -> Pin:
    """The conversation that a compaction request is about: it goes on with a new prompt."""
    if facts.session is None:
        return ()
    return (facts.session, facts.agent or "", "subagent" if facts.agent else "main", facts.model)
