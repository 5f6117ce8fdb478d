"""Laws of requests in the Responses format: each field is sent, mapped, or named as dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, SEAL, destination, request, tool
from openai.types.responses import response_create_params as params
from pydantic import TypeAdapter, ValidationError
from strategies import dialogues, json_values, mutated, request_bodies, tools

from gateway.dialects import Outgoing
from gateway.dialects.openai_responses import OpenAIResponses, ResponsesQuirks
from gateway.dialects.openai_responses.request import TRANSLATED
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest
from gateway.reasoning import Vault

PLAIN = ResponsesQuirks(
    system="developer",
    mid_system="user",
    resent_reasoning="all",
    media_in_results=False,
    encrypted_reasoning=False,
    store=False,
    prompt_cache_key=False,
    safety_identifier=False,
    service_tier=False,
    parallel_tool_calls=False,
    structured_output=False,
)
"""A server that knows little."""
dialects = st.sampled_from([OpenAIResponses(), OpenAIResponses(PLAIN)])
models = st.sampled_from(["gpt-5", "gpt-4.1", "openai/gpt-oss-20b"])

CREATE: TypeAdapter[Any] = TypeAdapter(params.ResponseCreateParamsNonStreaming)
STREAM: TypeAdapter[Any] = TypeAdapter(params.ResponseCreateParamsStreaming)
KNOWN = frozenset(params.ResponseCreateParamsBase.__annotations__) | {"stream"}


def outgoing(quirks: ResponsesQuirks | None = None, *, model: str = "m", **fields: Any) -> Outgoing:
    """What is sent of a request with these fields."""
    dialect = OpenAIResponses(quirks or ResponsesQuirks())
    return dialect.outgoing(request(**fields), destination(model))


def body_of(quirks: ResponsesQuirks | None = None, *, model: str = "m", **fields: Any) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing(quirks, model=model, **fields).body)
    return body


def sent_of(body: JSON, dialect: OpenAIResponses, model: str = "m") -> Outgoing:
    """What is sent of a request with this body."""
    return dialect.outgoing(MessagesRequest.parse(json.dumps(body).encode()), destination(model))


def check_legal(body: JSON) -> None:
    """The official client's types take it, and so do the rules that types cannot say."""
    (STREAM if body.get("stream") else CREATE).validate_python(body)
    assert body.keys() <= KNOWN
    items = body["input"]
    for at, item in enumerate(items):
        following = items[at + 1]["type"] if at + 1 < len(items) else None
        if item["type"] == "reasoning":
            assert following in ("reasoning", "message", "function_call"), "nothing follows"
    calls = [item["call_id"] for item in items if item["type"] == "function_call"]
    answers = [item["call_id"] for item in items if item["type"] == "function_call_output"]
    assert sorted(calls) == sorted(answers), "a call is not answered once"


class TestEveryRequest:
    """Any request, for any model and server."""

    @given(request_bodies, dialects, models)
    def test_no_field_is_lost_in_silence(
        self, body: JSON, dialect: OpenAIResponses, model: str
    ) -> None:
        """A field is one that is translated, or it is named as dropped."""
        sent = sent_of(body, dialect, model)
        for name in body:
            assert name in TRANSLATED or name in sent.dropped
        assert len(set(sent.dropped)) == len(sent.dropped)
        assert sent.headers == {"content-type": "application/json"}
        assert list(sent.stops) == list(dict.fromkeys(body.get("stop_sequences", [])))

    @given(request_bodies, dialects, models)
    def test_only_legal_requests_are_sent(
        self, body: JSON, dialect: OpenAIResponses, model: str
    ) -> None:
        """Whatever the conversation looks like, its items are those of the format."""
        check_legal(json.loads(sent_of(body, dialect, model).body))

    @given(dialogues(), tools, dialects, models)
    def test_dialogues(
        self, turns: list[list[JSON]], offered: list[JSON], dialect: OpenAIResponses, model: str
    ) -> None:
        """A client's dialogue with its tools is legal in full."""
        fields: JSON = {
            "messages": [message for turn in turns for message in turn][:-1],
            "tools": offered,
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
            "thinking": {"type": "adaptive"},
            "system": [{"type": "text", "text": "Be kind."}],
            "metadata": {"user_id": "someone"},
            "stream": True,
        }
        check_legal(json.loads(dialect.outgoing(request(**fields), destination(model)).body))

    @given(request_bodies, dialects)
    def test_the_request_is_not_changed(self, body: JSON, dialect: OpenAIResponses) -> None:
        """Translation reads; the same request can be translated for the next target."""
        before = MessagesRequest.parse(json.dumps(body).encode())
        once = dialect.outgoing(before, destination())
        assert {name: before.get(name) for name in before} == body
        assert dialect.outgoing(before, destination()) == once

    @given(mutated(request_bodies), dialects)
    def test_requests_of_odd_shape(self, body: Any, dialect: OpenAIResponses) -> None:
        """Whatever stands in a request, it is translated or the client is told what is wrong."""
        try:
            sent = sent_of(body, dialect, "gpt-5")
        except InvalidRequest as error:
            assert error.message
            return
        assert isinstance(json.loads(sent.body), dict)

    @given(st.sampled_from(sorted(TRANSLATED - {"model", "messages", "stream"})), json_values())
    def test_fields_of_odd_shape(self, name: str, value: Any) -> None:
        """Any JSON as the value of one field is translated or refused."""
        fields: JSON = {"tools": [tool("f")], name: value}
        try:
            sent = outgoing(model="gpt-5", **fields)
        except InvalidRequest as error:
            assert name in error.message or "tool" in error.message
            return
        assert json.loads(sent.body)["model"] == "gpt-5"

    @given(dialogues(), tools, dialects)
    def test_the_prefix_stays(
        self, turns: list[list[JSON]], offered: list[JSON], dialect: OpenAIResponses
    ) -> None:
        """The input of a turn begins with the input of the turn before, item for item."""
        messages: list[JSON] = []
        earlier: list[Any] = []
        for user, assistant in turns:
            messages.append(user)
            sent = dialect.outgoing(request(messages=messages, tools=offered), destination())
            items = json.loads(sent.body)["input"]
            if earlier and "[no result" not in json.dumps(items):
                assert items[: len(earlier)] == earlier
            earlier = items
            messages.append(assistant)

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_state_of_others_is_never_sent(self, summary: str, secret: str) -> None:
        """What another target sealed, or nobody, does not reach the server; its owner's does."""
        state = {"id": "rs_1", "summary": [], "encrypted_content": f"secret {secret}"}
        own, other = SEAL.close(state), Vault(b"other").seal_for("provider:model").close(state)
        elsewhere = Vault(b"the tests' own secret").seal_for("provider:another").close(state)
        for signature in (other, elsewhere, secret, "", f"{own}x"):
            items = _items(summary, signature)
            assert [item["type"] for item in items] == ["message"]
        first, second = _items(summary, own)
        assert first == {"type": "reasoning", **state}
        assert second["content"] == "a"


def _items(thinking: str, signature: str) -> list[JSON]:
    block = {"type": "thinking", "thinking": thinking, "signature": signature}
    content = [block, {"type": "text", "text": "a"}]
    items: list[JSON] = body_of(messages=[{"role": "assistant", "content": content}])["input"]
    return items


class TestFields:
    """Single fields."""

    def test_a_simple_request(self) -> None:
        """Nothing is kept at the server, and nothing is said that was not asked."""
        assert body_of() == {
            "model": "m",
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "hi"}],
                }
            ],
            "store": False,
        }

    def test_system_prompts(self) -> None:
        """The system prompt is `instructions`; one inside the conversation stays in its place."""
        messages = [
            {"role": "user", "content": "a"},
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "b"},
        ]
        body = body_of(system=[{"type": "text", "text": "Be kind."}], messages=messages)
        assert body["instructions"] == "Be kind."
        assert [item["role"] for item in body["input"]] == ["user", "developer", "user"]
        plain = body_of(PLAIN, system="Be kind.", messages=messages)
        assert [item["role"] for item in plain["input"]] == ["developer", "user", "user", "user"]
        assert "<system-reminder>" in plain["input"][2]["content"][0]["text"]
        assert "instructions" not in plain

    def test_functions(self) -> None:
        """Functions are flat, and `strict` is always said: its absence means true here."""
        closed = {
            "type": "object",
            "properties": {"x": {"type": "string"}},
            "required": ["x"],
            "additionalProperties": False,
        }
        body = body_of(tools=[tool("f"), tool("g", input_schema=closed, strict=True)])
        assert [(entry["name"], entry["strict"]) for entry in body["tools"]] == [
            ("f", False),
            ("g", True),
        ]
        assert body["tools"][0].keys() == {"type", "name", "description", "parameters", "strict"}

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ({"type": "auto"}, "auto"),
            ({"type": "any"}, "required"),
            ({"type": "none"}, "none"),
            ({"type": "tool", "name": "f"}, {"type": "function", "name": "f"}),
            ({"type": "tool", "name": "gone"}, None),
            ({"type": "odd"}, None),
        ],
    )
    def test_tool_choice(self, choice: JSON, expected: Any) -> None:
        """A choice is said in the format's words, and only of tools that are on offer."""
        assert body_of(tools=[tool("f")], tool_choice=choice).get("tool_choice") == expected
        assert "tool_choice" not in body_of(tool_choice=choice)

    def test_parallel_calls(self) -> None:
        """One call at a time is asked for where that is known."""
        fields: JSON = {
            "tools": [tool("f")],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        }
        assert body_of(**fields)["parallel_tool_calls"] is False
        assert "tool_choice.disable_parallel_tool_use" in outgoing(PLAIN, **fields).dropped

    @pytest.mark.parametrize(("wanted", "sent"), [(1, 16), (16, 16), (500, 100), (None, 100)])
    def test_output_cap(self, wanted: int | None, sent: int) -> None:
        """The cap is at least what servers take and at most what the model gives."""
        fields: JSON = {} if wanted is None else {"max_tokens": wanted}
        found = OpenAIResponses().outgoing(request(**fields), destination(max_output=100))
        assert json.loads(found.body)["max_output_tokens"] == sent

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, None),
            ({"thinking": {"type": "adaptive"}}, {"summary": "auto"}),
            ({"thinking": {"type": "adaptive", "display": "omitted"}}, None),
            (
                {"thinking": {"type": "enabled", "budget_tokens": 3000}},
                {"effort": "medium", "summary": "auto"},
            ),
            (
                {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
                {"effort": "high", "summary": "auto"},
            ),
            ({"thinking": {"type": "disabled"}}, {"effort": "low"}),
        ],
    )
    def test_reasoning(self, fields: JSON, expected: JSON | None) -> None:
        """Effort and summary are what the client asks for, as far as the server knows them."""
        body = body_of(model="gpt-5", **fields)
        assert body.get("reasoning") == expected
        assert body["include"] == ["reasoning.encrypted_content"]
        other = body_of(model="gpt-4.1", **fields)
        assert other.keys().isdisjoint({"reasoning", "include"})

    def test_no_thinking_at_all(self) -> None:
        """Where reasoning can be turned off, it is."""
        quirks = ResponsesQuirks(can_disable_reasoning=True)
        thinking = {"type": "disabled"}
        assert body_of(quirks, model="gpt-5", thinking=thinking)["reasoning"] == {"effort": "none"}

    def test_sampling(self) -> None:
        """Reasoning models refuse it; `top_k` nobody takes."""
        fields: JSON = {"temperature": 0.5, "top_p": 0.9, "top_k": 5}
        assert outgoing(model="gpt-5", **fields).dropped == ("temperature", "top_p", "top_k")
        body = body_of(model="gpt-4.1", **fields)
        assert (body["temperature"], body["top_p"], "top_k" in body) == (0.5, 0.9, False)

    def test_a_format(self) -> None:
        """Structured output is asked for by its schema."""
        schema = {"type": "object", "properties": {}, "additionalProperties": False}
        config = {"format": {"type": "json_schema", "schema": schema}}
        assert body_of(output_config=config)["text"]["format"] == {
            "type": "json_schema",
            "name": "answer",
            "schema": schema,
            "strict": True,
        }
        assert "output_config.format" in outgoing(PLAIN, output_config=config).dropped
        assert "text" not in body_of(output_config={"format": {"type": "odd"}})

    def test_identity(self) -> None:
        """The server learns digests of session and user, never what the client wrote."""
        user = json.dumps({"device_id": "device", "session_id": "session"})
        found = outgoing(metadata={"user_id": user, "team": "blue"})
        body = json.loads(found.body)
        assert len(body["prompt_cache_key"]) == len(body["safety_identifier"]) == 32
        assert body["prompt_cache_key"] != body["safety_identifier"]
        assert b"device" not in found.body
        assert b"session" not in found.body
        assert "metadata.team" in found.dropped
        assert body_of(PLAIN, metadata={"user_id": user}).keys() == {"model", "input"}

    @pytest.mark.parametrize(
        ("fields", "fast", "tier", "dropped"),
        [
            ({"service_tier": "auto"}, "", "auto", ()),
            ({"service_tier": "standard_only"}, "", "default", ()),
            ({"service_tier": "odd"}, "", None, ("service_tier",)),
            ({"speed": "fast"}, "", None, ("speed",)),
            ({"speed": "fast"}, "priority", "priority", ()),
            ({"speed": "standard", "service_tier": "auto"}, "fast", "auto", ()),
        ],
    )
    def test_tiers(
        self, fields: JSON, fast: Any, tier: str | None, dropped: tuple[str, ...]
    ) -> None:
        """Tiers are said in the server's words; speed is one of them."""
        found = outgoing(ResponsesQuirks(fast_tier=fast), **fields)
        assert json.loads(found.body).get("service_tier") == tier
        assert found.dropped == dropped

    def test_quirks_from_the_config(self) -> None:
        """The config changes single quirks of a provider's dialect."""
        dialect = OpenAIResponses().with_quirks({"path": "/r", "efforts": ["max"]})
        assert (dialect.quirks.path, dialect.quirks.efforts) == ("/r", ("max",))
        assert dialect.quirks.store
        with pytest.raises(ValidationError):
            CREATE.validate_python({"input": 5})
