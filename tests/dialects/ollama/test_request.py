"""Laws of requests to Ollama: each field is sent, mapped, or named as dropped."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, destination, request, tool
from strategies import dialogues, mutated, request_bodies

from gateway.dialects import DIALECTS, Outgoing
from gateway.dialects.ollama import Ollama, OllamaQuirks
from gateway.dialects.ollama.request import TRANSLATED
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest
from gateway.reasoning import Vault

OLLAMA = DIALECTS["ollama"]
KEYS = {
    *("model", "messages", "tools", "think", "format", "options"),
    *("truncate", "keep_alive", "stream"),
}
MESSAGE_KEYS = {
    "system": {"role", "content"},
    "user": {"role", "content", "images"},
    "assistant": {"role", "content", "thinking", "tool_calls"},
    "tool": {"role", "content", "tool_name", "tool_call_id"},
}
FOREIGN = Vault(b"the tests' own secret").seal_for("other:model")


def outgoing(
    quirks: OllamaQuirks | None = None, target: JSON | None = None, **fields: Any
) -> Outgoing:
    """What is sent of a request with these fields."""
    dialect = Ollama(quirks or OllamaQuirks())
    return dialect.outgoing(request(**fields), destination("qwen3", **target or {}))


def body_of(quirks: OllamaQuirks | None = None, target: JSON | None = None, **fields: Any) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing(quirks, target, **fields).body)
    return body


def messages_of(*content: Any, role: str = "user") -> list[JSON]:
    """The messages that one turn of these blocks becomes."""
    sent: list[JSON] = body_of(messages=[{"role": role, "content": list(content)}])["messages"]
    return sent


def check_legal(body: JSON) -> None:
    """The server's own types take it: it refuses a request in which one field has another type."""
    assert body.keys() <= KEYS
    assert isinstance(body["stream"], bool)
    waiting: dict[str, str] = {}
    for message in body["messages"]:
        assert message.keys() <= MESSAGE_KEYS[message["role"]]
        assert isinstance(message["content"], str)
        assert all(isinstance(image, str) for image in message.get("images", []))
        if message["role"] == "tool":
            assert waiting.pop(message["tool_call_id"]) == message["tool_name"]
            continue
        assert not waiting, "a call is not answered"
        for call in message.get("tool_calls", []):
            assert isinstance(call["function"]["arguments"], dict)
            waiting[call["id"]] = call["function"]["name"]
    assert not waiting, "the last calls are not answered"
    for entry in body.get("tools", []):
        assert entry["type"] == "function"
        assert isinstance(entry["function"]["parameters"], dict)


class TestEveryRequest:
    """Any request."""

    @given(request_bodies)
    def test_it_is_legal(self, body: JSON) -> None:
        """What is sent is of the server's own types, and every call is answered right behind it."""
        asked = MessagesRequest.parse(json.dumps(body).encode())
        check_legal(json.loads(OLLAMA.outgoing(asked, destination()).body))

    @given(request_bodies)
    def test_the_request_stays_what_it_was(self, body: JSON) -> None:
        """Translating changes nothing in the client's request, and says the same twice."""
        asked = MessagesRequest.parse(json.dumps(body).encode())
        before = copy.deepcopy({name: asked.get(name) for name in asked})
        first = OLLAMA.outgoing(asked, destination())
        assert OLLAMA.outgoing(asked, destination()) == first
        assert {name: asked.get(name) for name in asked} == before

    @given(request_bodies)
    def test_lossless_or_disclosed(self, body: JSON) -> None:
        """A field that no part of the format can carry is named."""
        asked = MessagesRequest.parse(json.dumps(body).encode())
        assert body.keys() - TRANSLATED <= set(OLLAMA.outgoing(asked, destination()).dropped)

    @given(mutated(request_bodies))
    def test_requests_of_odd_shape(self, body: Any) -> None:
        """A shape that makes no sense is at most an `InvalidRequest`."""
        try:
            asked = MessagesRequest.parse(json.dumps(body).encode())
            OLLAMA.outgoing(asked, destination())
        except InvalidRequest:
            return

    @given(dialogues(), st.integers(1, 4))
    def test_the_same_history_gives_the_same_bytes(self, turns: list[list[JSON]], end: int) -> None:
        """What was sent of earlier turns does not change when the conversation grows."""
        whole = [message for turn in turns for message in turn]
        start = [message for turn in turns[:end] for message in turn][:-1]
        before = body_of(messages=start)["messages"]
        after = body_of(messages=whole)["messages"]
        assert after[: len(before)] == before


class TestMessages:
    """The conversation."""

    def test_system(self) -> None:
        """The system prompt comes first; later system messages are reminders where they stand."""
        billing = {"type": "text", "text": "x-anthropic-billing-header: a"}
        texts = [billing, {"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
        messages = [{"role": "user", "content": "hi"}, {"role": "system", "content": "C"}]
        out = outgoing(system=texts, messages=messages)
        assert json.loads(out.body)["messages"] == [
            {"role": "system", "content": "A\n\nB"},
            {"role": "user", "content": "hi"},
            {"role": "user", "content": "<system-reminder>\nC\n</system-reminder>"},
        ]
        assert out.dropped == ("system attribution block",)

    def test_images(self) -> None:
        """Images go by their data; what cannot be shown is told, and disclosed."""
        png = {"type": "base64", "media_type": "image/png", "data": "aGk="}
        at = {"type": "url", "url": "https://example.com/a.png"}
        pdf = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
        blocks = [
            {"type": "text", "text": "See:"},
            {"type": "image", "source": png},
            {"type": "image", "source": at},
            {"type": "document", "title": "T", "source": pdf},
        ]
        out = outgoing(messages=[{"role": "user", "content": blocks}])
        (message,) = json.loads(out.body)["messages"]
        assert message["images"] == ["aGk="]
        assert message["content"].startswith("See:\n\n[an image")
        assert at["url"] in message["content"]
        assert "[T: a document" in message["content"]
        assert out.dropped == ("image of type url", "document of type base64")

    def test_calls_and_results(self) -> None:
        """Arguments are objects, and a result names its tool and its call."""
        call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": "é"}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
        messages = [
            {"role": "assistant", "content": [{"type": "text", "text": "Now."}, call]},
            {"role": "user", "content": [result, {"type": "text", "text": "go"}]},
        ]
        assert body_of(messages=messages)["messages"] == [
            {
                "role": "assistant",
                "content": "Now.",
                "tool_calls": [
                    {"id": "toolu_1", "function": {"name": "f", "arguments": {"x": "é"}}}
                ],
            },
            {"role": "tool", "content": "done", "tool_call_id": "toolu_1", "tool_name": "f"},
            {"role": "user", "content": "go"},
        ]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, "(no output)"),
            ({"content": ""}, "(no output)"),
            ({"content": "x", "is_error": True}, "Error: x"),
            ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "a\nb"),
            (
                {"content": [{"type": "document", "source": {"type": "url", "url": "u"}}]},
                "[document: a document that this model cannot be shown]",
            ),
        ],
    )
    def test_results(self, fields: JSON, expected: str) -> None:
        """A result is text; an empty one says so, and an error says that it is one."""
        call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "t", **fields}
        turns = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
        assert body_of(messages=turns)["messages"][1]["content"] == expected

    def test_what_results_show(self) -> None:
        """Images of results follow all results, with the name of the call that they belong to."""
        calls = [{"type": "tool_use", "id": id, "name": "f", "input": {}} for id in "ab"]
        image = {"type": "image", "source": {"type": "base64", "media_type": "i", "data": "aGk="}}
        results = [{"type": "tool_result", "tool_use_id": id, "content": [image]} for id in "ab"]
        turns = [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
        _, *told, shown = body_of(messages=turns)["messages"]
        assert [message["content"] for message in told] == ["(shown below)"] * 2
        assert shown == {
            "role": "user",
            "content": "[result of tool call a]\n\n[result of tool call b]",
            "images": ["aGk="] * 2,
        }

    def test_thinking_goes_back_to_its_own_model(self) -> None:
        """Thinking that this very target has sealed is sent; any other is not, and that is said."""
        own = {"type": "thinking", "thinking": "a", "signature": SEAL.close("")}
        text = {"type": "text", "text": "b"}
        for foreign in ("EqQBCgIYAhIk", "", FOREIGN.close("")):
            alien = {**own, "signature": foreign}
            out = outgoing(messages=[{"role": "assistant", "content": [own, alien, text]}])
            (message,) = json.loads(out.body)["messages"]
            assert message == {"role": "assistant", "content": "b", "thinking": "a"}
            assert out.dropped == ("thinking of another model",)

    def test_nothing_is_left(self) -> None:
        """A turn of foreign thinking alone is no message."""
        assert messages_of({"type": "thinking", "thinking": "a"}, role="assistant") == []


class TestTools:
    """Tools and the choice among them."""

    def test_functions(self) -> None:
        """Tools are functions; names that are too long are cut, and known again in the answer."""
        long = "mcp__" + "x" * 80
        out = outgoing(tools=[tool("f"), tool(long), {"type": "bash_20250124", "name": "bash"}])
        first, second, third = (entry["function"] for entry in json.loads(out.body)["tools"])
        assert first == {
            "name": "f",
            "description": "Does f.",
            "parameters": tool("f")["input_schema"],
        }
        assert out.tool_names == {second["name"]: long}
        assert third["name"] == "bash"

    @pytest.mark.parametrize(
        ("choice", "kept", "dropped"),
        [
            ({"type": "auto"}, True, ()),
            ({"type": "none"}, False, ()),
            ({"type": "any"}, True, ("tool_choice",)),
            ({"type": "tool", "name": "f"}, True, ("tool_choice",)),
            (
                {"type": "auto", "disable_parallel_tool_use": True},
                True,
                ("tool_choice.disable_parallel_tool_use",),
            ),
        ],
    )
    def test_choice(self, choice: JSON, kept: bool, dropped: tuple[str, ...]) -> None:
        """The format cannot say which tool to call: to call none, none is offered."""
        out = outgoing(tools=[tool("f")], tool_choice=choice)
        assert ("tools" in json.loads(out.body), out.dropped) == (kept, dropped)

    def test_server_tools(self) -> None:
        """Ollama runs none: one is dropped beside others, and refused alone."""
        search = {"type": "web_search_20250305", "name": "web_search"}
        assert outgoing(tools=[search, tool("f")]).dropped == ("tool web_search",)
        with pytest.raises(InvalidRequest, match="web_search"):
            outgoing(tools=[search])


class TestFields:
    """The other fields."""

    def test_the_least(self) -> None:
        """A bare request says whether it streams, and that the prompt may not be cut."""
        assert body_of() == {
            "model": "qwen3",
            "messages": [{"role": "user", "content": "hi"}],
            "truncate": False,
            "stream": False,
        }
        assert outgoing(stream=True).headers["accept"] == "application/x-ndjson"
        assert outgoing().headers["accept"] == "application/json"
        assert outgoing().path == "/api/chat"

    def test_options(self) -> None:
        """Limits, sampling and stop sequences are options, however many there are."""
        stops = [f"stop {number}" for number in range(9)]
        sent = body_of(
            max_tokens=500, temperature=0, top_p=0.5, top_k=4, stop_sequences=stops, stream=True
        )
        assert sent["options"] == {
            "num_predict": 500,
            "temperature": 0,
            "top_p": 0.5,
            "top_k": 4,
            "stop": stops,
        }
        assert sent["stream"] is True

    def test_windows(self) -> None:
        """The window is the target's, or the quirk's; the answer is capped at the target's limit."""
        assert body_of(target={"context": 9000})["options"] == {"num_ctx": 9000}
        quirks = OllamaQuirks(num_ctx=4096)
        assert body_of(quirks)["options"]["num_ctx"] == 4096
        assert body_of(quirks, {"context": 9000})["options"] == {"num_ctx": 9000}
        capped = body_of(target={"max_output": 100}, max_tokens=500)
        assert capped["options"] == {"num_predict": 100}

    def test_quirks(self) -> None:
        """Those that stand in the body as they are."""
        sent = body_of(OllamaQuirks(keep_alive="30m", truncate=True))
        assert (sent["keep_alive"], "truncate" in sent) == ("30m", False)
        assert Ollama().with_quirks({"num_ctx": 8192}).quirks == OllamaQuirks(num_ctx=8192)

    def test_structured_output(self) -> None:
        """A schema for the answer is the format; other keys of the field are disclosed."""
        schema = {"type": "object", "properties": {"x": {"type": "string"}}}
        wanted = {"type": "json_schema", "schema": schema}
        out = outgoing(output_config={"format": wanted, "task_budget": {"total": 1}})
        assert json.loads(out.body)["format"] == schema
        assert out.dropped == ("output_config.task_budget",)
        assert "format" not in body_of(output_config={"format": {"type": "text"}})

    @pytest.mark.parametrize(
        ("way", "asked", "effort", "expected"),
        [
            ("auto", None, None, None),
            ("auto", {"type": "adaptive"}, "high", None),
            ("auto", {"type": "enabled", "budget_tokens": 9000}, None, None),
            ("auto", {"type": "disabled"}, None, False),
            ("switch", None, None, None),
            ("switch", {"type": "adaptive"}, "high", True),
            ("switch", {"type": "disabled"}, None, False),
            ("level", {"type": "adaptive"}, None, True),
            ("level", {"type": "adaptive"}, "max", "high"),
            ("level", {"type": "enabled", "budget_tokens": 3000}, None, "medium"),
            ("level", {"type": "disabled"}, "high", False),
        ],
    )
    def test_thinking(self, way: Any, asked: Any, effort: str | None, expected: Any) -> None:
        """Thinking is asked for as the model takes it; what it does not take is disclosed."""
        fields: JSON = {"thinking": asked} if asked else {}
        fields |= {"output_config": {"effort": effort}} if effort else {}
        out = outgoing(OllamaQuirks(think=way), **fields)
        assert json.loads(out.body).get("think") == expected
        unsaid = {"output_config.effort"} if effort else set()
        unsaid |= {"thinking.budget_tokens"} if asked and "budget_tokens" in asked else set()
        assert set(out.dropped) == (unsaid if way != "level" else set())

    def test_models_that_cannot_think(self) -> None:
        """They refuse to be asked, so only the models of the list are."""
        quirks = OllamaQuirks(think="switch", thinking_models=("gpt-oss*",))
        assert "think" not in body_of(quirks, thinking={"type": "adaptive"})
        assert body_of(quirks, thinking={"type": "disabled"})["think"] is False
