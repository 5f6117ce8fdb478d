"""The official Python SDK works through the gateway, whatever the upstream speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message, MessageParam, ToolParam, ToolResultBlockParam
from servers.error_answers import ERRORS, RETRY_AFTER
from servers.gateway import Gateway, two_dialects
from servers.plays import PLAYS, REASONS, WORDS
from servers.scripted import Upstream
from servers.wire import Usage

MODELS = {"chat": "claude-opus-5-5", "native": "claude-haiku-5-5"}
"""A model name that the rules send to each provider."""

WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The forecast for a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
STATUS_ERRORS: dict[str, tuple[type[anthropic.APIStatusError], ...]] = {
    "overflow": (anthropic.BadRequestError,),
    "e401": (anthropic.AuthenticationError,),
    "e403": (anthropic.PermissionDeniedError,),
    "e404": (anthropic.NotFoundError,),
    "e429": (anthropic.RateLimitError,),
    "e500": (anthropic.InternalServerError,),
    "e503": (anthropic.ServiceUnavailableError, anthropic.OverloadedError),
    "e529": (anthropic.OverloadedError,),
}
CUT_ERRORS = (anthropic.APIError, httpx2.TransportError)
"""What the SDK raises for a stream that breaks: its own error, or its transport's."""

CLIENT_KEY = "key-of-a-laptop"

Ask = Callable[..., Message]


@pytest.fixture
def client(base_url: str) -> Iterator[anthropic.Anthropic]:
    """The SDK's client, without its own retries."""
    with anthropic.Anthropic(base_url=base_url, api_key="sk-any", max_retries=0) as client:
        yield client


def whole(client: anthropic.Anthropic, **request: Any) -> Message:
    """Ask for the answer in one piece."""
    message: Message = client.messages.create(max_tokens=1024, **request)
    return message


def streamed(client: anthropic.Anthropic, **request: Any) -> Message:
    """Ask for a stream, and fold it."""
    with client.messages.stream(max_tokens=1024, **request) as stream:
        return stream.get_final_message()


async def whole_async(base_url: str, **request: Any) -> Message:
    """`whole`, by the asynchronous client."""
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key="sk-any") as client:
        message: Message = await client.messages.create(max_tokens=1024, **request)
        return message


async def streamed_async(base_url: str, **request: Any) -> Message:
    """`streamed`, by the asynchronous client."""
    async with (
        anthropic.AsyncAnthropic(base_url=base_url, api_key="sk-any") as client,
        client.messages.stream(max_tokens=1024, **request) as stream,
    ):
        return await stream.get_final_message()


BOTH = pytest.mark.parametrize("ask", [whole, streamed])
PROVIDERS = pytest.mark.parametrize("provider", MODELS)


def prompt(play: str, word: str = "") -> list[MessageParam]:
    """A conversation that starts a play."""
    return [{"role": "user", "content": f"PLAY={play} please {word}"}]


def without_ids(message: Message) -> dict[str, Any]:
    """The message as data, without what differs between two answers to one question."""
    data = message.model_dump(mode="json", exclude_none=True)
    del data["id"]
    for block in data["content"]:
        block.pop("id", None)
        block.pop("signature", None)
    return data


def text(message: Message) -> str:
    """The text blocks, joined."""
    return "".join(block.text for block in message.content if block.type == "text")


@PROVIDERS
@pytest.mark.parametrize("play", ["text", "words", "thinking", "weather"])
def test_a_stream_folds_to_the_whole_answer(
    client: anthropic.Anthropic, base_url: str, *, provider: str, play: str
) -> None:
    """Streamed or whole, by the synchronous or the asynchronous client: it is one answer."""
    request: dict[str, Any] = {
        "model": MODELS[provider],
        "messages": prompt(play),
        "tools": [WEATHER],
        "thinking": {"type": "adaptive"},
    }
    answer = without_ids(whole(client, **request))
    assert without_ids(streamed(client, **request)) == answer
    assert without_ids(asyncio.run(whole_async(base_url, **request))) == answer
    assert without_ids(asyncio.run(streamed_async(base_url, **request))) == answer


@BOTH
@PROVIDERS
@pytest.mark.parametrize("fault", ["", "+bytes=1", "+bytes=7"])
def test_no_character_is_lost(
    client: anthropic.Anthropic, *, ask: Ask, provider: str, fault: str
) -> None:
    """A long answer arrives exactly, even when the upstream's pieces cut characters in half."""
    message = ask(client, model=f"{provider}:stub-model{fault}", messages=prompt("words"))
    assert text(message) == WORDS
    assert message.stop_reason == "end_turn"


@BOTH
@PROVIDERS
def test_a_tool_conversation_goes_both_ways(
    client: anthropic.Anthropic, upstream: Upstream, word: str, *, ask: Ask, provider: str
) -> None:
    """Two parallel calls come out, their results and the thinking go back, and the last answer comes."""
    request: dict[str, Any] = {
        "model": MODELS[provider],
        "tools": [WEATHER],
        "thinking": {"type": "adaptive"},
    }
    messages = prompt("weather", word)
    message = ask(client, messages=messages, **request)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert message.stop_reason == "tool_use"
    assert [call.input for call in calls] == [
        {"city": "Zürich", "days": 3},
        {"city": "東京", "days": 1},
    ]
    messages.append({"role": "assistant", "content": message.content})
    results: list[ToolResultBlockParam] = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"sun {index}"}
        for index, call in enumerate(calls)
    ]
    messages.append({"role": "user", "content": results})
    assert text(ask(client, messages=messages, **request)) == "DONE weather"
    assert [received.faults for received in upstream.about(word)] == [[], []]


@BOTH
@PROVIDERS
def test_thinking_is_a_thinking_block(
    client: anthropic.Anthropic, *, ask: Ask, provider: str
) -> None:
    """Reasoning comes first, in a thinking block, apart from the text."""
    message = ask(
        client,
        model=MODELS[provider],
        messages=prompt("thinking"),
        thinking={"type": "adaptive"},
    )
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].type == "thinking"
    assert message.content[0].thinking == REASONS


@BOTH
def test_a_call_is_repaired_to_its_schema(client: anthropic.Anthropic, *, ask: Ask) -> None:
    """A name in the wrong case and a number as text come out as the tool's own name and type."""
    message = ask(
        client, model="chat:stub-model", messages=prompt("weather-mistakes"), tools=[WEATHER]
    )
    calls = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    assert calls == [("get_weather", {"city": "Oslo", "days": 2})]


@BOTH
@PROVIDERS
def test_usage_is_the_upstreams(client: anthropic.Anthropic, *, ask: Ask, provider: str) -> None:
    """Cached input is counted once, apart from fresh input; output holds the reasoning."""
    spent = Usage.of(1, PLAYS["thinking"][0])
    message = ask(
        client,
        model=MODELS[provider],
        messages=prompt("thinking"),
        thinking={"type": "adaptive"},
    )
    assert message.usage.input_tokens == spent.prompt - spent.cached
    assert message.usage.cache_read_input_tokens == spent.cached
    assert message.usage.output_tokens == spent.completion


@BOTH
@PROVIDERS
def test_message_ids_are_unique(client: anthropic.Anthropic, *, ask: Ask, provider: str) -> None:
    """The same question asked again is another message."""
    ids = {ask(client, model=MODELS[provider], messages=prompt("text")).id for _ in range(4)}
    assert len(ids) == 4
    assert all(message_id.startswith("msg_") for message_id in ids)


@PROVIDERS
def test_tokens_are_counted(client: anthropic.Anthropic, provider: str) -> None:
    """A count is a number that grows with the text and with the tools."""

    def count(**request: Any) -> int:
        counted = client.messages.count_tokens(model=MODELS[provider], **request)
        return counted.input_tokens

    short = count(messages=[{"role": "user", "content": "hello"}])
    long = count(messages=[{"role": "user", "content": "hello there " * 100}])
    assert 0 < short < long


def test_models_are_listed_and_retrieved(client: anthropic.Anthropic) -> None:
    """Every listed model can be asked for by its id, and an unknown one is not found."""
    models = list(client.models.list())
    assert models
    for model in models:
        assert client.models.retrieve(model.id) == model
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model-anywhere")


@BOTH
@PROVIDERS
@pytest.mark.parametrize("fault", STATUS_ERRORS)
def test_an_upstream_error_is_the_sdks_error(
    client: anthropic.Anthropic, *, ask: Ask, provider: str, fault: str
) -> None:
    """The provider's status gives the SDK's class for it, with the provider's own words."""
    model = f"{provider}:stub-{ask.__name__}+{fault}"  # a limit is one model's, and is remembered
    with pytest.raises(STATUS_ERRORS[fault]) as raised:
        ask(client, model=model, messages=prompt("text"))
    assert ERRORS[fault].message in str(raised.value)
    body = raised.value.body
    assert isinstance(body, dict)
    assert body["type"] == "error"


@PROVIDERS
def test_retry_after_is_relayed(client: anthropic.Anthropic, provider: str) -> None:
    """The provider's wish for a pause reaches the client's own retry."""
    with pytest.raises(anthropic.RateLimitError) as raised:
        whole(client, model=f"{provider}:stub-pause+e429", messages=prompt("text"))
    assert raised.value.response.headers["retry-after"] == RETRY_AFTER


@PROVIDERS
@pytest.mark.parametrize("fault", ["cut", "error-chunk"])
def test_a_broken_stream_raises(client: anthropic.Anthropic, *, provider: str, fault: str) -> None:
    """Half an answer is never passed off as a whole one."""
    with pytest.raises(CUT_ERRORS):
        streamed(client, model=f"{provider}:stub-model+{fault}", messages=prompt("words"))


@pytest.fixture
def guarded_url(gateway: Callable[[str], Gateway], upstream: Upstream) -> str:
    """A gateway that asks its clients for a key."""
    keys = f"server: {{auth: {{keys: [{{name: laptop, key: {CLIENT_KEY}}}]}}}}"
    return gateway(two_dialects(upstream.url, more=keys)).url


@pytest.mark.parametrize("kind", ["api_key", "auth_token", "x-api-key"])
def test_a_key_is_accepted_in_every_header(guarded_url: str, kind: str) -> None:
    """The SDK's bearer forms and the older `x-api-key` header carry the same key."""
    options: dict[str, Any] = {kind: CLIENT_KEY}
    if kind == "x-api-key":
        bare = {"Authorization": anthropic.Omit(), "X-Api-Key": CLIENT_KEY}
        options = {"api_key": "", "default_headers": bare}
    with anthropic.Anthropic(base_url=guarded_url, max_retries=0, **options) as client:
        message = whole(client, model="chat:stub-model", messages=prompt("text"))
    assert text(message) == "DONE text"


def test_a_wrong_key_is_refused(guarded_url: str, upstream: Upstream, word: str) -> None:
    """A client without the key gets an authentication error, and nothing goes upstream."""
    with (
        anthropic.Anthropic(base_url=guarded_url, api_key="wrong", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError),
    ):
        whole(client, model="chat:stub-model", messages=prompt("text", word))
    assert upstream.about(word) == []
