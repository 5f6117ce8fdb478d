"""How each format asks for the size of a prompt, and how the answer is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import destination, request, tool

from gateway.dialects import DIALECTS, Dialect
from gateway.dialects.counting import tokens_in
from gateway.errors import UpstreamBroken
from gateway.providers import PROVIDERS

CHAT = DIALECTS["openai-chat"].with_quirks({"count_path": "/v1/messages/count_tokens"})
RESPONSES = PROVIDERS["openai-responses"].dialect
VERTEX = PROVIDERS["vertex"].dialect

FULL: dict[str, Any] = {
    "system": "Be brief.",
    "tools": [tool("Read")],
    "max_tokens": 9,
    "temperature": 0.5,
    "stream": True,
    "metadata": {"user_id": "u"},
}


def asked(dialect: Dialect, model: str = "m", **fields: Any) -> tuple[str, Any]:
    """(path, body) of the question."""
    counting = dialect.counting(request(**fields), destination(model))
    assert counting is not None
    return counting.path, json.loads(counting.body)


def test_anthropic_is_asked_with_the_prompt_alone() -> None:
    """Fields that say how to answer are refused by its endpoint; unknown ones may be of the prompt."""
    path, body = asked(DIALECTS["anthropic"], **FULL, thinking={"type": "adaptive"}, new_field=1)
    assert path == "/v1/messages/count_tokens"
    kept = {"model", "messages", "system", "tools", "thinking", "new_field"}
    assert (set(body), body["model"]) == (kept, "m")


def test_what_a_client_asks_reaches_anthropic_byte_for_byte() -> None:
    """Where the model is its own, nothing has to change."""
    question = request(system="Be brief.", tools=[tool("Read")])
    counting = DIALECTS["anthropic"].counting(question, destination("claude-test"))
    assert counting is not None
    assert counting.body is question.raw


def test_local_servers_are_asked_in_the_clients_format() -> None:
    """They speak it beside the chat format."""
    path, body = asked(CHAT, "qwen3", **FULL)
    assert path == "/v1/messages/count_tokens"
    assert (set(body), body["model"]) == ({"model", "messages", "system", "tools"}, "qwen3")


def test_responses_are_asked_with_the_fields_that_are_counted() -> None:
    """In their own format."""
    path, body = asked(RESPONSES, "gpt-5", **FULL)
    assert path == "/responses/input_tokens"
    assert {"model", "input", "instructions", "tools"} <= set(body)
    assert not {"stream", "max_output_tokens", "store", "temperature"} & set(body)


def test_gemini_is_asked_with_the_whole_request() -> None:
    """It counts system prompt and functions only inside of one."""
    path, body = asked(DIALECTS["gemini"], "gemini-2.5-pro", **FULL)
    assert path == "/models/gemini-2.5-pro:countTokens"
    whole = body["generateContentRequest"]
    assert whole["model"] == "models/gemini-2.5-pro"
    assert {"contents", "systemInstruction", "tools"} <= set(whole)


def test_vertex_is_asked_with_the_fields_themselves() -> None:
    """It does not know the other form."""
    path, body = asked(VERTEX, "gemini-2.5-pro", **FULL)
    assert path == "/models/gemini-2.5-pro:countTokens"
    assert set(body) == {"contents", "systemInstruction", "tools"}


@pytest.mark.parametrize(
    "dialect",
    [
        DIALECTS["openai-chat"],
        DIALECTS["ollama"],
        DIALECTS["openai-responses"],
        DIALECTS["anthropic"].with_quirks({"count_path": ""}),
        DIALECTS["gemini"].with_quirks({"count": "none"}),
        PROVIDERS["mock"].dialect,
    ],
    ids=lambda dialect: dialect.name,
)
def test_who_cannot_count_is_not_asked(dialect: Dialect) -> None:
    """A quirk says so, for a known server as for one in a config."""
    assert dialect.counting(request(**FULL), destination()) is None


@given(st.integers(0, 10**9), st.sampled_from(["input_tokens", "totalTokens"]))
def test_the_count_is_read(count: int, name: str) -> None:
    """Whatever else stands beside it."""
    assert tokens_in(json.dumps({"object": "x", name: count}).encode()) == count


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[3]", b'{"input_tokens": -1}', b'{"n": 1}'])
def test_an_answer_without_a_count_is_a_failure(answer: bytes) -> None:
    """Whoever asked estimates then."""
    with pytest.raises(UpstreamBroken):
        tokens_in(answer)
