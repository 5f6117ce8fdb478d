"""Tools with other names, answered by a server of the client's format."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from language import cut, play
from strategies import Relayed, points, relayed

from gateway.dialects import DIALECTS

ANTHROPIC = DIALECTS["anthropic"]


def renamed(answer: Relayed) -> dict[str, str]:
    """A new name for each tool that the answer calls -> the one that it uses."""
    calls = [b["name"] for b in answer.message["content"] if b["type"] == "tool_use"]
    return {name: f"client-{name}" for name in calls}


def as_the_client_knows_them(text: bytes, names: dict[str, str]) -> list[str]:
    """The names of the calls in a stream."""
    found = []
    for line in text.splitlines():
        if line.startswith(b"data: "):
            block = json.loads(line[6:]).get("content_block") or {}
            found += [block["name"]] if block.get("type") == "tool_use" else []
    return found


@given(relayed(), points)
def test_calls_have_the_names_of_the_client(answer: Relayed, ends: list[int]) -> None:
    """In a stream cut anywhere, and in a whole answer; everything else is as it came."""
    names = renamed(answer)
    stream, whole = answer.stream(), answer.whole
    expected = [names[b["name"]] for b in answer.message["content"] if b["type"] == "tool_use"]
    streamed = play(ANTHROPIC, cut(stream, ends), tool_names=names, correct=None).out
    plain = play(ANTHROPIC, [stream], correct=None).out
    assert as_the_client_knows_them(streamed, names) == expected
    lines = zip(streamed.splitlines(), plain.splitlines(), strict=True)
    assert all(a == b for a, b in lines if b"tool_use" not in b)
    message = play(
        ANTHROPIC,
        cut(whole, ends),
        tool_names=names,
        correct=None,
        stream=False,
        upstream_streams=False,
    ).message
    content = [
        {**b, "name": names[b["name"]]} if b["type"] == "tool_use" else b
        for b in answer.message["content"]
    ]
    assert message == {**answer.message, "content": content}


@given(relayed(), st.booleans())
def test_an_answer_without_such_calls_keeps_its_bytes(answer: Relayed, stream: bool) -> None:
    """Names that nobody calls change nothing."""
    data = answer.stream() if stream else answer.whole
    fields = {"stream": stream, "upstream_streams": stream, "correct": None}
    out = play(ANTHROPIC, [data], tool_names={"\ue000": "x"}, **fields).out
    assert out == play(ANTHROPIC, [data], **fields).out
