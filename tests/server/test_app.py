"""The application, spoken to over ASGI; providers are functions from request to response."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Pieces, answering, says

from gateway import json_text
from gateway.server.conversation import waiting

CONFIG = """
server: {max_body: 10000}
providers:
  chat: {dialect: openai-chat, base_url: "http://chat.test/v1", api_key: chat-secret-key}
rules: [{name: fast, when: {path_prefix: /fast}, use: "chat:fast"}]
default: chat:standard
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return Gateway(path)


# -- pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/chat:any/model:8b", "/fast"])
@pytest.mark.parametrize("path", ["/health", "/health/ready", "/api/hello", "/v1/models"])
def test_every_page_also_stands_under_a_prefix(gateway: Gateway, path: str, prefix: str) -> None:
    """A client that is given a base URL with a target finds everything below it."""
    heard = gateway.ask("GET", prefix + path)
    assert heard.status == 200
    assert isinstance(heard.json, dict)


def test_the_root_says_what_this_is(gateway: Gateway) -> None:
    """Also when the base URL itself is opened."""
    assert gateway.ask("GET", "/").json["name"] == "rules-gateway"
    assert gateway.ask("GET", "/chat:model").json["name"] == "rules-gateway"


def test_models_are_those_that_the_config_names(gateway: Gateway) -> None:
    """The list holds them once; a single one may be any model of a known provider."""
    named = ["chat:fast", "chat:standard"]
    listed = [m["id"] for m in gateway.ask("GET", "/v1/models").json["data"]]
    assert listed == [*named, *(f"claude-via-{name}" for name in named)]
    assert gateway.ask("GET", "/v1/models/chat:a/b:c").json["id"] == "chat:a/b:c"
    assert gateway.ask("GET", "/v1/models/nobody:x").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not_found_error"),
        ("POST", "/chat:model/v1/nothing", 404, "not_found_error"),
        ("GET", "/slow/v1/models", 404, "not_found_error"),
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("DELETE", "/v1/messages/count_tokens", 405, "invalid_request_error"),
        ("POST", "/health", 405, "invalid_request_error"),
        ("POST", "/slow/v1/messages", 404, "not_found_error"),
    ],
)
def test_what_does_not_exist_is_refused_in_the_protocols_form(
    gateway: Gateway, method: str, path: str, status: int, kind: str
) -> None:
    """Clients read `error.type` and `error.message`, whatever they asked for."""
    heard = gateway.ask(method, path, ASK)
    assert heard.status == status
    assert heard.json["type"] == "error"
    assert heard.json["error"]["type"] == kind
    assert heard.json["error"]["message"]


def test_tokens_are_counted(gateway: Gateway) -> None:
    """More text, more tokens; and the number is the protocol's."""
    few = gateway.ask("POST", "/v1/messages/count_tokens", ASK).json
    many = gateway.ask(
        "POST", "/chat:m/v1/messages/count_tokens", {**ASK, "system": "word " * 99}
    ).json
    assert 0 < few["input_tokens"] < many["input_tokens"]


def test_client_keys_are_asked_for_where_the_config_says_so(gateway: Gateway) -> None:
    """Conversations and models need the key, the signs of life do not."""
    gateway.path.write_text(
        CONFIG.replace("server: {", "server: {auth: {keys: [{name: me, key: my-own-key}]}, ")
    )
    assert gateway.ask("GET", "/health").status == 200
    assert gateway.ask("GET", "/v1/models").status == 401
    assert gateway.ask("POST", "/v1/messages", ASK).json["error"]["type"] == "authentication_error"
    assert gateway.ask("GET", "/v1/models", headers={"x-api-key": "my-own-key"}).status == 200


def test_the_log_names_the_client_and_the_decision(gateway: Gateway, log: io.StringIO) -> None:
    """One line for one request: who asked, where it went and why, what it cost; and no key."""
    gateway.path.write_text(
        CONFIG.replace("server: {", "server: {auth: {keys: [{name: me, key: my-own-key}]}, ")
    )
    gateway.provider = answering(says("Hi", "stop") + b"data: [DONE]\n\n")
    gateway.ask(
        "POST", "/v1/messages", {**ASK, "stream": True}, headers={"x-api-key": "my-own-key"}
    )
    line = log.getvalue().splitlines()[-1]
    told = json_text.decode(line)
    assert (told["client"], told["target"], told["reason"]) == ("me", "chat:standard", "default")
    assert (told["status"], told["stop_reason"], told["complete"]) == (200, "end_turn", True)
    assert "my-own-key" not in line
    assert "secret" not in line


# -- conversations -----------------------------------------------------------------------------------


def test_a_stream_is_committed_with_its_first_useful_event(gateway: Gateway) -> None:
    """Status, headers and bytes in one go; closed right after the last event."""
    gateway.provider = answering(
        Pieces(says(""), says("Hel"), says("lo", "stop"), b"data: [DONE]\n\n")
    )
    heard = gateway.ask("POST", "/fast/v1/messages", {**ASK, "stream": True})
    assert heard.status == 200
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert heard.headers["x-gateway-target"] == "chat:fast"
    assert heard.headers["x-gateway-reason"] == "rule fast"
    assert heard.headers["request-id"].startswith("req_")
    assert heard.complete
    assert heard.body.count(b"event: message_stop") == 1


def test_an_error_before_the_first_word_is_a_status(gateway: Gateway) -> None:
    """Although the provider had begun a stream with status 200."""
    gateway.provider = answering(b'data: {"error": {"message": "no room", "code": 529}}\n\n')
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True})
    assert (heard.status, heard.json["error"]["type"]) == (529, "overloaded_error")


def test_a_refusal_keeps_its_status_and_its_words(gateway: Gateway) -> None:
    """The client acts on both; what could not be said to the target stands in a header."""
    refusal = b'{"error": {"message": "context_length_exceeded", "code": 400}}'
    gateway.provider = answering(refusal, status=400, kind="application/json")
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "metadata": {"user_id": "u"}})
    assert heard.status == 400
    assert "context_length_exceeded" in heard.json["error"]["message"]
    assert heard.headers["x-gateway-dropped"] == "metadata"


@pytest.mark.parametrize(
    "ending", [(), (httpx.ReadError("reset"),)], ids=["a clean end", "a reset"]
)
def test_a_stream_that_breaks_off_never_looks_complete(
    gateway: Gateway, ending: tuple[Exception, ...]
) -> None:
    """Within the answer the connection is cut; before it there is a status to say so."""
    gateway.provider = answering(Pieces(says("Half of"), *ending))
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True})
    assert heard.status == 200
    assert not heard.complete
    assert b"message_stop" not in heard.body
    gateway.provider = answering(Pieces(*ending))
    early = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True})
    assert (early.status, early.json["error"]["type"]) == (502, "api_error")


def test_a_client_that_leaves_stops_the_provider(gateway: Gateway) -> None:
    """The provider's body is closed long before it would have ended by itself."""
    body = Pieces(says("a"), says("b"), 60.0, says("c", "stop"))
    gateway.provider = answering(body)
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True}, leave_after=1)
    assert body.closed
    assert not heard.complete


def test_a_silent_provider_does_not_cost_the_client(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the stream is opened for it, and kept awake until it speaks."""
    monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.05)
    monkeypatch.setattr(waiting, "HEARTBEAT", 0.05)
    gateway.provider = answering(Pieces(0.3, says("At last", "stop"), b"data: [DONE]\n\n"))
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True})
    assert heard.pieces[0].startswith(b"event: message_start")
    assert heard.body.count(b"event: ping") >= 2
    assert heard.body.endswith(b'{"type":"message_stop"}\n\n')


@pytest.mark.parametrize(
    ("status", "said", "ending"),
    [
        (200, says("At last", "stop") + b"data: [DONE]\n\n", b"message_stop"),
        (429, b'{"error": {"message": "slow down"}}', b"rate_limit_error"),
    ],
)
def test_a_provider_without_a_header_for_long_is_waited_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, status: int, said: bytes, ending: bytes
) -> None:
    """The stream is open by then, so a refusal is an error event; both end the response properly."""
    monkeypatch.setattr(waiting, "COMMIT_AFTER", 0.05)
    monkeypatch.setattr(waiting, "HEARTBEAT", 0.05)
    answer = answering(said, status=status)

    async def late(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.2)
        return await answer(request)

    gateway.provider = late
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "stream": True})
    assert heard.status == 200
    assert heard.pieces[0] == b'event: ping\ndata: {"type":"ping"}\n\n'
    assert ending in heard.pieces[-1]
    assert heard.complete


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 10_001, {}, 413),
        (b"{}", {"content-length": "10001"}, 413),
        (b"{", {}, 400),
        (b"\x1f\x8b", {"content-encoding": "gzip"}, 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    gateway: Gateway, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Before anything of it costs memory or time."""
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        heard = gateway.ask("POST", path, body, headers=headers)
        assert heard.status == status
        assert heard.json["type"] == "error"


def test_a_bug_is_told_to_the_log_and_not_to_the_client(gateway: Gateway) -> None:
    """The client learns that it happened; what happened may hold things that are not its own."""

    async def broken(_request: httpx.Request) -> httpx.Response:
        raise RuntimeError("chat-secret-key in a traceback")

    gateway.provider = broken
    heard = gateway.ask("POST", "/v1/messages", ASK)
    assert (heard.status, heard.json["error"]["type"]) == (500, "api_error")
    assert b"secret" not in heard.body
