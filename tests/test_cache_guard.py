"""Laws of the guard of prompts: what only grows is whole, what changes is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON
from strategies import conversations, request_bodies, said, texts

from gateway.cache_guard import Guard, Known, Outline, Verdict, compare, outline, role_of

MARK = {"type": "ephemeral"}


def of(body: JSON) -> Outline:
    """The outline of a body."""
    return outline(json.dumps(body).encode())


def user(text: Any) -> JSON:
    """A message."""
    return {"role": "user", "content": text}


@given(request_bodies, conversations)
def test_what_only_grows_is_whole(body: JSON, added: list[JSON]) -> None:
    """More messages at the end leave all that was there."""
    after = {**body, "messages": [*body["messages"], *added]}
    if compare(of(body), of(body)).broke_at is None and body["messages"]:
        assert compare(of(body), of(after)) == Verdict(1.0)


@given(st.lists(said, min_size=1, max_size=6), st.data())
def test_a_message_that_changes_is_named(history: list[str], data: st.DataObject) -> None:
    """By its place, whatever comes after it; what stands before it is the share that is kept."""
    at = data.draw(st.integers(0, len(history) - 1))
    messages = [user(text) for text in history]
    changed = [*messages[:at], user(history[at] + "!"), *messages[at + 1 :]]
    before, after = of({"messages": messages}), of({"messages": changed})
    kept = sum(part.size for part in before.parts[:at]) / before.size
    assert compare(before, after) == Verdict(kept, f"message {at}")


@given(request_bodies, texts)
def test_any_bytes_have_an_outline(body: JSON, text: str) -> None:
    """What is no request has an empty one; nothing raises."""
    assert outline(text.encode("utf-8", "surrogatepass")).size >= 0
    assert of(body) == of(json.loads(json.dumps(body)))


UNREADABLE = [
    b"[1e999]",
    b'{"role":"system","content":1e999}',
    b'{"role":"user","content":"\xff"}',
]


@pytest.mark.parametrize("item", UNREADABLE)
def test_what_cannot_be_read_is_compared_as_it_stands(item: bytes) -> None:
    """A relay sends it on as it came; the conversation around it is judged as any other."""
    marked = b'[{"cache_control":null},%b]' % item
    before = b'{"tools":%b,"messages":[%b]}' % (marked, item)
    after = b'{"tools":%b,"messages":[%b,{"role":"user","content":"on"}]}' % (marked, item)
    assert compare(outline(before), outline(after)) == Verdict(1.0)
    assert Known.of([item], map(role_of, [item])).digests == outline(before).messages


@pytest.mark.parametrize("levels", [100, 300, 450, 600, 900, 100_000])
def test_what_is_nested_deeply_is_compared_as_it_stands(levels: int) -> None:
    """However deep: whoever looks at a prompt must not keep it from being sent."""
    deep = b'[{"cache_control":0},' + b"[" * levels + b"]" * levels + b"]"
    assert Known.of([deep], ["user"]).digests == Known.of([deep], ["user"]).digests != ()
    assert outline(b'{"messages":%b}' % deep) == outline(b'{"messages":%b}' % deep)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"tools": [{"name": "b"}]}, "tools"),
        ({"system": "other"}, "system"),
        ({"messages": [user("other"), user("two")]}, "message 0"),
        ({"messages": [user("one")]}, "message 1"),
        ({"system": None}, "system"),
        ({"max_tokens": 5, "temperature": 1}, None),
    ],
)
def test_the_part_is_named(change: JSON, part: str | None) -> None:
    """Parts stand in the order in which providers read them; settings are no part of the prompt."""
    body = {"tools": [{"name": "a"}], "system": "s", "messages": [user("one"), user("two")]}
    assert compare(of(body), of({**body, **change})).broke_at == part


def test_tools_that_come_later_break_at_the_tools() -> None:
    """They stand in front of everything, so nothing behind them is named."""
    body = {"system": "s", "messages": [user("one")]}
    assert compare(of(body), of({**body, "tools": [{"name": "a"}]})) == Verdict(0.0, "tools")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            {"messages": [{"role": "developer", "content": "a"}, user("b")]},
            {"messages": [{"role": "developer", "content": "c"}, user("b")]},
        ),
        ({"instructions": "a", "input": [user("b")]}, {"instructions": "c"}),
        ({"systemInstruction": {"parts": [{"text": "a"}]}}, {"systemInstruction": {"parts": []}}),
    ],
)
def test_system_prompts_of_every_format(first: JSON, second: JSON) -> None:
    """Wherever a format puts it."""
    assert compare(of(first), of({**first, **second})).broke_at == "system"


def test_marks_and_attribution_are_not_part_of_the_prompt() -> None:
    """They change from turn to turn, and providers do not mind."""
    attribution = {"type": "text", "text": "x-anthropic-billing-header: cch=1;"}
    block = {"type": "text", "text": "a"}
    first = {
        "system": [attribution, {**block, "cache_control": MARK}],
        "messages": [user([{**block, "cache_control": MARK}])],
    }
    later = {
        "system": [{**attribution, "text": "x-anthropic-billing-header: cch=2;"}, block],
        "messages": [user([block]), user([{**block, "cache_control": MARK}])],
    }
    assert compare(of(first), of(later)) == Verdict(1.0)


def test_a_text_is_its_block() -> None:
    """A message that is a marked block now and a text later is the same one."""
    first, second = (user([{"type": "text", "text": text, "cache_control": MARK}]) for text in "ab")
    assert compare(of({"messages": [first]}), of({"messages": [user("a"), second]})) == Verdict(1)


def test_conversations_are_forgotten() -> None:
    """The oldest ones, when there are too many; and one that begins anew."""
    guard = Guard(remembered=2)
    body = json.dumps({"messages": [user("a")]}).encode()
    assert guard.note((), "t", outline(body)) is None
    assert guard.note((), "t", outline(body)) is None
    assert guard.note(("a",), "t", outline(body)) is None
    assert guard.note(("a",), "t", outline(body)) == Verdict(1.0)
    assert guard.note(("a",), "u", outline(body)) is None
    guard.forget(("a",))
    assert guard.note(("a",), "t", outline(body)) is None
    for name in ("b", "c", "a"):
        assert guard.note((name,), "t", outline(body)) is None


@pytest.mark.parametrize(
    ("broke_at", "part"),
    [(None, "nowhere"), ("message 12", "messages"), ("tools", "tools"), ("system", "system")],
)
def test_parts_for_counting(broke_at: str | None, part: str) -> None:
    """Numbers of messages would be too many labels."""
    assert Verdict(0.5, broke_at).part == part
