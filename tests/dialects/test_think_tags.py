"""Laws of thinking between tags: the same however it is cut, and never made of text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import Heard

from gateway.dialects.think_tags import TAGS, ThinkTags
from gateway.errors import UpstreamBroken
from gateway.messages import Usage

SIGNED = ("signature", "sealed")
words = [*TAGS, *TAGS.values(), "a", "b ", "\n", "`"]
whole_tags = st.lists(st.sampled_from(words), max_size=8).map("".join)
tagged = st.lists(st.sampled_from([*words, "<", "think>", "</"]), max_size=8).map("".join)


def stage(opened: bool = False) -> tuple[ThinkTags, Heard]:
    """The stage, and what it tells."""
    sink = Heard()
    return ThinkTags(sink, sign=lambda: "sealed", opened=opened), sink


def heard(*pieces: str, opened: bool = False) -> list[Any]:
    """What a whole answer in these pieces comes to; texts and thoughts that touch are one."""
    tags, sink = stage(opened)
    for piece in pieces:
        tags.text(piece)
    tags.finish("end_turn")
    assert sink.calls.pop() == ("finish", "end_turn", None)
    joined: list[Any] = []
    for call in sink.calls:
        if joined and call[0] == joined[-1][0] and call[0] in ("text", "thinking"):
            joined[-1] = (call[0], joined[-1][1] + call[1])
        else:
            joined.append(call)
    return joined


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    """The text, cut at these places."""
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(tagged, st.lists(st.integers(0, 60), max_size=10), st.booleans())
def test_cuts_make_no_difference(text: str, cuts: list[int], opened: bool) -> None:
    """Wherever the text is cut, it comes to the same."""
    assert heard(*pieces_of(text, cuts), opened=opened) == heard(text, opened=opened)


@given(whole_tags, st.booleans())
def test_nothing_is_lost_but_tags(text: str, opened: bool) -> None:
    """All that is neither a tag nor white space beside one is still there, in order."""
    said = "".join(call[1] for call in heard(text, opened=opened) if call != SIGNED)
    for tag in (*TAGS, *TAGS.values()):
        text, said = text.replace(tag, ""), said.replace(tag, "")
    assert "".join(said.split()) == "".join(text.split())


@given(tagged)
def test_every_thought_is_signed(text: str) -> None:
    """Thinking that was found carries a signature, so that it is known as the model's own."""
    calls = heard(text)
    for at, call in enumerate(calls):
        if call[0] == "thinking":
            assert calls[at + 1] == SIGNED
    assert calls.count(SIGNED) == sum(call[0] == "thinking" for call in calls)


@given(st.text("ab`", min_size=1), tagged)
def test_text_may_speak_of_tags(text: str, rest: str) -> None:
    """Once real text has begun, tags are part of it, as in code that handles them."""
    assert heard(text + rest) == [("text", text + rest)]


@pytest.mark.parametrize(
    ("text", "opened", "expected"),
    [
        ("<think>\nhm\n</think>\n\nYes", False, [("thinking", "hm"), SIGNED, ("text", "Yes")]),
        (" \n<think>hm</think>Yes", False, [("thinking", "hm"), SIGNED, ("text", "Yes")]),
        ("<thought>hm</thought>Yes", False, [("thinking", "hm"), SIGNED, ("text", "Yes")]),
        ("<thinking>a</think>b</thinking>", False, [("thinking", "a</think>b"), SIGNED]),
        (
            "<think>a</think>\n<think>b</think>c",
            False,
            [("thinking", "a"), SIGNED, ("thinking", "b"), SIGNED, ("text", "c")],
        ),
        ("<think></think>Yes", False, [("text", "Yes")]),
        ("<think>\n\n</think>\n\nYes", False, [("text", "Yes")]),
        ("<think>hm", False, [("thinking", "hm"), SIGNED]),
        ("<think>hm</thi", False, [("thinking", "hm</thi"), SIGNED]),
        ("<think", False, [("text", "<think")]),
        ("  Yes", False, [("text", "  Yes")]),
        ("hm</think>Yes", False, [("text", "hm</think>Yes")]),
        ("hm</think>\nYes", True, [("thinking", "hm"), SIGNED, ("text", "Yes")]),
        ("<think>hm</think>Yes", True, [("thinking", "hm"), SIGNED, ("text", "Yes")]),
        ("</think>Yes", True, [("text", "Yes")]),
        ("hm", True, [("thinking", "hm"), SIGNED]),
        ("", True, []),
    ],
    ids=str,
)
def test_answers(text: str, opened: bool, expected: list[Any]) -> None:
    """What models write, and what it means."""
    assert heard(text, opened=opened) == expected


def test_the_rest_passes_by_as_it_is() -> None:
    """After the head, the stage is out of the way: text goes straight to the next sink."""
    tags, sink = stage()
    tags.text("Yes")
    assert tags.text == sink.text


def test_what_ends_thinking() -> None:
    """A call ends thinking whose tag was not closed; what waited is said first."""
    tags, sink = stage()
    tags.text("<think>hm <")
    tags.tool_start("t", "f")
    tags.tool_input("<think>")
    tags.tool_end()
    tags.usage(Usage(output=1))
    tags.block({"type": "server_tool_use"})
    assert sink.calls == [
        ("thinking", "hm"),
        ("thinking", " <"),
        SIGNED,
        ("tool_start", "t", "f"),
        ("tool_input", "<think>"),
        ("tool_end",),
        ("usage", Usage(output=1)),
        ("block", {"type": "server_tool_use"}),
    ]


def test_thinking_in_its_own_field() -> None:
    """Where the server tells thinking apart itself, the text holds none that was opened before."""
    tags, sink = stage(opened=True)
    tags.thinking("hm")
    tags.signature("s")
    tags.redacted_thinking("d")
    tags.text("Yes")
    assert sink.calls == [
        ("thinking", "hm"),
        ("signature", "s"),
        ("redacted_thinking", "d"),
        ("text", "Yes"),
    ]


def test_a_failure_says_nothing_more() -> None:
    """What waits when an answer breaks off is not said."""
    tags, sink = stage()
    tags.text("<thi")
    tags.fail(UpstreamBroken("gone"))
    assert sink.calls == [("fail", 502, "api_error", "gone")]
