"""Laws of what stands in a chunk of a chat answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON
from strategies import json_values, mutated

from gateway.dialects.openai_chat.chunks import error_of, usage_of

USAGE: JSON = {
    "prompt_tokens": 20,
    "completion_tokens": 6,
    "total_tokens": 29,
    "prompt_cache_hit_tokens": 4,
    "cached_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
    "server_tool_use": {"web_search_requests": 1},
    "server_tool_use_details": {"web_search_requests": 2},
}


def count(held: Any, name: str) -> int | None:
    """One count, where it is one."""
    value = held.get(name) if isinstance(held, Mapping) else None
    return value if isinstance(value, int) and value >= 0 else None


def first(*counts: int | None) -> int | None:
    """The first that was said."""
    return next((one for one in counts if one is not None), None)


@given(mutated(st.just(USAGE)))
@example({"prompt_tokens": 5, "cached_tokens": 2**70, "completion_tokens": True})
@example({"prompt_tokens": -5, "completion_tokens": None, "prompt_tokens_details": "none"})
@example({**USAGE, "prompt_tokens_details": {"cached_tokens": -1, "cache_write_tokens": 2}})
@example({**USAGE, "server_tool_use_details": {}})
@example({**USAGE, "prompt_tokens": 20.0})
def test_one_odd_count_spoils_no_other(told: Any) -> None:
    """What is no count is passed over by itself, wherever it stands: the others are read all the same."""
    usage = usage_of({"usage": told})
    if not isinstance(told, dict) or not isinstance(told.get("prompt_tokens"), int):
        assert usage is None
        return
    assert usage is not None
    details, tools = told.get("prompt_tokens_details"), told.get("server_tool_use_details")
    assert usage.cache_creation == count(details, "cache_write_tokens")
    assert usage.cache_read == first(
        count(details, "cached_tokens"),
        count(told, "prompt_cache_hit_tokens"),
        count(told, "cached_tokens"),
    )
    beside = (usage.cache_read or 0) + (usage.cache_creation or 0)
    assert usage.input == max(0, told["prompt_tokens"] - beside)
    assert usage.thinking == count(told.get("completion_tokens_details"), "reasoning_tokens")
    output, thinking = count(told, "completion_tokens") or 0, usage.thinking or 0
    is_beside = told.get("total_tokens") == told["prompt_tokens"] + output + thinking
    assert usage.output == (output + thinking if is_beside else output)
    assert usage.web_searches == first(
        count(tools, "web_search_requests"),
        count(told.get("server_tool_use"), "web_search_requests"),
    )


@pytest.mark.parametrize(
    "chunk",
    [
        {"usage": USAGE},
        {"usage": None, "x_groq": {"usage": USAGE}},
        {"usage": {}, "choices": [{"usage": USAGE}]},
        {"x_groq": {"id": "a"}, "choices": [{"usage": USAGE}]},
    ],
)
def test_wherever_the_usage_stands(chunk: JSON) -> None:
    """Servers put it beside the choices, into the first of them, or into a field of their own."""
    assert usage_of(chunk) == usage_of({"usage": USAGE})


@given(json_values(), json_values())
def test_an_error_is_what_says_so(error: Any, extra: Any) -> None:
    """An empty error is none; a whole chunk can be one, and so can what stands in a server's field."""
    assert error_of({"error": error, "object": "chat"}) == (error or None)
    chunk = {"object": "error", "error": error}
    assert error_of(chunk) == (error or chunk)
    inner = extra.get("error") if isinstance(extra, dict) else None
    assert error_of({"x_groq": extra}) == inner
    assert error_of({"choices": []}) is None
