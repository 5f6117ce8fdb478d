"""Stories of Responses answers: what servers have been seen to do, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from dialects.openai_responses.answers import (
    function_call,
    message,
    reasoning,
)
from dialects.openai_responses.plays import (
    CALL,
    RESPONSES,
    added,
    content_of,
    delta,
    done,
    ended,
    heard,
)
from language import JSON, SEAL, events_of, play, sse

from gateway.dialects.openai_responses import OpenAIResponses, ResponsesQuirks
from gateway.dialects.openai_responses.content import LATE
from gateway.messages import accumulate


def call_of(*events: JSON) -> tuple[str, str, Any]:
    """The one tool call that a stream comes to."""
    (block,) = content_of(*events)
    return block["id"], block["name"], block["input"]


NAMED: JSON = {**CALL, "arguments": ""}
ARGUMENTS = "function_call_arguments"


class TestCalls:
    """Arguments may come in any one place."""

    @pytest.mark.parametrize(
        "events",
        [
            [added(NAMED), delta('{"a"', name=ARGUMENTS), delta(":1}", name=ARGUMENTS), done(CALL)],
            [
                added(NAMED),
                {"type": f"response.{ARGUMENTS}.done", "output_index": 0, "arguments": '{"a":1}'},
            ],
            [added(NAMED), done(CALL)],
            [added(CALL)],
            [added(CALL), delta('{"a":1}', name=ARGUMENTS), done(CALL)],
            [done(CALL)],
            [delta('{"a":1}', name=ARGUMENTS), done(CALL)],
            [done({**CALL, "arguments": {"a": 1}})],
            [done({**CALL, "type": "custom_tool_call", "input": '{"a":1}'})],
        ],
    )
    def test_arguments(self, events: list[JSON]) -> None:
        """Deltas, `.done`, the item's end, its beginning, or the last event: one call, once."""
        assert call_of(*events, ended(output=[CALL])) == ("call_0", "f", {"a": 1})

    def test_calls_that_interleave(self) -> None:
        """Calls whose pieces are mixed are said one after the other."""
        other = function_call("g", "{}", "call_1", "fc_1")
        content = content_of(
            added(NAMED),
            added({**other, "arguments": ""}, 1),
            delta("{}", 1, ARGUMENTS),
            delta('{"a":', 0, ARGUMENTS),
            done(other, 1),
            delta("1}", 0, ARGUMENTS),
            done(CALL),
            ended(),
        )
        assert [(block["name"], block["input"]) for block in content] == [
            ("f", {"a": 1}),
            ("g", {}),
        ]

    def test_one_index_for_every_item(self) -> None:
        """A server that always says 0 still means several items."""
        other = function_call("g", "{}", "call_1", "fc_1")
        content = content_of(added(NAMED), done(CALL), added(other), done(other), ended())
        assert [block["id"] for block in content] == ["call_0", "call_1"]
        unannounced = content_of(done(CALL), done(other), ended())
        assert [block["id"] for block in unannounced] == ["call_0", "call_1"]
        texts = [added(message(id="m_1")), delta("a"), done(message("a", id="m_1"))]
        texts += [added(message(id="m_2")), delta("b"), ended()]
        assert content_of(*texts) == [{"type": "text", "text": "a\n\nb"}]

    def test_arguments_with_a_hole(self) -> None:
        """Pieces that do not add up to what the server says they are break the answer."""
        played = heard(
            added(NAMED), delta('{"', name=ARGUMENTS), delta("1}", name=ARGUMENTS), done(CALL)
        )
        assert played.error is not None

    def test_a_call_without_a_name(self) -> None:
        """Nobody could run it."""
        nameless = {**CALL, "name": None}
        assert heard(done(nameless), ended(output=[nameless])).error is not None

    def test_a_call_that_only_the_end_tells_of(self) -> None:
        """Calls without ids are told apart by their names, so none is lost and none comes twice."""
        calls = [function_call(name, "{}", "", "") for name in "fg"]
        content = content_of(done(calls[1]), ended(output=calls))
        assert [block["name"] for block in content] == ["g", "f"]

    def test_names_are_the_clients(self) -> None:
        """A renamed tool is called by the name that the client knows."""
        (block,) = content_of(done(CALL), ended(), tool_names={"f": "a long name"})
        assert block["name"] == "a long name"

    def test_the_input_of_a_custom_tool(self) -> None:
        """Text that is no object arrives under a name."""
        custom = {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "ls -l"}
        assert call_of(done(custom), ended()) == ("c", "f", {"input": "ls -l"})


class TestReasoning:
    """Summaries, open reasoning, and the state that has to come back."""

    def test_two_items_are_two_blocks(self) -> None:
        """Each item's thinking is closed by its own state; without thinking it is redacted."""
        first, second = reasoning("a", id="rs_1"), reasoning(id="rs_2", encrypted="gBBB")
        blocks = content_of(
            done(first), done(CALL, 1), done(second, 2), done(message("b"), 3), ended()
        )
        kinds = [block["type"] for block in blocks]
        assert kinds == ["thinking", "tool_use", "redacted_thinking", "text"]
        assert SEAL.open(blocks[0]["signature"])["id"] == "rs_1"
        assert SEAL.open(blocks[2]["data"])["encrypted_content"] == "gBBB"

    def test_state_of_the_beginning_is_not_used(self) -> None:
        """What `added` holds may be unfinished; the end of the item counts."""
        (block,) = content_of(
            added(reasoning(encrypted="unfinished")), done(reasoning(encrypted="whole")), ended()
        )
        assert SEAL.open(block["data"])["encrypted_content"] == "whole"
        assert content_of(added(reasoning(encrypted="unfinished")), ended()) == []

    def test_state_that_only_the_end_has(self) -> None:
        """State that comes with the last event alone is kept, marked as late."""
        open_item, text = reasoning("a", encrypted=None), message("b")
        last = ended(output=[reasoning("a"), text])
        *_, block = content_of(done(open_item), done(text, 1), last)
        assert SEAL.open(block["data"])[LATE] is True

    def test_all_reasoning_that_was_passed_is_late(self) -> None:
        """Text passes every item of open reasoning at once, and each knows that it was passed."""
        first, second = reasoning(id="rs_1"), reasoning(id="rs_2", encrypted="gBBB")
        text, *states = content_of(
            added(first), added(second, 1), delta("a", 2), done(first), done(second, 1), ended()
        )
        assert text["type"] == "text"
        assert [SEAL.open(block["data"])[LATE] for block in states] == [True, True]

    def test_the_order_of_the_end(self) -> None:
        """What nobody has heard yet is told in the order of the last event."""
        nameless = delta('{"a":1}', 1, ARGUMENTS)
        first, second = content_of(nameless, ended(output=[reasoning(), CALL]))
        assert (first["type"], second["type"]) == ("redacted_thinking", "tool_use")
        assert LATE not in SEAL.open(first["data"])

    def test_parts_of_a_summary_stand_apart(self) -> None:
        """Paragraphs of a summary do not run into each other."""
        (block,) = content_of(
            delta("a", name="reasoning_summary_text", summary_index=0),
            delta("b", name="reasoning_summary_text", summary_index=1),
            ended(),
        )
        assert (block["thinking"], block["signature"]) == ("a\n\nb", "")

    def test_text_does_not_wait_for_open_reasoning(self) -> None:
        """A server that completes reasoning last does not hold the text up."""
        begun = heard(
            added(reasoning()),
            delta("a", name="reasoning_text"),
            added(message(), 1),
            delta("b", 1),
        )
        assert b'"text":"b"' in begun.out

    def test_one_voice(self) -> None:
        """Reasoning that comes both open and summarised is told once."""
        both = {**reasoning("a"), "content": [{"type": "reasoning_text", "text": "open"}]}
        (block,) = content_of(delta("a", name="reasoning_summary_text"), done(both), ended())
        assert block["thinking"] == "a"

    @pytest.mark.parametrize(
        ("resent", "is_kept"), [("all", True), ("encrypted", False), ("none", False)]
    )
    def test_open_reasoning_goes_back_where_it_is_wanted(self, resent: Any, is_kept: bool) -> None:
        """Reasoning that is not encrypted is no state, unless the server wants it back too."""
        dialect = OpenAIResponses(ResponsesQuirks(resent_reasoning=resent))
        item = {**reasoning(encrypted=None), "content": [{"type": "reasoning_text", "text": "a"}]}
        (block,) = content_of(done(item), ended(), dialect=dialect)
        assert bool(block["signature"]) is is_kept


class TestMessages:
    """Text in any one place, and what stands between texts."""

    @pytest.mark.parametrize(
        "events",
        [
            [delta("ab")],
            [{"type": "response.output_text.done", "output_index": 0, "text": "ab"}],
            [
                {
                    "type": "response.content_part.done",
                    "output_index": 0,
                    "part": {"type": "output_text", "text": "ab"},
                }
            ],
            [delta("a"), done(message("ab"))],
            [delta("a", content_index=1), delta("b", content_index=1), done(message("ab"))],
            [done({**message(), "content": "ab"})],
            [],
        ],
    )
    def test_text(self, events: list[JSON]) -> None:
        """Wherever the text stands, it is said, and said once."""
        assert content_of(*events, ended(output=[message("ab")])) == [
            {"type": "text", "text": "ab"}
        ]

    def test_messages_stand_apart(self) -> None:
        """Two messages in one block do not run into each other."""
        (block,) = content_of(done(message("a.")), done(message("b.", id="m"), 1), ended())
        assert block["text"] == "a.\n\nb."

    def test_other_ids_at_the_end(self) -> None:
        """Items of the last event that have other ids than before are not said again."""
        last = ended(output=[reasoning(id="x", encrypted=None), message("ab", id="y")])
        assert len(content_of(delta("ab", 1), done(message("ab"), 1), last)) == 1

    @pytest.mark.parametrize(("id", "index"), [("msg_0", 5), ("other", 0)])
    def test_an_end_that_differs(self, id: str, index: int) -> None:
        """A last account in slightly other words is the same item by its id or its place."""
        content = content_of(
            delta("a  b", index, item_id="msg_0"), ended(output=[message("a b", id=id)])
        )
        assert content == [{"type": "text", "text": "a  b"}]

    def test_the_whole_account_is_the_better(self) -> None:
        """Where nobody has heard the pieces yet, the whole text counts."""
        first, second = delta("a"), delta("x", 1)
        content = content_of(first, second, done(message("yz"), 1), done(message("a")), ended())
        assert content == [{"type": "text", "text": "a\n\nyz"}]

    def test_events_that_come_twice(self) -> None:
        """The same number with the same content is the same event; numbers alone do not tell."""
        twice, constant = delta("a", sequence_number=3), delta("a", sequence_number=0)
        assert content_of(twice, twice, ended())[0]["text"] == "a"
        assert content_of(constant, constant, ended())[0]["text"] == "aa"
        assert content_of(twice, delta("b", sequence_number=3), ended())[0]["text"] == "ab"

    def test_events_without_a_type(self) -> None:
        """The event's name stands for a type that is missing."""
        stream = b'event: response.output_text.delta\ndata: {"delta": "a", "output_index": 0}\n\n'
        played = play(RESPONSES, [stream, sse(ended())])
        assert accumulate(events_of(played.out))["content"] == [{"type": "text", "text": "a"}]

    def test_items_that_mean_nothing_to_a_client(self) -> None:
        """An item of another kind is passed over, and holds nothing up when it never ends."""
        other = {"type": "mcp_list_tools", "id": "x"}
        assert content_of(added(other), delta("a", 1), ended())[0]["text"] == "a"
