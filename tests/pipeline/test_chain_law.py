"""Laws of the tries of an exchange, whatever the providers do and whatever is known of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.availability import Availability
from gateway.availability.circuit import SPREAD
from gateway.config import Snapshot, load
from gateway.errors import GatewayError, InvalidRequest, UpstreamFailure
from gateway.messages import MessagesRequest
from gateway.pipeline import Chain
from gateway.pipeline.chain import ROUNDS
from gateway.routing import Facts, Route, Target
from gateway.tokens import Tiktoken, TokenCounter

NAMES = ("a", "b", "c")


def snapshot() -> Snapshot:
    keys = {"a": "k", "b": "[k1, k2, k3]", "c": "k"}
    providers = ", ".join(
        f'{name}: {{dialect: openai-chat, base_url: "http://{name}", api_key: {key}}}'
        for name, key in keys.items()
    )
    text = f"providers: {{{providers}}}\nfailover: {{failures: 2}}\ndefault: a:m"
    loaded = load(text, file="config.yaml", environment={}).snapshot
    assert loaded is not None
    return loaded


SNAPSHOT = snapshot()
FACTS = Facts(
    MessagesRequest.parse(
        b'{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}'
    ),
    TokenCounter(Tiktoken()),
)

ANSWERS = st.sampled_from([None, 200, 400, 401, 403, 429, 500, 502, 529])
"""What a try comes to: a status, or None for one that nobody waits for."""
WAITS = st.sampled_from([None, "0", "3", "40", "4000"])
STEP = st.tuples(ANSWERS, WAITS)


def outcome(status: int, wait: str | None) -> GatewayError:
    headers = {"retry-after": wait} if wait is not None else {}
    return UpstreamFailure(f"no: {status}", status=status, headers=headers)


class Town:
    """Providers, time, and every try that was made."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.live = Availability(lambda: self.now, lambda: self.now, lambda: 0.5)
        self.asked: list[list[tuple[str, int]]] = []
        """By exchange: target and place of the key."""

    def exchange(
        self, steps: list[tuple[int | None, str | None]], retries: int | None, header: str | None
    ) -> Chain:
        """One exchange; what its tries come to, the last one again and again."""
        headers = {"x-stainless-retry-count": header} if header is not None else {}
        chain = Chain(SNAPSHOT, FACTS, headers, self.live)
        first, *rest = (Target(name, "m") for name in NAMES)
        route = Route(first, "default", fallback=tuple(rest), retries=retries)
        self.live.budget.earn(SNAPSHOT.failover.retry_share)
        self.play(chain, route, steps)
        return chain

    def play(
        self, chain: Chain, route: Route, steps: Sequence[tuple[int | None, str | None]]
    ) -> bool:
        """Tries until one answers, which is True, or nobody is left."""
        asked: list[tuple[str, int]] = []
        self.asked.append(asked)
        try:
            while True:
                status, wait = steps[min(len(asked), len(steps) - 1)]
                try:
                    target = chain.enter(route)
                    asked.append((target.provider, chain.place))
                    if status is None:
                        return False
                    if status == 200:
                        chain.began()
                        chain.succeeded()
                        return True
                    raise outcome(status, wait)
                except GatewayError as error:
                    seconds = chain.after(error)
                    if seconds is None:
                        return False
                    self.now += seconds
        finally:
            chain.over()


@given(
    st.lists(st.tuples(st.lists(STEP, min_size=1, max_size=6), st.floats(0.0, 100.0)), max_size=25)
)
def test_each_is_asked_once_and_in_order(
    days: list[tuple[list[tuple[int | None, str | None]], float]],
) -> None:
    """Without repetitions no key of a target is asked twice, the keys of a target stand together, and
    who was not passed over is asked in the order of the rule."""
    town = Town()
    for steps, later in days:
        chain = town.exchange(steps, 0, None)
        asked = town.asked[-1]
        assert max(Counter(asked).values(), default=1) == 1
        order = list(dict.fromkeys(name for name, _ in asked))
        assert [name for name, _ in asked] == sorted((name for name, _ in asked), key=order.index)
        passed = {name.partition(":")[0] for name in chain.passed_over}
        kept = [name for name in order if name not in passed]
        assert kept == sorted(kept)
        town.now += later


@given(
    st.lists(st.tuples(st.lists(STEP, min_size=1, max_size=6), st.floats(0.0, 100.0)), max_size=25)
)
def test_nothing_is_stuck(
    days: list[tuple[list[tuple[int | None, str | None]], float]],
) -> None:
    """Whatever happened, after the longest cooldown everybody can be asked, with every key."""
    town = Town()
    for steps, later in days:
        town.exchange(steps, 2, None)
        town.now += later
    town.now += SNAPSHOT.failover.longest_cooldown
    town.exchange([(200, None)], 0, None)
    assert town.asked[-1] == [("a", 0)]


@given(
    st.integers(1, 120),
    st.none() | st.integers(0, 5),
    STEP.filter(lambda step: step[0] in (429, 500, 529)),
)
def test_a_client_that_asks_again_is_hardly_multiplied(
    requests: int, retries: int | None, step: tuple[int | None, str | None]
) -> None:
    """Of a provider that always fails, each key sees at most a fifth more than one try per request."""
    town = Town()
    for _ in range(requests):
        town.exchange([step], retries, "0")
        town.now += 0.5
    for key, tries in Counter(key for asked in town.asked for key in asked).items():
        assert tries <= 1.2 * requests, key


@given(st.integers(20, 200), st.integers(1, 30))
def test_a_dead_target_sees_little_but_probes(requests: int, pace: int) -> None:
    """With a healthy fallback: what opens its circuit, and then one try per cooldown, which doubles."""
    town = Town()
    for _ in range(requests):
        chain = Chain(SNAPSHOT, FACTS, {}, town.live)
        route = Route(Target("a", "m"), "default", fallback=(Target("c", "m"),))
        asked = [chain.enter(route).provider]
        if asked == ["a"]:
            assert chain.after(outcome(502, None)) == 0.0
            asked.append(chain.enter(route).provider)
        assert asked[-1] == "c"
        chain.succeeded()
        chain.over()
        town.asked.append([(name, 0) for name in asked])
        town.now += pace
    tries = sum(asked[0] == ("a", 0) for asked in town.asked)
    settings = SNAPSHOT.failover
    doublings = math.log2(settings.longest_cooldown / settings.cooldown)
    longest = settings.longest_cooldown * (1 - SPREAD)
    assert tries <= settings.failures + doublings + 2 + requests * pace / longest


@given(st.lists(STEP, min_size=1, max_size=12), st.sampled_from([None, "0", "1"]))
def test_rounds_have_an_end(steps: list[tuple[int | None, str | None]], header: str | None) -> None:
    """No key is asked more often than there are rounds; for a client that asks again, once."""
    town = Town()
    town.exchange(steps, None, header)
    most = max(Counter(town.asked[-1]).values(), default=1)
    assert most <= (1 if header == "1" else 1 + ROUNDS)


@pytest.mark.parametrize("header", [None, "0"])
def test_failures_that_pass_are_hidden(header: str | None) -> None:
    """Two targets of which each fails one time in five: fewer than one client in a thousand is told,
    and no more than `retry_share` of the requests are repeated."""
    town, chance, told = Town(), Random(4711), 0  # noqa: S311 - no secret
    for _ in range(20_000):
        draws = [chance.random() for _ in range(8)]
        steps = [
            (429, "1") if draw < 0.05 else (529 if draw < 0.2 else 200, None) for draw in draws
        ]
        chain = Chain(
            SNAPSHOT, FACTS, {"x-stainless-retry-count": header} if header else {}, town.live
        )
        route = Route(Target("a", "m"), "default", fallback=(Target("c", "m"),))
        town.live.budget.earn(SNAPSHOT.failover.retry_share)
        told += not town.play(chain, route, steps)
        town.now += 0.1
    assert told < 20


def test_who_was_not_asked_has_not_failed() -> None:
    """A request that cannot be written down for a target opens nothing."""
    town = Town()
    for _ in range(10):
        chain = Chain(SNAPSHOT, FACTS, {}, town.live)
        chain.enter(Route(Target("a", "m"), "default"))
        assert chain.after(InvalidRequest("not in this format")) is None
    assert not town.live.circuits
