"""Laws of translated requests: each field is sent, mapped, or named as dropped."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, request, tool
from servers.chat_check import REASONING_KEYS, TOP_KEYS, faults
from strategies import dialogues, json_values, mutated, request_bodies, tools

from gateway.dialects import DIALECTS, Outgoing
from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.dialects.openai_chat.request import EFFORTS, TRANSLATED, nearest_effort
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest
from gateway.providers import PROVIDERS

CHATS = [
    provider.dialect for provider in PROVIDERS.values() if isinstance(provider.dialect, OpenAIChat)
]
chats = st.sampled_from(CHATS)


def outgoing(
    quirks: ChatQuirks | None = None, max_output: int | None = None, **fields: Any
) -> Outgoing:
    """What is sent of a request with these fields."""
    dialect = OpenAIChat(quirks or ChatQuirks())
    return dialect.outgoing(request(**fields), "gpt-5", max_output=max_output)


def body_of(quirks: ChatQuirks | None = None, max_output: int | None = None, **fields: Any) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing(quirks, max_output, **fields).body)
    return body


class TestEveryRequest:
    """Any request, for every provider that speaks this format."""

    @given(request_bodies, chats)
    def test_no_field_is_lost_in_silence(self, body: JSON, dialect: OpenAIChat) -> None:
        """A field is one that is translated, or it is named as dropped."""
        sent = dialect.outgoing(
            MessagesRequest.parse(json.dumps(body).encode()), "m", max_output=None
        )
        for name in body:
            assert name in TRANSLATED or name in sent.dropped
        assert len(set(sent.dropped)) == len(sent.dropped)

    @given(request_bodies, chats)
    def test_only_known_fields_are_sent(self, body: JSON, dialect: OpenAIChat) -> None:
        """Servers refuse what they do not know: no field of the other protocol slips through."""
        sent = dialect.outgoing(
            MessagesRequest.parse(json.dumps(body).encode()), "m", max_output=None
        )
        own = {"thinking", "top_k"} | REASONING_KEYS
        assert json.loads(sent.body).keys() <= TOP_KEYS | own
        assert sent.headers == {"content-type": "application/json"}
        assert sent.path == dialect.quirks.path

    @given(request_bodies, chats)
    def test_the_request_is_not_changed(self, body: JSON, dialect: OpenAIChat) -> None:
        """Translation reads; the same request can be translated for the next target."""
        before = MessagesRequest.parse(json.dumps(body).encode())
        once = dialect.outgoing(before, "m", max_output=None)
        assert {name: before.get(name) for name in before} == body
        assert before.encode() is before.raw
        assert dialect.outgoing(before, "m", max_output=None) == once

    @given(mutated(request_bodies), chats)
    def test_requests_of_odd_shape(self, body: Any, dialect: OpenAIChat) -> None:
        """Whatever stands in a request, it is translated or the client is told what is wrong."""
        try:
            before = MessagesRequest.parse(json.dumps(body).encode())
            sent = dialect.outgoing(before, "m", max_output=None)
        except InvalidRequest as error:
            assert error.message
            return
        assert isinstance(json.loads(sent.body), dict)

    @given(
        st.sampled_from(sorted(TRANSLATED - {"model", "messages", "stream"})), json_values(), chats
    )
    def test_fields_of_odd_shape(self, name: str, value: Any, dialect: OpenAIChat) -> None:
        """Any JSON as the value of one field is translated or refused."""
        fields: JSON = {"tools": [tool("f")], name: value}
        try:
            sent = dialect.outgoing(request(**fields), "m", max_output=5)
        except InvalidRequest as error:
            assert name in error.message or "tool" in error.message
            return
        assert json.loads(sent.body)["model"] == "m"

    @given(dialogues(), tools)
    def test_servers_find_no_fault(self, turns: list[list[JSON]], offered: list[JSON]) -> None:
        """A client's dialogue with its tools becomes a request that a strict server takes."""
        messages = [message for turn in turns for message in turn][:-1]
        found = body_of(
            messages=messages,
            tools=offered,
            tool_choice={"type": "any", "disable_parallel_tool_use": True},
            stream=True,
            thinking={"type": "adaptive"},
            system=[{"type": "text", "text": "Be kind."}],
        )
        assert faults(found) == []

    @given(dialogues(), tools, chats)
    def test_the_prefix_stays(
        self, turns: list[list[JSON]], offered: list[JSON], dialect: OpenAIChat
    ) -> None:
        """The body of a turn begins with the messages of the turn before, byte for byte."""
        messages: list[JSON] = []
        earlier: list[Any] = []
        for user, assistant in turns:
            messages.append(user)
            asked = request(messages=copy.deepcopy(messages), tools=offered, system="s")
            sent = json.loads(dialect.outgoing(asked, "m", max_output=None).body)["messages"]
            assert sent[: len(earlier)] == earlier
            earlier = sent
            messages.append(assistant)


def test_the_plain_request() -> None:
    """What is not asked for is not sent."""
    assert body_of() == {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"system": "s"},
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]},
        ),
        ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}),
        ({"stop_sequences": ["a", "", "b"]}, {"stop": ["a", "b"]}),
        ({"stop_sequences": []}, {}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": False}, {}),
        ({"temperature": None, "max_tokens": None, "tools": None}, {}),
        ({"max_tokens": 9}, {"max_tokens": 9}),
    ],
    ids=str,
)
def test_fields(fields: JSON, expected: JSON) -> None:
    """Each field has its place in the chat format."""
    sent = outgoing(**fields)
    assert json.loads(sent.body) == {**body_of(), **expected}
    assert sent.dropped == ()


@pytest.mark.parametrize(
    ("wanted", "limit", "expected"),
    [(None, None, None), (9, None, 9), (9, 5, 5), (5, 9, 5), (None, 5, 5)],
)
@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_output_cap(
    field: Any, wanted: int | None, limit: int | None, expected: int | None
) -> None:
    """The lower of what the client wants and the target can, under the server's own name."""
    fields = {} if wanted is None else {"max_tokens": wanted}
    body = body_of(ChatQuirks(output_cap=field), limit, **fields)
    assert body.get(field) == expected
    assert len(body) == 2 + (expected is not None)


@pytest.mark.parametrize(
    ("fields", "quirks", "dropped"),
    [
        ({"top_k": 5}, {}, "top_k"),
        (
            {"temperature": 1},
            {"reasoning": "effort", "sampling_with_reasoning": False},
            "temperature",
        ),
        ({"stop_sequences": list("abcde")}, {}, "stop_sequences[4]"),
        ({"metadata": {"user_id": "u"}}, {}, "metadata"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
            {"structured_output": False},
            "output_config.format",
        ),
        (
            {
                "tools": [tool("f")],
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            },
            {"parallel_tool_calls": False},
            "tool_choice.disable_parallel_tool_use",
        ),
        (
            {"tools": [tool("f"), {"type": "web_search_1", "name": "web_search"}]},
            {},
            "tool web_search",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_dropped(fields: JSON, quirks: JSON, dropped: str) -> None:
    """What a server does not know is not sent, and is disclosed by name."""
    assert dropped in outgoing(ChatQuirks(**quirks), **fields).dropped


def test_what_a_server_knows_is_sent() -> None:
    """The same fields, for a server that knows them."""
    body = body_of(
        ChatQuirks(top_k=True),
        top_k=5,
        tools=[tool("f")],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )
    assert (body["top_k"], body["tool_choice"], body["parallel_tool_calls"]) == (
        5,
        "required",
        False,
    )
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": False}
    assert body["response_format"] == {"type": "json_schema", "json_schema": schema}


def test_usage_is_asked_for_where_it_can_be() -> None:
    """Servers that do not know `stream_options` are not sent it."""
    assert "stream_options" not in body_of(ChatQuirks(stream_usage=False), stream=True)


def test_a_choice_without_tools() -> None:
    """When no tool is left, neither is a choice: servers refuse one."""
    assert "tool_choice" not in body_of(tools=[], tool_choice={"type": "auto"})


ENABLED = {"type": "enabled", "budget_tokens": 5_000}


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}, "high"),
        ({"output_config": {"effort": "max"}}, "high"),
        ({"output_config": {"effort": "minimal"}}, "low"),
        ({"thinking": ENABLED}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 60_000}}, "high"),
        ({"thinking": ENABLED, "output_config": {"effort": "low"}}, "low"),
        ({"thinking": {"type": "disabled"}}, "low"),
    ],
    ids=str,
)
def test_effort(fields: JSON, effort: str | None) -> None:
    """Thinking becomes the nearest effort that the server knows; silence stays silence."""
    by_word = body_of(ChatQuirks(reasoning="effort"), **fields)
    by_object = body_of(ChatQuirks(reasoning="object"), **fields)
    assert by_word.get("reasoning_effort") == effort
    assert by_object.get("reasoning") == (None if effort is None else {"effort": effort})
    assert body_of(ChatQuirks(reasoning="none"), **fields) == body_of()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"thinking": {"type": "enabled"}}),
        ({"thinking": {"type": "disabled"}}, {"thinking": {"type": "disabled"}}),
        ({"thinking": ENABLED}, {"thinking": {"type": "enabled"}, "reasoning_effort": "medium"}),
    ],
    ids=str,
)
def test_a_switch(fields: JSON, expected: JSON) -> None:
    """Some servers have a switch for thinking, with the effort beside it."""
    quirks = ChatQuirks(reasoning="switch", can_disable_reasoning=True)
    assert body_of(quirks, **fields) == {**body_of(), **expected}


def test_models_that_do_not_reason() -> None:
    """Only the models that take reasoning parameters are sent them, and only they lose sampling."""
    quirks = ChatQuirks(
        reasoning="effort", reasoning_models=("o3*",), sampling_with_reasoning=False
    )
    body = body_of(quirks, thinking=ENABLED, temperature=0.5)
    assert ("reasoning_effort" in body, body["temperature"]) == (False, 0.5)


@given(
    st.sampled_from(EFFORTS),
    st.lists(st.sampled_from(EFFORTS), min_size=1, max_size=4, unique=True),
)
def test_the_nearest_effort(effort: str, known: list[str]) -> None:
    """The effort that comes out is known, and none that is known is nearer."""
    found = nearest_effort(effort, tuple(known))
    assert found in known
    distance = {name: abs(EFFORTS.index(name) - EFFORTS.index(effort)) for name in known}
    assert distance[found] == min(distance.values())


def test_efforts_of_other_words() -> None:
    """An effort that nobody ranks becomes the greatest, unless the server knows it."""
    assert nearest_effort("ultra", ("low", "high")) == "high"
    assert nearest_effort("ultra", ("low", "ultra")) == "ultra"


@given(request_bodies, st.booleans(), st.none() | st.integers(1, 10**6))
def test_the_clients_own_format(body: JSON, renamed: bool, limit: int | None) -> None:
    """For Anthropic servers only model and a cap that is too high change; all else keeps its bytes."""
    raw = json.dumps(body, indent=1).encode()
    before = MessagesRequest.parse(raw)
    model = "another" if renamed else body["model"]
    sent = DIALECTS["anthropic"].outgoing(before, model, max_output=limit)
    wanted = body.get("max_tokens")
    changes: JSON = {"model": model} if body["model"] != model else {}
    if limit is not None and wanted is not None and wanted > limit:
        changes["max_tokens"] = limit
    assert json.loads(sent.body) == {**body, **changes}
    assert (sent.body is raw) == (not changes)
    assert sent.dropped == ()
    for name in body.keys() - changes.keys():
        kept = before.raw_field(name)
        assert kept is not None
        assert kept in sent.body
