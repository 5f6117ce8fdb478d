"""Laws of translated conversations: nothing is lost, every call is answered, prefixes stay."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, check_paired
from servers.chat_check import faults
from strategies import (
    conversations,
    dialogues,
    said,
    search_blocks,
    shown_blocks,
    text_blocks,
)

from gateway.dialects.openai_chat import ChatQuirks
from gateway.dialects.openai_chat.content import (
    BILLING,
    LONGEST_ID,
    chat_id,
    message_to_chat,
    paired,
    part_of,
    system_to_chat,
)

PLAIN = ChatQuirks()


def translated(messages: list[JSON], quirks: ChatQuirks = PLAIN) -> tuple[list[JSON], list[str]]:
    """The chat messages of a conversation, and what was dropped."""
    dropped: list[str] = []
    chat = [part for message in messages for part in message_to_chat(message, quirks, dropped)]
    return paired(chat), dropped


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        yield from strings(list(value.values()))


def texts_of(content: Any) -> Iterator[str]:
    """Every text that the blocks of a message say."""
    if isinstance(content, str):
        yield content
        return
    for block in content:
        if block["type"] == "text":
            yield block["text"]
        elif block["type"] == "tool_result":
            yield from texts_of(block["content"])
        elif block["type"] in ("document", "search_result"):
            source = block["source"]
            inner = block.get("content") or (
                source["content"] if source["type"] == "content" else []
            )
            yield from texts_of(inner)
            yield from [source["data"]] if source.get("type") == "text" else []


class TestConversations:
    """Messages in any order, and conversations as clients lead them."""

    @given(conversations)
    def test_every_text_arrives(self, messages: list[JSON]) -> None:
        """Each text of each block stands in the chat messages, and the names of all calls."""
        chat, _ = translated(messages)
        found = list(strings(chat))
        for message in messages:
            for text in texts_of(message["content"]):
                assert any(text in there for there in found)

    @given(conversations)
    def test_every_call_is_answered(self, messages: list[JSON]) -> None:
        """A missing result is said to be missing; a result without a call becomes words."""
        check_paired(translated(messages)[0])

    @given(conversations)
    def test_what_is_dropped_is_named(self, messages: list[JSON]) -> None:
        """Blocks that have no place in the chat format are disclosed."""
        _, dropped = translated(messages)
        for message in messages:
            for block in message["content"] if isinstance(message["content"], list) else ():
                if block["type"] == "hologram":
                    assert "block hologram" in dropped
                if block["type"] == "thinking" and block["thinking"]:
                    assert "thinking of earlier turns" in dropped
                if block["type"] == "redacted_thinking":
                    assert "block redacted_thinking" in dropped

    @given(conversations)
    def test_the_conversation_is_not_changed(self, messages: list[JSON]) -> None:
        """Translation reads; it never writes into what it reads."""
        before = copy.deepcopy(messages)
        translated(messages)
        assert messages == before

    @given(dialogues(), st.sampled_from([PLAIN, ChatQuirks(echo_reasoning="reasoning_content")]))
    def test_the_same_history_gives_the_same_bytes(
        self, turns: list[list[JSON]], quirks: ChatQuirks
    ) -> None:
        """What was sent in one turn is the beginning of what is sent in the next."""
        flat = [message for turn in turns for message in turn]
        asked = [at + 1 for at, message in enumerate(flat) if message["role"] == "user"]
        sent = [translated(flat[:end], quirks)[0] for end in asked]
        for earlier, later in pairwise(sent):
            assert json.dumps(later[: len(earlier)]) == json.dumps(earlier)

    @given(dialogues(), st.booleans())
    def test_servers_find_no_fault(self, turns: list[list[JSON]], documents: bool) -> None:
        """What a client's dialogue becomes is a request that a strict server takes."""
        flat = [message for turn in turns for message in turn]
        chat, _ = translated(flat, ChatQuirks(documents=documents))
        assert faults({"model": "m", "messages": chat}) == []


class TestUserMessages:
    """What the user and the tools say."""

    @given(st.lists(text_blocks, min_size=1, max_size=4))
    def test_plain_text_stays_plain(self, blocks: list[JSON]) -> None:
        """Text blocks become one text: many servers know nothing else."""
        (message,), _ = translated([{"role": "user", "content": blocks}])
        assert message == {
            "role": "user",
            "content": "\n\n".join(block["text"] for block in blocks),
        }

    def test_results_come_first(self) -> None:
        """Results, then the pictures that they show, then what the user adds."""
        picture = {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "x"},
        }
        result = {"type": "tool_result", "tool_use_id": "t", "content": [picture]}
        said = {"type": "text", "text": "Look."}
        dropped: list[str] = []
        tool, user = message_to_chat({"role": "user", "content": [said, result]}, PLAIN, dropped)
        assert tool == {"role": "tool", "tool_call_id": "t", "content": "(shown below)"}
        assert user["content"] == [
            {"type": "text", "text": "[result of tool call t]"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,x"}},
            {"type": "text", "text": "Look."},
        ]
        assert dropped == []

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"content": "out"}, "out"),
            ({"content": []}, "(no output)"),
            ({}, "(no output)"),
            ({"content": "boom", "is_error": True}, "Error: boom"),
            ({"content": "Error 5", "is_error": True}, "Error 5"),
            ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "a\nb"),
            ({"content": [{"type": "tool_reference", "tool_name": "f"}]}, "Tool loaded: f"),
        ],
        ids=str,
    )
    def test_results(self, fields: JSON, text: str) -> None:
        """A result is text; an error says that it is one, once; none is said to be none."""
        block = {"type": "tool_result", "tool_use_id": "t", **fields}
        (message,) = message_to_chat({"role": "user", "content": [block]}, PLAIN, [])
        assert message == {"role": "tool", "tool_call_id": "t", "content": text}

    @given(search_blocks)
    def test_search_results(self, block: JSON) -> None:
        """A search result is text with its source and its title."""
        (part,) = part_of(block, PLAIN, [])
        for text in (
            block["source"],
            block["title"],
            *(inner["text"] for inner in block["content"]),
        ):
            assert text in part["text"]

    @pytest.mark.parametrize("documents", [True, False])
    def test_documents(self, documents: bool) -> None:
        """A PDF is a file where the server takes files; elsewhere its absence is told twice."""
        source = {"type": "base64", "media_type": "application/pdf", "data": "x"}
        block = {"type": "document", "title": "report", "source": source}
        dropped: list[str] = []
        (part,) = part_of(block, ChatQuirks(documents=documents), dropped)
        if documents:
            data = "data:application/pdf;base64,x"
            assert part == {"type": "file", "file": {"filename": "report.pdf", "file_data": data}}
        else:
            assert "report" in part["text"]
        assert bool(dropped) != documents

    @pytest.mark.parametrize("block", [{"type": "image"}, {"type": "document"}], ids=str)
    def test_what_cannot_be_shown(self, block: JSON) -> None:
        """A file that only Anthropic's servers hold is named where it stood, and disclosed."""
        dropped: list[str] = []
        source = {"type": "file", "file_id": "file_1"}
        (part,) = part_of({**block, "source": source}, PLAIN, dropped)
        assert "cannot be shown" in part["text"]
        assert dropped == [f"{block['type']} of type file"]

    @given(st.lists(shown_blocks, max_size=3))
    def test_a_reminder_in_between(self, blocks: list[JSON]) -> None:
        """A system message inside the conversation stays in its place, as a reminder."""
        found = message_to_chat({"role": "system", "content": blocks}, PLAIN, [])
        spoken = [block["text"] for block in blocks if block["type"] == "text"]
        assert len(found) == bool(spoken)
        for message in found:
            assert message["role"] == "user"
            assert all(text in message["content"] for text in spoken)


THINKING = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}


class TestAssistantMessages:
    """What the model said before."""

    def test_text_and_calls(self) -> None:
        """Text is the content, calls stand beside it, arguments are JSON text."""
        blocks = [{"type": "text", "text": "a"}, CALL, {"type": "text", "text": "b"}]
        (message,) = message_to_chat({"role": "assistant", "content": blocks}, PLAIN, [])
        function = {"name": "f", "arguments": '{"a":1}'}
        calls = [{"id": "t", "type": "function", "function": function}]
        assert message == {"role": "assistant", "content": "a\n\nb", "tool_calls": calls}

    @pytest.mark.parametrize(
        "content", ["", [], [{"type": "text", "text": " "}], [THINKING]], ids=str
    )
    def test_nothing_said(self, content: Any) -> None:
        """A turn in which nothing was said is no message: servers refuse an empty one."""
        assert message_to_chat({"role": "assistant", "content": content}, PLAIN, []) == []

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    def test_thinking_goes_back(self, field: Any) -> None:
        """Servers that want the thinking of tool turns back get it, and never an empty one."""
        quirks = ChatQuirks(echo_reasoning=field)
        for blocks, expected in (([THINKING, CALL], "hm"), ([CALL], " ")):
            (message,) = message_to_chat({"role": "assistant", "content": blocks}, quirks, [])
            assert message[field] == expected

    def test_thinking_that_stays_behind(self) -> None:
        """Where only the thinking of tool turns is wanted, the rest is dropped, and that is said."""
        dropped: list[str] = []
        blocks = [THINKING, {"type": "text", "text": "a"}]
        quirks = ChatQuirks(echo_reasoning="reasoning_content")
        (message,) = message_to_chat({"role": "assistant", "content": blocks}, quirks, dropped)
        assert message == {"role": "assistant", "content": "a"}
        assert dropped == ["thinking of earlier turns"]

    def test_server_tools_of_earlier_turns(self) -> None:
        """What Anthropic's servers looked up stays known, as text."""
        search = {
            "type": "server_tool_use",
            "id": "s",
            "name": "web_search",
            "input": {"query": "q"},
        }
        results = [{"type": "web_search_result", "title": "T", "url": "https://example.com"}]
        found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": results}
        (message,) = message_to_chat({"role": "assistant", "content": [search, found]}, PLAIN, [])
        assert message["content"] == '[web_search: {"query":"q"}]\n\n- T: https://example.com'

    @pytest.mark.parametrize(
        ("block", "text", "dropped"),
        [
            ({"type": "compaction", "content": "So far: a."}, "So far: a.", []),
            ({"type": "compaction", "content": None}, "", []),
            (
                {"type": "web_search_tool_result", "content": []},
                "",
                ["block web_search_tool_result"],
            ),
            ({"type": "web_fetch_tool_result", "content": {}}, "", ["block web_fetch_tool_result"]),
        ],
        ids=str,
    )
    def test_other_blocks(self, block: JSON, text: str, dropped: list[str]) -> None:
        """A summary is text; a block that holds nothing to read is disclosed."""
        found: list[str] = []
        said = message_to_chat({"role": "assistant", "content": [block]}, PLAIN, found)
        assert [message["content"] for message in said] == ([text] if text else [])
        assert found == dropped


@given(st.one_of(said, st.lists(text_blocks, max_size=3)))
def test_system_prompts(system: Any) -> None:
    """The system prompt is one leading message with all of its text, or none."""
    found = system_to_chat(system, [])
    spoken = [system] if isinstance(system, str) else [block["text"] for block in system]
    assert len(found) == bool(spoken)
    for message in found:
        assert message == {"role": "system", "content": "\n\n".join(spoken)}


def test_attribution_is_not_sent() -> None:
    """The client's attribution block changes with each prompt, and would break every cache."""
    blocks = [{"type": "text", "text": f"{BILLING}: x=1"}, {"type": "text", "text": "Be kind."}]
    dropped: list[str] = []
    assert system_to_chat(blocks, dropped) == [{"role": "system", "content": "Be kind."}]
    assert dropped == ["system attribution block"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_call_ids(one: str, other: str) -> None:
    """An id that is too long becomes a digest: short, the same each time, and still its own."""
    assert len(chat_id(one)) <= LONGEST_ID
    assert chat_id(chat_id(one)) == chat_id(one)
    assert (chat_id(one) == chat_id(other)) == (one == other)
    if len(one) <= LONGEST_ID:
        assert chat_id(one) == one
