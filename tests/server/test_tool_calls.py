"""Tool calls on their way through the gateway: what the config says is done, told and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_gateway import ASK, Gateway, Heard, Pieces
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway import json_text
from gateway.conformance.runner import events_of
from gateway.messages import accumulate, encode_event, unfold
from gateway.server.accounts import tally
from gateway.server.conversation import waiting

CONFIG = """
server:
  auth: {keys: [{name: laptop, key: the-client-key}]}
  admin: {key: the-admin-key}
providers:
  a: {dialect: openai-chat, base_url: "http://a.test/v1"}
  leaky: {dialect: openai-chat, base_url: "http://leaky.test/v1", text_calls: [text]}
  native: {dialect: anthropic, base_url: "http://native.test"}
  mender: {dialect: anthropic, base_url: "http://mender.test"}
tool_correction:
  aliases: {Edit: {place: path}}
models:
  a:mended: {correction: {mode: model, model: "mender:m", model_timeout: 5s}}
  native:mended: {correction: {mode: model, model: "mender:m", model_timeout: 5s}}
  a:hasty: {correction: {mode: model, model: "mender:m", model_timeout: 10ms}}
  mender:m: {price: {input: 1, output: 1}}
rules:
  - name: dear
    when: {model: often-wrong, repair_rate: {target: "a:m", above: 40%}}
    use: "a:better"
  - {name: often, when: {model: often-wrong}, use: "a:m"}
  - {name: none, when: {model: none}, use: "a:m", correction: off}
  - {name: report, when: {model: report}, use: "a:m", correction: report}
  - {name: edits, when: {model: edits}, use: "a:m", correction: {mode: off, tools: {Edit: repair}}}
  - {name: raw, when: {model: raw}, use: "a:m", correction: {unparsed: raw}}
default: a:m
"""

KEY = {"x-api-key": "the-client-key"}
ADMIN = {"authorization": "Bearer the-admin-key"}
EDIT: dict[str, Any] = {
    "name": "Edit",
    "description": "Changes a line.",
    "input_schema": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "line": {"type": "integer"}},
        "required": ["path", "line"],
        "additionalProperties": False,
    },
}
BASH: dict[str, Any] = {
    "name": "Bash",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}
VALID, ALIASED = '{"path":"a","line":3}', '{"place":"a","line":3}'
BROKEN = '{"path":"a","line":"the third"}'
"""No rule can know which line is meant."""

Answer = Callable[[httpx.Request], httpx.Response]


def chat(*calls: tuple[str, str], text: str | None = None) -> Answer:
    """A chat server that makes these calls, streamed or whole as it is asked to."""
    made = [
        {"index": i, "id": f"c{i}", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(calls)
    ]
    said = {"content": text, **({"tool_calls": made} if made else {})}

    def answer(request: httpx.Request) -> httpx.Response:
        streams = json_text.decode(request.content).get("stream")
        key, kind = ("delta", "text/event-stream") if streams else ("message", "application/json")
        body = json_text.encode({"choices": [{key: said, "finish_reason": "stop"}]})
        pieces = [b"data: " + body + b"\n\ndata: [DONE]\n\n"] if streams else [body]
        return httpx.Response(200, headers={"content-type": kind}, stream=Pieces(*pieces))

    return answer


def message(*content: dict[str, Any], reason: str = "tool_use") -> dict[str, Any]:
    usage = {"input_tokens": 100, "output_tokens": 10}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }


def block(name: str, arguments: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": "t1", "name": name, "input": json_text.decode(arguments)}


def native(*content: dict[str, Any], reason: str = "tool_use") -> Answer:
    """A server of the client's own format."""

    def answer(request: httpx.Request) -> httpx.Response:
        whole = message(*content, reason=reason)
        if not json_text.decode(request.content).get("stream"):
            kind = {"content-type": "application/json"}
            return httpx.Response(200, headers=kind, stream=Pieces(json_text.encode(whole)))
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, stream=Pieces(b"".join(events(whole))))

    return answer


def events(whole: dict[str, Any]) -> Iterator[bytes]:
    for event in unfold(whole):
        yield encode_event(event["type"], event)


class Hosts:
    """Providers by host, and what each was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.partition(".")[0]
        self.asked.append((host, json_text.decode(request.content)))
        return self.answers[host](request)

    @property
    def hosts(self) -> list[str]:
        return [host for host, _ in self.asked]


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return Gateway(path)


def ask(
    gateway: Gateway, hosts: Hosts, model: str = "claude", *, stream: bool = False, **how: Any
) -> Heard:
    gateway.provider = hosts
    body = {**ASK, "model": model, "stream": stream, "tools": [EDIT, BASH]}
    return gateway.ask("POST", "/v1/messages", body, headers=KEY, **how)


def content(heard: Heard) -> list[dict[str, Any]]:
    """What the client has at the end, streamed or not."""
    assert heard.status == 200, heard.body
    assert heard.complete
    if heard.headers["content-type"] == "application/json":
        blocks: list[dict[str, Any]] = heard.json["content"]
        return blocks
    told: list[dict[str, Any]] = accumulate(events_of(heard.body))["content"]
    return told


def calls(heard: Heard) -> list[tuple[str, Any]]:
    return [(b["name"], b["input"]) for b in content(heard) if b["type"] == "tool_use"]


both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

# -- what the config says ----------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("claude", [{"path": "a", "line": 3}, {"command": "ls"}]),
        ("none", [{"place": "a", "line": 3}, {"cmd": "ls"}]),
        ("report", [{"place": "a", "line": 3}, {"cmd": "ls"}]),
        ("edits", [{"path": "a", "line": 3}, {"cmd": "ls"}]),
    ],
)
def test_a_rule_says_what_becomes_of_calls(
    gateway: Gateway, model: str, told: list[Any], stream: bool
) -> None:
    """All of them, of one tool, or none; the words of the config are known beside the gateway's own."""
    hosts = Hosts(a=chat(("Edit", ALIASED), ("Bash", '{"cmd":"ls"}')))
    assert [input for _, input in calls(ask(gateway, hosts, model, stream=stream))] == told


@pytest.mark.parametrize(("model", "input"), [("claude", {"INVALID_JSON": "what?"}), ("raw", None)])
def test_text_in_place_of_arguments_reaches_the_client_as_the_config_says(
    gateway: Gateway, model: str, input: Any
) -> None:
    """Put into an object, or as it came."""
    heard = ask(gateway, Hosts(a=chat(("Edit", "what?"))), model, stream=True)
    pieces = [
        event["delta"]["partial_json"]
        for event in events_of(heard.body)
        if event["type"] == "content_block_delta"
    ]
    assert "".join(pieces) == ("what?" if input is None else json_text.encode_text(input))


@both
def test_a_call_in_the_text_is_recovered_where_servers_are_known_to_leak(
    gateway: Gateway, stream: bool
) -> None:
    """By the provider, which a config can describe; elsewhere text is text."""
    leak = '<tool_call>\n{"name": "Edit", "arguments": {"path": "a", "line": 3}}\n</tool_call>'
    heard = ask(gateway, Hosts(leaky=chat(text=leak)), "leaky:m", stream=stream)
    assert calls(heard) == [("Edit", {"path": "a", "line": 3})]
    assert gateway.services is not None
    [row] = gateway.services.tally.to_json()["tools"]
    assert (row["calls"], row["repaired"], row["classes"]) == (1, 1, {"text": 1})
    kept = ask(gateway, Hosts(a=chat(text=leak)), stream=stream)
    assert content(kept) == [{"type": "text", "text": leak}]


def test_several_calls_in_one_block_are_told_apart_unless_the_answer_is_relayed(
    gateway: Gateway,
) -> None:
    """A relayed block stays one: the blocks after it are numbered already."""
    several = VALID + '{"path":"b","line":4}'
    heard = ask(gateway, Hosts(a=chat(("Edit", several))))
    assert [input["path"] for _, input in calls(heard)] == ["a", "b"]

    def answer(request: httpx.Request) -> httpx.Response:
        whole = b"".join(events(message(block("Edit", VALID))))
        piece = json_text.encode(VALID)[1:-1]
        doubled = whole.replace(piece, piece + json_text.encode('{"path":"b","line":4}')[1:-1])
        assert doubled != whole
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, stream=Pieces(doubled))

    relayed = ask(gateway, Hosts(native=answer), "native:m", stream=True)
    assert calls(relayed) == [("Edit", {"INVALID_JSON": several})]


# -- receipts ----------------------------------------------------------------------------------------


@both
def test_the_answer_tells_what_was_repaired(gateway: Gateway, stream: bool) -> None:
    """Each tool and class once, in the header, as far as it is known before the answer begins."""
    hosts = Hosts(
        a=chat(("edit", ALIASED), ("Edit", ALIASED), ("Bash", "{'command': 'ls'}"), ("Edit", VALID))
    )
    heard = ask(gateway, hosts, stream=stream)
    assert heard.headers["x-gateway-repairs"] == "Edit:name,Edit:alias,Bash:parse"


@pytest.mark.parametrize("model", ["report", "none"])
def test_what_was_not_repaired_is_not_told_as_repaired(gateway: Gateway, model: str) -> None:
    """A report goes to the log."""
    with capture_logs() as logs:
        heard = ask(gateway, Hosts(a=chat(("Edit", ALIASED))), model)
    assert "x-gateway-repairs" not in heard.headers
    told = [line["outcome"] for line in logs if line["event"] == "tool_call"]
    assert told == (["repaired"] if model == "report" else [])


def test_valid_calls_are_counted_and_not_logged(gateway: Gateway) -> None:
    """The rate of repairs is a share of all calls, and rules can ask for it."""
    good, bad = ("Edit", VALID), ("Edit", ALIASED)
    with capture_logs() as logs:
        heard = ask(gateway, Hosts(a=chat(good, good, bad)), "often-wrong")
    assert heard.headers["x-gateway-target"] == "a:m"
    assert gateway.services is not None
    assert gateway.services.recent.repair_rate("a:m") == pytest.approx(1 / 3)
    assert [line["event"] for line in logs].count("tool_call") == 1
    ask(gateway, Hosts(a=chat(bad, bad)), "often-wrong")
    heard = ask(gateway, Hosts(a=chat(good)), "often-wrong")
    assert heard.headers["x-gateway-target"] == "a:better"


def test_the_metrics_tell_calls_and_repairs_by_target_and_tool(gateway: Gateway) -> None:
    """In the text format of Prometheus, with the usual endings."""
    ask(gateway, Hosts(a=chat(("Edit", VALID), ("Edit", ALIASED), ("Nothing", "{}"))))
    ask(gateway, Hosts(native=native(block("Bash", '{"command":"ls"}'))), "native:m")
    ask(gateway, Hosts(a=lambda _: httpx.Response(400, stream=Pieces(b"{}"))))
    heard = gateway.ask("GET", "/metrics", headers=ADMIN)
    assert heard.headers["content-type"].startswith("text/plain")
    lines = heard.body.decode().splitlines()
    for line in (
        'gateway_tool_calls_total{outcome="valid",target="a:m",tool="Edit"} 1.0',
        'gateway_tool_calls_total{outcome="repaired",target="a:m",tool="Edit"} 1.0',
        'gateway_tool_calls_total{outcome="invalid",target="a:m",tool="(unknown)"} 1.0',
        'gateway_tool_repairs_total{class="alias",target="a:m",tool="Edit"} 1.0',
        'gateway_requests_total{status="200",target="a:m"} 1.0',
        'gateway_requests_total{status="400",target="a:m"} 1.0',
        'gateway_tokens_total{kind="input",target="native:m"} 100.0',
        'gateway_request_seconds_bucket{le="+Inf",target="a:m"} 2.0',
        'gateway_request_seconds_count{target="a:m"} 2.0',
    ):
        assert line in lines


def test_the_stats_tell_the_same_as_json(gateway: Gateway) -> None:
    """A row for each target and tool."""
    ask(gateway, Hosts(a=chat(("Edit", VALID), ("Edit", ALIASED), ("Edit", BROKEN))))
    heard = gateway.ask("GET", "/v1/stats", headers=ADMIN)
    assert heard.json["tools"] == [
        {
            "target": "a:m",
            "tool": "Edit",
            "calls": 3,
            "valid": 1,
            "repaired": 1,
            "unrepaired": 1,
            "unchecked": 0,
            "valid_share": 0.3333,
            "classes": {"alias": 1},
        }
    ]
    assert heard.json["requests"] == [{"target": "a:m", "status": "200", "requests": 1}]


@pytest.mark.parametrize("path", ["/metrics", "/v1/stats"])
def test_what_was_served_is_told_to_clients_only(gateway: Gateway, path: str) -> None:
    """A gateway that asks for keys asks for them here too."""
    assert gateway.ask("GET", path).status == 401


@given(st.lists(st.text(max_size=3), max_size=30), st.integers(1, 5))
def test_names_that_others_choose_do_not_fill_the_memory(names: list[str], most: int) -> None:
    """So many are counted by themselves, the rest together, and none is lost."""
    bounded: tally.Bounded[str] = tally.Bounded(most)
    kept = {name for name in names if bounded(name)}
    assert len(kept) <= most
    assert kept == set(list(dict.fromkeys(names))[:most])


def test_targets_and_tools_beyond_the_bound_are_counted_together(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may name any target there could be."""
    monkeypatch.setattr(tally, "MOST_TARGETS", 1)
    monkeypatch.setattr(tally, "MOST_TOOLS", 1)
    hosts = Hosts(a=chat(("Edit", VALID), ("Bash", '{"command":"ls"}')))
    for target in ("a:first", "a:second", "a:third"):
        ask(gateway, hosts, target)
    assert gateway.services is not None
    counts = gateway.services.tally
    assert counts.requests == {("a:first", "200"): 1, (tally.OTHER, "200"): 2}
    assert counts.calls["a:first", "Edit", "valid"] == 1
    assert counts.calls["a:first", tally.OTHER, "valid"] == 1
    assert counts.calls.total() == 6


# -- the correction model ----------------------------------------------------------------------------

MENDING = native(block("Edit", '{"path":"a","line":3}'))
WAYS = pytest.mark.parametrize("target", ["a:mended", "native:mended"])


def making(target: str, *arguments: str) -> dict[str, Answer]:
    """The provider of the target, with a call of Edit for each."""
    if target.startswith("a"):
        return {"a": chat(*(("Edit", one) for one in arguments), text="Now.")}
    text = {"type": "text", "text": "Now."}
    blocks = [{**block("Edit", one), "id": f"t{i}"} for i, one in enumerate(arguments)]
    return {"native": native(text, *blocks)}


@both
@WAYS
def test_a_model_is_asked_about_a_call_that_rules_cannot_repair(
    gateway: Gateway, target: str, stream: bool
) -> None:
    """Once for each such call, with the tool and what is wrong; what it says is checked and told."""
    hosts = Hosts(**making(target, BROKEN, VALID, BROKEN), mender=MENDING)
    with capture_logs() as logs:
        heard = ask(gateway, hosts, target, stream=stream)
    assert calls(heard) == [("Edit", {"path": "a", "line": 3})] * 3
    assert content(heard)[0]["text"] == "Now."
    assert hosts.hosts == [target[: target.index(":")], "mender", "mender"]
    body = hosts.asked[1][1]
    assert [tool["name"] for tool in body["tools"]] == ["Edit"]
    assert body["tools"][0]["description"] == EDIT["description"]
    assert "the third" in json_text.encode_text(body["messages"])
    assert "integer" in json_text.encode_text(body["messages"])
    assert not body.get("stream")
    told = [line for line in logs if line["event"] == "tool_call_model"]
    assert [(line["target"], line["outcome"]) for line in told] == [("mender:m", "repaired")] * 2
    if not stream:
        assert heard.headers["x-gateway-repairs"] == "Edit:model"
    assert gateway.services is not None
    counted = gateway.services.tally
    assert counted.consulted == {("mender:m", "repaired"): 2}
    assert counted.calls[target, "Edit", "repaired"] == 2
    assert counted.tokens["mender:m", "input"] == 200
    assert gateway.services.recent.spent("laptop", 60) == pytest.approx(220 / 1_000_000)


def refusing(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, stream=Pieces(b'{"error": {"message": "no"}}'))


def breaking(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def garbled(_request: httpx.Request) -> httpx.Response:
    kind = {"content-type": "application/json"}
    return httpx.Response(200, headers=kind, stream=Pieces(b"<html>"))


@both
@WAYS
@pytest.mark.parametrize(
    ("mender", "outcome"),
    [
        (refusing, "failed"),
        (breaking, "failed"),
        (garbled, "failed"),
        (native({"type": "text", "text": "unclear"}, reason="end_turn"), "unrepaired"),
        (native(block("Edit", BROKEN)), "unrepaired"),
        (native(block("Bash", '{"command":"rm"}')), "unrepaired"),
        (native(block("Edit", VALID), block("Edit", VALID)), "unrepaired"),
        (native(block("Edit", VALID), reason="max_tokens"), "unrepaired"),
    ],
    ids=["500", "down", "html", "words", "invalid", "another tool", "two calls", "cut off"],
)
def test_without_a_valid_answer_the_call_goes_on_as_it_came(
    gateway: Gateway, target: str, mender: Answer, outcome: str, stream: bool
) -> None:
    """An answer never fails, and no call is made up, because somebody was asked about it."""
    heard = ask(gateway, Hosts(**making(target, BROKEN), mender=mender), target, stream=stream)
    assert calls(heard) == [("Edit", json_text.decode(BROKEN))]
    assert gateway.services is not None
    assert gateway.services.tally.consulted == {("mender:m", outcome): 1}
    assert gateway.services.tally.calls[target, "Edit", "invalid"] == 1


def test_a_text_that_is_the_arguments_will_do(gateway: Gateway) -> None:
    """Small models answer so."""
    said = native({"type": "text", "text": "```json\n" + VALID + "\n```"}, reason="end_turn")
    heard = ask(gateway, Hosts(**making("a:mended", BROKEN), mender=said), "a:mended")
    assert calls(heard) == [("Edit", {"path": "a", "line": 3})]


@both
def test_nobody_is_asked_about_a_call_that_was_cut_off(gateway: Gateway, stream: bool) -> None:
    """It is never completed."""
    hosts = Hosts(**making("a:mended", '{"path":"a","li'), mender=MENDING)
    heard = ask(gateway, hosts, "a:mended", stream=stream)
    assert hosts.hosts == ["a"]
    assert calls(heard) == [("Edit", {"INVALID_JSON": '{"path":"a","li'})]


def test_questions_about_one_answer_come_to_an_end(gateway: Gateway) -> None:
    """An answer in which everything is broken does not keep its client waiting for ever."""
    hosts = Hosts(**making("a:mended", *[BROKEN] * 9), mender=refusing)
    heard = ask(gateway, hosts, "a:mended", stream=True)
    assert len(calls(heard)) == 9
    assert hosts.hosts.count("mender") == 4


def slow(stream: Pieces) -> Answer:
    """A model that takes its time."""
    kind = {"content-type": "application/json"}
    return lambda _: httpx.Response(200, headers=kind, stream=stream)


@both
def test_a_model_that_takes_too_long_is_not_waited_for(gateway: Gateway, stream: bool) -> None:
    """The limit is the config's."""
    late = Pieces(60.0, json_text.encode(message(block("Edit", VALID))))
    hosts = Hosts(**making("a:hasty", BROKEN), mender=slow(late))
    heard = ask(gateway, hosts, "a:hasty", stream=stream)
    assert calls(heard) == [("Edit", json_text.decode(BROKEN))]
    assert late.closed
    assert gateway.services is not None
    assert gateway.services.tally.consulted == {("mender:m", "failed"): 1}


@WAYS
def test_the_client_is_kept_awake_while_a_model_thinks(
    gateway: Gateway, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By empty pieces of the call that it saw begin; then the rest comes in order."""
    monkeypatch.setattr(waiting, "HEARTBEAT", 0.01)
    late = Pieces(0.2, json_text.encode(message(block("Edit", VALID))))
    hosts = Hosts(**making(target, BROKEN), mender=slow(late))
    heard = ask(gateway, hosts, target, stream=True)
    assert calls(heard) == [("Edit", {"path": "a", "line": 3})]
    pieces = [event.get("delta", {}).get("partial_json") for event in events_of(heard.body)]
    assert "" in pieces


def test_a_client_that_leaves_ends_the_question_too(gateway: Gateway) -> None:
    """Nobody is left to be answered."""
    late = Pieces(60.0)
    hosts = Hosts(**making("a:mended", BROKEN), mender=slow(late))
    heard = ask(gateway, hosts, "a:mended", stream=True, leave_after=1)
    assert not heard.complete
    assert hosts.hosts == ["a", "mender"]
    assert late.closed


@pytest.mark.parametrize("stream", [True, False])
def test_a_long_call_is_repaired_as_a_short_one(gateway: Gateway, stream: bool) -> None:
    """It is read off the loop, piece by piece, and nothing of it is lost or told twice."""
    path = "x" * 60_000
    arguments = json_text.encode_text({"place": path, "line": 3})

    def pieces(request: httpx.Request) -> httpx.Response:
        if not stream:
            return chat(("Edit", arguments))(request)
        first = {"index": 0, "id": "c", "function": {"name": "Edit", "arguments": ""}}
        deltas = [first] + [
            {"index": 0, "function": {"arguments": arguments[at : at + 1500]}}
            for at in range(0, len(arguments), 1500)
        ]
        told = [
            b"data: " + json_text.encode({"choices": [{"delta": {"tool_calls": [one]}}]}) + b"\n\n"
            for one in deltas
        ]
        end = b'data: {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}\n\n'
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=Pieces(*told, end))

    [call] = content(ask(gateway, Hosts(a=pieces), stream=stream))
    assert call["input"] == {"path": path, "line": 3}
