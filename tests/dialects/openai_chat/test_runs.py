"""Laws of pieces in one wrapping: what an answer says does not depend on how its bytes came."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from language import JSON, cut, events_of, joined, play
from strategies import points, torn

from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_chat.runs import TRIES, Runs

CHAT = OpenAIChat()
ODD = ("", " ", "\n", '"', "\\", 'a"b', "a\\", '","', '"},"x":"', "\n\n", "data: {}", "é", "\u2028")
pieces = st.one_of(torn, st.sampled_from(ODD))
fields = st.sampled_from(["content", "content", "content", "reasoning_content", "reasoning"])
others: st.SearchStrategy[JSON] = st.sampled_from(
    [
        {},
        {"role": "assistant"},
        {"reasoning_content": "because"},
        {"refusal": "no"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {"tool_calls": []},
    ]
)


@st.composite
def events(draw: st.DrawFn) -> list[bytes]:
    """A stream of pieces, most of them in one wrapping, some with something beside them."""
    ascii_only = draw(st.sampled_from([True, False]))
    wrapping: JSON = draw(st.sampled_from([{}, {"reasoning": ""}, {"role": "assistant"}]))
    blank = draw(st.sampled_from([b"\n\n", b"\n\n", b"\r\n\r\n", b"\n\n\n"]))
    out: list[bytes] = []
    for text, field, beside in draw(st.lists(st.tuples(pieces, fields, others), max_size=12)):
        rare = draw(st.integers(0, 5)) == 0
        delta = {**wrapping, **(beside if rare else {}), field: text}
        out.append(line({"choices": [{"index": 0, "delta": delta}]}, blank, ascii_only=ascii_only))
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [*out, line(end, blank, ascii_only=True), b"data: [DONE]" + blank]


def line(chunk: Any, blank: bytes, *, ascii_only: bool) -> bytes:
    """An event of the stream."""
    text = json.dumps(chunk, ensure_ascii=ascii_only, separators=(",", ":"))
    return b"data: " + text.encode("utf-8", "backslashreplace") + blank


def outcome(chunks: list[bytes]) -> Any:
    """The events that come of it, without ids, or what went wrong."""
    played = play(CHAT, chunks)
    if played.error is not None:
        return played.error.message
    events: list[JSON] = joined(events_of(played.out)[1:])
    for event in events:
        event.get("content_block", {}).pop("id", None)
    return events


WRAPPED = [
    b'data: {"choices":[{"delta":{"content":"%b"}}]}' % p
    for p in (b"a", b"b\\", b'","c', b"\\u00", b"e9")
]


def told(text: bytes, beside: bytes = b"") -> bytes:
    """An event that holds a text, with more fields in its choice."""
    return b'data: {"choices":[{"delta":{"content":"%b"}%b}]}\n\n' % (text, beside)


USED = b',"usage":{"prompt_tokens":1,"completion_tokens":%b}'
COUNTED = [
    told(b"a", USED % b"1"),
    told(b"", USED % b"2"),
    told(b"b", USED % b"1"),
    b"data: [DONE]\n\n",
]
SPELLED = [
    b'data: {"choices":[{"delta":{"c\\u006fntent":"a"}}],"about":{"content":"b"}}\n\n',
    b'data: {"choices":[{"delta":{"c\\u006fntent":"a"}}],"about":{"content":"c"}}\n\n',
    b"data: [DONE]\n\n",
]
SHORT = [told(b"a"), b'data: {"choices":[{"delta":{"content":"}}]}\n\n', b"data: [DONE]\n\n"]


@given(events(), points)
@example(COUNTED, [])
@example(SPELLED, [])
@example(SHORT, [])
@example([event + b"\n\n" for event in WRAPPED], [])
@example([b'data: {"choices":[{"delta":{"content":"a\\"}}]}\n\n'] * 3, [])
def test_however_the_bytes_come(stream: list[bytes], where: list[int]) -> None:
    """All at once, each event by itself, byte by byte, or cut anywhere: the same is said."""
    whole = b"".join(stream)
    expected = outcome([whole[at : at + 1] for at in range(len(whole))])
    for chunks in ([whole], stream, cut(whole, where)):
        assert outcome(chunks) == expected


@given(st.lists(st.text('"\\\\,a] ', max_size=5).map(str.encode) | st.none(), max_size=6))
@example([None, None, b'","'])
def test_pieces_in_a_row_are_as_each_by_itself(said: list[bytes | None]) -> None:
    """Whatever stands in the wrapping, up to what is no text, such as an event with one quote too few."""
    runs = Runs()
    runs.learn({"choices": [{"delta": {"content": "a"}}]}, told(b"a"))
    short = told(b"").replace(b'""', b'"')
    stream = [told(piece) if piece is not None else short for piece in said]
    alone = list(takewhile(lambda text: text is not None, map(runs.only, stream)))
    assert runs.take([one.removesuffix(b"\n\n") for one in stream], 0) == alone


def test_wrappings_that_always_change_are_left_alone() -> None:
    """After so many in vain no more are learned."""
    runs = Runs()
    for number in range(2 * TRIES):
        chunk = {"n": number, "choices": [{"delta": {"content": "a"}}]}
        raw = line(chunk, b"\n\n", ascii_only=True)
        assert not runs.field or runs.take([raw[:-2]], 0) == []
        runs.learn(chunk, raw)
    assert not runs.hopes
