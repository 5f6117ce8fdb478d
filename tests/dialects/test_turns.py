"""Laws of neutral turns: every call is answered once, nothing is lost, and foreign state stays foreign."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL
from strategies import conversations, dialogues, json_objects, json_values, said, texts, words

from gateway.dialects.turns import (
    NO_OUTPUT,
    NO_RESULT,
    Call,
    Document,
    Image,
    Result,
    Text,
    Thought,
    Turn,
    paired,
    read_turn,
    reminder,
    system_texts,
    turns_of,
)
from gateway.messages import BILLING
from gateway.reasoning import Vault

FOREIGN = Vault(b"another secret").seal_for("provider:model")
ELSEWHERE = Vault(b"the tests' own secret").seal_for("provider:another")

ids = st.sampled_from(["a", "b", "c"])
spoken = st.builds(Text, words)
plain_turns = st.lists(
    st.one_of(
        st.builds(lambda text: Turn("user", (text,)), spoken),
        st.builds(
            lambda found: Turn("user", tuple(found)),
            st.lists(
                st.builds(lambda call, text: Result(call, (text,)), ids, spoken),
                min_size=1,
                max_size=3,
            ),
        ),
        st.builds(
            lambda calls, text: Turn("assistant", (text, *(Call(id, "f", {}) for id in calls))),
            st.lists(ids, max_size=3),
            spoken,
        ),
        st.builds(lambda text: Turn("system", (text,)), spoken),
    ),
    max_size=8,
)
"""Turns in any order: calls without results, results without calls, ids used twice."""


def check_answered(turns: Sequence[Turn]) -> None:
    """Each call is answered once, at the head of the next turn, in order; nothing else is answered."""
    waiting: list[str] = []
    for turn in turns:
        answers = [part.id for part in turn.parts if isinstance(part, Result)]
        assert answers == waiting
        assert all(isinstance(part, Result) for part in turn.parts[: len(answers)])
        waiting = [call.id for call in turn.calls]
        assert len(set(waiting)) == len(waiting)
    assert not waiting, "the last calls are not answered"


def all_texts(turns: Sequence[Turn]) -> Iterator[str]:
    """Every text in the turns."""
    for part in (part for turn in turns for part in turn.parts):
        if isinstance(part, Text):
            yield part.text
        elif isinstance(part, Result):
            yield from (inner.text for inner in part.parts if isinstance(inner, Text))


class TestPairing:
    """Any conversation becomes one in which every call is answered, and nothing is lost."""

    @given(plain_turns)
    def test_it_makes_any_conversation_legal(self, turns: list[Turn]) -> None:
        """Whatever stands where, in the end each call is answered and each answer has a call."""
        check_answered(paired(turns))

    @given(plain_turns)
    def test_it_keeps_all_that_is_said(self, turns: list[Turn]) -> None:
        """Every text is still there as often as before, and the order of speakers is kept."""
        before = Counter(all_texts(turns))
        after = Counter(text.rsplit("\n")[-1] for text in all_texts(paired(turns)))
        assert not before - after
        spoken = [turn.text for turn in turns if turn.role == "assistant"]
        assert [turn.text for turn in paired(turns) if turn.role == "assistant"] == spoken

    @given(plain_turns)
    def test_twice_is_once(self, turns: list[Turn]) -> None:
        """A legal conversation is left as it is."""
        once = paired(turns)
        assert paired(once) == once

    def test_a_story(self) -> None:
        """One result missing, one for nobody, and words in between."""
        asked = Turn("assistant", (Call("a", "f", {}), Call("b", "f", {})))
        hi, b, z = Text("hi"), Result("b", (Text("B"),)), Result("z", (Text("Z"),))
        told = Text("[result of tool call z]\nZ")
        missing = Result("a", (Text(NO_RESULT),))
        turns = [asked, Turn("user", (hi, z, b))]
        assert paired(turns) == [asked, Turn("user", (missing, b, hi, told))]
        assert paired([Turn("user", (z,))]) == [Turn("user", (told,))]

    def test_a_reminder_in_between(self) -> None:
        """A system message between a call and its result comes after the result."""
        asked = Turn("assistant", (Call("a", "f", {}),))
        told, answer = Turn("system", (Text("s"),)), Turn("user", (Result("a", (Text("A"),)),))
        assert paired([asked, told, answer]) == [asked, answer, told]


class TestConversations:
    """Messages as clients send them."""

    @given(conversations)
    def test_every_call_is_answered(self, messages: list[JSON]) -> None:
        """Whatever a client sends, each call has its result right behind it."""
        check_answered(turns_of(messages, SEAL, []))

    @given(conversations)
    def test_the_conversation_is_not_changed(self, messages: list[JSON]) -> None:
        """Reading never writes into what it reads."""
        before = copy.deepcopy(messages)
        turns_of(messages, SEAL, [])
        assert messages == before

    @given(dialogues())
    def test_the_same_history_is_read_alike(self, turns: list[list[JSON]]) -> None:
        """What was read in one turn is the beginning of what is read in the next."""
        flat = [message for turn in turns for message in turn]
        asked = [at + 1 for at, message in enumerate(flat) if message["role"] == "user"]
        read = [turns_of(flat[:end], SEAL, []) for end in asked]
        for earlier, later in pairwise(read):
            assert later[: len(earlier)] == earlier

    @given(
        st.dictionaries(words, json_values(), max_size=3), st.sampled_from(["user", "assistant"])
    )
    def test_unknown_blocks_are_disclosed(self, fields: JSON, role: str) -> None:
        """A block of a type that nobody knows is named as dropped."""
        dropped: list[str] = []
        block = {**{f"x-{name}": value for name, value in fields.items()}, "type": "hologram"}
        assert read_turn({"role": role, "content": [block]}, SEAL, dropped) is None
        assert dropped == ["block hologram"]

    @pytest.mark.parametrize(("role", "expected"), [("assistant",) * 2, ("odd", "user")])
    def test_roles(self, role: str, expected: str) -> None:
        """A role that nobody knows is the user's."""
        turn = read_turn({"role": role, "content": "a"}, SEAL, [])
        assert turn == Turn(expected, (Text("a"),))  # type: ignore[arg-type]


class TestState:
    """Reasoning state goes back to its origin and nowhere else."""

    @given(texts, json_objects())
    def test_own_state_comes_back(self, text: str, state: JSON) -> None:
        """What this target sealed behind its thinking is open again in the next request."""
        thinking = {"type": "thinking", "thinking": text, "signature": SEAL.close(state)}
        redacted = {"type": "redacted_thinking", "data": SEAL.close(state)}
        message = {"role": "assistant", "content": [thinking, redacted]}
        turn = read_turn(message, SEAL, [])
        assert turn == Turn("assistant", (Thought(text, state), Thought("", state)))

    @given(said, json_objects())
    def test_foreign_state_never_does(self, text: str, state: JSON) -> None:
        """State of another gateway or of another target is none; its visible thinking is words only."""
        for seal in (FOREIGN, ELSEWHERE):
            dropped: list[str] = []
            thinking = {"type": "thinking", "thinking": text, "signature": seal.close(state)}
            redacted = {"type": "redacted_thinking", "data": seal.close(state)}
            message = {"role": "assistant", "content": [thinking, redacted]}
            assert read_turn(message, SEAL, dropped) == Turn("assistant", (Thought(text),))
            assert dropped == ["redacted thinking of another model"]


class TestParts:
    """Single blocks."""

    @pytest.mark.parametrize(
        ("block", "part"),
        [
            (
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                Image("", "", "https://example.com/a.png"),
            ),
            (
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "x"},
                },
                Document("document", "application/pdf", "x"),
            ),
            (
                {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
                Document("document", "application/pdf", "", "https://example.com/a.pdf"),
            ),
            ({"type": "tool_reference", "tool_name": "f"}, Text("Tool loaded: f")),
            (
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                Text("a", {"type": "ephemeral"}),
            ),
        ],
        ids=lambda value: value["type"] if isinstance(value, dict) else "",
    )
    def test_blocks(self, block: JSON, part: Any) -> None:
        """Each block is the part that says the same."""
        assert read_turn({"role": "user", "content": [block]}, SEAL, []) == Turn("user", (part,))

    def test_addresses(self) -> None:
        """Data is an address too, if need be."""
        assert Image("image/png", "x").as_url == "data:image/png;base64,x"
        assert Document("t", "application/pdf", "", "https://example.com").as_url.endswith(".com")

    @pytest.mark.parametrize(
        ("result", "text"),
        [
            (Result("a", ()), ""),
            (Result("a", (), is_error=True), f"Error: {NO_OUTPUT}"),
            (Result("a", (Text("x"), Text("y"))), "x\ny"),
            (Result("a", (Text("An error"),), is_error=True), "An error"),
        ],
        ids=str,
    )
    def test_results(self, result: Result, text: str) -> None:
        """A result's text says that it is an error, once."""
        assert result.text == text

    def test_reminders(self) -> None:
        """A system message inside the conversation is marked as a reminder."""
        told = reminder(Turn("system", (Text("a"), Text("b"))))
        assert told == "<system-reminder>\na\n\nb\n</system-reminder>"

    def test_attribution_is_not_sent(self) -> None:
        """The client's attribution block changes with each prompt, and would break every cache."""
        blocks = [{"type": "text", "text": f"{BILLING}: x=1"}, {"type": "text", "text": "Be kind."}]
        dropped: list[str] = []
        assert system_texts(blocks, dropped) == [Text("Be kind.")]
        assert dropped == ["system attribution block"]
