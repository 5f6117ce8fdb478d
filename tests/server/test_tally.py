"""The counts of what was served add up, however they are kept."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError, UpstreamBroken
from gateway.messages import Usage
from gateway.server.accounts.tally import Tally

counts = st.integers(0, 1000)
usages = st.builds(
    Usage, counts, counts, cache_read=st.none() | counts, cache_creation=st.none() | counts
)
targets = st.sampled_from(["a:m", "b:m", "c:m"])
failures = st.sampled_from([None, UpstreamBroken("it broke"), UpstreamBroken("x", bound="held")])


@given(st.lists(st.tuples(targets, usages), max_size=20))
def test_tokens_add_up_by_target_and_kind(answers: list[tuple[str, Usage]]) -> None:
    """Each kind is told of every target that named any, though it be nothing of it."""
    tally, expected = Tally(), Counter[tuple[str, str]]()
    for target, usage in answers:
        tally._note_usage(target, usage)
        expected[target, "input"] += usage.input
        expected[target, "output"] += usage.output
        expected[target, "cache_read"] += usage.cache_read or 0
        expected[target, "cache_creation"] += usage.cache_creation or 0
    assert list(tally.tokens.items()) == list(expected.items())


@given(st.lists(st.tuples(targets, st.sampled_from([200, 404, 502]), failures, st.floats(0, 900))))
def test_requests_are_counted_once_each(
    requests: list[tuple[str, int, GatewayError | None, float]],
) -> None:
    """By status, and as broken where the client had been told that all is well; seconds by target."""
    tally = Tally()
    for target, status, failure, seconds in requests:
        tally.note(target, status, failure, seconds=seconds)
    told = (
        (target, "broken" if failure is not None and status < 400 else str(status))
        for target, status, failure, _ in requests
    )
    assert tally.requests == Counter(told)
    assert {target: sum(spread.counts) for target, spread in tally.seconds.items()} == Counter(
        target for target, *_ in requests
    )
    assert tally.refused.total() == sum(
        f is not None and f.bound is not None for _, _, f, _ in requests
    )
