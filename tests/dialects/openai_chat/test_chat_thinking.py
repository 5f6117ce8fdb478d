"""Laws of asking a chat server to think: in its own words, as much as wished, and silence for silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, destination, request
from strategies import json_values

from gateway.dialects.openai_chat import OpenAIChat
from gateway.errors import InvalidRequest

WAYS = ["none", "effort", "object", "switch", "template", "enable_thinking", "prompt"]
ENABLED = {"type": "enabled", "budget_tokens": 5_000}
DISABLED = {"type": "disabled"}
ADAPTIVE = {"type": "adaptive"}
HIGH = {"effort": "high"}


def body_of(way: str, fields: JSON | None = None, **quirks: Any) -> JSON:
    """The body that is sent of a request with these fields, without model and messages."""
    dialect = OpenAIChat().with_quirks({"reasoning": way, **quirks})
    body: JSON = json.loads(dialect.outgoing(request(**fields or {}), destination()).body)
    messages = body.pop("messages")
    if len(messages) > 1:
        body["system"] = messages[0]["content"]
    del body["model"]
    return body


@given(st.sampled_from(WAYS), json_values(), json_values(), st.booleans())
def test_odd_shapes(way: str, thinking: Any, effort: Any, can_disable: bool) -> None:
    """Any JSON may stand in the fields; what makes no sense is no wish, or is refused."""
    fields = {"thinking": {"type": thinking, "budget_tokens": effort}, "output_config": thinking}
    try:
        body_of(way, fields, can_disable_reasoning=can_disable, efforts=(), reasoning_budget=True)
    except InvalidRequest as error:
        assert "output_config" in error.message


@pytest.mark.parametrize("way", sorted(set(WAYS) - {"switch"}))
def test_silence(way: str) -> None:
    """A client that says nothing gets the server's default."""
    assert body_of(way) == {}


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, None),
        ({"thinking": ADAPTIVE}, None),
        ({"thinking": ADAPTIVE, "output_config": HIGH}, "high"),
        ({"output_config": {"effort": "max"}}, "high"),
        ({"output_config": {"effort": "minimal"}}, "low"),
        ({"thinking": ENABLED}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 60_000}}, "high"),
        ({"thinking": ENABLED, "output_config": {"effort": "low"}}, "low"),
        ({"thinking": DISABLED}, "low"),
    ],
    ids=str,
)
def test_effort(fields: JSON, effort: str | None) -> None:
    """Thinking becomes the nearest effort that the server knows; silence stays silence."""
    assert body_of("effort", fields) == ({} if effort is None else {"reasoning_effort": effort})
    assert body_of("object", fields) == (
        {} if effort is None else {"reasoning": {"effort": effort}}
    )
    assert body_of("none", fields) == {}


@pytest.mark.parametrize(
    ("way", "fields", "quirks", "expected"),
    [
        ("object", {"thinking": ENABLED}, {"reasoning_budget": True}, {"max_tokens": 5_000}),
        (
            "object",
            {"thinking": ENABLED, "output_config": HIGH},
            {"reasoning_budget": True},
            {"effort": "high"},
        ),
        ("object", {"thinking": DISABLED}, {"can_disable_reasoning": True}, {"effort": "none"}),
    ],
    ids=str,
)
def test_an_object(way: str, fields: JSON, quirks: JSON, expected: JSON) -> None:
    """A number of tokens is sent where it is taken, unless the client names an effort."""
    assert body_of(way, fields, **quirks) == {"reasoning": expected}


@pytest.mark.parametrize(
    ("fields", "quirks", "expected"),
    [
        ({}, {}, {"thinking": {"type": "enabled"}}),
        ({"thinking": DISABLED}, {}, {"thinking": {"type": "disabled"}}),
        (
            {"thinking": ENABLED},
            {},
            {"thinking": {"type": "enabled"}, "reasoning_effort": "medium"},
        ),
        ({"thinking": ENABLED}, {"efforts": ()}, {"thinking": {"type": "enabled"}}),
        ({"thinking": DISABLED}, {"efforts": ()}, {"thinking": {"type": "disabled"}}),
    ],
    ids=str,
)
def test_a_switch(fields: JSON, quirks: JSON, expected: JSON) -> None:
    """Some servers have a switch for thinking, with or without the effort beside it."""
    assert body_of("switch", fields, can_disable_reasoning=True, **quirks) == expected


SWITCHES = {"enable_thinking": True, "thinking": True}


@pytest.mark.parametrize("fields", [{"thinking": ADAPTIVE}, {"output_config": HIGH}], ids=str)
def test_switched_on(fields: JSON) -> None:
    """Who asks for thinking, or for an effort, switches it on."""
    names = ("enable_thinking", "thinking")
    body = body_of("template", fields, template_switches=names)
    assert body == {"chat_template_kwargs": SWITCHES}
    assert body_of("enable_thinking", fields) == {"enable_thinking": True}
    assert body_of("prompt", fields) == {"system": "/think"}


def test_switched_off() -> None:
    """Who wants none switches it off."""
    off = {"thinking": DISABLED}
    assert body_of("template", off) == {"chat_template_kwargs": {"enable_thinking": False}}
    assert body_of("enable_thinking", off) == {"enable_thinking": False}
    words = ("detailed thinking on", "detailed thinking off")
    body = body_of("prompt", {**off, "system": "s"}, thinking_words=words)
    assert body == {"system": "detailed thinking off\n\ns"}


@pytest.mark.parametrize(("known", "sent"), [(True, {"thinking_budget": 5_000}), (False, {})])
def test_a_budget(known: bool, sent: JSON) -> None:
    """A number of tokens stands beside the switch where there is a field for it."""
    body = body_of("enable_thinking", {"thinking": ENABLED}, reasoning_budget=known)
    assert body == {"enable_thinking": True, **sent}
