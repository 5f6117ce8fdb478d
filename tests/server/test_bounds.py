"""What a request may hold, and how much of an answer is held: an error comes before the memory ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgi_gateway import ASK, Gateway, Pieces, answering, says
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import json_text
from gateway.messages.request import LONGEST_MODEL
from gateway.messages.shapes import MOST_TOOLS
from gateway.server.conversation import waiting

CONFIG = """\
providers:
  chat: {dialect: openai-chat, base_url: "http://chat.example/v1"}
  native: {dialect: anthropic, base_url: "http://native.example", auth: none}
default: chat:x
"""
PATHS = ("/v1/messages", "/v1/messages/count_tokens")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bounds")
    (made / "config.yaml").write_text(CONFIG)
    return made


@pytest.fixture
def gateway(folder: Path) -> Gateway:
    return Gateway(folder / "config.yaml", provider=answering(says("Hi", "stop")))


def refused(gateway: Gateway) -> dict[tuple[str], int]:
    assert gateway.services is not None
    return dict(gateway.services.tally.refused)


def nested(times: int, opens: str, closes: str, inside: str = "1") -> bytes:
    return (opens * times + inside + closes * times).encode()


def ask_with(**fields: bytes) -> bytes:
    """A request in which some fields are this JSON."""
    told = {name: json_text.encode(value) for name, value in ASK.items()} | fields
    return (
        b"{" + b",".join(b'"%b":%b' % (name.encode(), text) for name, text in told.items()) + b"}"
    )


BLOCK = '[{"type":"tool_result","tool_use_id":"a","content":'
LEVELS = st.sampled_from([1, 7, 300, 1_100, 9_000])
SHAPES = st.sampled_from(
    [('{"a":', "}"), ("[", "]"), ('[{"a":', "}]"), (BLOCK, "}]"), ('{"properties":{"a":', "}}")]
)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(
        ["metadata", "messages", "system", "tools", "thinking", "tool_choice", "extra"]
    ),
    LEVELS,
    SHAPES,
    st.sampled_from(["chat:x", "native:x"]),
    st.sampled_from(PATHS),
)
def test_no_depth_is_a_bug(
    folder: Path, field: str, times: int, shape: tuple[str, str], model: str, path: str
) -> None:
    """However deep the request is, wherever: it is answered, or refused as the client's mistake."""
    gateway = Gateway(folder / "config.yaml", provider=answering(says("Hi", "stop")))
    fields = {"model": json_text.encode(model), field: nested(times, *shape)}
    heard = gateway.ask("POST", path, ask_with(**fields))
    assert heard.status in (200, 400, 502)
    assert heard.complete


TOO_MUCH: dict[str, tuple[str, dict[str, bytes]]] = {
    "model": ("model", {"model": json_text.encode("x" * (LONGEST_MODEL + 1))}),
    "tools": ("tools", {"tools": b"[" + b'{"name":"T"},' * MOST_TOOLS + b'{"name":"T"}]'}),
    "depth": (
        "depth",
        {"messages": b'[{"role":"user","content":' + nested(12, BLOCK, "}]", '"x"') + b"}]"},
    ),
}


@pytest.mark.parametrize(("bound", "fields"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_of_something_is_refused_and_counted(
    gateway: Gateway, bound: str, fields: dict[str, bytes]
) -> None:
    """With 400, in words that say what; and once."""
    heard = gateway.ask("POST", "/v1/messages", ask_with(**fields))
    assert (heard.status, heard.json["error"]["type"]) == (400, "invalid_request_error")
    assert refused(gateway) == {(bound,): 1}
    page = gateway.ask("GET", "/metrics").body.decode()
    assert f'gateway_refused_total{{bound="{bound}"}} 1.0' in page


def test_metadata_of_another_kind_is_refused_as_a_whole(gateway: Gateway) -> None:
    """By the format that reads it; what is written down of the request afterwards does not fail of it."""
    heard = gateway.ask("POST", "/v1/messages", {**ASK, "metadata": ["a"]})
    assert (heard.status, heard.complete) == (400, True)
    assert "metadata" in heard.json["error"]["message"]


def test_one_answer_too_many_is_told_to_come_back(folder: Path, tmp_path: Path) -> None:
    """With 529 and a time, before its body is looked at."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + "server: {max_streams: 2}\n")
    slow = Pieces(says("Hi"), 0.3, says("", "stop"))
    gateway = Gateway(path, provider=answering(slow))
    heard = gateway.ask_together(*[("POST", "/v1/messages", {**ASK, "stream": True})] * 4)
    assert sorted(one.status for one in heard) == [200, 200, 529, 529]
    late = next(one for one in heard if one.status == 529)
    assert late.json["error"]["type"] == "overloaded_error"
    assert late.headers["retry-after"]
    assert refused(gateway) == {("streams",): 2}
    assert gateway.ask("POST", "/v1/messages", ASK).status == 200


def chunk(**delta: Any) -> bytes:
    return b"data: " + json_text.encode({"choices": [{"index": 0, "delta": delta}]}) + b"\n\n"


def arguments(index: int, text: str) -> dict[str, Any]:
    function = {"name": "T", "arguments": text}
    return {"tool_calls": [{"index": index, "id": f"call_{index}", "function": function}]}


LONG = "x" * 9_000
EVENT = {"type": "content_block_delta", "index": 0}
PIECE = {**EVENT, "delta": {"type": "input_json_delta", "partial_json": LONG}}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": {}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "T", "input": {}}
ENDLESS: dict[str, tuple[str, bytes, Callable[[int], bytes]]] = {
    "text": ("chat:x", b"", lambda _: chunk(content=LONG)),
    "reasoning": ("chat:x", b"", lambda _: chunk(reasoning_content=LONG)),
    "one call": ("chat:x", b"", lambda number: chunk(**arguments(0, LONG if number else '{"a":"'))),
    "calls": ("chat:x", b"", lambda number: chunk(**arguments(number, '{"a":"' + LONG))),
    "a second call": (
        "chat:x",
        chunk(**arguments(0, "{")),
        lambda _: chunk(content="x", **arguments(1, LONG)),
    ),
    "blanks": ("chat:x", b"", lambda _: chunk(content=" " * 9_000)),
    "comments": ("chat:x", b"", lambda _: b": " + LONG.encode() + b"\n\n"),
    "one event": ("chat:x", b"data: ", lambda _: LONG.encode()),
    "JSON": ("chat:x", b"{\n\n", lambda _: LONG.encode() + b"\n\n"),
    "pings": ("native:x", b"", lambda _: b'event: ping\ndata: {"type":"ping"}\n\n' * 300),
    "a held call": (
        "native:x",
        b"event: message_start\ndata: %b\n\nevent: content_block_start\ndata: %b\n\n"
        % (
            json_text.encode({"type": "message_start", "message": MESSAGE}),
            json_text.encode({"type": "content_block_start", "index": 0, "content_block": CALL}),
        ),
        lambda _: b"event: content_block_delta\ndata: " + json_text.encode(PIECE) + b"\n\n",
    ),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("model", "first", "more"), ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_an_end_is_ended(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stream: bool,
    model: str,
    first: bytes,
    more: Callable[[int], bytes],
) -> None:
    """Whatever it does not end: with an error event where the client has read some of it, else with a
    status; and counted."""
    monkeypatch.setattr(waiting, "MOST_HELD", 300_000)
    monkeypatch.setattr(waiting, "MOST_READ", 600_000)
    pieces = Pieces(first or b": \n\n", *(more(number) for number in range(90)))
    gateway.provider = answering(pieces)
    tools = [{"name": "T", "input_schema": {"type": "object"}}]
    body = {**ASK, "model": model, "stream": stream, "tools": tools}
    heard = gateway.ask("POST", "/v1/messages", body)
    if heard.status == 200:
        assert heard.body.rstrip().rpartition(b"\n\n")[2].startswith(b"event: error\n")
        assert b"message_stop" not in heard.body
    else:
        assert (heard.status, heard.json["type"]) == (502, "error")
    assert heard.complete
    assert sum(refused(gateway).values()) == 1
    assert pieces.closed
