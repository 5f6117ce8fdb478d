"""Laws of facts: each is worked out when it is first asked for, and only then."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import Characters, request
from strategies import json_values

from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest
from gateway.routing import Facts
from gateway.tokens import TokenCounter


def facts(found: MessagesRequest, encoder: Characters | None = None) -> Facts:
    """The facts of a request."""
    return Facts(found, TokenCounter(encoder or Characters()))


@given(st.integers(0, 400), st.integers(-2, 500))
def test_a_limit_means_the_same_counted_or_not(size: int, limit: int) -> None:
    """The answer without counting is the answer with counting."""
    found = request(messages=[{"role": "user", "content": "a" * size}])
    assert facts(found).tokens_exceed(limit) == (facts(found).tokens > limit)


def test_a_short_body_is_not_counted() -> None:
    """A body that has fewer bytes than the limit has tokens is never tokenized."""
    encoder = Characters()
    short = facts(request(system="x" * 1000), encoder)
    assert not short.tokens_exceed(2000)
    assert encoder.counted == []
    assert short.tokens_if_known is None


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text("ab", max_size=3)))
)
def test_the_system_prompt_goes_on_inside_the_conversation(turns: list[tuple[str, str]]) -> None:
    """What system messages add to it is part of it, in order; what others say is not."""
    messages = [{"role": role, "content": text} for role, text in turns]
    found = facts(request(system="first", messages=messages)).system
    added = [text for role, text in turns if role == "system"]
    assert found == "\n\n".join(["first", *added])


def test_counting_happens_once() -> None:
    """However many rules ask, the prompt is counted once, and the count is then known."""
    encoder = Characters()
    asked = facts(request(system="abc"), encoder)
    for limit in (1, 2, 3):
        asked.tokens_exceed(limit)
    assert sorted(encoder.counted) == ["abc", "hi"]
    assert asked.tokens_if_known == asked.tokens == 3 + 2 + 3


def test_a_changed_request_is_counted() -> None:
    """Without the bytes that came there is no short cut."""
    changed = facts(request().replace(system="x" * 50))
    assert not changed.tokens_exceed(10_000)
    assert changed.tokens_if_known is not None


@pytest.mark.parametrize(
    ("fields", "kind", "thinks", "budget", "effort"),
    [
        ({}, None, False, None, None),
        ({"thinking": None}, None, False, None, None),
        ({"thinking": {"type": "disabled"}}, "disabled", False, None, None),
        ({"thinking": {"type": "adaptive"}}, "adaptive", True, None, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "enabled", True, 5, None),
        ({"output_config": {"effort": "max"}}, None, False, None, "max"),
        ({"thinking": {"type": 5, "budget_tokens": "5"}}, None, False, None, None),
        ({"output_config": {"effort": ["max"]}}, None, False, None, None),
    ],
)
def test_thinking(
    fields: dict[str, Any], kind: str | None, thinks: bool, budget: int | None, effort: str | None
) -> None:
    """Type, budget and effort are told apart; what is of another shape is not known."""
    found = facts(request(**fields))
    assert (found.thinking_type, found.thinks) == (kind, thinks)
    assert (found.thinking_budget, found.effort) == (budget, effort)


@given(json_values(), json_values())
def test_fields_of_odd_shape(thinking: Any, output_config: Any) -> None:
    """Facts of any JSON are facts, or the request is invalid."""
    found = facts(request(thinking=thinking, output_config=output_config))
    for name in ("thinking_type", "thinks", "thinking_budget", "effort"):
        try:
            getattr(found, name)
        except InvalidRequest as error:
            assert error.status == 400


def test_model_and_path() -> None:
    """The model is the client's, the path is where the server found the endpoint."""
    found = Facts(request(model="m"), TokenCounter(Characters()), path_prefix="/fast")
    assert (found.model, found.path_prefix) == ("m", "/fast")
