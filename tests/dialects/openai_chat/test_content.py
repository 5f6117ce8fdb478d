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
from language import JSON, SEAL, check_paired
from servers.chat_check import faults
from strategies import (
    conversations,
    dialogues,
    said,
    search_blocks,
    text_blocks,
)

from gateway.dialects.openai_chat import ChatQuirks
from gateway.dialects.openai_chat.content import (
    LONGEST_ID,
    Spelling,
    chat_id,
    conversation,
    merged,
    system_to_chat,
    turn_to_chat,
)
from gateway.dialects.turns import Text, read_turn, system_texts, turns_of
from gateway.errors import InvalidRequest

PLAIN = ChatQuirks()


def spelling(**quirks: Any) -> Spelling:
    """How a model named `m` is written to by a server with these quirks."""
    return Spelling.of(ChatQuirks(**quirks), "m")


def translated(messages: list[JSON], quirks: ChatQuirks = PLAIN) -> tuple[list[JSON], list[str]]:
    """The chat messages of a conversation, and what was dropped."""
    dropped: list[str] = []
    turns = turns_of(messages, SEAL, dropped)
    return conversation([], turns, Spelling.of(quirks, "m"), dropped), dropped


def chat_of(message: JSON, dropped: list[str] | None = None, **quirks: Any) -> list[JSON]:
    """The chat messages of one message, whatever stands around it."""
    dropped = [] if dropped is None else dropped
    turn = read_turn(message, SEAL, dropped)
    return [] if turn is None else turn_to_chat(turn, spelling(**quirks), dropped)


def part_of(block: JSON, dropped: list[str] | None = None, **quirks: Any) -> Any:
    """The content of the chat message that a block of the user becomes."""
    (message,) = chat_of({"role": "user", "content": [block]}, dropped, **quirks)
    return message["content"]


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
                    assert "redacted thinking of another model" in dropped

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
        tool, user = chat_of({"role": "user", "content": [said, result]}, dropped)
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
        (message,) = chat_of({"role": "user", "content": [block]})
        assert message == {"role": "tool", "tool_call_id": "t", "content": text}

    @given(search_blocks)
    def test_search_results(self, block: JSON) -> None:
        """A search result is text with its source and its title."""
        spoken = part_of(block)
        for text in (
            block["source"],
            block["title"],
            *(inner["text"] for inner in block["content"]),
        ):
            assert text in spoken

    @pytest.mark.parametrize("documents", [True, False])
    def test_documents(self, documents: bool) -> None:
        """A PDF is a file where the server takes files; elsewhere its absence is told twice."""
        source = {"type": "base64", "media_type": "application/pdf", "data": "x"}
        block = {"type": "document", "title": "report", "source": source}
        dropped: list[str] = []
        content = part_of(block, dropped, documents=documents)
        if documents:
            data = "data:application/pdf;base64,x"
            file = {"filename": "report.pdf", "file_data": data}
            assert content == [{"type": "file", "file": file}]
        else:
            assert "report" in content
        assert bool(dropped) != documents

    @pytest.mark.parametrize("block", [{"type": "image"}, {"type": "document"}], ids=str)
    def test_what_cannot_be_shown(self, block: JSON) -> None:
        """A file that only Anthropic's servers hold is named where it stood, and disclosed."""
        dropped: list[str] = []
        source = {"type": "file", "file_id": "file_1"}
        assert "cannot be shown" in part_of({**block, "source": source}, dropped)
        assert dropped == [f"{block['type']} of type file"]

    @given(st.lists(text_blocks, max_size=3))
    def test_a_reminder_in_between(self, blocks: list[JSON]) -> None:
        """A system message inside the conversation stays in its place, as a reminder."""
        found = chat_of({"role": "system", "content": blocks})
        spoken = [block["text"] for block in blocks]
        assert len(found) == bool(spoken)
        for message in found:
            assert message["role"] == "user"
            assert all(text in message["content"] for text in spoken)


PICTURE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "x"},
}


class TestQuirks:
    """What servers differ in."""

    def test_models_that_see_nothing(self) -> None:
        """A model that takes no images is told that there was one, in plain text."""
        dropped: list[str] = []
        result = {"type": "tool_result", "tool_use_id": "t", "content": [PICTURE]}
        message = {"role": "user", "content": [result, {"type": "text", "text": "Look."}, PICTURE]}
        tool, user = chat_of(message, dropped, image_models=("x*",))
        assert "cannot be shown" in tool["content"]
        assert user["content"].startswith("Look.")
        assert "cannot be shown" in user["content"]
        assert dropped == ["image", "image"]

    @pytest.mark.parametrize(
        ("place", "roles"),
        [
            ("user", ["system", "user", "user", "assistant"]),
            ("system", ["system", "user", "system", "assistant"]),
            ("hoist", ["system", "user", "assistant"]),
        ],
    )
    def test_system_messages_inside(self, place: Any, roles: list[str]) -> None:
        """They are a reminder in their place, or stay as they are, or go to the front."""
        messages = [
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "Now be brief."},
            {"role": "assistant", "content": "ok"},
        ]
        turns = turns_of(messages, SEAL, [])
        sent = conversation([Text("s")], turns, spelling(reminders=place), [])
        assert [message["role"] for message in sent] == roles
        told = sent[0] if place == "hoist" else sent[2]
        assert "Now be brief." in told["content"]
        assert ("<system-reminder>" in told["content"]) == (place == "user")

    @given(conversations)
    def test_merged_turns(self, messages: list[JSON]) -> None:
        """Where roles have to alternate they do, every text is still there, and calls still pair."""
        chat, _ = translated(messages, ChatQuirks(merge_turns=True))
        check_paired(chat)
        for earlier, later in pairwise(chat):
            assert earlier["role"] != later["role"] or later["role"] == "tool"
        assert merged(chat) == chat
        found = "\n".join(strings(chat))
        assert all(text in found for text in strings(translated(messages)[0]))

    @pytest.mark.parametrize(
        ("form", "content"),
        [("null", {"content": None}), ("empty", {"content": ""}), ("omit", {})],
    )
    def test_calls_without_words(self, form: Any, content: JSON) -> None:
        """A message that only calls has the content that the server wants."""
        (message,) = chat_of({"role": "assistant", "content": [CALL]}, empty_content=form)
        assert {name: message[name] for name in message if name == "content"} == content

    @pytest.mark.parametrize(
        ("prefill", "fields"),
        [
            ("continue", {}),
            ("prefix", {"prefix": True}),
            ("partial", {"partial": True}),
            ("continue_final_message", {}),
        ],
    )
    def test_an_answer_that_was_begun(self, prefill: Any, fields: JSON) -> None:
        """The last message of the model is its beginning, marked as the server wants it."""
        begun = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}]
        chat, _ = translated(begun, ChatQuirks(prefill=prefill))
        assert chat[-1] == {"role": "assistant", "content": "{", **fields}
        finished, _ = translated([*begun, begun[0]], ChatQuirks(prefill=prefill))
        assert finished[1] == {"role": "assistant", "content": "{"}

    def test_a_server_that_does_not_continue(self) -> None:
        """It is not asked to: the client is told so, in words that it knows, and for good."""
        begun = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}]
        with pytest.raises(InvalidRequest, match="does not support assistant message prefill") as e:
            translated(begun, ChatQuirks(prefill="refuse"))
        assert e.value.headers == {"x-should-retry": "false"}


THINKING = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}


class TestAssistantMessages:
    """What the model said before."""

    def test_text_and_calls(self) -> None:
        """Text is the content, calls stand beside it, arguments are JSON text."""
        blocks = [{"type": "text", "text": "a"}, CALL, {"type": "text", "text": "b"}]
        (message,) = chat_of({"role": "assistant", "content": blocks})
        function = {"name": "f", "arguments": '{"a":1}'}
        calls = [{"id": "t", "type": "function", "function": function}]
        assert message == {"role": "assistant", "content": "a\n\nb", "tool_calls": calls}

    @pytest.mark.parametrize(
        "content", ["", [], [{"type": "text", "text": " "}], [THINKING]], ids=str
    )
    def test_nothing_said(self, content: Any) -> None:
        """A turn in which nothing was said is no message: servers refuse an empty one."""
        assert chat_of({"role": "assistant", "content": content}) == []

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
        (message,) = chat_of({"role": "assistant", "content": [search, found]})
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
        said = chat_of({"role": "assistant", "content": [block]}, found)
        assert [message["content"] for message in said] == ([text] if text else [])
        assert found == dropped


@given(st.one_of(said, st.lists(text_blocks, max_size=3)), st.sampled_from(["system", "developer"]))
def test_system_prompts(system: Any, role: str) -> None:
    """The system prompt is one leading message with all of its text, or none."""
    found = system_to_chat(system_texts(system, []), spelling(system_role=role))
    spoken = [system] if isinstance(system, str) else [block["text"] for block in system]
    assert len(found) == bool(spoken)
    for message in found:
        assert message == {"role": role, "content": "\n\n".join(spoken)}


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["any", "alnum9"]))
def test_call_ids(one: str, other: str, form: Any) -> None:
    """An id that the server would refuse becomes a digest: the same each time, and still its own."""
    quirks = ChatQuirks(tool_ids=form)
    sent = chat_id(one, quirks)
    is_legal = len(one) <= LONGEST_ID if form == "any" else is_nine(one)
    assert len(sent) <= LONGEST_ID if form == "any" else is_nine(sent)
    assert chat_id(sent, quirks) == sent
    assert (sent == chat_id(other, quirks)) == (one == other)
    assert (sent == one) == is_legal


def is_nine(id: str) -> bool:
    """Nine letters and digits, as some servers want each id to be."""
    return len(id) == 9 and id.isascii() and id.isalnum()
