"""Laws of translated conversations: sides take turns, nothing is lost, prefixes stay."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL
from servers.gemini_check import SENTINEL, faults
from strategies import conversations, dialogues

from gateway.dialects.gemini import GeminiQuirks
from gateway.dialects.gemini.content import OPENING, contents_of
from gateway.dialects.turns import NO_OUTPUT, turns_of

PLAIN = GeminiQuirks()
OLD, NEW = "gemini-2.5-flash", "gemini-3-flash"
models = st.sampled_from([OLD, NEW])

PNG: JSON = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}}
GIF: JSON = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "x"}}
PDF: JSON = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "x"},
}
CALL: JSON = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}


def translated(
    messages: list[JSON], model: str = OLD, quirks: GeminiQuirks = PLAIN
) -> tuple[list[JSON], list[str]]:
    """The contents of a conversation, and what was dropped."""
    dropped: list[str] = []
    contents = contents_of(turns_of(messages, SEAL, dropped), model, quirks, dropped)
    return contents, dropped


def answered(*blocks: JSON, model: str = OLD, **quirks: Any) -> tuple[list[JSON], list[str]]:
    """The parts that follow one call, when the client answers with these blocks."""
    messages: list[JSON] = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": [CALL]},
        {"role": "user", "content": list(blocks)},
    ]
    contents, dropped = translated(messages, model, GeminiQuirks(**quirks))
    return contents[2]["parts"], dropped


def result(*blocks: JSON, **fields: Any) -> JSON:
    """The result of the call."""
    return {"type": "tool_result", "tool_use_id": "t", "content": list(blocks), **fields}


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
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if block["type"] == "text":
            yield block["text"]
        elif block["type"] == "tool_result":
            yield from texts_of(block["content"])


class TestConversations:
    """Messages in any order, and conversations as clients lead them."""

    @given(conversations, models)
    def test_servers_find_no_fault(self, messages: list[JSON], model: str) -> None:
        """Sides take turns and the user begins; calls are answered by name; no part is empty."""
        contents, _ = translated(messages, model)
        found = faults({"contents": contents}) if contents else []
        unsigned = "missing a thought_signature"
        assert [fault for fault in found if model == NEW or unsigned not in fault] == []

    @given(conversations, models)
    def test_every_text_arrives(self, messages: list[JSON], model: str) -> None:
        """Each text of each block stands in the contents."""
        found = list(strings(translated(messages, model)[0]))
        for message in messages:
            for text in texts_of(message["content"]):
                assert any(text in there for there in found)

    @given(conversations)
    def test_the_conversation_is_not_changed(self, messages: list[JSON]) -> None:
        """Translation reads; it never writes into what it reads."""
        before = copy.deepcopy(messages)
        translated(messages)
        assert messages == before

    @given(dialogues(), models)
    def test_the_same_history_gives_the_same_bytes(
        self, turns: list[list[JSON]], model: str
    ) -> None:
        """What was sent in one turn is the beginning of what is sent in the next."""
        flat = [message for turn in turns for message in turn]
        asked = [at + 1 for at, message in enumerate(flat) if message["role"] == "user"]
        sent = [translated(flat[:end], model)[0] for end in asked]
        for earlier, later in pairwise(sent):
            assert json.dumps(later[: len(earlier)]) == json.dumps(earlier)

    def test_the_user_begins(self) -> None:
        """A conversation that the model begins is given a first word."""
        contents, _ = translated([{"role": "assistant", "content": "Hello."}])
        assert contents == [
            {"role": "user", "parts": [{"text": OPENING}]},
            {"role": "model", "parts": [{"text": "Hello."}]},
        ]

    def test_neighbours_of_one_side(self) -> None:
        """Messages of one side, and a reminder between them, are one content."""
        said = [("user", "a"), ("system", "b"), ("user", "c")]
        contents, _ = translated([{"role": role, "content": text} for role, text in said])
        (content,) = contents
        a, b, c = (part["text"] for part in content["parts"])
        assert (a, c) == ("a", "c")
        assert b == "<system-reminder>\nb\n</system-reminder>"

    def test_two_same_calls_stay_two(self) -> None:
        """Parallel calls under one id are told apart, and each has its own result."""
        results = [result({"type": "text", "text": text}) for text in ("one", "two")]
        messages: list[JSON] = [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": [CALL, CALL]},
            {"role": "user", "content": results},
        ]
        _, model, user = translated(messages)[0]
        ids = [part["functionCall"]["id"] for part in model["parts"]]
        assert len(set(ids)) == 2
        assert [part["functionResponse"]["id"] for part in user["parts"]] == ids
        outputs = [part["functionResponse"]["response"]["output"] for part in user["parts"]]
        assert outputs == ["one", "two"]


class TestResults:
    """What the tools gave."""

    @pytest.mark.parametrize(
        ("block", "response"),
        [
            (result({"type": "text", "text": "out"}), {"output": "out"}),
            (result(), {"output": NO_OUTPUT}),
            (result({"type": "text", "text": "boom"}, is_error=True), {"error": "boom"}),
            (result(is_error=True), {"error": NO_OUTPUT}),
        ],
        ids=str,
    )
    def test_results(self, block: JSON, response: JSON) -> None:
        """An output or an error, under the name and the id of the call."""
        ((part,), dropped) = answered(block)
        assert part == {"functionResponse": {"id": "t", "name": "f", "response": response}}
        assert dropped == []

    def test_servers_without_ids(self) -> None:
        """Where calls have no ids, results are paired by their name and order."""
        ((part,), _) = answered(result(), call_ids=False)
        assert part["functionResponse"].keys() == {"name", "response"}

    def test_images_behind_the_results(self) -> None:
        """Before what the user says, with a label that names the call."""
        parts, _ = answered(result(PNG), {"type": "text", "text": "Look."})
        response, label, image, said = parts
        assert response["functionResponse"]["response"] == {"output": "(shown below)"}
        assert "t" in label["text"]
        assert image == {"inlineData": {"mimeType": "image/png", "data": "x"}}
        assert said == {"text": "Look."}

    def test_images_in_the_results(self) -> None:
        """Models that take them there get them there."""
        ((part,), _) = answered(result(PNG, PDF), model=NEW)
        inline = [{"mimeType": kind, "data": "x"} for kind in ("image/png", "application/pdf")]
        assert part["functionResponse"]["parts"] == [{"inlineData": data} for data in inline]

    def test_a_name_is_that_of_its_call(self) -> None:
        """Also one that had to be changed: it begins with a letter here."""
        call = {**CALL, "name": "2nd tool"}
        messages = [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result()]},
        ]
        _, model, user = translated(messages)[0]
        name = model["parts"][0]["functionCall"]["name"]
        assert name.startswith("_2nd_tool")
        assert user["parts"][0]["functionResponse"]["name"] == name


class TestMedia:
    """Images and documents."""

    def test_what_is_not_understood(self) -> None:
        """An image of another type is named where it stood, and disclosed."""
        parts, dropped = answered(result(GIF))
        assert "cannot be shown" in parts[0]["functionResponse"]["response"]["output"]
        assert dropped == ["image of type image/gif"]

    @pytest.mark.parametrize(
        ("url", "fetches", "expected"),
        [
            ("gs://bucket/a.png", False, "image/png"),
            ("https://generativelanguage.googleapis.com/v1beta/files/x", False, "image/jpeg"),
            ("https://a.example/b.webp?c", True, "image/webp"),
            ("https://a.example/b.png", False, None),
            ("https://notyoutu.be/b.png", False, None),
        ],
    )
    def test_addresses(self, url: str, fetches: bool, expected: str | None) -> None:
        """Files that the server knows or fetches are files; others are named and disclosed."""
        block = {"type": "image", "source": {"type": "url", "url": url}}
        messages = [{"role": "user", "content": [block]}]
        contents, dropped = translated(messages, OLD, GeminiQuirks(fetches_urls=fetches))
        ((part,),) = (content["parts"] for content in contents)
        if expected is None:
            assert url in part["text"]
            assert dropped == ["image of type url"]
        else:
            assert part == {"fileData": {"mimeType": expected, "fileUri": url}}
            assert dropped == []

    @pytest.mark.parametrize("url", ["http://[", "", "a b", "//"])
    def test_odd_addresses(self, url: str) -> None:
        """What is no address is no file."""
        block = {"type": "document", "source": {"type": "url", "url": f"{url} x"}}
        _, dropped = translated([{"role": "user", "content": [block]}])
        assert dropped == ["document of type url"]


def test_a_step_of_another_model_is_signed_by_the_sentinel() -> None:
    """Each step's first call, in every turn: what was sent in one turn stays as it was."""
    messages = [
        {"role": "assistant", "content": [CALL, {**CALL, "id": "u"}]},
        {"role": "user", "content": [result(), result(tool_use_id="u")]},
        {"role": "assistant", "content": [{**CALL, "id": "v"}]},
        {"role": "user", "content": [result(tool_use_id="v"), {"type": "text", "text": "Next."}]},
    ]
    contents, _ = translated(messages, NEW)
    signatures = [
        part.get("thoughtSignature")
        for content in contents
        for part in content["parts"]
        if "functionCall" in part
    ]
    assert signatures == [SENTINEL, None, SENTINEL]
