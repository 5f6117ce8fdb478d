"""Turns as input items: what the client said, in order, and reasoning where it was."""

from __future__ import annotations

from typing import Any

import pytest
from language import JSON, SEAL

from gateway.dialects.openai_responses.content import LATE, call_id, turn_to_items
from gateway.dialects.openai_responses.quirks import ResponsesQuirks
from gateway.dialects.turns import read_turn

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
IMAGE: JSON = {"type": "image", "source": PNG}
FILE: JSON = {"type": "document", "title": "report", "source": PDF}
SHOWN: JSON = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"}
HANDED: JSON = {
    "type": "input_file",
    "filename": "report.pdf",
    "file_data": "data:application/pdf;base64,aGk=",
}


def items(role: str, *blocks: JSON, dropped: list[str] | None = None, **quirks: Any) -> list[JSON]:
    """The items of one message."""
    lost: list[str] = [] if dropped is None else dropped
    turn = read_turn({"role": role, "content": list(blocks)}, SEAL, lost)
    assert turn is not None
    return turn_to_items(turn, ResponsesQuirks(**quirks), lost)


def text(value: str) -> JSON:
    """A text block."""
    return {"type": "text", "text": value}


def call(id: str = "toolu_1") -> JSON:
    """A tool call."""
    return {"type": "tool_use", "id": id, "name": "f", "input": {"a": 1}}


def result(*content: JSON, id: str = "toolu_1", is_error: bool = False) -> JSON:
    """What it gave."""
    return {
        "type": "tool_result",
        "tool_use_id": id,
        "content": list(content),
        "is_error": is_error,
    }


def state(id: str, **fields: Any) -> JSON:
    """Redacted thinking of this target."""
    sealed = {"id": id, "summary": [], "encrypted_content": f"gAAA {id}", **fields}
    return {"type": "redacted_thinking", "data": SEAL.close(sealed)}


def names(found: list[JSON]) -> list[str]:
    """The items by what tells them apart."""
    return [item.get("id") or item.get("call_id") or item["content"] for item in found]


class TestAssistant:
    """What the model said."""

    def test_everything_in_order(self) -> None:
        """Reasoning, text and calls go back in the order in which they came."""
        found = items(
            "assistant",
            state("rs_1"),
            text("a"),
            state("rs_2"),
            call("c1"),
            state("rs_3"),
            call("c2"),
        )
        assert names(found) == ["rs_1", "a", "rs_2", "c1", "rs_3", "c2"]

    def test_late_reasoning_goes_before_what_it_preceded(self) -> None:
        """State that came complete too late stands before what passed it."""
        late: JSON = {LATE: True}
        found = items(
            "assistant",
            state("rs_1"),
            call("c1"),
            text("a"),
            call("c2"),
            state("rs_2", **late),
            state("rs_3", **late),
        )
        assert names(found) == ["rs_1", "rs_2", "rs_3", "c1", "a", "c2"]
        assert LATE not in found[1]

    def test_reasoning_that_nothing_follows(self) -> None:
        """An interrupted turn ends in reasoning, which servers refuse on its own."""
        dropped: list[str] = []
        assert names(items("assistant", text("a"), state("rs_1"), dropped=dropped)) == ["a"]
        assert dropped == ["reasoning that nothing follows"]

    def test_foreign_thinking(self) -> None:
        """Thinking of another model is not sent, and said to be dropped."""
        dropped: list[str] = []
        foreign = {"type": "thinking", "thinking": "hm", "signature": "of another"}
        assert names(items("assistant", foreign, text("a"), dropped=dropped)) == ["a"]
        assert dropped == ["thinking of earlier turns"]

    def test_texts_side_by_side(self) -> None:
        """They are one message; images have no place in it."""
        dropped: list[str] = []
        assert names(items("assistant", text("a"), text("b"), IMAGE, dropped=dropped)) == ["a\n\nb"]
        assert dropped == ["image in an assistant message"]

    def test_a_call(self) -> None:
        """Its id is kept; one that is too long is another, the same each time."""
        (found,) = items("assistant", call("toolu_1"))
        assert found == {
            "type": "function_call",
            "call_id": "toolu_1",
            "name": "f",
            "arguments": '{"a":1}',
        }
        assert call_id("x" * 64) == "x" * 64
        assert call_id("x" * 65) == call_id("x" * 65) != call_id("y" * 65)


class TestUser:
    """What the user said, and what tools gave."""

    def test_text_images_and_files(self) -> None:
        """Parts stay in order; pages and pictures are named by address or sent along."""
        linked = {"type": "image", "source": {"type": "url", "url": "https://a.test/i.png"}}
        paper = {"type": "document", "source": {"type": "url", "url": "https://a.test/p.pdf"}}
        (found,) = items("user", text("a"), IMAGE, FILE, linked, paper)
        assert found["content"] == [
            {"type": "input_text", "text": "a"},
            SHOWN,
            HANDED,
            {"type": "input_image", "image_url": "https://a.test/i.png", "detail": "auto"},
            {"type": "input_file", "file_url": "https://a.test/p.pdf"},
        ]

    @pytest.mark.parametrize(
        ("block", "output"),
        [
            (result(text("ok")), "ok"),
            (result(), "(no output)"),
            (result(text("no"), is_error=True), "Error: no"),
            (result(text("a"), IMAGE), [{"type": "input_text", "text": "a"}, SHOWN]),
            (result(FILE), [HANDED]),
            (result(IMAGE, is_error=True), [{"type": "input_text", "text": "Error:"}, SHOWN]),
        ],
    )
    def test_results(self, block: JSON, output: Any) -> None:
        """A result holds texts, images and files, and says that it is an error."""
        (found,) = items("user", block)
        assert found == {"type": "function_call_output", "call_id": "toolu_1", "output": output}

    def test_results_that_hold_text_only(self) -> None:
        """Where results are text, what they show follows as something the user says."""
        first, second = items("user", result(IMAGE), text("go on"), media_in_results=False)
        assert first["output"] == "(shown below)"
        assert second["content"] == [
            {"type": "input_text", "text": "[result of tool call toolu_1]"},
            SHOWN,
            {"type": "input_text", "text": "go on"},
        ]
