"""`count_tokens` over ASGI: by the provider where it counts, otherwise by an estimate that learns."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Pieces, Provider, answering
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.estimates import LEARNED
from gateway.server.accounts.pace import EVERY, PACE, Pace

CONFIG = """
providers:
  chat: {dialect: openai-chat, base_url: "http://chat.test/v1", api_key: chat-secret-key}
  native: {dialect: anthropic, base_url: "http://native.test", api_key: native-secret-key}
  bare: {dialect: anthropic, base_url: "http://native.test", api_key: "${NOT_SET}"}
models: {"chat:tiny": {context: 100}}
aliases: {best: native:claude-opus-5-5}
rules:
  - {name: never, when: {header: {x-never: "*"}}, refuse: "Not here."}
  - {name: long, when: {tokens: {above: 1000}}, use: native:claude-opus-5-5}
  - {name: fast, when: {path_prefix: /fast}, use: "chat:fast"}
  - {name: tiny, when: {path_prefix: /tiny}, needs: auto, use: ["chat:tiny"]}
default: chat:standard
"""
COUNT = "/v1/messages/count_tokens"
ASKED = "/v1/messages"
QUESTION = {"model": "claude-x", "messages": [{"role": "user", "content": "Hi"}]}
LONG = {**QUESTION, "system": "word " * 2_000}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return Gateway(path)


class Counting:
    """A provider that counts, and keeps what it was asked."""

    def __init__(self, answer: object = None, *, status: int = 200) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = {"input_tokens": 1234} if answer is None else answer
        self._status = status

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        await asyncio.sleep(0)
        if isinstance(self._answer, Exception):
            raise self._answer
        body = Pieces(json_text.encode(self._answer))
        return httpx.Response(self._status, stream=body)


def count(gateway: Gateway, body: object = QUESTION, prefix: str = "", **headers: str) -> Any:
    """The answer to a question."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.ask("POST", prefix + COUNT, body, headers=named)


@pytest.mark.parametrize(
    ("body", "prefix"),
    [
        ({**QUESTION, "model": "native:claude-opus-5-5"}, ""),
        ({**QUESTION, "model": "best"}, ""),
        (QUESTION, "/native:claude-opus-5-5"),
        (LONG, ""),
    ],
    ids=["model", "alias", "url", "rule"],
)
def test_the_target_of_the_request_counts(
    gateway: Gateway, body: dict[str, Any], prefix: str
) -> None:
    """Whoever chooses it: the provider is asked by its name for the model, with its key."""
    gateway.provider = provider = Counting()
    heard = count(gateway, body, prefix, anthropic_beta="token-counting-2024-11-01")
    assert (heard.status, heard.json) == (200, {"input_tokens": 1234})
    assert heard.headers["x-gateway-target"] == "native:claude-opus-5-5"
    assert heard.headers["x-gateway-counted-by"] == "provider"
    [asked] = provider.asked
    assert asked.url.path == COUNT
    assert asked.headers["x-api-key"] == "native-secret-key"
    assert asked.headers["anthropic-beta"] == "token-counting-2024-11-01"
    assert json_text.decode(asked.content) == {**body, "model": "claude-opus-5-5"}


@pytest.mark.parametrize(
    "provider",
    [
        Counting({"error": {"message": "no"}}, status=404),
        Counting({"error": {"message": "overloaded"}}, status=529),
        Counting({"tokens": 3}),
        Counting(httpx.ConnectError("refused")),
    ],
    ids=["refuses", "overloaded", "says-nothing", "is-gone"],
)
def test_a_provider_that_fails_is_stood_in_for(
    gateway: Gateway, provider: Counting, log: io.StringIO
) -> None:
    """By an estimate; a header and the log say so."""
    gateway.provider = provider
    heard = count(gateway, prefix="/native:claude-opus-5-5")
    assert heard.status == 200
    assert heard.json["input_tokens"] > 5
    assert heard.headers["x-gateway-counted-by"] == "estimate"
    told = json_text.decode(log.getvalue().splitlines()[-1])
    assert (told["event"], told["level"], told["counted_by"]) == ("count", "warning", "estimate")
    assert told["error"]


@pytest.mark.parametrize("prefix", ["/chat:gpt-5", "/bare:claude-opus-5-5", "/mock:any"])
def test_who_cannot_count_is_not_asked(gateway: Gateway, prefix: str) -> None:
    """Other formats, providers without a key, the mock."""
    gateway.provider = provider = Counting()
    heard = count(gateway, prefix=prefix)
    assert heard.headers["x-gateway-counted-by"] == "estimate"
    assert provider.asked == []


def test_equal_questions_at_one_time_are_one(gateway: Gateway) -> None:
    """A client that asks for every part of its prompt at once is answered with as little work."""
    gateway.provider = provider = Counting()
    ask = ("POST", "/native:m" + COUNT, QUESTION)
    other = ("POST", "/native:m" + COUNT, LONG)
    heard = gateway.ask_together(*[ask] * 26, other)
    assert {one.json["input_tokens"] for one in heard} == {1234}
    assert len(provider.asked) == 2


def test_a_server_without_the_endpoint_is_asked_once(gateway: Gateway) -> None:
    """It is left in peace for a while; what is estimated does not need it."""
    gateway.provider = provider = Counting({"error": {"message": "no"}}, status=404)
    asks = [("POST", "/native:m" + COUNT, {**QUESTION, "system": str(n)}) for n in range(3)]

    async def one_after_the_other() -> None:
        services = gateway.make_services()
        for ask in asks:
            heard = await gateway.speak(services, ask)
            assert heard.headers["x-gateway-counted-by"] == "estimate"

    asyncio.run(one_after_the_other())
    assert len(provider.asked) == 1


def test_where_a_request_is_refused_so_is_its_count(gateway: Gateway) -> None:
    """And nobody is told what stands in it."""
    gateway.provider = provider = Counting()
    heard = count(gateway, x_never="x")
    asked = gateway.ask("POST", "/v1/messages", ASK, headers={"x-never": "x"})
    assert (heard.status, heard.json["error"]) == (asked.status, asked.json["error"])
    assert provider.asked == []


def test_a_prompt_that_fits_nowhere_has_a_size(gateway: Gateway) -> None:
    """Who asks for it wants to know just that."""
    long = {**QUESTION, "system": "word " * 900}
    assert gateway.ask("POST", "/tiny/v1/messages", {**ASK, **long}).status == 400
    assert count(gateway, long, "/tiny").json["input_tokens"] > 900


def test_a_count_moves_no_conversation(gateway: Gateway) -> None:
    """A question about a long prompt leaves the conversation with the target that it had."""
    session = {"x-claude-code-session-id": "s"}
    gateway.provider = Counting()
    heard = gateway.ask("POST", COUNT, LONG, headers=session)
    assert heard.headers["x-gateway-target"] == "native:claude-opus-5-5"
    assert gateway.services is not None
    assert not gateway.services.pins.knows("s")


# -- learning ----------------------------------------------------------------------------------------


def reporting(tokens: int) -> Provider:
    """A chat provider that counts this many tokens in every prompt."""
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": tokens, "completion_tokens": 1}
    answer = {"choices": [choice], "usage": usage}
    return answering(json_text.encode(answer), kind="application/json")


def test_estimates_learn_from_what_answers_report(gateway: Gateway) -> None:
    """Where a rule counts, from each: after a few the estimate is what the provider counts, or a little
    more; metrics and statistics tell how far off it was."""
    prompt = {**QUESTION, "system": "word " * 800}
    gateway.provider = reporting(3_000)
    before = count(gateway, prompt).json["input_tokens"]

    async def answers() -> None:
        services = gateway.make_services()
        for number in range(LEARNED + 5):
            ask = {**ASK, **prompt, "system": "word " * 800 + str(number)}
            assert (await gateway.speak(services, ("POST", ASKED, ask))).status == 200

    asyncio.run(answers())
    after = count(gateway, prompt).json["input_tokens"]
    assert before < 2_000
    assert 2_940 <= after <= 3_300
    stats = gateway.ask("GET", "/v1/stats").json["token_estimates"]
    assert [(row["family"], row["answers"], row["low"]) for row in stats] == [
        ("chat:standard", 25, 0)
    ]
    page = gateway.ask("GET", "/metrics").body.decode()
    assert 'gateway_token_estimate_ratio_count{family="chat:standard"} 25.0' in page
    assert 'gateway_token_estimates_low_total{family="chat:standard"} 0.0' in page


def test_a_scale_of_the_config_is_taken_as_it_is(gateway: Gateway) -> None:
    """Nothing is learned into it; rules count without it."""
    plain = {**QUESTION, "system": "word " * 900}
    gateway.path.write_text(f"tokens: {{scale: {{'chat:*': 1}}}}\n{CONFIG}")
    tokens = count(gateway, plain).json["input_tokens"]
    gateway.path.write_text(f"tokens: {{scale: {{'chat:*': 1.5}}}}\n{CONFIG}")
    heard = count(gateway, plain)
    assert heard.headers["x-gateway-target"] == "chat:standard"
    assert abs(heard.json["input_tokens"] - 1.5 * tokens) <= 1


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": [{"role": "user", "content": [IMAGE]}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    ],
    ids=["image", "search"],
)
def test_what_is_guessed_teaches_nothing(gateway: Gateway, changes: dict[str, Any]) -> None:
    """The size of an image and the pages of a search are not the tokenizer's."""
    gateway.provider = answering(
        json_text.encode(
            {
                "type": "message",
                "role": "assistant",
                "id": "m",
                "model": "m",
                "content": [{"type": "text", "text": "Hi"}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 50_000, "output_tokens": 1},
            }
        ),
        kind="application/json",
    )
    assert gateway.ask("POST", "/native:m/v1/messages", {**ASK, **changes}).status == 200
    assert gateway.ask("GET", "/v1/stats").json["token_estimates"] == []


@given(st.lists(st.floats(0, 5), max_size=200))
def test_a_family_that_is_known_learns_once_a_second(pauses: list[float]) -> None:
    """However many answers come; a new one learns from each."""
    pace, now, last = Pace(), 0.0, -PACE
    for pause in pauses:
        now += pause
        assert pace.is_due("new", EVERY - 1, now)
        is_due = pace.is_due("known", EVERY, now)
        assert is_due == (now - last >= PACE)
        last = now if is_due else last


def test_one_count_at_a_time_is_made_for_a_lesson() -> None:
    """And none before the last one is paid for."""
    done: list[int] = []

    async def lessons() -> None:
        pace = Pace()
        for number in range(5):
            pace.count(lambda number=number: number, done.append)  # type: ignore[misc]
        await pace.close()
        pace.count(lambda: 5, done.append)
        await pace.close()

    asyncio.run(lessons())
    assert done == [0]
