"""What rules do beside choosing: fallbacks, repetitions, refusals, copies, parameters, aliases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Pieces, says
from provider_hosts import Hosts, breaking, failing, fine

from gateway.pipeline import tries

CONFIG = """
providers:
  a: {dialect: openai-chat, base_url: "http://a.test/v1"}
  b: {dialect: openai-chat, base_url: "http://b.test/v1"}
  c: {dialect: openai-chat, base_url: "http://c.test/v1"}
aliases: {quick: "b:small"}
models:
  a:tiny: {context: 100, images: false, price: {input: 2, output: 10}}
  b:large: {context: 1M}
rules:
  - {name: refused, when: {model: "*secret*"}, refuse: This project stays here.}
  - {name: edits, when: {model: "*edited*"}, continue: true, params: {set: {temperature: 0}}}
  - {name: tried, when: {model: "*shadow*"}, use: "a:m", shadow: "c:m"}
  - name: fitting
    when: {model: "*fit*"}
    use: ["a:tiny", "b:large"]
    needs: auto
  - {name: too-small, when: {model: "*large*"}, use: ["a:tiny"], needs: auto}
  - {name: again, when: {model: "*again*"}, use: "a:m", retries: 2}
  - {name: quick, when: {model: "*quick*"}, use: quick, params: {cap: {max_tokens: 5}}}
default: {use: "a:m", fallback: ["b:m", "c:m"], retries: 0}
"""


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.0)
    return Gateway(path)


def ask(gateway: Gateway, hosts: Hosts, model: str = "claude", **fields: Any) -> Any:
    gateway.provider = hosts
    body = {**ASK, "model": model, "stream": True, **fields}
    return gateway.ask("POST", "/v1/messages", body)


# -- fallbacks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [failing(500), failing(429), failing(401), failing(404), breaking],
    ids=["500", "429", "401", "404", "no connection"],
)
def test_when_a_target_fails_the_next_one_is_asked(
    gateway: Gateway, broken: Callable[[], httpx.Response]
) -> None:
    """The client gets the answer of the first one that has one, and is told whose it is."""
    hosts = Hosts(a=broken, b=broken)
    heard = ask(gateway, hosts)
    assert (heard.status, heard.complete) == (200, True)
    assert hosts.hosts == ["a", "b", "c"]
    assert heard.headers["x-gateway-target"] == "c:m"
    assert heard.body.count(b"message_start") == 2  # the event's name, and its type


def test_a_fault_of_the_request_is_nobody_else_s(gateway: Gateway) -> None:
    """What one target refuses as wrong, others are not bothered with."""
    hosts = Hosts(a=failing(400))
    assert ask(gateway, hosts).status == 400
    assert hosts.hosts == ["a"]


def test_when_all_fail_the_last_failure_is_told(gateway: Gateway) -> None:
    """With its status, so that the client may try again."""
    hosts = Hosts(a=failing(500), b=failing(500), c=failing(429, **{"retry-after": "7"}))
    heard = ask(gateway, hosts)
    assert (heard.status, heard.headers["retry-after"]) == (429, "7")
    assert hosts.hosts == ["a", "b", "c"]


def test_after_the_first_word_nobody_else_is_asked(gateway: Gateway) -> None:
    """Tools would run twice: the stream breaks off instead."""
    cut = Pieces(says("Hel"), httpx.ReadError("gone"))
    hosts = Hosts(
        a=lambda: httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=cut)
    )
    heard = ask(gateway, hosts)
    assert (heard.status, heard.complete) == (200, False)
    assert hosts.hosts == ["a"]


def test_an_error_in_the_first_event_is_a_failure_too(gateway: Gateway) -> None:
    """A provider that answers 200 and then says that it cannot has said nothing useful."""
    error = Pieces(b'data: {"error": {"message": "busy", "code": 503}}\n\n')
    hosts = Hosts(
        a=lambda: httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=error)
    )
    heard = ask(gateway, hosts)
    assert (heard.status, hosts.hosts) == (200, ["a", "b"])


def test_the_same_target_is_asked_again_where_a_rule_says_so(gateway: Gateway) -> None:
    """As often as it says, and only for failures that may pass."""
    hosts = Hosts(a=failing(529))
    assert ask(gateway, hosts, "again").status == 529
    assert hosts.hosts == ["a", "a", "a"]
    hosts = Hosts(a=failing(403))
    assert ask(gateway, hosts, "again").status == 403
    assert hosts.hosts == ["a"]


# -- other actions -----------------------------------------------------------------------------------


def test_a_refusal_is_final(gateway: Gateway) -> None:
    """The client shows the sentence, and is told not to try again."""
    hosts = Hosts()
    heard = ask(gateway, hosts, "secret-model")
    assert (heard.status, heard.headers["x-should-retry"]) == (400, "false")
    assert heard.json["error"] == {"type": "policy_blocked", "message": "This project stays here."}
    assert hosts.hosts == []


def test_a_rule_that_goes_on_edits_and_another_one_chooses(gateway: Gateway) -> None:
    """The trace shows both."""
    hosts = Hosts()
    heard = ask(gateway, hosts, "edited-quick")
    assert [(host, sent["temperature"]) for host, sent in hosts.asked] == [("b", 0)]
    assert heard.headers["x-gateway-rule"] == "quick"
    assert "edits+" in heard.headers["x-gateway-trace"]
    assert "refused!model" in heard.headers["x-gateway-trace"]


def test_a_copy_goes_to_the_target_that_is_tried_out(gateway: Gateway) -> None:
    """Its answer is thrown away, and its failure is nobody's."""
    for shadow in (fine, failing(500), breaking):
        hosts = Hosts(c=shadow)
        heard = ask(gateway, hosts, "shadow")
        assert (heard.status, heard.complete) == (200, True)
        assert sorted(hosts.hosts) == ["a", "c"]
        assert heard.headers["x-gateway-target"] == "a:m"


def test_aliases_stand_for_targets(gateway: Gateway) -> None:
    """In rules, as the model, and under the name that clients with a filter accept."""
    for model in ("some-quick-model", "quick", "claude-via-quick", "claude-via-b:small"):
        hosts = Hosts()
        heard = ask(gateway, hosts, model)
        assert [(host, sent["model"]) for host, sent in hosts.asked] == [("b", "small")]
        assert heard.headers["x-gateway-target"] == "b:small"
    listed = [model["id"] for model in gateway.ask("GET", "/v1/models").json["data"]]
    assert {"quick", "claude-via-quick", "claude-via-b:small"} <= set(listed)
    assert gateway.ask("GET", "/v1/models/claude-via-quick").json["id"] == "claude-via-quick"


def test_parameters_are_capped(gateway: Gateway) -> None:
    """The rule for quick answers lets nobody ask for long ones."""
    hosts = Hosts()
    ask(gateway, hosts, "a-quick-one", max_tokens=500)
    assert hosts.asked[0][1]["max_tokens"] == 5


IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}


@pytest.mark.parametrize(
    ("content", "host"),
    [("Hi", "a"), ("long " * 400, "b"), ([IMAGE], "b")],
    ids=["small", "large", "image"],
)
def test_the_first_target_that_can_serve_a_request_does(
    gateway: Gateway, content: Any, host: str
) -> None:
    """One is too small for a long prompt, and cannot see."""
    hosts = Hosts()
    messages = [{"role": "user", "content": content}]
    heard = ask(gateway, hosts, "fit", messages=messages)
    assert (heard.status, hosts.hosts) == (200, [host])


def test_when_none_is_large_enough_the_client_is_told_to_compact(gateway: Gateway) -> None:
    """In the words that it acts on, and nobody is asked in vain."""
    hosts = Hosts()
    messages = [{"role": "user", "content": "long " * 400}]
    heard = ask(gateway, hosts, "large", messages=messages)
    assert (heard.status, hosts.hosts) == (400, [])
    assert heard.json["error"]["message"].startswith("prompt is too long: 4")
    assert heard.json["error"]["message"].endswith("tokens > 100 maximum")


def test_explain_over_http(gateway: Gateway) -> None:
    """The decision, the reasons and the request, and nothing is sent."""
    hosts = Hosts()
    gateway.provider = hosts
    body = {"path": "/v1/messages", "body": {**ASK, "model": "fit"}}
    told = gateway.ask("POST", "/admin/explain", body).json
    assert (told["rule"], told["target"]) == ("fitting", "a:tiny")
    assert told["fit"]["context"] == 100
    assert told["cost"]["longest_answer"] == pytest.approx(9 * 10 / 1e6)
    assert [rule["rule"] for rule in told["rules"]][:2] == ["refused", "edits"]
    assert hosts.hosts == []
    torn = gateway.ask("POST", "/admin/explain", b'{"body": "\\ud83d"}')
    assert (torn.status, torn.json["error"]["type"]) == (400, "invalid_request_error")
    refused = gateway.ask("POST", "/admin/explain", [1])
    assert refused.status == 400
    assert "request body" in refused.json["error"]["message"]


def test_a_session_keeps_its_target(gateway: Gateway) -> None:
    """Thirty turns over a threshold and back: one change, where the threshold was crossed first."""
    gateway.path.write_text(
        CONFIG.replace(
            "rules:", 'rules:\n  - {name: long, when: {tokens: {above: 200}}, use: "c:m"}'
        )
    )
    hosts = Hosts()
    gateway.provider = hosts
    session = {"x-claude-code-session-id": "one"}
    for turn in range(30):
        words = 400 if 8 <= turn < 12 or 20 <= turn < 25 else 10
        body = {**ASK, "stream": True, "messages": [{"role": "user", "content": "word " * words}]}
        gateway.ask("POST", "/v1/messages", body, headers=session)
    assert hosts.hosts == ["a"] * 8 + ["c"] * 22
