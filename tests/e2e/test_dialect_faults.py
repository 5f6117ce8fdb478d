"""What goes wrong at a server is told in the client's terms, whichever format it speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from servers.error_answers import RETRY_AFTER
from servers.gateway import Gateway
from servers.plays import PLAYS, REASONS, WORDS
from servers.scripted import Upstream
from servers.targets import TARGETS, Target
from servers.wire import Usage

EVERY = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
NEW = {name: target for name, target in TARGETS.items() if name not in ("chat", "native")}
"""The others are asked the same in `test_sdk`."""

EACH = pytest.mark.parametrize("target", NEW.values(), ids=NEW)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
STATUSES: dict[str, tuple[type[anthropic.APIStatusError], ...]] = {
    "overflow": (anthropic.BadRequestError,),
    "e401": (anthropic.AuthenticationError,),
    "e403": (anthropic.PermissionDeniedError,),
    "e404": (anthropic.NotFoundError,),
    "e429": (anthropic.RateLimitError,),
    "e500": (anthropic.InternalServerError,),
    "e503": (anthropic.ServiceUnavailableError, anthropic.OverloadedError),
}
BROKEN = (anthropic.APIError, httpx2.TransportError)
"""What the SDK raises for an answer that breaks: its own error, or its transport's."""

Ask = Callable[..., Message]


@pytest.fixture
def ask(
    gateway: Callable[[str], Gateway], upstream: Upstream, target: Target, stream: bool
) -> Iterator[Ask]:
    """Asks the target to play, with a fault; the answer, folded when it is a stream."""
    with ExitStack() as stack:
        url = gateway(target.config(upstream.url)).url
        client = stack.enter_context(
            anthropic.Anthropic(base_url=url, api_key="sk-any", max_retries=0)
        )

        def ask(play: str, fault: str = "") -> Message:
            request: dict[str, Any] = {
                "model": f"{target.path}{'-streamed' if stream and fault else ''}{fault}",
                "max_tokens": 8192,
                "messages": [{"role": "user", "content": f"PLAY={play}"}],
                "thinking": {"type": "adaptive"},
                "extra_body": {"output_config": {"effort": "high"}},
            }
            if not stream:
                message: Message = client.messages.create(**request)
                return message
            with client.messages.stream(**request) as events:
                return events.get_final_message()

        yield ask


def text(message: Message) -> str:
    """The text blocks, joined."""
    return "".join(block.text for block in message.content if block.type == "text")


def target_of(name: str) -> pytest.MarkDecorator:
    """For a test of one target."""
    return pytest.mark.parametrize("target", [TARGETS[name]], ids=[name])


# -- what goes well ----------------------------------------------------------------------------------


@EACH
@BOTH
@pytest.mark.parametrize("fault", ["", "+bytes=1"])
def test_no_character_is_lost(ask: Ask, fault: str) -> None:
    """Thinking and a long answer arrive exactly, even when the pieces cut characters in half."""
    message = ask("words", fault)
    thinking = [block.thinking for block in message.content if block.type == "thinking"]
    assert (thinking, text(message)) == ([REASONS], WORDS)
    assert message.stop_reason == "end_turn"


@EACH
@BOTH
def test_usage_is_the_upstreams(ask: Ask, target: Target) -> None:
    """Cached input is counted once, apart from fresh input; output holds the reasoning."""
    spent = Usage.of(1, PLAYS["thinking"][0])
    cached = 0 if target.dialect == "ollama" else spent.cached  # Ollama says nothing of a cache
    usage = ask("thinking").usage
    assert usage.input_tokens == spent.prompt - cached
    assert (usage.cache_read_input_tokens or 0) == cached
    assert usage.output_tokens == spent.completion


# -- what goes wrong everywhere ----------------------------------------------------------------------


@EACH
@BOTH
@pytest.mark.parametrize("fault", STATUSES)
def test_a_refusal_keeps_its_meaning(ask: Ask, fault: str) -> None:
    """Every status comes out as the SDK's own error for it, and a wait is passed on."""
    with pytest.raises(STATUSES[fault]) as caught:
        ask("text", f"+{fault}")
    if fault == "e429":
        assert caught.value.response.headers["retry-after"] == RETRY_AFTER


@EVERY
@pytest.mark.parametrize("stream", [True], ids=["stream"])
@pytest.mark.parametrize("fault", ["cut", "error-chunk", "no-finish"])
def test_a_broken_stream_is_never_a_success(ask: Ask, fault: str) -> None:
    """A stream that is cut, that holds an error or that only stops is no complete answer."""
    with pytest.raises(BROKEN):
        ask("words", f"+{fault}")


# -- what goes wrong at one --------------------------------------------------------------------------


@target_of("responses")
@BOTH
def test_an_early_error_has_a_status(ask: Ask) -> None:
    """An error in the second event of a stream is an error with a status: nothing had been said."""
    with pytest.raises(anthropic.InternalServerError):
        ask("text", "+early-error")


@target_of("responses")
@BOTH
def test_a_failed_response_is_an_error(ask: Ask) -> None:
    """The status `failed` is no answer."""
    with pytest.raises(anthropic.APIError):
        ask("text", "+failed")


@target_of("responses")
@BOTH
def test_an_incomplete_response_has_run_out_of_tokens(ask: Ask) -> None:
    """The status `incomplete` gives the reason."""
    message = ask("text", "+incomplete")
    assert (text(message), message.stop_reason) == ("DONE text", "max_tokens")


@target_of("google")
@BOTH
@pytest.mark.parametrize("fault", ["blocked", "safety"])
def test_what_is_blocked_is_a_refusal(ask: Ask, fault: str) -> None:
    """A blocked prompt and a stopped answer are refusals, with what had been said."""
    message = ask("text", f"+{fault}")
    assert message.stop_reason == "refusal"
    assert text(message) in ("", "DONE text")


@target_of("google")
@BOTH
@pytest.mark.parametrize("fault", ["malformed", "empty"])
def test_an_answer_without_content_is_an_error(ask: Ask, fault: str) -> None:
    """A call that Gemini could not write, and an answer without candidates, are no answers."""
    with pytest.raises(BROKEN):
        ask("text", f"+{fault}")
