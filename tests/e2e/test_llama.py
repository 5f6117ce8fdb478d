"""A real llama.cpp server behind both formats: the words are noise, the protocol is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import Message
from servers.gateway import Gateway, two_dialects
from servers.tiny_llama import CONTEXT

TARGETS = pytest.mark.parametrize("model", ["chat:tiny", "native:tiny"])
MAX_TOKENS = 24
EXACT = {"temperature": 0}


@pytest.fixture
def client(gateway: Callable[[str], Gateway], llama: str) -> Iterator[anthropic.Anthropic]:
    """The SDK's client in front of a gateway in front of llama.cpp."""
    url = gateway(two_dialects(llama, default="chat:tiny")).url
    with anthropic.Anthropic(base_url=url, api_key="sk-any", max_retries=0) as client:
        yield client


def whole(client: anthropic.Anthropic, model: str, **request: Any) -> Message:
    """Ask for the answer in one piece; the same question gives the same answer."""
    question = {"messages": [{"role": "user", "content": "Say something."}]} | request
    message: Message = client.messages.create(
        model=model, max_tokens=MAX_TOKENS, extra_body=EXACT, **question
    )
    return message


def streamed(client: anthropic.Anthropic, model: str, **request: Any) -> Message:
    """Ask for a stream, and fold it; the same question gives the same answer."""
    question = {"messages": [{"role": "user", "content": "Say something."}]} | request
    with client.messages.stream(
        model=model, max_tokens=MAX_TOKENS, extra_body=EXACT, **question
    ) as stream:
        return stream.get_final_message()


ASKS = pytest.mark.parametrize("ask", [whole, streamed])


def text(message: Message) -> str:
    """The text blocks, joined."""
    return "".join(block.text for block in message.content if block.type == "text")


@TARGETS
@ASKS
def test_an_answer_has_text_usage_and_a_stop_reason(
    client: anthropic.Anthropic, model: str, ask: Callable[..., Message]
) -> None:
    """An answer that the token limit ends says so, and tells what it cost."""
    message = ask(client, model)
    assert text(message)
    assert message.stop_reason == "max_tokens"
    assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) > 0
    assert message.usage.output_tokens == MAX_TOKENS


@TARGETS
@ASKS
def test_a_stop_sequence_ends_the_answer(
    client: anthropic.Anthropic, model: str, ask: Callable[..., Message]
) -> None:
    """A stop sequence reaches the server, and an answer that it ends does not count as cut off."""
    letters = [letter for letter in text(whole(client, model)) if letter.isascii()]
    message = ask(client, model, stop_sequences=[letters[0]])
    assert message.stop_reason in ("end_turn", "stop_sequence")
    assert letters[0] not in text(message)


@TARGETS
@ASKS
def test_a_prompt_beyond_the_window_is_a_400_in_the_servers_words(
    client: anthropic.Anthropic, model: str, ask: Callable[..., Message]
) -> None:
    """Clients compact their conversation when they read these words, so they arrive unchanged."""
    messages = [{"role": "user", "content": "x" * (CONTEXT + 100)}]
    with pytest.raises(anthropic.BadRequestError, match="exceeds the available context size"):
        ask(client, model, messages=messages)


@TARGETS
def test_tokens_are_counted(client: anthropic.Anthropic, model: str) -> None:
    """A count is a positive number, whether the server or the gateway counts."""
    counted = client.messages.count_tokens(
        model=model, messages=[{"role": "user", "content": "How many tokens is this?"}]
    )
    assert counted.input_tokens > 0
