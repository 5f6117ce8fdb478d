"""Whether the time of a key check tells anything of the keys: Welch's t-test over classes of guesses.

As in dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): calls of all classes
are made in a random order, and the slowest ones, which the machine made slow, are cropped. A guess that is
right but for its last character is compared with one that is as near to a key which the gateway does not
know. |t| above 4.5 would be a leak. It prints tables and judges nothing: a busy machine is no failure.
"""

from __future__ import annotations

import gc
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from statistics import fmean, variance
from string import printable
from time import perf_counter_ns

from gateway.config import ClientKey, ServerSettings
from gateway.config.sections.access import hash_of
from gateway.errors import Unauthenticated
from gateway.server.access.auth import authorize, shows_admin_key

CALLS = 40_000
"""Of each class."""
KEPT = 0.9
"""Share of the fastest calls of a class."""
LEAK = 4.5

PLAIN, HASHED, ADMIN, STRANGER, OTHER = (f"gw-{secrets.token_hex(24)}" for _ in range(5))
SETTINGS = ServerSettings(
    keys=(
        ClientKey("plain", PLAIN),
        ClientKey("hashed", hash=hash_of(HASHED)),
        *(ClientKey(f"key{n}", f"gw-{secrets.token_hex(24)}") for n in range(20)),
    ),
    admin=ClientKey("admin", ADMIN),
)


def near(key: str) -> Callable[[], str]:
    """Guesses of which every character is that of the key, but for the last one."""
    known, others = key[:-1], [char for char in printable[:94] if char != key[-1]]
    return lambda: known + random.choice(others)  # noqa: S311 - a guess


# Each guess is made right before it is shown, and each in the same way: what lies in the processor's
# cache plays no part.
CLASSES: Mapping[str, Callable[[], str]] = {
    "a stranger's key": near(STRANGER),
    "another stranger's key": near(OTHER),
    "a key in the config": near(PLAIN),
    "a key whose hash is there": near(HASHED),
    "the admin key": near(ADMIN),
}
BASE = next(iter(CLASSES))
"""What the others are compared with: a guess near to a key that the gateway does not know."""


def client(shown: str) -> None:
    """The check of a client's key, which fails."""
    try:
        authorize(SETTINGS, {"x-api-key": shown})
    except Unauthenticated:
        return
    raise AssertionError("a guess was right")


def admin(shown: str) -> None:
    """The check of the admin key, which fails."""
    if shows_admin_key(SETTINGS, {"authorization": f"Bearer {shown}"}):
        raise AssertionError("a guess was right")


CHECKS = {"client": client, "admin": admin}


def run() -> int:
    """Prints the tables."""
    print(f"{CALLS} calls of each class; |t| above {LEAK} would be a leak")
    for name, check in CHECKS.items():
        times = measured(check)
        base = cropped(times[BASE])
        print(
            f"\ncheck of the {name} key\n{'one character of … is wrong':<36}{'mean ns':>9}{'t':>8}"
        )
        for kind, found in times.items():
            kept = cropped(found)
            print(f"  {kind:<34}{fmean(kept):>9.0f}{welch(base, kept):>8.2f}")
    print("\nkeys   mean ns of a guess")
    for count in (1, 10, 100, 1000):
        print(f"{count:<6} {of_many(count):.0f}")
    return 0


def measured(check: Callable[[str], None]) -> dict[str, list[int]]:
    """Class -> nanoseconds of each call, in a random order of the classes."""
    order = [kind for kind in CLASSES for _ in range(CALLS)]
    random.Random(1).shuffle(order)  # noqa: S311 - an order
    times: dict[str, list[int]] = {kind: [] for kind in CLASSES}
    gc.collect()
    gc.disable()
    for kind in order:
        shown = CLASSES[kind]()
        began = perf_counter_ns()
        check(shown)
        times[kind].append(perf_counter_ns() - began)
    gc.enable()
    return times


def cropped(times: Sequence[int]) -> list[int]:
    """Without the slowest calls."""
    return sorted(times)[: int(len(times) * KEPT)]


def welch(one: Sequence[int], other: Sequence[int]) -> float:
    """The t of two samples whose variances differ."""
    spread = sqrt(variance(one) / len(one) + variance(other) / len(other))
    return (fmean(other) - fmean(one)) / spread


def of_many(count: int) -> float:
    """Nanoseconds of a guess where there are so many keys."""
    keys = tuple(ClientKey(f"k{n}", secrets.token_hex(24)) for n in range(count))
    settings, times = ServerSettings(keys=keys), []
    for _ in range(CALLS // 4):
        headers = {"x-api-key": secrets.token_hex(24)}
        began = perf_counter_ns()
        try:
            authorize(settings, headers)
        except Unauthenticated:
            times.append(perf_counter_ns() - began)
    return fmean(cropped(times))
