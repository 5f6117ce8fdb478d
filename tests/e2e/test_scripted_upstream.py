"""The scripted upstream is itself sound: the official SDKs read it, and its judge sees each fault."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import chat_check, plays
from servers.plays import PLAYS, Text, ToolCall, Turn
from servers.process import wait_until
from servers.scripted import Upstream

SOUND: dict[str, Any] = {
    "model": "stub-model",
    "stream": True,
    "stream_options": {"include_usage": True},
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "PLAY=weather"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": f"call_{city}",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": f'{{"city": "{city}"}}'},
                }
                for city in ("Oslo", "Rome")
            ],
        },
        {"role": "tool", "tool_call_id": "call_Rome", "content": "sun"},
        {"role": "tool", "tool_call_id": "call_Oslo", "content": "snow"},
        {"role": "user", "content": "Thanks."},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "get_weather", "parameters": {"type": "object"}},
        }
    ],
}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

Break = Callable[[dict[str, Any]], object]
BREAKS: dict[str, tuple[Break, str]] = {
    "open call": (lambda body: body["messages"].pop(3), "not answered"),
    "result first": (lambda body: body["messages"].pop(2), "not an open call"),
    "unknown role": (lambda body: body["messages"][5].update(role="human"), "unknown role"),
    "image in a tool message": (
        lambda body: body["messages"][3].update(content=[IMAGE]),
        "in role tool",
    ),
    "arguments not JSON": (
        lambda body: body["messages"][2]["tool_calls"][0]["function"].update(arguments="{"),
        "not the text of a JSON object",
    ),
    "illegal name": (
        lambda body: body["tools"][0]["function"].update(name="a.b"),
        "illegal name",
    ),
    "cache control": (
        lambda body: body["messages"][0].update(cache_control={"type": "ephemeral"}),
        "unknown field cache_control",
    ),
    "thinking": (lambda body: body.update(thinking={"type": "adaptive"}), "unknown field thinking"),
    "input schema": (
        lambda body: body["tools"][0].update(input_schema={}),
        "unknown field input_schema",
    ),
    "same ids": (
        lambda body: body["messages"][2]["tool_calls"][0].update(id="call_Rome"),
        "used twice",
    ),
}


@pytest.fixture
def chat(upstream: Upstream) -> Iterator[openai.OpenAI]:
    """The OpenAI SDK's client, straight at the upstream."""
    with openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="x", max_retries=0) as client:
        yield client


@pytest.fixture
def native(upstream: Upstream) -> Iterator[anthropic.Anthropic]:
    """The Anthropic SDK's client, straight at the upstream."""
    with anthropic.Anthropic(base_url=upstream.url, api_key="x", max_retries=0) as client:
        yield client


@given(taken=st.integers(0, 9), play=st.sampled_from(sorted(PLAYS)))
def test_the_step_is_the_number_of_calling_turns(taken: int, play: str) -> None:
    """A play goes on by one step for each assistant turn with a call, and stays at its last."""
    marker = Turn("user", f"PLAY={play} IN=/here", calls=False)
    turns = [Turn("assistant", "", calls=True), Turn("user", "a result", calls=False)] * taken
    step = plays.step([marker, *turns])
    wanted = PLAYS[play][min(taken, len(PLAYS[play]) - 1)]
    assert [type(part) for part in step] == [type(part) for part in wanted]
    assert "{dir}" not in repr(step)


def test_a_sound_request_has_no_faults() -> None:
    """The judge has nothing to say against a legal conversation."""
    assert chat_check.faults(SOUND) == []


@pytest.mark.parametrize("name", BREAKS)
def test_the_judge_sees_each_fault(name: str) -> None:
    """One thing broken in a sound request is one thing named."""
    damage, said = BREAKS[name]
    body = copy.deepcopy(SOUND)
    damage(body)
    assert any(said in fault for fault in chat_check.faults(body))


def test_the_openai_sdk_reads_a_stream(chat: openai.OpenAI) -> None:
    """Folded by hand, the chat stream is the step's text and its two interleaved calls."""
    text, arguments = "", ["", ""]
    for chunk in chat.chat.completions.create(
        model="stub-model+bytes=5",
        messages=[{"role": "user", "content": "PLAY=weather"}],
        stream=True,
        stream_options={"include_usage": True},
    ):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for call in choice.delta.tool_calls or []:
                arguments[call.index] += (call.function and call.function.arguments) or ""
    assert chunk.usage is not None
    assert text == "I ask twice."
    assert arguments == ['{"city": "Zürich", "days": 3}', '{"city": "東京", "days": 1}']


@pytest.mark.parametrize("play", ["text", "words", "weather"])
def test_the_anthropic_sdk_reads_a_stream(native: anthropic.Anthropic, play: str) -> None:
    """Folded by the SDK, the message stream is the step."""
    with native.messages.stream(
        model="stub-model",
        max_tokens=100,
        messages=[{"role": "user", "content": f"PLAY={play}"}],
    ) as stream:
        message = stream.get_final_message()
    told = [Text(block.text) for block in message.content if block.type == "text"]
    called = [
        ToolCall(block.name, dict(block.input))
        for block in message.content
        if block.type == "tool_use"
    ]
    step = PLAYS[play][0]
    assert told == [part for part in step if isinstance(part, Text)]
    assert called == [part for part in step if isinstance(part, ToolCall)]


def test_a_closed_connection_is_noticed(
    native: anthropic.Anthropic, upstream: Upstream, word: str
) -> None:
    """The upstream knows an answer that nobody read to its end."""
    with native.messages.stream(
        model="stub-model+hold=never",
        max_tokens=100,
        messages=[{"role": "user", "content": f"PLAY=words {word}"}],
    ) as stream:
        next(iter(stream))
    (received,) = upstream.about(word)
    wait_until(lambda: received.ending == "gone", seconds=10, what="the connection is closed")
