"""One conversation over several providers: each gets its own reasoning back, and nobody else's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import Message
from servers import gateway as gateways
from servers.messages_wire import SIGNATURE
from servers.plays import REASONS
from servers.scripted import Upstream
from servers.targets import TARGETS

WEATHER = {
    "name": "get_weather",
    "description": "The forecast for a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
PROVIDERS = ("responses", "google", "deepseek", "native")
ECHOING = (
    'deepseek: {{dialect: openai-chat, base_url: "{url}/v1", api_key: sk-dummy, '
    "quirks: {{echo_reasoning: reasoning_content}}}}"
)
DEEPSEEK = "deepseek:stub-model+echo-reasoning"
"""A server that refuses a turn with calls unless it brings its reasoning back."""

ROUTES = {
    "a turn each": [
        ("responses", "responses"),
        ("google", "google"),
        ("deepseek", "deepseek"),
        ("responses", "responses"),
        ("google", "google"),
    ],
    "half a turn each": [
        ("responses", "google"),
        ("google", "deepseek"),
        ("deepseek", "responses"),
        ("responses", "responses"),
    ],
    "passed through": [
        ("responses", "native"),
        ("native", "google"),
        ("deepseek", "native"),
        ("google", "responses"),
    ],
}
"""For each user turn: who answers it with calls, and who is given their results."""

TURNS_PER_GATEWAY = 2


@dataclass(slots=True)
class Conversation:
    """A client that keeps the history as it comes, whichever provider it comes from."""

    folder: Path
    upstreams: dict[str, Upstream]
    messages: list[dict[str, Any]] = field(default_factory=list)

    def travel(self, route: list[tuple[str, str]]) -> None:
        """Take every turn of the route; the gateway is started anew after every second one."""
        for number in range(0, len(route), TURNS_PER_GATEWAY):
            with (
                gateways.serving(self.config(), folder=self.folder, name=f"g{number}") as gateway,
                anthropic.Anthropic(
                    base_url=gateway.url, api_key="sk-any", max_retries=0
                ) as client,
            ):
                for first, second in route[number : number + TURNS_PER_GATEWAY]:
                    self.turn(client, first, second)

    def turn(self, client: anthropic.Anthropic, first: str, second: str) -> None:
        """One provider asks for the weather, streamed; another one is told, and answers whole."""
        self.say([{"type": "text", "text": "PLAY=weather please"}])
        message = self.ask(client, first, stream=True)
        assert message.stop_reason == "tool_use"
        self.say(
            [
                {"type": "tool_result", "tool_use_id": block.id, "content": "sun"}
                for block in message.content
                if block.type == "tool_use"
            ]
        )
        message = self.ask(client, second, stream=False)
        texts = [block.text for block in message.content if block.type == "text"]
        assert texts == ["DONE weather"]

    def say(self, content: list[dict[str, Any]]) -> None:
        """The user's side."""
        self.messages.append({"role": "user", "content": content})

    def ask(self, client: anthropic.Anthropic, provider: str, *, stream: bool) -> Message:
        """The provider's side, through the gateway."""
        request: dict[str, Any] = {
            "model": DEEPSEEK if provider == "deepseek" else TARGETS[provider].path,
            "max_tokens": 1024,
            "messages": self.messages,
            "tools": [WEATHER],
            "thinking": {"type": "adaptive"},
            "extra_body": {"output_config": {"effort": "high"}},
        }
        if stream:
            with client.messages.stream(**request) as events:
                message: Message = events.get_final_message()
        else:
            message = client.messages.create(**request)
        content = [block.model_dump(mode="json", exclude_none=True) for block in message.content]
        self.messages.append({"role": "assistant", "content": content})
        return message

    def config(self) -> str:
        """All providers, and one file for the secret that outlives the gateway."""
        entries = [
            TARGETS[name].entry(self.upstreams[name].url) for name in PROVIDERS if name in TARGETS
        ]
        entries.append(ECHOING.format(url=self.upstreams["deepseek"].url))
        lines = [
            "version: 1",
            f'reasoning: {{key_file: "{self.folder}/reasoning.key"}}',
            "providers:",
            *(f"  {entry}" for entry in entries),
            f"default: {DEEPSEEK}",
        ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Travelled:
    """A conversation at its end."""

    route: str
    upstreams: dict[str, Upstream]
    kept: str
    """The client's history."""

    def sent(self, provider: str) -> bytes:
        """Everything that a provider was ever sent."""
        return b"\n".join(received.raw for received in self.upstreams[provider].requests)

    def owed(self, provider: str, states: Collection[str]) -> list[tuple[str, bytes]]:
        """Each of these states that was handed out, with each later request to its provider."""
        requests = self.upstreams[provider].requests
        return [
            (state, later.raw)
            for number, received in enumerate(requests)
            for state in received.handed_out
            if state in states
            for later in requests[number + 1 :]
        ]


@pytest.fixture(scope="module", params=ROUTES)
def travelled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Travelled]:
    """A route taken; each provider is a server of its own, which knows only what it handed out itself."""
    with ExitStack() as stack:
        upstreams = {name: stack.enter_context(Upstream()) for name in PROVIDERS}
        conversation = Conversation(tmp_path_factory.mktemp("conversation"), upstreams)
        conversation.travel(ROUTES[request.param])
        yield Travelled(request.param, upstreams, repr(conversation.messages))


def test_every_request_is_sound(travelled: Travelled) -> None:
    """The judges know their own state: none of them saw any that was foreign, lost or out of place."""
    for upstream in travelled.upstreams.values():
        assert [received.faults for received in upstream.requests if received.faults] == []


def test_no_state_leaves_its_origin(travelled: Travelled) -> None:
    """No provider is ever sent what another one handed out."""
    hidden = {name: upstream.issued.hidden for name, upstream in travelled.upstreams.items()}
    hidden["native"] = [SIGNATURE]
    leaks = [
        (origin, name)
        for origin, states in hidden.items()
        for name in PROVIDERS
        for state in states
        if name != origin and state.encode() in travelled.sent(name)
    ]
    assert leaks == []
    assert hidden["responses"]
    assert hidden["google"]


def test_every_provider_gets_its_own_state_back(travelled: Travelled) -> None:
    """Whoever is asked again is brought all it handed out with calls, by a gateway that was restarted."""
    responses, google = (travelled.upstreams[name].issued for name in ("responses", "google"))
    encrypted = {item.encrypted for item in responses.reasoning.values() if item.call_ids}
    signed = {text for text, kind in google.signatures.items() if kind == "functionCall"}
    owed = {
        "responses": travelled.owed("responses", encrypted),
        "google": travelled.owed("google", signed),
    }
    missing = [
        (name, state) for name in owed for state, later in owed[name] if state.encode() not in later
    ]
    assert missing == []
    assert owed["responses"]
    assert owed["google"] or travelled.route != "a turn each"


def test_open_reasoning_comes_back_with_its_calls(travelled: Travelled) -> None:
    """A server that wants its `reasoning_content` back gets it for each call that it made."""
    deepseek = travelled.upstreams["deepseek"]
    brought = [
        message["reasoning_content"]
        for received in deepseek.requests
        for message in received.body["messages"]
        for call in message.get("tool_calls", [])
        if call["id"] in deepseek.issued.thoughts
    ]
    assert set(brought) <= {REASONS}
    assert brought or travelled.route != "a turn each"


def test_the_client_sees_no_secret(travelled: Travelled) -> None:
    """What the client keeps for the providers is sealed: it holds thinking, but no state as it was."""
    assert REASONS in travelled.kept
    hidden = [
        state for upstream in travelled.upstreams.values() for state in upstream.issued.hidden
    ]
    assert [state for state in hidden if state in travelled.kept] == []
