"""What the tests are written in: requests, answers that are played, and the order of an event stream.

Nothing here uses the code under test to judge it: streams are parsed and their order is checked by
rules written down a second time, from https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.dialects import Answer, AnswerContext, Destination, Dialect
from gateway.errors import GatewayError, UpstreamBroken
from gateway.messages import MessagesRequest, Sink, Usage
from gateway.reasoning import Vault

JSON = dict[str, Any]

SEAL = Vault(b"the tests' own secret").seal_for("provider:model")
"""Seals the reasoning state of the one target that most tests speak to."""


# -- requests ----------------------------------------------------------------------------------------


def request(**fields: Any) -> MessagesRequest:
    """A request of these fields, with the two that every request has."""
    body = {"model": "claude-test", "messages": [{"role": "user", "content": "hi"}], **fields}
    return MessagesRequest.parse(json.dumps(body).encode())


def tool(name: str, **fields: Any) -> JSON:
    """A tool of the client."""
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    return {"name": name, "description": f"Does {name}.", "input_schema": schema, **fields}


def destination(model: str = "m", **changes: Any) -> Destination:
    """A target of this model; `changes` name other fields."""
    return Destination(**{"model": model, "seal": SEAL, **changes})


def check_unchanged(
    transform: Callable[[MessagesRequest], MessagesRequest], before: MessagesRequest
) -> None:
    """There is nothing to change, so the very same object comes back."""
    assert transform(before) is before


def check_transformed(
    transform: Callable[[MessagesRequest], MessagesRequest],
    *,
    before: MessagesRequest,
    after: MessagesRequest,
) -> None:
    """The result says what `after` says, and `before` is what it was."""
    kept = before.encode()
    fields = copy.deepcopy({name: before.get(name) for name in before})
    assert json.loads(transform(before).encode()) == json.loads(after.encode())
    assert before.encode() is kept
    assert {name: before.get(name) for name in before} == fields


# -- answers -----------------------------------------------------------------------------------------


def same(sink: Sink) -> Sink:
    """A correction that finds nothing to correct."""
    return sink


def context(**changes: Any) -> AnswerContext:
    """A streaming client of a streaming provider; `changes` name fields of the context."""
    fields: dict[str, Any] = {
        "stream": True,
        "upstream_streams": True,
        "model": "claude-test",
        "tool_names": {},
        "prompt_estimate": lambda: 7,
        "id_is_taken": lambda _: False,
        "correct": same,
        "holds_tool_calls": False,
        "seal": SEAL,
    }
    return AnswerContext(**{**fields, **changes})


@dataclass(slots=True)
class Played:
    """What became of an answer."""

    answer: Answer
    out: bytes = b""
    error: GatewayError | None = None
    """Raised on the way."""
    pieces: list[bytes] = field(default_factory=list)

    @property
    def message(self) -> JSON:
        """The whole message, for a client that does not stream."""
        value: JSON = json.loads(self.out)
        return value


def play(dialect: Dialect, chunks: Iterable[bytes], **changes: Any) -> Played:
    """Feeds an answer to its end, or to `UpstreamBroken`; any other error escapes."""
    answer = dialect.answer(context(**changes))
    played = Played(answer)
    try:
        for chunk in chunks:
            played.pieces.append(answer.receive(chunk))
        played.pieces.append(answer.finish())
    except UpstreamBroken as error:
        played.error = error
    played.out = b"".join(played.pieces)
    return played


def cut(data: bytes, points: Iterable[int]) -> list[bytes]:
    """The bytes in pieces that end at these places; a place past the end is the end."""
    ends = sorted({min(point, len(data)) for point in points} | {len(data)})
    starts = [0, *ends]
    return [data[start:end] for start, end in zip(starts, ends, strict=False)]


def sse(*events: JSON, newline: bytes = b"\n", named: bool = False) -> bytes:
    """JSON objects as an event stream; `named` writes the `event:` line that Anthropic's has."""
    out = b""
    for event in events:
        if named:
            out += b"event: " + str(event["type"]).encode() + newline
        out += b"data: " + json.dumps(event).encode() + newline + newline
    return out


def joined(value: Any) -> Any:
    """The value as JSON carries it: halves of a surrogate pair that meet are one character."""
    return json.loads(json.dumps(value))


def without_ids(message: JSON, known: Iterable[str] = ()) -> JSON:
    """The message with its random ids named alike; tool ids in `known` stay."""
    kept = frozenset(known)
    blocks = [
        {**block, "id": "toolu"} if "id" in block and f"{block['id']}" not in kept else block
        for block in message["content"]
    ]
    return {**message, "id": "msg", "content": blocks}


# -- event streams -----------------------------------------------------------------------------------


def events_of(stream: bytes) -> list[JSON]:
    """The events of a stream as the gateway writes them: a name, one line of data, a blank line."""
    records = stream.split(b"\n\n")
    assert records.pop() == b"", "the stream does not end with a blank line"
    events: list[JSON] = []
    for record in records:
        name, data = record.split(b"\n")
        event = json.loads(data.removeprefix(b"data: "))
        assert name.decode() == f"event: {event['type']}", "the name is not the type"
        events.append(event)
    return events


class Characters:
    """An encoder that takes each character for a token, and remembers what it was asked."""

    def __init__(self) -> None:
        self.counted: list[str] = []

    def count(self, text: str) -> int:
        self.counted.append(text)
        return len(text)


LEGAL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
DELTAS_OF: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "tool_use": frozenset({"input_json_delta"}),
    "redacted_thinking": frozenset(),
    "server_tool_use": frozenset({"input_json_delta"}),
    "web_search_tool_result": frozenset(),
}
EMPTY: Mapping[str, JSON] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}


class OrderChecker:
    """Reads events one by one and asserts that each may stand where it stands."""

    def __init__(self) -> None:
        self.state = "empty"
        """`empty`, `started`, `delta` (after message_delta), `message_stop` or `error`."""
        self._open: JSON | None = None
        self._index = -1
        self._text = ""
        self._signed = False
        self._ids: set[str] = set()

    def read(self, event: JSON) -> None:
        """The next event."""
        assert self.state not in ("message_stop", "error"), f"{event} after the end"
        kind = event["type"]
        if kind != "ping":
            getattr(self, f"_{kind}")(event)

    def _message_start(self, event: JSON) -> None:
        assert self.state == "empty", "a second message_start"
        message = event["message"]
        assert message["content"] == []
        assert (message["type"], message["role"]) == ("message", "assistant")
        assert message["stop_reason"] is None
        assert {"input_tokens", "output_tokens"} <= message["usage"].keys()
        assert LEGAL_ID.fullmatch(message["id"])
        self.state = "started"

    def _content_block_start(self, event: JSON) -> None:
        assert self.state == "started", "a block outside the message"
        assert self._open is None, "a block inside a block"
        self._index += 1
        assert event["index"] == self._index, "indexes are not dense"
        self._open = block = event["content_block"]
        assert block.items() >= EMPTY.get(block["type"], {}).items(), "a block starts with content"
        self._text, self._signed = "", False
        if block["type"] == "tool_use":
            assert LEGAL_ID.fullmatch(block["id"]), f"illegal id {block['id']!r}"
            assert block["id"] not in self._ids, f"id {block['id']!r} twice"
            self._ids.add(block["id"])

    def _content_block_delta(self, event: JSON) -> None:
        assert self._open is not None, "a delta outside a block"
        assert event["index"] == self._index, "a delta of another block"
        delta = event["delta"]
        assert delta["type"] in DELTAS_OF[self._open["type"]], "a delta of another type"
        assert not self._signed, "a delta after the signature"
        self._signed = delta["type"] == "signature_delta"
        self._text += delta.get("text", "")

    def _content_block_stop(self, event: JSON) -> None:
        assert self._open is not None, "a stop outside a block"
        assert event["index"] == self._index, "the stop of another block"
        if self._open["type"] == "text":
            assert self._text.strip(), "an empty text block"
        self._open = None

    def _message_delta(self, event: JSON) -> None:
        assert self.state == "started", "message_delta twice or too early"
        assert self._open is None, "the message ends inside a block"
        assert event["delta"]["stop_reason"]
        assert {"input_tokens", "output_tokens"} <= event["usage"].keys()
        self.state = "delta"

    def _message_stop(self, _event: JSON) -> None:
        assert self.state == "delta", "message_stop without message_delta"
        self.state = "message_stop"

    def _error(self, event: JSON) -> None:
        assert self.state == "started", "an error outside the message"
        assert event["error"].keys() >= {"type", "message"}
        self.state = "error"


def check_order(events: Iterable[JSON]) -> str:
    """Asserts that the order is legal; gives the state in which the stream ends."""
    checker = OrderChecker()
    for event in events:
        checker.read(event)
    return checker.state


# -- chat requests -----------------------------------------------------------------------------------


def check_paired(chat: list[JSON]) -> None:
    """Each call is answered once, right behind the message that makes it; nothing else is answered."""
    waiting: list[str] = []
    for message in chat:
        if message["role"] == "tool":
            assert message["tool_call_id"] in waiting
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, "a call is not answered"
        waiting = list(dict.fromkeys(call["id"] for call in message.get("tool_calls", ())))
    assert not waiting, "the last calls are not answered"


# -- sinks -------------------------------------------------------------------------------------------


class Heard:
    """A sink that writes down what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def text(self, text: str) -> None:
        self.calls.append(("text", text))

    def texts(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self.text(piece)

    def thinking(self, text: str) -> None:
        self.calls.append(("thinking", text))

    def signature(self, signature: str) -> None:
        self.calls.append(("signature", signature))

    def redacted_thinking(self, data: str) -> None:
        self.calls.append(("redacted_thinking", data))

    def block(self, block: Mapping[str, Any]) -> None:
        self.calls.append(("block", dict(block)))

    def tool_start(self, id: str | None, name: str) -> None:
        self.calls.append(("tool_start", id, name))

    def tool_input(self, fragment: str) -> None:
        self.calls.append(("tool_input", fragment))

    def tool_end(self) -> None:
        self.calls.append(("tool_end",))

    def usage(self, usage: Usage) -> None:
        self.calls.append(("usage", usage))

    def finish(self, reason: str, *, stop_sequence: str | None = None) -> None:
        self.calls.append(("finish", reason, stop_sequence))

    def fail(self, error: GatewayError) -> None:
        self.calls.append(("fail", error.status, error.type, error.message))

    @property
    def tools(self) -> list[tuple[str | None, str, str]]:
        """(id, name, input) of each tool call, which must not interleave."""
        calls: list[tuple[str | None, str, str]] = []
        is_open = False
        for name, *values in self.calls:
            if name == "tool_start":
                assert not is_open, "a call inside a call"
                calls.append((values[0], values[1], ""))
                is_open = True
            elif name == "tool_input":
                assert is_open, "input outside a call"
                id, called, text = calls[-1]
                calls[-1] = (id, called, text + values[0])
            elif name == "tool_end":
                is_open = False
        return calls
