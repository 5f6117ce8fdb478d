"""Laws of cache marks: they move from turn to turn, and what the model reads does not move with them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL
from strategies import dialogues

from gateway.dialects.openai_chat import ChatQuirks
from gateway.dialects.openai_chat.cache import MARKS, MOST, mark
from gateway.dialects.openai_chat.content import Spelling, conversation
from gateway.dialects.turns import system_texts, turns_of

MARK = {"type": "ephemeral", "ttl": "1h"}
FORMS = ["parts", "breakpoints"]


def sent(messages: list[JSON], system: Any = "", **quirks: Any) -> list[JSON]:
    """The chat messages of a conversation."""
    spelling = Spelling.of(ChatQuirks(**quirks), "m")
    return conversation(system_texts(system, []), turns_of(messages, SEAL, []), spelling, [])


def read(chat: list[JSON]) -> list[JSON]:
    """The messages as the model reads them: without marks, each text a part of its own."""
    plain = copy.deepcopy(chat)
    for message in plain:
        if isinstance(message.get("content"), str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        for part in message.get("content") or ():
            for name in MARKS:
                part.pop(name, None)
    return plain


def marked(messages: list[JSON], places: list[int]) -> list[JSON]:
    """The conversation with marks on some of its blocks, by number."""
    changed = copy.deepcopy(messages)
    blocks = [block for message in changed for block in message["content"]]
    for place in places:
        if blocks:
            blocks[place % len(blocks)]["cache_control"] = MARK
    return changed


places = st.lists(st.integers(0, 30), max_size=6)


@given(dialogues(), places, places, st.sampled_from(FORMS))
def test_marks_do_not_change_what_is_read(
    turns: list[list[JSON]], some: list[int], others: list[int], form: Any
) -> None:
    """Wherever the marks stand, the model reads the same parts."""
    flat = [message for turn in turns for message in turn]
    one, other = (sent(marked(flat, chosen), cache=form) for chosen in (some, others))
    assert read(one) == read(other)


@given(dialogues(), places, st.sampled_from(["none", *FORMS]))
def test_how_many_marks(turns: list[list[JSON]], chosen: list[int], form: Any) -> None:
    """There are never more than servers take, and none where they know none."""
    flat = marked([message for turn in turns for message in turn], chosen)
    system = [{"type": "text", "text": "s", "cache_control": MARK}] * 3
    chat = sent(flat, system, cache=form)
    parts = [p for m in chat if isinstance(m.get("content"), list) for p in m["content"]]
    found = [name for part in parts for name in MARKS if name in part]
    assert len(found) <= (0 if form == "none" else MOST)


@pytest.mark.parametrize(
    ("cached", "form", "expected"),
    [
        (None, "parts", {}),
        (MARK, "none", {}),
        (MARK, "parts", {"cache_control": MARK}),
        ({"type": "ephemeral", "x": 1}, "parts", {"cache_control": {"type": "ephemeral"}}),
        (MARK, "breakpoints", {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}),
        (
            {"type": "ephemeral"},
            "breakpoints",
            {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        ),
    ],
    ids=str,
)
def test_marks(cached: Any, form: Any, expected: JSON) -> None:
    """The client's mark in the server's words."""
    assert mark(cached, form) == expected


def test_where_marks_stand() -> None:
    """On the part that the client marked, in messages of every role; not for other models."""
    text = {"type": "text", "text": "a", "cache_control": MARK}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "r", "cache_control": MARK}
    messages = [
        {"role": "user", "content": [text]},
        {"role": "assistant", "content": [text, call]},
        {"role": "user", "content": [result]},
        {"role": "system", "content": [text]},
    ]
    part = {"type": "text", "text": "a", "cache_control": MARK}
    user, assistant, tool, told = sent(messages, cache="parts")
    assert user["content"] == assistant["content"] == [part]
    assert tool["content"] == [{**part, "text": "r"}]
    assert told["content"][0]["cache_control"] == MARK
    assert not [
        part
        for message in sent(messages, cache="parts", cache_models=("x*",))
        if isinstance(message["content"], list)
        for part in message["content"]
    ]
