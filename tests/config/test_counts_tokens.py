"""Which configs need the encoder: it takes more memory than all the rest of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from config.marked import loaded
from hypothesis import given
from hypothesis import strategies as st
from language import request
from routing_asking import Fixed

from gateway.config import Snapshot
from gateway.pipeline.choosing import choose
from gateway.routing import CONDITIONS, Facts
from gateway.routing.pins import NO_PINS
from gateway.tokens import TokenCounter

SMALL_MODEL = {"mock:small": {"context": 1000}}
LONG = request(messages=[{"role": "user", "content": "x" * 300_000}])


def snapshot(rule: dict[str, Any], models: dict[str, Any] | None = None) -> Snapshot:
    """A config of one rule."""
    config = {"rules": [{"name": "r", "use": "mock:a", **rule}], "default": "mock:b"}
    found = loaded(yaml.safe_dump(config | ({"models": models} if models else {})))
    assert found.snapshot is not None, found.findings
    return found.snapshot


def counts(serving: Snapshot) -> bool:
    """Somebody counted while a route was chosen for a long prompt."""
    encoder = Fixed(100)
    choose(serving, LONG, Facts(LONG, TokenCounter(encoder)), NO_PINS)
    return encoder.asked > 0


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_a_condition_that_counts_is_known_to_count(name: str) -> None:
    """And no other is: a config without any does without the encoder."""
    serving = snapshot({"when": yaml.safe_load(CONDITIONS[name].example)})
    assert serving.counts_tokens == counts(serving)


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"any": [{"tokens": {"below": 5}}, {"model": "x"}]}},
        {"when": {"not": {"tokens": {"above": "900k"}}}},
        {"when": {"tokens": {"above": 5, "of": "outgoing"}}},
        {"use": ["mock:small", "mock:a"], "needs": "auto"},
    ],
    ids=["one of several", "what must not be", "what goes out", "what fits"],
)
def test_counting_is_found_wherever_it_stands(rule: dict[str, Any]) -> None:
    """Inside of other conditions, after transforms, and where targets are chosen by their size."""
    assert snapshot(rule, SMALL_MODEL).counts_tokens


@given(
    st.sampled_from(
        [
            lambda limit: {"when": {"tokens": {"above": limit}}},
            lambda limit: {
                "when": {"any": [{"model": "x"}, {"not": {"tokens": {"below": limit}}}]}
            },
            lambda limit: {"when": {"tokens": {"between": [limit, limit + 9]}}},
            lambda limit: {"when": {"tokens": {"above": limit, "of": "outgoing"}}},
            lambda _: {"use": ["mock:small", "mock:a"], "needs": "auto"},
        ]
    ),
    st.integers(1, 2_000),
    st.integers(0, 3_000),
)
def test_a_body_that_is_too_short_for_any_bound_is_not_counted(
    rule: Callable[[int], dict[str, Any]], limit: int, length: int
) -> None:
    """So its request need not wait until the encoder is built."""
    serving = snapshot(rule(limit), SMALL_MODEL)
    asked = request(messages=[{"role": "user", "content": "x" * length}])
    encoder = Fixed(100)
    choose(serving, asked, Facts(asked, TokenCounter(encoder)), NO_PINS)
    assert len(asked.raw or b"") > serving.counts_above or not encoder.asked


@pytest.mark.parametrize(
    ("rule", "models"),
    [
        ({"when": {"model": "*"}}, SMALL_MODEL),
        ({"when": {"max_tokens": {"above": 5}}}, None),
        ({"use": ["mock:small", "mock:a"], "needs": "auto"}, None),
    ],
    ids=["a known size that no rule asks for", "another amount", "no size to fit into"],
)
def test_what_counts_nothing_is_seen_not_to(
    rule: dict[str, Any], models: dict[str, Any] | None
) -> None:
    """Although it has to do with amounts."""
    serving = snapshot(rule, models)
    assert not serving.counts_tokens
    assert not counts(serving)
