"""An exchange without a shell: requests in, decisions and bytes out."""

from __future__ import annotations

import gc
import weakref
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import json_text
from gateway.config import Snapshot, load
from gateway.errors import InvalidRequest, MissingKey, NotFound, UpstreamBroken, UpstreamFailure
from gateway.messages import encode_event
from gateway.pipeline import Exchange, Inbound, header_text, picked
from gateway.reasoning import Vault
from gateway.redaction import redactor
from gateway.tokens import TokenCounter

CONFIG = """
providers:
  chat: {dialect: openai-chat, base_url: "http://127.0.0.1:9/v1", api_key: "${CHAT_KEY}"}
  native: {dialect: anthropic, base_url: "http://127.0.0.1:9", api_key: "${CHAT_KEY}"}
models:
  chat:small: {max_output: 100}
rules:
  - {name: large, when: {tokens: {above: 1000}}, use: "chat:large"}
  - {name: haiku, when: {model: "*haiku*"}, use: "chat:small", transforms: [plain]}
  - {name: fast, when: {path_prefix: /fast}, use: "native:fast"}
  - {name: keyless, when: {model: "gpt*"}, use: "openai:gpt-5"}
default: native:standard
transforms:
  plain:
    - system: {replace: [{find: Claude Code, with: the assistant}]}
    - tools: {drop: [NotebookEdit]}
"""


class Words:
    """Counts words, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def count(self, text: str) -> int:
        self.asked += 1
        return len(text.split())


@lru_cache
def snapshot(text: str = CONFIG) -> Snapshot:
    loaded = load(text, file="config.yaml", environment={"CHAT_KEY": "chat-secret-key"})
    assert loaded.snapshot is not None, loaded.findings
    return loaded.snapshot


def body(**fields: Any) -> bytes:
    asked = {
        "model": "claude-x",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    return json_text.encode({**asked, **fields})


def exchange(
    asked: bytes | None = None,
    *,
    prefix: str = "",
    headers: dict[str, str] | None = None,
    config: Snapshot | None = None,
    words: Words | None = None,
) -> Exchange:
    inbound = Inbound(asked or body(), headers or {}, "beta=true", prefix)
    return Exchange(config or snapshot(), inbound, TokenCounter(words or Words()), Vault(b"secret"))


# -- where a request goes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "prefix", "target", "reason"),
    [
        ("claude-x", "", "native:standard", "default"),
        ("claude-3-haiku", "", "chat:small", "rule haiku"),
        ("claude-x", "/fast", "native:fast", "rule fast"),
        ("claude-x", "/fast/lane", "native:fast", "rule fast"),
        ("chat:any/model:8b", "", "chat:any/model:8b", "the model name"),
        ("claude-3-haiku", "/chat:qwen/qwen3:8b", "chat:qwen/qwen3:8b", "the URL"),
        ("qwen3:8b", "", "native:standard", "default"),
    ],
)
def test_what_was_spelled_out_wins_over_rules(
    model: str, prefix: str, target: str, reason: str
) -> None:
    """The URL's target, then the model's, then the first rule, then the default."""
    route = exchange(body(model=model), prefix=prefix).route
    assert (str(route.target), route.reason) == (target, reason)


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("/chta:model", "Did you mean 'chat'?"),
        ("/zzz:model", "Known are: anthropic, azure"),
        ("/chat/model", "/chat:model"),
        ("/slow", "no rule asks for this path"),
    ],
)
def test_a_prefix_that_means_nothing_is_not_found_and_says_what_would(
    prefix: str, words: str
) -> None:
    """A mistyped base URL is answered with the likely right one, for messages and for counts."""
    with pytest.raises(NotFound) as caught:
        _ = exchange(prefix=prefix).route
    assert words in caught.value.message


def test_tokens_are_counted_only_when_a_rule_needs_them() -> None:
    """A short body cannot exceed the rule's limit, and an explicit target asks no rule at all."""
    words = Words()
    assert exchange(words=words).route.origin == "default"
    assert exchange(body(system="w " * 3000), prefix="/chat:m", words=words).route.origin == "path"
    assert words.asked == 0
    assert exchange(body(system="w " * 3000), words=words).route.rule == "large"
    assert words.asked > 0


def test_a_missing_key_is_refused_by_the_name_of_its_variable() -> None:
    """The client reads which variable the operator has to set, and does not ask again."""
    with pytest.raises(MissingKey) as caught:
        exchange(body(model="gpt-5")).upstream_request()
    assert "OPENAI_API_KEY" in caught.value.message
    assert "rule keyless" in caught.value.message
    assert caught.value.headers["x-should-retry"] == "false"


def test_a_missing_key_can_be_answered_by_the_mock() -> None:
    """`missing_key: mock` sends the request to the built-in provider, with the decision told."""
    lenient = snapshot(CONFIG + "\nmissing_key: mock\n")
    sent = exchange(body(model="gpt-5"), config=lenient).upstream_request()
    assert sent.url.startswith("mock:")
    assert "OPENAI_API_KEY" in sent.headers["x-gateway-route"]


# -- what is sent ------------------------------------------------------------------------------------


def test_transforms_and_limits_of_the_route_are_applied() -> None:
    """The rule's transforms edit the request, and the target's limit caps its output."""
    tools = [{"name": n, "input_schema": {"type": "object"}} for n in ("Bash", "NotebookEdit")]
    asked = body(model="claude-haiku", system="You are Claude Code.", tools=tools)
    sent = json_text.decode(exchange(asked).upstream_request().body)
    assert sent["messages"][0] == {"role": "system", "content": "You are the assistant."}
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["Bash"]
    assert sent["max_tokens"] == 100


unknown = st.text(max_size=8).map(lambda name: f"x_{name}")


@given(st.dictionaries(unknown, st.integers() | st.text(max_size=8), max_size=4))
def test_what_no_rule_changes_goes_through_byte_for_byte(extra: dict[str, Any]) -> None:
    """To a target of the client's own format a request keeps its bytes, unknown fields and all."""
    asked = json_text.encode({**extra, **json_text.decode(body(model="standard"))})
    spaced = asked.replace(b'","', b'" , "')
    assert exchange(spaced).upstream_request().body == spaced


def test_the_clients_credentials_stay_and_the_providers_go() -> None:
    """The client's keys and cookies are not forwarded; the provider is shown its own key only."""
    shown = {
        "authorization": "Bearer client-key",
        "x-api-key": "client-key",
        "cookie": "a=b",
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "one,two",
        "x-claude-code-session-id": "s",
    }
    native = exchange(headers=shown).upstream_request()
    assert "client-key" not in str(native.headers)
    assert native.headers["anthropic-version"] == "2026-10-21"
    assert native.headers["x-claude-code-session-id"] == "s"
    assert native.url == "http://127.0.0.1:9/v1/messages?beta=true"
    chat = exchange(prefix="/chat:m", headers=shown).upstream_request()
    assert chat.headers["authorization"] == "Bearer chat-secret-key"
    assert not {"anthropic-version", "x-api-key", "cookie"} & set(chat.headers)
    assert chat.url == "http://127.0.0.1:9/v1/chat/completions"


def test_no_secret_stands_in_a_representation() -> None:
    """Whatever logs or shows these objects shows no key."""
    running = exchange(prefix="/chat:m", headers={"x-api-key": "client-secret-key"})
    shown = f"{running.upstream_request()!r} {running.snapshot!r} {running.attempt.endpoint!r}"
    shown += f" {running!r} {running.request!r} {running.attempt!r} {running.chain!r}"
    assert "chat-secret-key" not in shown
    assert "client-secret-key" not in shown


# -- what comes back ---------------------------------------------------------------------------------


def test_an_early_failure_is_raised_and_a_late_one_is_an_event() -> None:
    """Before anything was said the status can change; afterwards the stream carries the error."""
    error = b'data: {"error": {"message": "too many", "code": 429}}\n\n'
    early = exchange(body(stream=True), prefix="/chat:m")
    _ = early.upstream_request()
    early.accept({"content-type": "text/event-stream"})
    with pytest.raises(UpstreamFailure) as caught:
        early.receive(error)
    assert (caught.value.status, early.attempt.answer.started) == (429, False)
    late = exchange(body(stream=True), prefix="/chat:m")
    _ = late.upstream_request()
    late.accept({"content-type": "text/event-stream"})
    said = late.receive(b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n')
    assert b"message_start" in said
    assert b"event: error" in late.receive(error)
    assert late.ended


@pytest.mark.parametrize("target", ["chat:m", "native:m"])
def test_a_key_that_a_provider_repeats_goes_no_further(target: str) -> None:
    """Neither in a refusal, nor in an error before the first word, nor in one after it."""
    redactor.know(["chat-secret-key"])
    words = {"type": "error", "error": {"type": "api_error", "message": "bad key chat-secret-key"}}
    refused = exchange(prefix=f"/{target}")
    error = refused.refuse(401, {}, json_text.encode(words))
    assert b"[secret]" in error.body()
    assert "chat-secret-key" not in f"{error.body()!r} {error.message}"
    failed = b"event: error\ndata: " + json_text.encode(words) + b"\n\n"
    for said in (b"", SAID[target]):
        running = exchange(body(stream=True), prefix=f"/{target}")
        _ = running.upstream_request()
        running.accept({"content-type": "text/event-stream"})
        out = running.receive(said)
        try:
            out += running.receive(failed)
        except UpstreamFailure as failure:
            out += failure.body()
        assert b"[secret]" in out
        assert b"chat-secret-key" not in out


SAID = {
    "chat:m": b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n',
    "native:m": b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n',
}


def test_a_tool_call_is_repaired_on_the_way_and_reported() -> None:
    """The schema of the request's own tool decides, and the log can tell what was done."""
    schema = {
        "type": "object",
        "properties": {"file_path": {"type": "string"}},
        "required": ["file_path"],
        "additionalProperties": False,
    }
    asked = body(tools=[{"name": "Read", "input_schema": schema}])
    call = {"id": "c1", "function": {"name": "read", "arguments": '{"path":"a.txt"}'}}
    answer = {"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "stop"}]}
    running = exchange(asked, prefix="/chat:m")
    _ = running.upstream_request()
    running.accept({"content-type": "application/json"})
    running.receive(json_text.encode(answer))
    message = json_text.decode(running.finish())
    assert message["content"][0]["name"] == "Read"
    assert message["content"][0]["input"] == {"file_path": "a.txt"}
    assert message["stop_reason"] == "tool_use"
    assert [correction.status for correction in running.corrections] == ["repaired"]


def test_a_tool_id_of_the_conversation_is_not_given_out_again() -> None:
    """Providers that count their calls from zero in each answer do not cost the client a result."""
    history = [
        {"role": "user", "content": "Go"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "call_0", "name": "T", "input": {}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "call_0", "content": "ok"}],
        },
    ]
    asked = body(messages=history, tools=[{"name": "T", "input_schema": {"type": "object"}}])
    call = {"id": "call_0", "function": {"name": "T", "arguments": "{}"}}
    answer = {"choices": [{"message": {"tool_calls": [call, call]}, "finish_reason": "tool_calls"}]}
    running = exchange(asked, prefix="/chat:m")
    _ = running.upstream_request()
    running.accept({"content-type": "application/json"})
    running.receive(json_text.encode(answer))
    ids = [block["id"] for block in json_text.decode(running.finish())["content"]]
    assert len({*ids, "call_0"}) == len(ids) + 1


BEGUN = {
    "/chat:m": b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
    "/native:m": encode_event("message_start", {"type": "message_start", "message": {"usage": {}}}),
}


@pytest.mark.parametrize("target", BEGUN)
def test_what_has_ended_is_gone_with_its_last_use(target: str) -> None:
    """No circle keeps an exchange: a body of megabytes must not wait for a full collection."""

    def exchanged() -> weakref.ref[Exchange]:
        one = exchange(body(stream=True), prefix=target)
        one.upstream_request()
        one.accept({"content-type": "text/event-stream"})
        one.receive(BEGUN[target])
        assert one.facts.contents
        return weakref.ref(one)

    gc.collect()
    gc.disable()
    try:
        assert exchanged()() is None
    finally:
        gc.enable()


def test_an_answer_before_its_acceptance_is_an_error_of_the_shell() -> None:
    """Bytes cannot be fed to an exchange whose provider has not answered."""
    with pytest.raises(UpstreamBroken):
        exchange().receive(b"")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"model": 5}', b'{"model": "m"}', b"\xff", b"null"]
)
def test_a_body_that_is_no_request_is_refused_with_words(raw: bytes) -> None:
    """Every refusal is a 400 in which the client reads what is wrong."""
    with pytest.raises(InvalidRequest) as caught:
        Exchange(snapshot(), Inbound(raw), TokenCounter(Words()), Vault(b"secret"))
    assert len(caught.value.message) > 10


# -- headers -----------------------------------------------------------------------------------------


def test_only_named_headers_are_picked() -> None:
    """A name may end in a star."""
    headers = {"request-id": "1", "anthropic-ratelimit-x": "2", "set-cookie": "3"}
    assert picked(headers, ("request-id", "anthropic-*")) == {
        "request-id": "1",
        "anthropic-ratelimit-x": "2",
    }


@given(st.text())
def test_any_text_becomes_a_header_that_is_legal(text: str) -> None:
    """Visible ASCII only, so that no text of a user can end a header or break a client."""
    assert all(" " <= char <= "~" for char in header_text(text))
