"""Every endpoint that clients call stands at the root and under every target's path."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

PREFIXES = pytest.mark.parametrize("prefix", ["", "/chat:stub-model", "/native:vendor/stub:free"])
QUESTION = {
    "model": "claude-opus-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "PLAY=text please"}],
}


def call(method: str, url: str, body: object = None) -> tuple[int, Any]:
    """The status, and the JSON body when there is one."""

    async def send() -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, json=body) as response,
        ):
            is_json = method != "HEAD" and response.content_type == "application/json"
            return response.status, await response.json() if is_json else None

    return asyncio.run(send())


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_health_is_json(base_url: str, path: str) -> None:
    """A load balancer gets 200 and an object from a gateway that serves; ready it is a moment later."""
    status, body = call("GET", base_url + path)
    for _ in range(200):
        if status != 503:
            break
        assert body == {"ready": False}
        time.sleep(0.05)
        status, body = call("GET", base_url + path)
    assert status == 200
    assert isinstance(body, dict)


@PREFIXES
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_clients_greeting_is_answered(base_url: str, prefix: str, method: str) -> None:
    """Claude Code says hello before it starts."""
    status, _ = call(method, f"{base_url}{prefix}/api/hello")
    assert status == 200


@PREFIXES
@pytest.mark.parametrize("query", ["", "?beta=true"])
def test_messages_are_answered(base_url: str, prefix: str, query: str) -> None:
    """A message is answered, with or without the query that Claude Code adds."""
    status, body = call("POST", f"{base_url}{prefix}/v1/messages{query}", QUESTION)
    assert status == 200
    assert body["content"][-1]["text"] == "DONE text"


@PREFIXES
def test_tokens_are_counted(base_url: str, prefix: str) -> None:
    """A count is answered."""
    question = {key: QUESTION[key] for key in ("model", "messages")}
    status, body = call("POST", f"{base_url}{prefix}/v1/messages/count_tokens?beta=true", question)
    assert status == 200
    assert body["input_tokens"] > 0


@PREFIXES
def test_models_are_listed(base_url: str, prefix: str) -> None:
    """The list has the shape that clients discover models by."""
    status, body = call("GET", f"{base_url}{prefix}/v1/models?limit=1000")
    assert status == 200
    assert all(model["id"] and model["type"] == "model" for model in body["data"])
    assert body["has_more"] is False


@PREFIXES
@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/messages/nothing"])
def test_an_unknown_path_is_not_found(base_url: str, prefix: str, path: str) -> None:
    """What does not exist says so in the Anthropic error envelope."""
    status, body = call("GET", f"{base_url}{prefix}{path}")
    assert status == 404
    assert body["type"] == "error"
    assert body["error"]["type"] == "not_found_error"


def test_an_unknown_provider_is_named(base_url: str) -> None:
    """A target in the path that the config does not know is the client's mistake, and is told."""
    status, body = call("POST", f"{base_url}/nowhere:model/v1/messages", QUESTION)
    assert status in (400, 404)
    assert "nowhere" in body["error"]["message"]


@pytest.mark.parametrize("body", ["text", {"model": 3}, {"messages": []}])
def test_a_malformed_request_is_a_400(base_url: str, body: object) -> None:
    """A body that is no request is answered in the Anthropic error envelope."""
    status, answer = call("POST", f"{base_url}/v1/messages", body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
