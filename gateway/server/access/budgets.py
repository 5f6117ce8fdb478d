"""What client keys have spent, kept over reloads and restarts.

The account is a small file in the user's state folder, one for each config. It is written in a thread, a
few seconds after something was spent, and at the end: whoever kills the gateway forgives what was spent
in these seconds. What is written is added to what the file holds by then, so that two gateways of one
config, such as the old and the new one during a restart, add up instead of overwriting each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import localtime, strftime, time
from typing import Any

from gateway import json_text, observe
from gateway.config import Budget, ClientKey, Snapshot
from gateway.config.sections.access import PERIODS, period_of
from gateway.errors import BudgetSpent
from gateway.server.state import prepared, state_folder

SAVE_EVERY = 3.0
"""Seconds from the moment that something is spent until it is written down."""

Account = tuple[str, str, int]
"""The name of a key, a period, and its beginning in seconds since the epoch."""


@dataclass(slots=True)
class Spent:
    """In one period."""

    tokens: int = 0
    cost: float = 0.0

    def add(self, tokens: int, cost: float) -> None:
        """Spends."""
        self.tokens += tokens
        self.cost += cost


@dataclass(slots=True)
class Budgets:
    """Used on the loop alone; the thread that writes is given a copy."""

    file: Path
    clock: Callable[[], float] = time
    saved: dict[Account, Spent] = field(default_factory=dict)
    """What the file held when it was last looked at."""
    unsaved: dict[Account, Spent] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _is_told: bool = False
    """The log knows that nothing can be kept."""

    def check(self, key: ClientKey) -> None:
        """Raises `BudgetSpent` if nothing is left of a budget of the key."""
        now = self.clock()
        for budget in key.budgets:
            start, end = period_of(budget.per, now)
            account = (key.name, budget.per, int(start))
            parts = [part for part in (self.saved.get(account), self.unsaved.get(account)) if part]
            tokens, cost = sum(p.tokens for p in parts), sum(p.cost for p in parts)
            if budget.tokens is not None and tokens >= budget.tokens:
                raise _over(key, budget, f"{tokens} of {budget.tokens} tokens", end, now)
            if budget.cost is not None and cost >= budget.cost:
                raise _over(key, budget, f"{cost:.4g} of a cost of {budget.cost:g}", end, now)

    def note(self, snapshot: Snapshot, name: str | None, tokens: int, cost: float) -> None:
        """The holder of the key of this name has spent."""
        key = snapshot.server.key_named(name)
        if key is None or not key.budgets or not (tokens or cost):
            return
        now = self.clock()
        for per in {budget.per for budget in key.budgets}:
            start, _ = period_of(per, now)
            self.unsaved.setdefault((key.name, per, int(start)), Spent()).add(tokens, cost)
        self._changed.set()

    # -- the file -------------------------------------------------------------------------------

    def load(self) -> None:
        """Reads what was spent before. Without a file that is nothing; one that nobody can read is laid
        aside."""
        try:
            self.saved = _read(self.file)
        except ValueError as error:
            aside = self.file.with_suffix(".unreadable")
            with contextlib.suppress(OSError):  # then the next write fails, and says so
                self.file.replace(aside)
            observe.logger().warning("budgets_lost", file=str(aside), error=str(error))
        except OSError as error:
            self._tell(error)

    async def keep(self) -> None:
        """Writes what is spent, now and then; runs until it is cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Writes what is not written. What cannot be is tried again with what follows."""
        self._changed.clear()
        if not self.unsaved:
            return
        written, self.unsaved = self.unsaved, {}
        # For as long as it takes to write them they count as saved, on this side.
        before, self.saved = self.saved, _sum(self.saved, written)
        try:
            self.saved = await asyncio.to_thread(_write, self.file, written, self.clock())
        except (OSError, ValueError) as error:
            self.saved, self.unsaved = before, _sum(written, self.unsaved)
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if not self._is_told:
            self._is_told = True
            observe.logger().warning(
                "budgets_not_kept",
                file=str(self.file),
                error=str(error),
                effect="what client keys have spent is forgotten when the gateway ends",
            )


def file_for(config: Path) -> Path:
    """Each config has its own: two gateways may know keys of the same name."""
    id = hashlib.sha256(os.fsencode(config.absolute())).hexdigest()[:12]
    return state_folder() / f"budgets-{id}.json"


def _over(key: ClientKey, budget: Budget, spent: str, end: float, now: float) -> BudgetSpent:
    wait = max(1, math.ceil(end - now))
    when = strftime("%Y-%m-%d %H:%M %Z", localtime(end))
    return BudgetSpent(
        f"The budget of the key {key.name!r} is spent: {spent} per {budget.per}. The next {budget.per} "
        f"begins at {when}. Whoever runs this gateway sets it under server.auth.keys of its config.",
        headers={"retry-after": str(wait)},
    )


def _sum(*accounts: Mapping[Account, Spent]) -> dict[Account, Spent]:
    total: dict[Account, Spent] = {}
    for one in accounts:
        for account, spent in one.items():
            total.setdefault(account, Spent()).add(spent.tokens, spent.cost)
    return total


def _read(file: Path) -> dict[Account, Spent]:
    """The accounts in a file. Raises `OSError`, and `ValueError` for what no gateway has written."""
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        rows = json_text.decode(text)["spent"]
        return {(str(n), str(p), int(at)): Spent(int(t), float(c)) for n, p, at, t, c in rows}
    except (json_text.NotJSON, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is no account of budgets: {error}") from None


def _write(file: Path, fresh: Mapping[Account, Spent], now: float) -> dict[Account, Spent]:
    """Adds to the file what is fresh, and forgets periods that are over; gives what it holds now.

    The file is replaced by another one, so that it is whole at every moment.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(file.with_suffix(".lock")):
        total = {
            account: spent
            for account, spent in _sum(_read(file), fresh).items()
            if _goes_on(account, now)
        }
        rows: list[Any] = [[*account, one.tokens, one.cost] for account, one in total.items()]
        with prepared(file.parent, json_text.encode({"version": 1, "spent": rows})) as whole:
            whole.replace(file)
    return total


def _goes_on(account: Account, now: float) -> bool:
    """The period of the account is not over."""
    return any(account[1] == per and account[2] >= int(period_of(per, now)[0]) for per in PERIODS)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """No other gateway of the config writes meanwhile."""
    try:
        import fcntl
    except ImportError:  # Windows: the last one to write wins
        yield
        return
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
