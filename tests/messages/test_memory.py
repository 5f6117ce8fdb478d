"""Laws of the memory of conversations: it changes what a request costs, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, destination
from strategies import conversations, json_values, mutated, request_bodies, thinking_blocks

from gateway.cache_guard import outline
from gateway.dialects import DIALECTS, Dialect, Outgoing
from gateway.dialects.anthropic import Anthropic, AnthropicQuirks
from gateway.dialects.gemini import Gemini, GeminiQuirks
from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.errors import GatewayError
from gateway.messages import Memory, MessagesRequest
from gateway.messages.frames import DECODED, LONGEST, MOST
from gateway.messages.memory import FRAMES, LIMIT, OVERHEAD, WIDEST
from gateway.messages.recognition import LEAST, LOOKS
from gateway.providers import PROVIDERS
from gateway.tokens import TokenCounter

LONG = "A long description. " * (LEAST // 20 + 1)
"""What makes a body worth recognising."""

FORMATS: dict[str, Dialect] = {
    **DIALECTS,
    **{name: PROVIDERS[name].dialect for name in ("mistral", "openrouter", "deepseek", "gemini")},
    "merging chat": OpenAIChat(ChatQuirks(merge_turns=True, reminders="system")),
    "hoisting chat": OpenAIChat(ChatQuirks(reminders="hoist")),
    "marking chat": OpenAIChat(ChatQuirks(cache="parts", cache_models=("*",), merge_turns=True)),
    "echoing chat": OpenAIChat(ChatQuirks(echo_reasoning="reasoning_content", echo_turns="all")),
    "prefilling chat": OpenAIChat(ChatQuirks(prefill="prefix")),
    "gemini with ids": Gemini(GeminiQuirks(call_ids=True)),
    "pure messages": Anthropic(AnthropicQuirks(blocks=(), mid_system="reminder")),
    "sealing messages": Anthropic(AnthropicQuirks(signatures="sealed", cache_control=False)),
}

flags: st.SearchStrategy[bool] = st.booleans()
marks = st.sampled_from([{}, {}, {"cache_control": {"type": "ephemeral"}}])


@st.composite
def stories(draw: st.DrawFn) -> list[list[JSON]]:
    """A conversation turn by turn: it grows, marks move, the end is changed, it is told from anew."""
    told: list[JSON] = []
    turns: list[list[JSON]] = []
    for _ in range(draw(st.integers(2, 4))):
        told = told[: draw(st.integers(max(len(told) - 2, 0), len(told)))]
        told = [*told, *draw(conversations)]
        if draw(flags) and told:
            told = [*told, {"role": "assistant", "content": [draw(thinking_blocks)]}]
        mark = draw(marks)
        last = [{"role": "user", "content": [{"type": "text", "text": "go on", **mark}]}]
        turns.append(told + last * draw(st.integers(0, 1)))
        if draw(flags):
            told = turns[-1]
    return turns


layouts: st.SearchStrategy[Callable[[JSON], bytes]] = st.sampled_from(
    [
        lambda body: json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        ),
        lambda body: json.dumps(body).encode(),
        lambda body: json.dumps(body, indent=1).encode(),
        lambda body: b" " + json.dumps(body, separators=(" , ", " : ")).encode() + b"\n",
    ]
)
"""How clients lay out JSON."""


def outcome(dialect: Dialect, request: MessagesRequest) -> Outgoing | str:
    """What is sent, or why nothing is."""
    try:
        return dialect.outgoing(request, destination())
    except GatewayError as error:
        return error.message


@given(st.data())
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_sent_is_the_same(name: str, data: st.DataObject) -> None:
    """With and without a memory, to the byte; and so is what the guard of caches sees of it."""
    memory, dialect = Memory(), FORMATS[name]
    fields, layout = data.draw(request_bodies), data.draw(layouts)
    for messages in data.draw(stories()):
        raw = layout({**fields, "x-long": LONG, "messages": messages})
        plain, known = MessagesRequest.parse(raw), MessagesRequest.parse(raw, memory)
        expected, found = outcome(dialect, plain), outcome(dialect, known)
        if isinstance(expected, str) or isinstance(found, str):
            assert found == expected
            continue
        assert found.body == expected.body
        assert set(found.dropped) == set(expected.dropped)
        for field in ("path", "headers", "tool_names", "stops"):
            assert getattr(found, field) == getattr(expected, field)
        assert found.outline == outline(expected.body)


frames = st.permutations(
    [("system", LONG), ("x-list", []), ("x-lists", [[]]), ("metadata", {"user_id": "u"}), ("z", 1)]
).flatmap(lambda fields: st.integers(0, 5).map(lambda count: fields[:count]))
"""Fields of a request beside its conversation, of which some look like the end of one."""


@given(st.lists(st.tuples(frames, st.integers(0, 4), st.integers(1, 4)), max_size=8), layouts)
def test_what_stands_around_is_the_same(
    asked: list[tuple[list[tuple[str, Any]], int, int]], layout: Callable[[JSON], bytes]
) -> None:
    """Whichever fields stand before and behind the conversation, and whichever did so before."""
    memory = Memory()
    for fields, at, turns in asked:
        conversation = {"messages": talk(turns), "model": LONG[:300]}
        raw = layout({**dict(fields[:at]), **conversation, **dict(fields[at:])})
        raw += b" " * max(LEAST - len(raw), 0)
        plain, known = MessagesRequest.parse(raw), MessagesRequest.parse(raw, memory)
        assert list(known) == list(plain)
        assert {name: known.get(name) for name in known} == {n: plain.get(n) for n in plain}
        assert [known.raw_field(name) for name in known] == [plain.raw_field(n) for n in plain]
        assert known.encode_without_messages() == plain.encode_without_messages()
        assert known.replace(z=2).encode() == plain.replace(z=2).encode()
        assert known.of("system", "length", partial(len, plain.system)) == len(plain.system)


def test_what_stands_around_is_read_once() -> None:
    """A value is the same one at the next turn, whatever is new in the conversation."""
    memory, user = Memory(), {"user_id": "u"}
    one = MessagesRequest.parse(body(talk(5), metadata=user), memory)
    assert one.get("metadata") == user
    two = MessagesRequest.parse(body(talk(6), metadata=user), memory)
    other = MessagesRequest.parse(body(talk(6), metadata={"user_id": "v"}), memory)
    assert two.get("metadata") is one.get("metadata")
    assert other.get("metadata") == {"user_id": "v"}
    assert two.replace(metadata=None).get("metadata") is None
    assert one.get("messages") == talk(5)
    assert two.get("messages") == talk(6)


def test_of_many_frames_the_last_are_kept() -> None:
    """But not more bytes than there is room for, and none that is very long."""
    memory = Memory()
    bodies = [body(talk(2), number=number) for number in range(2 * MOST)]
    for raw in bodies:
        MessagesRequest.parse(raw, memory)
    assert [raw for raw in bodies if memory.frames.around(raw) is not None] == bodies[MOST:]
    long = body(talk(2), number="x" * LONGEST)
    MessagesRequest.parse(long, memory)
    assert memory.frames.around(long) is None
    size, room = LONGEST // 2, LIMIT // FRAMES // (1 + DECODED)
    bodies = [body(talk(2), number=f"{number}" + "x" * size) for number in range(2 * room // size)]
    for raw in [*bodies, bodies[-2]]:
        MessagesRequest.parse(raw, memory)
    kept = [number for number, raw in enumerate(bodies) if memory.frames.around(raw) is not None]
    assert kept == list(range(kept[0], len(bodies)))
    assert room - 2 * LONGEST < len(kept) * size <= room
    memory.limit = 0
    MessagesRequest.parse(body(talk(2), number="another"), memory)
    assert memory.size == 0


class Words:
    """Counts words, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def count(self, text: str) -> int:
        """One token for each word."""
        self.asked += 1
        return len(text.split())


@given(request_bodies, stories(), layouts)
def test_what_is_known_of_it_is_the_same(
    fields: JSON, turns: list[list[JSON]], layout: Callable[[JSON], bytes]
) -> None:
    """Its messages, its text as it came, its tokens, and what it mentions."""
    memory, counter = Memory(), TokenCounter(Words())
    for messages in turns:
        raw = layout({**fields, "messages": messages, "x-long": LONG})
        plain, known = MessagesRequest.parse(raw), MessagesRequest.parse(raw, memory)
        assert counter.request(known) == counter.request(plain)
        assert known.mentions(b"thinking", b"image") == plain.mentions(b"thinking", b"image")
        assert known.messages == plain.messages
        assert known.raw_field("messages") == plain.raw_field("messages")
        assert known.encode() is raw
        assert known.replace(model="m").encode() == plain.replace(model="m").encode()
        assert [m for some in known.each("messages", list) for m in some] == plain.messages
        assert list(known) == list(plain)


@given(st.lists(st.one_of(mutated(request_bodies), json_values()), min_size=1, max_size=3), layouts)
@example(
    [{"model": "m", "messages": [], "tools": [{"messages": [{"role": "user"}]}]}] * 2, json.dumps
)
def test_bodies_of_odd_shape(bodies: list[Any], layout: Callable[[JSON], Any]) -> None:
    """Whatever is said of a body is said of it the second time too."""
    memory = Memory()
    for body in [*bodies, *bodies]:
        body = {**body, "x-long": LONG} if isinstance(body, dict) else body
        raw = layout(body)
        raw = raw.encode() if isinstance(raw, str) else raw
        assert asked(raw, memory) == asked(raw, None)


@given(stories(), st.integers(0, 6))
def test_a_tool_that_speaks_of_messages(turns: list[list[JSON]], decoys: int) -> None:
    """Lists of the same name before the conversation cost one look each, and some of them may stand there."""
    memory = Memory()
    schema = {"type": "object", "examples": [{"messages": [{"role": "user"}]}] * decoys}
    tools = [{"name": "ask", "input_schema": schema}]
    for messages in turns:
        raw = json.dumps({"model": "m", "x": LONG, "tools": tools, "messages": messages}).encode()
        assert asked(raw, memory) == asked(raw, None)
        again = MessagesRequest.parse(raw, memory)
        spoke = any(message["role"] == "assistant" for message in messages)
        if decoys < LOOKS and spoke:
            assert again.fresh < len(raw)


@given(st.data())
@pytest.mark.parametrize("name", ["anthropic", "pure messages", "openai-chat"])
def test_bytes_that_are_hardly_json(name: str, data: st.DataObject) -> None:
    """Such a body is refused or sent on as it would be without a memory."""
    memory, dialect = Memory(), FORMATS[name]
    fields, layout = data.draw(request_bodies), data.draw(layouts)
    for messages in data.draw(stories()):
        raw = layout({**fields, "tools": [], "x-long": LONG, "messages": messages})
        old, new = data.draw(damages)
        raw = raw.replace(old, new, data.draw(st.integers(0, 3)))
        assert tried(dialect, raw, memory) == tried(dialect, raw, None)


damages = st.sampled_from(
    [
        (b'"role"', b'"r\\u006fle"'),
        (b'"role"', b'"\xff":0,"role"'),
        (b'"role"', b'"x":1e999,"role"'),
        (b'"role"', b'"thinking":1e999,"role"'),
        (b'"role"', b'"role":"\\ud800","role"'),
        (b'"messages"', b'"messages":[],"messages"'),
        (b"{", b"\xef\xbb\xbf{"),
        (b"]", b",]"),
    ]
)
"""What stands in a body, and what may stand there instead."""


def tried(dialect: Dialect, raw: bytes, memory: Memory | None) -> Any:
    """What is sent of a body, and how the guard of caches sees it; or that it is refused."""
    try:
        sent = dialect.outgoing(MessagesRequest.parse(raw, memory), destination())
    except GatewayError as error:
        return error.status
    return sent.body, sent.outline


def asked(raw: bytes, memory: Memory | None) -> Any:
    """The conversation in a body, or why there is none."""
    try:
        request = MessagesRequest.parse(raw, memory)
        return request.messages, sum(request.each("count", len))
    except GatewayError as error:
        return error.message


def body(messages: Sequence[JSON], **fields: Any) -> bytes:
    """A body worth recognising."""
    return json.dumps({"model": "m", "x-long": LONG, "messages": messages, **fields}).encode()


def talk(turns: int, word: str = "w") -> list[JSON]:
    """A conversation of so many questions, all but the last of them answered."""
    messages = []
    for number in range(turns):
        messages.append({"role": "user", "content": f"{word} {number}"})
        messages.append({"role": "assistant", "content": f"answer {number}"})
    return messages[:-1]


def test_a_turn_costs_what_is_new_in_it() -> None:
    """Of a longer conversation only the end is looked at."""
    memory = Memory()
    seen: list[JSON] = []
    for turns in (50, 51, 52):
        seen.clear()
        request = MessagesRequest.parse(body(talk(turns)), memory)
        request.each("looks", seen.extend)
        if turns > 50:
            assert [message["content"] for message in seen] == [
                f"answer {turns - 2}",
                f"w {turns - 1}",
            ]
    counter = TokenCounter(words := Words())
    counter.request(MessagesRequest.parse(body(talk(60)), memory))
    words.asked = 0
    counter.request(MessagesRequest.parse(body(talk(61)), memory))
    assert words.asked == 2


def test_a_shorter_conversation_does_not_stand_before_a_longer_one() -> None:
    """Where two begin alike, and one's beginning is the whole of the other, both are recognised."""
    memory = Memory()
    short, more = [{"role": "user", "content": "one"}], [{"role": "user", "content": "two"}]
    long = [*short, *more, *talk(50)[1:]]
    for messages in (short, long, short, long):
        MessagesRequest.parse(body(messages), memory)
    assert MessagesRequest.parse(body(long), memory).fresh == len(body([]))


def test_a_list_elsewhere_is_no_conversation() -> None:
    """Messages inside a tool's schema are not those of the request, whatever was said before."""
    memory = Memory()
    MessagesRequest.parse(body(talk(5)), memory)
    inside = {"examples": [{"messages": talk(5)}]}
    raw = json.dumps(
        {"model": "m", "x-long": LONG, "tools": [inside], "messages": talk(1)}
    ).encode()
    request = MessagesRequest.parse(raw, memory)
    assert request.messages == talk(1)
    assert request.tools == [inside]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 6)), max_size=30), st.integers(0, 9))
def test_no_more_is_kept_than_may_be(asked: list[tuple[int, int]], limit: int) -> None:
    """What was not used for long goes first; what is told anew is found again."""
    memory = Memory(limit * 2 * OVERHEAD)
    for who, turns in asked:
        request = MessagesRequest.parse(body(talk(turns, f"{who}")), memory)
        assert sum(request.each("count", len)) == 2 * turns - 1
        assert memory.size <= limit * 2 * OVERHEAD
        assert memory.size == held(memory)


def held(memory: Memory) -> int:
    """Bytes of the frames and in the tree, counted by walking it."""
    size = (1 + DECODED) * sum(frame.size for frame in memory.frames._known[0]) - OVERHEAD
    going = [memory._root]
    while going:
        one = going.pop()
        size += one.size
        going += one.children
        assert all(child.parent is one for child in one.children)
    return size


def test_a_crowd_at_one_place_stays_small() -> None:
    """However often a conversation is told from its beginning, few ways on are compared with the body."""
    memory = Memory()
    for number in range(2 * WIDEST):
        told = [*talk(2), {"role": "assistant", "content": f"{number}"}]
        MessagesRequest.parse(body(told), memory)
    [first] = memory._root.children
    [second] = first.children
    assert len(second.children) == WIDEST
    assert memory.size == held(memory)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_a_crowd_of_conversations_is_known(separators: tuple[str, str]) -> None:
    """Each of many that take turns is recognised, unless its layout is a rare one."""
    memory = Memory()

    def asked(who: int, turns: int) -> MessagesRequest:
        fields = {"model": "m", "x-long": LONG, "messages": talk(turns, f"{who}")}
        return MessagesRequest.parse(json.dumps(fields, separators=separators).encode(), memory)

    whole = [asked(who, 50).fresh for who in range(WIDEST + 50)]
    again = [asked(who, 51).fresh for who in range(WIDEST + 50)]
    assert memory.size == held(memory)
    if " : " not in separators:
        assert all(new < old / 1.2 for new, old in zip(again, whole, strict=True))


@given(st.integers(0, 3), st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_beginnings_that_look_alike(size: int, asked: list[int]) -> None:
    """Conversations whose beginnings have one length and one end are told apart all the same."""
    memory = Memory((size or 1_000) * 4 * OVERHEAD)
    for who in asked:
        first = {"role": "user", "content": f"{who:02}" + "x" * 100}
        messages = [first, *talk(2)[1:]]
        assert MessagesRequest.parse(body(messages), memory).messages == messages
        assert memory.size == held(memory) <= memory.limit


@given(stories(), st.data(), layouts)
def test_a_trail_leads_nowhere_else(
    turns: list[list[JSON]], data: st.DataObject, layout: Callable[[JSON], bytes]
) -> None:
    """A conversation is found to be the same without what it was when it was heard of last."""
    memory = Memory(data.draw(st.sampled_from([20 * OVERHEAD, 1_000_000])))
    for messages in turns:
        raw = layout({"model": "m", "x-long": LONG, "messages": [*talk(2), *messages]})
        MessagesRequest.parse(raw, memory)
        if data.draw(flags):
            old, new = data.draw(damages)
            raw = raw.replace(old, new, data.draw(st.integers(0, 9)))
        led = told(raw, memory)
        for first in memory._root.children:
            assert all(passage.parent is not None for passage in first.trail)
            first.trail = []
        assert told(raw, memory) == led


def told(raw: bytes, memory: Memory) -> list[bytes] | str:
    """The passages of the conversation in a body, or why there are none."""
    try:
        return MessagesRequest.parse(raw, memory).passage_texts
    except GatewayError as error:
        return error.message
