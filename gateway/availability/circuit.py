"""Whether one (provider, model, key) is asked. No IO.

    closed     asked; so many failures in a row, or one that is final, open it
    open       left alone until the cooldown is over
    half-open  one probe is let through; its answer closes the circuit, its failure opens it for longer

A report counts only for the state in which its try began: what was asked before a circuit opened says
nothing of the time after. See `Availability`, which lets one thread in at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.availability.faults import Fault
from gateway.availability.settings import Settings

State = Literal["closed", "open", "half-open"]

SPREAD = 0.25
"""The share of a cooldown that chance may take off, so that gateways do not come back together."""
LONGEST_NAMED = 24 * 3600.0
"""Seconds that a provider is believed when it names a time."""
MOST_DOUBLINGS = 30
BELIEVED = 3
"""Refusals in a row that name a time, after which a try with nowhere else to go is refused by us. One may be
of a moment ago, or of a single request; its client is told of it, and asks again when it likes."""


@dataclass(frozen=True, slots=True)
class Luck:
    """What circuits have in common."""

    chance: Callable[[], float]
    """From 0 to 1."""
    next_era: Callable[[], int]
    """A number that was never given before, above 0."""


class Hold:
    """A try that is under way. Each is itself: the one that is the probe is known by it."""

    __slots__ = ("era",)

    def __init__(self, era: int) -> None:
        self.era = era
        """Which opening of the circuit came before it; 0 for none."""


UNHURT = Hold(0)
"""A try of what had no circuit: nothing was known against it."""


class Circuit:
    """See the module. `now` is seconds on a clock that does not go back."""

    __slots__ = (
        "_era",
        "_failed_at",
        "_named_until",
        "_openings",
        "_refusals",
        "_until",
        "last",
        "named_status",
        "probe",
    )

    def __init__(self) -> None:
        self._failed_at: deque[float] = deque()
        """Failures in a row, while it is closed."""
        self._until: float | None = None
        """The end of the cooldown; None while it is closed."""
        self._named_until = 0.0
        self._refusals = 0
        """In a row, that named a time."""
        self._openings = 0
        """Since the last whole answer: what the cooldown grows by."""
        self._era = 0
        self.probe: Hold | None = None
        """The try that is to tell whether it is well again."""
        self.last: Fault | None = None
        self.named_status = 429
        """What the provider said when it named a time."""

    # -- asking ---------------------------------------------------------------------------------

    def state(self, now: float) -> State:
        """What the circuit is."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half-open"

    def seconds_left(self, now: float) -> float:
        """Of the cooldown."""
        return max(0.0, self._until - now) if self._until is not None else 0.0

    def seconds_named(self, now: float) -> float:
        """For which the provider itself has asked to be left alone, and which are not over."""
        return max(0.0, self._named_until - now)

    def keeps_out(self, now: float) -> bool:
        """The provider has said so often to be left alone that nobody asks it before the time is over."""
        return self._refusals >= BELIEVED and self.seconds_named(now) > 0.0

    def may_enter(self, now: float) -> bool:
        """Whether `enter` would let one in."""
        match self.state(now):
            case "closed":
                return True
            case "open":
                return False
            case "half-open":
                return self.probe is None

    def enter(self, now: float) -> Hold | None:
        """Lets a try in, as the probe if it has to be one; None when it is to stay out."""
        if not self.may_enter(now):
            return None
        hold = Hold(self._era)
        if self._until is not None:
            self.probe = hold
        return hold

    def force(self) -> Hold:
        """Lets a try in that has nowhere else to go."""
        return Hold(self._era)

    # -- reports --------------------------------------------------------------------------------

    def began(self, hold: Hold) -> None:
        """Something useful was said: the circuit closes, and is on trial until an answer is whole."""
        if hold.era == self._era:
            self._until, self.probe = None, None
            self._named_until, self._refusals = 0.0, 0

    def succeeded(self, hold: Hold) -> bool:
        """An answer is whole; True when nothing is left to remember."""
        if hold.era != self._era:
            return False
        self.began(hold)
        self._failed_at.clear()
        self._openings = 0
        return True

    def left(self, hold: Hold) -> None:
        """The try ended and says nothing of the provider."""
        if self.probe is hold:
            self.probe = None

    def failed(self, hold: Hold, fault: Fault, now: float, settings: Settings, luck: Luck) -> None:
        """A try failed."""
        is_probe = self.probe is hold
        self.left(hold)
        self.last = fault
        if fault.named is not None:
            self._refusals += 1
            named = now + min(fault.named, LONGEST_NAMED)
            self._named_until, self.named_status = max(self._named_until, named), fault.status
        if hold.era != self._era or (self._until is not None and not is_probe):
            self._stretch(now, settings)
            return
        self._failed_at.append(now)
        while self._failed_at[0] < now - settings.window:
            self._failed_at.popleft()
        on_trial = is_probe or self._openings > 0
        if fault.is_final or on_trial or len(self._failed_at) >= settings.failures:
            self._open(fault, now, settings, luck)

    def _open(self, fault: Fault, now: float, settings: Settings, luck: Luck) -> None:
        self._openings += 1
        self._era = luck.next_era()
        self.probe = None
        self._failed_at.clear()
        self._until = now + self._cooldown(fault, settings, luck)

    def _stretch(self, now: float, settings: Settings) -> None:
        """A late word of the provider may make a cooldown longer, and never shorter."""
        if self._until is not None:
            named = min(self._named_until, now + settings.longest_cooldown)
            self._until = max(self._until, named)

    def _cooldown(self, fault: Fault, settings: Settings, luck: Luck) -> float:
        """A provider is asked for proof now and then also while a long time that it named runs: limits
        are raised, and clocks are wrong."""
        if fault.named is not None:
            return min(fault.named, settings.longest_cooldown)
        seconds = settings.longest_cooldown
        if fault.kind not in ("key", "refused"):
            doublings = min(self._openings - 1, MOST_DOUBLINGS)
            seconds = min(settings.cooldown * 2.0**doublings, seconds)
        return seconds * (1.0 - SPREAD * luck.chance())
