"""Laws of collected tool calls: whole, in order, one at a time, however their pieces come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, Heard
from strategies import json_values, mutated

from gateway.dialects.openai_chat.calls import ToolCalls


def heard(*pieces: Any, index: int | None = None) -> Heard:
    """What the sink hears of these pieces."""
    sink = Heard()
    calls = ToolCalls(sink, {"sent": "known"}, SEAL)
    for piece in pieces:
        calls.feed(piece, index)
    calls.end()
    assert not calls.pending
    assert calls.seen == len(sink.tools)
    return sink


def piece(
    index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None
) -> JSON:
    """A piece with these labels."""
    function = {"name": name, "arguments": arguments}
    entry = {"index": index, "id": id}
    present: JSON = {key: value for key, value in entry.items() if value is not None}
    return {**present, "function": {k: v for k, v in function.items() if v is not None}}


PIECE = piece(0, "a", "f", '{"x":1}')


@given(st.lists(st.one_of(mutated(st.just(PIECE)), st.just(PIECE), json_values()), max_size=5))
def test_pieces_of_odd_shape(pieces: list[Any]) -> None:
    """Whatever the pieces look like, the calls that come of them are said one at a time."""
    for id, name, text in heard(*pieces).tools:
        assert id is None or isinstance(id, str)
        assert isinstance(name, str)
        assert isinstance(text, str)


@given(st.lists(st.integers(0, 3), max_size=12))
def test_interleaved_calls(order: list[int]) -> None:
    """Pieces of several calls, in any order, become whole calls in the order of their beginnings."""
    seen: dict[int, str] = {}
    pieces = []
    for at, number in enumerate(order):
        is_first = number not in seen
        seen[number] = seen.get(number, "") + f"<{at}>"
        id, name = (f"id{number}", f"f{number}") if is_first else (None, None)
        pieces.append(piece(number, id, name, f"<{at}>"))
    assert heard(*pieces).tools == [
        (f"id{number}", f"f{number}", text) for number, text in seen.items()
    ]


def test_the_first_call_streams() -> None:
    """The first call is passed on as it comes; the next waits, for blocks cannot interleave."""
    sink = Heard()
    calls = ToolCalls(sink, {}, SEAL)
    calls.feed(piece(0, "a", "f", "{"))
    assert sink.calls == [("tool_start", "a", "f"), ("tool_input", "{")]
    calls.feed(piece(1, "b", "g", "{}"))
    calls.feed(piece(0, None, None, "}"))
    assert sink.calls[2:] == [("tool_input", "}")]
    assert calls.pending
    calls.end()
    assert sink.tools == [("a", "f", "{}"), ("b", "g", "{}")]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([piece(0, "a", "f", "{"), piece(0, "a", "f", "}")], [("a", "f", "{}")]),
        (
            [piece(0, "a", "f", "{}"), piece(0, "b", "g", "{}")],
            [("a", "f", "{}"), ("b", "g", "{}")],
        ),
        (
            [piece(0, None, "f", "{}"), piece(0, None, "f", "{}")],
            [(None, "f", "{}"), (None, "f", "{}")],
        ),
        ([piece(None, None, "f", "{"), piece(None, None, None, "}")], [(None, "f", "{}")]),
        ([piece(None, None, "f", "{}"), piece(None, None, "f", "{}")], [(None, "f", "{}")] * 2),
        ([piece(0, None, "f", '{"a":{}'), piece(0, None, "f", "}")], [(None, "f", '{"a":{}}')]),
        (
            [piece(None, "a", "f", "{"), piece(None, "b", "g", "{}"), piece(None, "a", None, "}")],
            [("a", "f", "{}"), ("b", "g", "{}")],
        ),
        ([piece(0, "a", None, "{"), piece(0, None, "f", "}")], [("a", "f", "{}")]),
        ([piece(0, None, "f"), piece(0, "a", None, "{}")], [("a", "f", "{}")]),
        ([piece(0, "a", "get_"), piece(0, None, "file", "{}")], [("a", "get_file", "{}")]),
        ([piece(0, "a", "f", {"x": 1})], [("a", "f", '{"x":1}')]),
        ([piece(0, "a", "f", "")], [("a", "f", "")]),
        ([piece(0, "", "f", "{}")], [(None, "f", "{}")]),
        ([piece(0, "a", "sent", "{}")], [("a", "known", "{}")]),
        ([{}, {"function": None}, "x", None], [(None, "", "")]),
    ],
    ids=[
        "labels on each piece",
        "one index for all",
        "one index, no ids",
        "no index, no ids",
        "no index, the name begins a call",
        "a piece that only looks like an end",
        "no index, the id finds the call",
        "a late name",
        "a late id",
        "a name in pieces",
        "arguments as an object",
        "no arguments",
        "an empty id",
        "a renamed tool",
        "pieces of nothing",
    ],
)
def test_how_servers_label_pieces(pieces: list[Any], expected: list[Any]) -> None:
    """Each of the ways in which servers write calls gives the calls they mean."""
    assert heard(*pieces).tools == expected


def test_the_old_form_has_one_call() -> None:
    """Without an index of their own, pieces belong to the call that the caller names."""
    assert heard(piece(None, None, "f", "{"), piece(None, None, None, "}"), index=0).tools == [
        (None, "f", "{}")
    ]


def test_after_the_end_a_new_round_begins() -> None:
    """Calls that follow text are new calls, whatever index they carry."""
    sink = Heard()
    calls = ToolCalls(sink, {}, SEAL)
    for id in ("a", "b"):
        calls.feed(piece(0, id, "f", "{}"))
        calls.end()
    calls.end()
    assert sink.tools == [("a", "f", "{}"), ("b", "f", "{}")]
    assert calls.seen == 2


SIGNED = {"google": {"thought_signature": "abc"}}


def test_state_of_a_call() -> None:
    """What has to stand in a call again is told in front of it, sealed, with the number of the call."""
    pieces = [piece(0, "a", "f", "{}"), {**piece(1, "b", "g", "{}"), "extra_content": SIGNED}]
    calls = heard(*pieces).calls
    names = [call[0] for call in calls]
    at = names.index("redacted_thinking")
    assert SEAL.open(calls[at][1]) == {"call": 1, "extra": SIGNED}
    assert calls[at + 1] == ("tool_start", "b", "g")
    assert names.count("redacted_thinking") == 1


def test_late_state_of_a_call() -> None:
    """State that comes when the call has begun is told behind it: blocks do not interleave."""
    late = {**piece(0, None, None, "}"), "extra_content": SIGNED}
    calls = heard(piece(0, "a", "f", "{"), late).calls
    assert [call[0] for call in calls[-2:]] == ["tool_end", "redacted_thinking"]
    assert SEAL.open(calls[-1][1]) == {"call": 0, "extra": SIGNED}
