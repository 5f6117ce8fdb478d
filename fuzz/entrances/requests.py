"""A request of a client, through the whole exchange with a provider that says one word.

Whatever the body is, it is either refused as the client's fault or sent as JSON to the address that the
config names; and the headers that go either way are legal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from language import check_order
from sessions import turns

from fuzz.entrances.exchanges import DIALECTS, answered, events_of, exchange
from gateway import json_text
from gateway.errors import GatewayError
from gateway.messages import Memory
from gateway.pipeline import Count, Exchange
from gateway.pipeline.explain import explain
from gateway.pipeline.recorded import BadRecording, inbound_of

PREFIXES = ("", *(f"/{name}:m" for name in DIALECTS), "/chat:small", "/nobody:m")
HEADER = re.compile(r"[\x20-\x7e\x80-\xff\t]*")
"""What a value may hold (https://www.rfc-editor.org/rfc/rfc9110#section-5.5)."""

ANSWERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "chat": ("json", {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}),
    "responses": (
        "json",
        {
            "status": "completed",
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Hi"}],
                }
            ],
        },
    ),
    "gemini": (
        "json",
        {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
    ),
    "ollama": ("json", {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"}),
    "native": (
        "json",
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "Hi"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    ),
}
"""Provider -> the type and the body of what it says."""


def law(data: bytes) -> None:
    """The first byte says where the request goes, the second what is asked of it."""
    if len(data) < 2:
        return
    prefix, body = PREFIXES[data[0] % len(PREFIXES)], data[2:]
    try:
        if data[1] % 4 == 0:
            explained(body)
        elif data[1] % 4 == 1:
            count = Count(exchange(body, prefix=prefix))
            count.question()
            assert count.estimate() >= 0
        else:
            served(exchange(body, prefix=prefix, memory=Memory() if data[1] % 4 == 2 else None))
    except GatewayError as error:
        assert 400 <= error.status < 500, (error.status, error.message)
        envelope = json_text.decode(error.body("req_1"))
        assert envelope["error"].keys() == {"type", "message"}, envelope
        assert_legal(error.headers)


def explained(body: bytes) -> None:
    """What would become of a request can be told as JSON."""
    try:
        inbound = inbound_of(body)
    except BadRecording:
        return
    told = explain(
        exchange(inbound.body, prefix=inbound.prefix, headers=inbound.headers, query=inbound.query)
    )
    json.loads(json_text.encode(told))


def served(exchange: Exchange) -> None:
    """The request goes out, and its answer comes back."""
    request = exchange.upstream_request()
    # To a provider of the client's own format, what no rule looks at goes as it came, right or wrong.
    errors = "replace" if request.endpoint.name == "native" else "strict"
    assert isinstance(json.loads(request.body.decode("utf-8", errors)), dict)
    assert request.url.startswith(f"http://127.0.0.1:9/{request.endpoint.name}"), request.url
    assert not re.search(r"[^\x21-\x7e]", request.url), request.url
    assert_legal(request.headers)
    kind, answer = ANSWERS[request.endpoint.name]
    exchange.accept({"content-type": f"application/{kind}"})
    out = answered(exchange, [json.dumps(answer).encode()])
    assert_legal(exchange.response_headers)
    if exchange.request.stream:
        assert check_order(events_of(out)) == "message_stop"
    else:
        assert [block["text"] for block in json.loads(out)["content"]] == ["Hi"]


def assert_legal(headers: Mapping[str, str]) -> None:
    """No header can be taken for two, or for the end of them."""
    for name, value in headers.items():
        assert re.fullmatch(r"[A-Za-z0-9-]+", name), name
        assert HEADER.fullmatch(value), (name, value)


def seeds() -> Iterator[bytes]:
    """A conversation as it grows, to everybody, and other fields."""
    for number, body in enumerate(turns(6)):
        yield bytes([number, 2 + number % 2]) + json.dumps(body).encode()
    more = {
        "model": "claude-haiku",
        "max_tokens": 50,
        "system": [{"type": "text", "text": "Claude", "cache_control": {"type": "ephemeral"}}],
        "temperature": 0.5,
        "stop_sequences": ["END"],
        "tool_choice": {"type": "any"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "high"},
        "metadata": {"user_id": "user_1"},
        "tools": [{"name": "Bash", "input_schema": {"type": "object", "properties": {}}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}, *PARTS]},
            {"role": "assistant", "content": CALLS},
            {"role": "user", "content": RESULTS},
        ],
    }
    for number in range(len(PREFIXES)):
        yield bytes([number, 3]) + json.dumps(more).encode()
        yield bytes([number, 1]) + json.dumps({**more, "stream": True}).encode()
    recorded = {"path": "/fast/v1/messages?beta=true", "headers": {"x-app": "cli"}, "body": more}
    yield b"\x00\x00" + json.dumps(recorded).encode()


PARTS = [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    {"type": "document", "title": "t", "source": {"type": "text", "data": "x"}},
]
CALLS = [
    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
]
RESULTS = [
    {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": "no"},
    {
        "type": "search_result",
        "source": "s",
        "title": "t",
        "content": [{"type": "text", "text": "x"}],
    },
]
