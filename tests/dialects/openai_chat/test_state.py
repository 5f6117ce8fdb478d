"""Laws of reasoning state: what a server gave comes back to it unchanged, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, check_order, cut, destination, events_of, play, request, sse
from strategies import json_values, mutated, pieces_of, points, said

from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.dialects.openai_chat.state import Details
from gateway.messages import accumulate
from gateway.reasoning import Vault

CHAT = OpenAIChat()
OTHER = Vault(b"another secret").seal_for("provider:model")
SIGNED: JSON = {"google": {"thought_signature": "abc"}}
CALL: JSON = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def detail(index: int, kind: str, **fields: Any) -> JSON:
    """An entry of `reasoning_details`."""
    return {"type": f"reasoning.{kind}", "format": "x-v1", "index": index, **fields}


def whole(message: JSON, finish: str = "stop") -> bytes:
    """A whole answer."""
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}]}).encode()


def delta(finish: str | None = None, **fields: Any) -> JSON:
    """A chunk with one delta."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def answered(message: JSON, seal: Any = SEAL) -> list[JSON]:
    """The blocks that the client gets of a whole answer."""
    played = play(CHAT, [whole(message)], stream=False, upstream_streams=False, seal=seal)
    assert played.error is None
    content: list[JSON] = played.message["content"]
    return content


def streamed(*chunks: JSON, dialect: OpenAIChat = CHAT) -> list[JSON]:
    """The blocks that the client gets of a streamed answer."""
    played = play(dialect, [sse(*chunks)])
    events = events_of(played.out)
    assert check_order(events) == "message_stop"
    content: list[JSON] = accumulate(events)["content"]
    return content


def sent_back(
    content: Sequence[JSON], dropped: list[str] | None = None, **quirks: Any
) -> tuple[JSON, ...]:
    """The assistant's messages of the next request."""
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "r"}
        for block in content
        if block["type"] == "tool_use"
    ]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]},
    ]
    asked = request(messages=messages)
    sent = OpenAIChat(ChatQuirks(**quirks)).outgoing(asked, destination())
    if dropped is not None:
        dropped += sent.dropped
    body = json.loads(sent.body)
    return tuple(message for message in body["messages"] if message["role"] == "assistant")


entries = st.lists(
    st.one_of(
        st.builds(lambda text, sig: {"kind": "text", "text": text, "signature": sig}, said, said),
        st.builds(lambda text: {"kind": "summary", "summary": text}, said),
        st.builds(lambda data: {"kind": "encrypted", "data": data, "id": "rs_1"}, said),
    ),
    min_size=1,
    max_size=3,
).map(lambda found: [detail(at, **fields) for at, fields in enumerate(found)])


class TestDetails:
    """`reasoning_details`, as routers send them."""

    @given(entries)
    def test_a_whole_answer(self, details: list[JSON]) -> None:
        """The details of an answer stand in the next request, unchanged and in their order."""
        content = answered({"content": "a", "reasoning_details": details})
        (message,) = sent_back(content)
        assert message == {"role": "assistant", "content": "a", "reasoning_details": details}

    @given(entries, st.data(), points)
    def test_a_streamed_answer(
        self, details: list[JSON], data: st.DataObject, cuts: list[int]
    ) -> None:
        """So do details that came in pieces, in whatever pieces."""
        chunks = []
        for entry in details:
            grown = next((name for name in ("text", "summary") if name in entry), None)
            late = {"signature", "data"} & entry.keys()
            if grown is not None:
                rest = {k: v for k, v in entry.items() if k not in late}
                pieces = data.draw(pieces_of(entry[grown]))
                chunks += [delta(reasoning_details=[{**rest, grown: piece}]) for piece in pieces]
            rest = {k: v for k, v in entry.items() if k != grown}
            chunks.append(delta(reasoning_details=[{**rest, "text": None} if grown else rest]))
        stream = sse(*chunks, delta("stop", content="a"))
        events = events_of(play(CHAT, cut(stream, cuts)).out)
        (message,) = sent_back(accumulate(events)["content"])
        assert message["reasoning_details"] == details

    def test_what_the_client_sees(self) -> None:
        """Texts and summaries are thinking; what is only encrypted is a redacted block."""
        details = [detail(0, "text", text="hm"), detail(1, "encrypted", data="x")]
        thinking, text = answered({"content": "a", "reasoning_details": details})
        assert (thinking["type"], thinking["thinking"]) == ("thinking", "hm")
        assert text == {"type": "text", "text": "a"}
        redacted, _ = answered({"content": "a", "reasoning_details": details[1:]})
        assert redacted["type"] == "redacted_thinking"
        assert SEAL.open(redacted["data"]) == {"details": details[1:]}

    def test_a_text_in_two_fields(self) -> None:
        """Routers say the same text beside its details; it is thinking once."""
        details = [detail(0, "text", text="hm", signature="s")]
        thinking, _ = answered({"content": "a", "reasoning": "hm", "reasoning_details": details})
        assert thinking["thinking"] == "hm"

    def test_a_signature_that_comes_late(self) -> None:
        """A signature behind the text that it signs still comes back with it."""
        chunks = [
            delta(reasoning_details=[detail(0, "text", text="hm")]),
            delta(content="a"),
            delta("stop", reasoning_details=[detail(0, "text", signature="s")]),
        ]
        content = streamed(*chunks)
        assert [block["type"] for block in content] == ["thinking", "text", "redacted_thinking"]
        (message,) = sent_back(content)
        assert message["reasoning_details"] == [detail(0, "text", text="hm", signature="s")]

    def test_only_to_its_origin(self) -> None:
        """State of another target or gateway is not sent, and its absence is disclosed."""
        details = [detail(0, "text", text="hm", signature="s")]
        dropped: list[str] = []
        (message,) = sent_back(
            answered({"content": "a", "reasoning_details": details}, OTHER), dropped
        )
        assert message == {"role": "assistant", "content": "a"}
        assert dropped == ["thinking of earlier turns"]

    @given(mutated(entries))
    def test_odd_shapes(self, details: Any) -> None:
        """Any JSON may stand where details are expected."""
        content = streamed(delta(reasoning_details=details), delta("stop", content="a"))
        assert content[-1] == {"type": "text", "text": "a"}
        assert sent_back(content)[0]["content"] == "a"

    @given(st.lists(json_values()), st.booleans())
    def test_any_pieces(self, pieces: list[Any], streamed: bool) -> None:
        """What is no object is no detail."""
        details = Details(streamed=streamed)
        details.add(pieces)
        assert bool(details) == any(isinstance(piece, dict) for piece in pieces)
        assert all(isinstance(entry, dict) for entry in details.take())
        assert not details

    @pytest.mark.parametrize(("streamed", "count"), [(True, 1), (False, 2)])
    def test_details_without_an_index(self, streamed: bool, count: int) -> None:
        """Without an index, pieces of a stream continue the entry before; whole entries stay apart."""
        details = Details(streamed=streamed)
        details.add(
            [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.text", "text": "b"}]
        )
        assert len(details.take()) == count


class TestCalls:
    """State that stands in tool calls, as Google's servers have it."""

    @given(st.lists(st.booleans(), min_size=1, max_size=4))
    def test_it_comes_back_where_it_stood(self, signed: list[bool]) -> None:
        """Each call that had state has it again, the others have none."""
        calls = [
            {**CALL, "id": f"toolu_{at}"} | ({"extra_content": SIGNED} if is_signed else {})
            for at, is_signed in enumerate(signed)
        ]
        for content in (
            answered({"content": None, "tool_calls": calls}),
            streamed(
                *(delta(tool_calls=[{**c, "index": n}]) for n, c in enumerate(calls)), delta("stop")
            ),
        ):
            (message,) = sent_back(content)
            assert message["tool_calls"] == calls

    def test_only_to_its_origin(self) -> None:
        """Another target is not sent it."""
        calls = [{**CALL, "extra_content": SIGNED}]
        (message,) = sent_back(answered({"content": None, "tool_calls": calls}, OTHER))
        assert message["tool_calls"] == [CALL]


class TestEcho:
    """Thinking that a server wants back as text."""

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    @pytest.mark.parametrize("turns", ["tools", "all"])
    def test_thinking_goes_back(self, field: str, turns: str) -> None:
        """Turns with calls have the model's own thinking, or a space; others if that is wanted."""
        thinking = answered({"content": None, "reasoning_content": "hm", "tool_calls": [CALL]})
        silent = answered({"content": None, "tool_calls": [CALL]})
        foreign = answered({"content": "a", "reasoning": "hm", "tool_calls": [CALL]}, OTHER)
        plain = answered({"content": "a", "reasoning_text": "hm"})
        quirks: JSON = {"echo_reasoning": field, "echo_turns": turns}
        assert sent_back(thinking, **quirks)[0][field] == "hm"
        assert sent_back(silent, **quirks)[0][field] == " "
        assert sent_back(foreign, **quirks)[0][field] == " "
        dropped: list[str] = []
        assert sent_back(plain, dropped, **quirks)[0].get(field) == (
            "hm" if turns == "all" else None
        )
        assert bool(dropped) == (turns == "tools")

    def test_thinking_as_parts(self) -> None:
        """Servers that say their thinking as parts of the content get it back so, signature and all."""
        part = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"}
        said = {"content": [part, {"type": "text", "text": "a"}], "tool_calls": [CALL]}
        thinking, text, call = answered(said)
        assert (thinking["thinking"], text["text"]) == ("hm", "a")
        (message,) = sent_back([thinking, text, call], echo_reasoning="parts")
        assert message["content"] == said["content"]
        (message,) = sent_back([thinking, call], echo_reasoning="parts")
        assert message["content"] == [part]

    def test_thinking_that_nobody_wants_back(self) -> None:
        """Most servers want none, and that it stays behind is said."""
        dropped: list[str] = []
        (message,) = sent_back(answered({"content": "a", "reasoning_content": "hm"}), dropped)
        assert message == {"role": "assistant", "content": "a"}
        assert dropped == ["thinking of earlier turns"]

    @given(st.lists(st.sampled_from(["reasoning_content", "content", "tool"]), max_size=6))
    def test_all_thinking_is_signed(self, order: list[str]) -> None:
        """Whatever follows what: each thinking block has a signature that this target can open."""
        chunks = [
            delta(tool_calls=[{**CALL, "id": f"t{at}", "index": at}])
            if kind == "tool"
            else delta(**{kind: "a"})
            for at, kind in enumerate(order)
        ]
        content = streamed(*chunks, delta("stop"))
        thoughts = [block for block in content if block["type"] == "thinking"]
        assert all(SEAL.open(block["signature"]) is not None for block in thoughts)
        assert bool(thoughts) == ("reasoning_content" in order)

    def test_thinking_between_tags(self) -> None:
        """Thinking that came between tags is the model's own too."""
        tags = OpenAIChat(ChatQuirks(think_tags="split"))
        content = streamed(
            delta(content="<think>hm</th"), delta("stop", content="ink>a"), dialect=tags
        )
        assert [block.get("thinking") for block in content] == ["hm", None]
        quirks: JSON = {"echo_reasoning": "reasoning_content", "echo_turns": "all"}
        assert sent_back(content, **quirks)[0]["reasoning_content"] == "hm"
