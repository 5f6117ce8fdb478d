"""Signatures on their way to the client and back: each returns to the server that made it, and no other."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, cut, destination, events_of, play, request, sse
from strategies import Relayed, points, relayed, thinking_blocks

from gateway.dialects import DIALECTS, Outgoing
from gateway.dialects.anthropic import Anthropic, AnthropicQuirks
from gateway.messages import accumulate, unfold
from gateway.reasoning import Vault, is_sealed

OWN = DIALECTS["anthropic"]
OTHER = Anthropic(AnthropicQuirks(signatures="sealed"))
FOREIGN = Vault(b"the tests' own secret").seal_for("other:model")
STATE_IN = {"thinking": "signature", "redacted_thinking": "data"}


def opened(message: JSON) -> JSON:
    """The message with its sealed states opened; every one of them has to be this target's."""
    blocks = []
    for block in message["content"]:
        if (field := STATE_IN.get(block["type"])) is not None:
            assert is_sealed(block[field])
            block = {**block, field: SEAL.open(block[field])}
        blocks.append(block)
    return {**message, "content": blocks}


def others_of(events: list[JSON]) -> list[JSON]:
    """The events that have nothing to do with a signature."""
    return [
        event
        for event in events
        if event.get("delta", {}).get("type") != "signature_delta"
        and event.get("content_block", {}).get("type") != "redacted_thinking"
    ]


@given(relayed(), points, st.booleans())
def test_every_writing_is_sealed_alike(answer: Relayed, cuts: list[int], holds: bool) -> None:
    """Streamed, folded, whole and unfolded, the client gets one message, and in it what the server gave."""
    stream, whole = cut(answer.stream(), cuts), cut(answer.whole, cuts)
    streamed = accumulate(events_of(play(OTHER, stream, holds_tool_calls=holds).out))
    folded = play(OTHER, stream, stream=False).message
    message = play(OTHER, whole, stream=False, upstream_streams=False).message
    unfolded = accumulate(events_of(play(OTHER, whole, upstream_streams=False).out))
    assert streamed == folded == message == unfolded
    assert opened(message) == answer.message


@given(relayed(pings=False), points, st.booleans())
def test_nothing_else_of_a_stream_changes(answer: Relayed, cuts: list[int], holds: bool) -> None:
    """All other events keep their bytes and their order."""
    out = play(OTHER, cut(answer.stream(), cuts), holds_tool_calls=holds).out
    assert others_of(events_of(out)) == others_of(list(answer.events))
    if "thinking" not in str(answer.message["content"]):
        assert out == answer.stream()


@given(relayed(thinking_blocks), points)
def test_signatures_come_once_and_last(answer: Relayed, cuts: list[int]) -> None:
    """A thinking block has one signature, and stops right after it."""
    events = events_of(play(OTHER, cut(answer.stream(), cuts)).out)
    signed = [
        at for at, e in enumerate(events) if e.get("delta", {}).get("type") == "signature_delta"
    ]
    thinking = [block for block in answer.message["content"] if block["type"] == "thinking"]
    assert len(signed) == len(thinking)
    for at in signed:
        following = [event["type"] for event in events[at + 1 :] if event["type"] != "ping"]
        assert following[0] == "content_block_stop"


@given(relayed(thinking_blocks))
def test_a_round_trip(answer: Relayed) -> None:
    """What the client sends back of an answer reaches its server as that server gave it."""
    message = play(OTHER, [answer.whole], stream=False, upstream_streams=False).message
    if not message["content"]:
        return
    sent = body_of(sent_by(OTHER, message["content"]))
    assert sent["messages"][1]["content"] == answer.message["content"]


@given(relayed(thinking_blocks))
def test_nobody_else_gets_it(answer: Relayed) -> None:
    """Anthropic and every other server get the conversation without that thinking, and are told so."""
    message = play(OTHER, [answer.whole], stream=False, upstream_streams=False).message
    if not message["content"]:
        return
    stranger = destination(seal=FOREIGN)
    for outgoing in (
        sent_by(OWN, message["content"]),
        OTHER.outgoing(conversation(message["content"]), stranger),
    ):
        assert len(body_of(outgoing)["messages"]) == 2
        assert outgoing.dropped == ("thinking of another model",)


def test_a_server_that_signs_nothing() -> None:
    """Thinking without a signature is sealed too: it must come back to its own server only."""
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": ""},
    }
    delta = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "Hm."},
    }
    stop = {"type": "content_block_stop", "index": 0}
    opening = {"type": "message_start", "message": {"usage": {}}}
    ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}}
    endings: list[list[JSON]] = [[stop], []]
    for closing in endings:
        stream = sse(opening, start, delta, *closing, ending, {"type": "message_stop"}, named=True)
        (block,) = accumulate(events_of(play(OTHER, [stream]).out))["content"]
        assert SEAL.open(block["signature"]) == ""
        sent = body_of(sent_by(OTHER, [block]))["messages"][1]["content"]
        assert sent == [{"type": "thinking", "thinking": "Hm.", "signature": ""}]


def test_thinking_about_signatures() -> None:
    """Thinking that names the event of a signature is thinking."""
    thinking = {"type": "thinking", "thinking": '"signature_delta"', "signature": "s"}
    message: JSON = {"content": [thinking], "stop_reason": "end_turn", "usage": {}}
    stream = sse(*unfold(message), named=True)
    assert opened(accumulate(events_of(play(OTHER, [stream]).out)))["content"] == [thinking]


def test_a_signature_in_the_opening_event() -> None:
    """A signature that stands there is the server's, and sealed like one that comes last."""
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "secret"}
    message: JSON = {
        "type": "message",
        "content": [thinking],
        "stop_reason": "end_turn",
        "usage": {},
    }
    events: list[JSON] = [
        {"type": "message_start", "message": {**message, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": thinking},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]
    out = play(OTHER, [sse(*events, named=True)]).out
    assert b"secret" not in out
    assert opened(accumulate(events_of(out)))["content"] == [thinking]


# -- the way back ------------------------------------------------------------------------------------


def conversation(*turns: list[JSON]) -> Any:
    """A request in which the model has said these things."""
    messages: list[JSON] = [{"role": "user", "content": "hi"}]
    for content in turns:
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": "go"}]
    return request(messages=messages)


def sent_by(dialect: Any, *turns: list[JSON]) -> Outgoing:
    """What is sent when the model has said these things."""
    outgoing: Outgoing = dialect.outgoing(conversation(*turns), destination("claude-test"))
    return outgoing


def body_of(outgoing: Outgoing) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing.body)
    return body


SIGNED = {"type": "thinking", "thinking": "a", "signature": "EqQBCgIYAhIk"}
HIDDEN = {"type": "redacted_thinking", "data": "EmwKAhgB"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
SAID = {"type": "text", "text": "thinking about it"}


def test_anthropics_own_signatures_pass() -> None:
    """A conversation of Anthropic's own thinking is sent byte for byte."""
    asked = conversation([SIGNED, SAID], [HIDDEN, SAID])
    assert OWN.outgoing(asked, destination("claude-test")).body is asked.raw


def test_only_the_messages_that_need_it_are_written_anew() -> None:
    """The others keep their bytes, white space and all."""
    sealed = {**SIGNED, "signature": FOREIGN.close("x")}
    first, last = (
        b'{ "role":"assistant", "content": [%b] }',
        b'{"role": "user", "content": "a\\u0062"}',
    )
    kept = first % json.dumps(SIGNED).encode()
    damaged = first % b",".join(json.dumps(block).encode() for block in (sealed, SAID))
    body = b'{"model": "claude-test", "messages": [%b, %b, %b]}' % (kept, damaged, last)
    out = OWN.outgoing(type(request()).parse(body), destination("claude-test"))
    expected = {"role": "assistant", "content": [SAID]}
    written = json.dumps(expected, separators=(",", ":")).encode()
    assert out.body.endswith(b'"messages":[%b,%b,%b]}' % (kept, written, last))


def test_unsigned_thinking_is_not_sent_to_anthropic() -> None:
    """It refuses thinking without a signature, whoever lost it."""
    for unsigned in (
        {**SIGNED, "signature": ""},
        {**SIGNED, "signature": None},
        {"type": "thinking", "thinking": "a"},
        {"type": "redacted_thinking", "data": FOREIGN.close("x")},
    ):
        outgoing = sent_by(OWN, [unsigned, SAID])
        assert body_of(outgoing)["messages"][1]["content"] == [SAID]
        assert outgoing.dropped == ("thinking of another model",)


def test_a_message_that_was_nothing_else_is_gone() -> None:
    """The API takes two user messages in a row, but no empty message."""
    sent = body_of(sent_by(OWN, [{**SIGNED, "signature": ""}]))
    assert [message["role"] for message in sent["messages"]] == ["user", "user"]


def test_a_call_whose_thinking_is_gone() -> None:
    """With a fixed budget the API wants thinking before the last call, so this turn goes without."""
    unsigned = {**SIGNED, "signature": ""}
    for thinking, turns, expected in (
        ({"type": "enabled", "budget_tokens": 2000}, [[unsigned, CALL]], {"type": "disabled"}),
        ({"type": "adaptive"}, [[unsigned, CALL]], {"type": "adaptive"}),
        ({"type": "enabled"}, [[SIGNED, CALL]], {"type": "enabled"}),
        ({"type": "enabled"}, [[unsigned, CALL], [SAID]], {"type": "enabled"}),
        (
            {"type": "enabled"},
            [[unsigned, CALL], [{"type": "text", "text": "x"}]],
            {"type": "enabled"},
        ),
    ):
        asked = conversation(*turns).replace(thinking=thinking)
        assert body_of(OWN.outgoing(asked, destination()))["thinking"] == expected


@given(st.lists(st.lists(st.one_of(thinking_blocks, st.just(SAID)), min_size=1), max_size=3))
def test_no_foreign_state_leaves(turns: list[list[JSON]]) -> None:
    """Whatever thinking the history holds, another server gets none that it did not make."""
    sent = sent_by(OTHER, *turns)
    for message in body_of(sent)["messages"]:
        if message["role"] == "assistant":
            assert message["content"]
            assert all(block == SAID for block in message["content"])
