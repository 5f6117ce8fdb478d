"""Laws of pairing: any conversation becomes one in which every call is answered, and nothing is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from language import JSON, check_paired
from strategies import words

from gateway.dialects.openai_chat.content import paired

ids = st.sampled_from(["a", "b", "c"])
chat_messages = st.lists(
    st.one_of(
        st.builds(lambda text: {"role": "user", "content": text}, words),
        st.builds(
            lambda call, text: {"role": "tool", "tool_call_id": call, "content": text}, ids, words
        ),
        st.builds(
            lambda calls, text: {
                "role": "assistant",
                "content": text,
                "tool_calls": [{"id": id, "type": "function"} for id in calls],
            },
            st.lists(ids, max_size=3),
            words,
        ),
    ),
    max_size=8,
)


@given(chat_messages)
def test_it_makes_any_conversation_legal(chat: list[JSON]) -> None:
    """Whatever stands where, in the end each call is answered and each answer has a call."""
    check_paired(paired(chat))


@given(chat_messages)
def test_it_keeps_all_that_is_said(chat: list[JSON]) -> None:
    """Every text is still there as often as before, and the order of speakers is kept."""
    found = paired(chat)
    before = Counter(message["content"] for message in chat)
    after = Counter(message["content"].rsplit("\n")[-1] for message in found)
    assert not before - after
    assert [m for m in found if m["role"] == "assistant"] == [
        m for m in chat if m["role"] == "assistant"
    ]


@given(chat_messages)
def test_twice_is_once(chat: list[JSON]) -> None:
    """A legal conversation is left as it is."""
    once = paired(chat)
    assert paired(once) == once


def test_a_story() -> None:
    """One result missing, one for nobody, and words in between."""
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}, {"id": "b"}]}
    said = {"role": "user", "content": "hi"}
    result = {"role": "tool", "tool_call_id": "b", "content": "B"}
    orphan = {"role": "tool", "tool_call_id": "z", "content": "Z"}
    missing = {
        "role": "tool",
        "content": "[no result: the call was interrupted]",
        "tool_call_id": "a",
    }
    spoken = {"role": "user", "content": "[result of tool call z]\nZ"}
    assert paired([call, said, orphan, result]) == [call, missing, result, said, spoken]
    assert paired([orphan]) == [spoken]
