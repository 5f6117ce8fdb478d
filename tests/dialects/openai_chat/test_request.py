"""Laws of translated requests: each field is sent, mapped, or named as dropped."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, destination, request, tool
from servers.chat_check import REASONING_KEYS, TOP_KEYS, faults
from strategies import dialogues, json_values, mutated, request_bodies, tools, words

from gateway.dialects import DIALECTS, Outgoing
from gateway.dialects.openai_chat import ChatQuirks, OpenAIChat
from gateway.dialects.openai_chat.request import PLAIN, TRANSLATED
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest
from gateway.providers import PROVIDERS

CHATS = [
    provider.dialect for provider in PROVIDERS.values() if isinstance(provider.dialect, OpenAIChat)
]

VALUES: dict[str, list[Any]] = {
    "output_cap": ["max_tokens", "max_completion_tokens"],
    "least_output": [1, 16],
    "sampling_with_reasoning": [True, False],
    "stop_limit": [0, 1, 4],
    "stop_with_reasoning": [True, False],
    "service_tier": [True, False],
    "fast_tier": ["", "priority"],
    "user_field": ["", "user", "safety_identifier"],
    "session_field": ["", "prompt_cache_key", "session_id"],
    "reasoning": [
        *("none", "effort", "object", "switch", "template", "enable_thinking", "prompt"),
    ],
    "reasoning_models": [("*",), ("x*",)],
    "efforts": [(), ("low", "high"), ("low", "medium", "high", "xhigh", "max")],
    "can_disable_reasoning": [True, False],
    "reasoning_budget": [True, False],
    "echo_reasoning": ["", "reasoning_content", "reasoning", "parts"],
    "echo_turns": ["tools", "all"],
    "system_role": ["system", "developer"],
    "reminders": ["user", "system", "hoist"],
    "merge_turns": [True, False],
    "empty_content": ["null", "empty", "omit"],
    "image_models": [("*",), ()],
    "documents": [True, False],
    "prefill": ["refuse", "continue", "prefix", "partial", "continue_final_message"],
    "cache": ["none", "parts", "breakpoints"],
    "parallel_tool_calls": [True, False],
    "tool_choices": [("auto", "required", "none", "function"), ("auto",), ()],
    "required_word": ["required", "any"],
    "tool_ids": ["any", "alnum9"],
    "refused_keywords": [(), ("strict", "additionalProperties", "$id")],
    "web_search": ["none", "plugin", "tool"],
    "extra": [None, {"reasoning_split": True}],
}
"""What servers differ in, and how."""
OWN = {
    *("thinking", "top_k", "chat_template_kwargs", "enable_thinking", "thinking_budget", "plugins"),
    *("session_id", "cache_control", "continue_final_message", "add_generation_prompt"),
    "reasoning_split",
} | REASONING_KEYS
"""Fields that are not OpenAI's, but some server's."""

variants = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in VALUES.items()})
chats = st.one_of(
    st.sampled_from(CHATS), st.builds(lambda quirks: OpenAIChat().with_quirks(quirks), variants)
)
"""The declared providers, and servers that differ in any way there is."""


def sent_by(dialect: OpenAIChat, body: JSON) -> Outgoing | None:
    """What is sent of a body; None when the server does not continue the answer that it ends in."""
    try:
        return dialect.outgoing(
            MessagesRequest.parse(json.dumps(body).encode()), destination(server_tools="drop")
        )
    except InvalidRequest as error:
        assert dialect.quirks.prefill == "refuse"
        assert "prefill" in error.message
        return None


def outgoing(
    quirks: ChatQuirks | None = None, max_output: int | None = None, **fields: Any
) -> Outgoing:
    """What is sent of a request with these fields."""
    dialect = OpenAIChat(quirks or ChatQuirks())
    return dialect.outgoing(request(**fields), destination("gpt-5", max_output=max_output))


def body_of(quirks: ChatQuirks | None = None, max_output: int | None = None, **fields: Any) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing(quirks, max_output, **fields).body)
    return body


class TestEveryRequest:
    """Any request, for every provider that speaks this format."""

    @given(request_bodies, chats)
    def test_no_field_is_lost_in_silence(self, body: JSON, dialect: OpenAIChat) -> None:
        """A field is one that is translated, or it is named as dropped."""
        if (sent := sent_by(dialect, body)) is None:
            return
        for name in body:
            assert name in TRANSLATED or name in sent.dropped
        assert len(set(sent.dropped)) == len(sent.dropped)

    @given(request_bodies, chats)
    def test_only_known_fields_are_sent(self, body: JSON, dialect: OpenAIChat) -> None:
        """Servers refuse what they do not know: no field of the other protocol slips through."""
        if (sent := sent_by(dialect, body)) is None:
            return
        assert json.loads(sent.body).keys() <= TOP_KEYS | OWN
        assert sent.headers == {"content-type": "application/json"}
        assert sent.path == dialect.quirks.path

    @given(request_bodies, chats)
    def test_the_request_is_not_changed(self, body: JSON, dialect: OpenAIChat) -> None:
        """Translation reads; the same request can be translated for the next target."""
        before = MessagesRequest.parse(json.dumps(body).encode())
        if sent_by(dialect, body) is None:
            return
        once = dialect.outgoing(before, destination())
        assert {name: before.get(name) for name in before} == body
        assert before.encode() is before.raw
        assert dialect.outgoing(before, destination()) == once

    @given(request_bodies, chats, st.sampled_from(["temperature", "speed", "service_tier"]))
    def test_a_field_that_says_nothing(self, body: JSON, dialect: OpenAIChat, name: str) -> None:
        """A request of nothing but usual fields is read for no other; a null in one changes nothing."""
        usual = {field: value for field, value in body.items() if field in PLAIN}
        assert sent_by(dialect, usual) == sent_by(dialect, {**usual, name: None})

    @given(request_bodies, chats, st.lists(words, max_size=4))
    def test_a_model_that_is_known(
        self, body: JSON, dialect: OpenAIChat, others: list[str]
    ) -> None:
        """What was sent to a model before is what a server that was never asked is sent."""
        before = MessagesRequest.parse(json.dumps(body).encode())
        try:
            sent = [dialect.outgoing(before, destination(name)) for name in ["m", *others, "m"]]
        except InvalidRequest:
            return
        assert sent[0] == sent[-1] == OpenAIChat(dialect.quirks).outgoing(before, destination())

    @given(mutated(request_bodies), chats)
    def test_requests_of_odd_shape(self, body: Any, dialect: OpenAIChat) -> None:
        """Whatever stands in a request, it is translated or the client is told what is wrong."""
        try:
            before = MessagesRequest.parse(json.dumps(body).encode())
            sent = dialect.outgoing(before, destination())
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
            sent = dialect.outgoing(request(**fields), destination(max_output=5))
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
            sent = json.loads(dialect.outgoing(asked, destination()).body)["messages"]
            assert sent[: len(earlier)] == earlier
            earlier = sent
            messages.append(assistant)


@given(dialogues(), tools, chats)
def test_every_server_is_written_to_legally(
    turns: list[list[JSON]], offered: list[JSON], dialect: OpenAIChat
) -> None:
    """Whatever a server differs in, calls and results pair, and no part stands where it may not."""
    body = {
        "model": "m",
        "messages": [message for turn in turns for message in turn][:-1],
        "tools": [*offered, {"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": {"type": "any"},
        "system": "s",
    }
    sent = sent_by(dialect, body)
    assert sent is not None
    own = ("unknown field", "tool ", "message 0: unknown role 'developer'")
    assert [fault for fault in faults(json.loads(sent.body)) if not fault.startswith(own)] == []


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


@pytest.mark.parametrize(("wanted", "expected"), [(0, 16), (5, 16), (20, 20)])
def test_the_least_output(wanted: int, expected: int) -> None:
    """A cap that the server would refuse is raised; 0, which only warms a cache, is no free rein."""
    assert body_of(ChatQuirks(least_output=16), max_tokens=wanted)["max_tokens"] == expected
    assert body_of(max_tokens=0)["max_tokens"] == 1


@pytest.mark.parametrize(
    ("fields", "quirks", "dropped"),
    [
        ({"top_k": 5}, {}, "top_k"),
        (
            {"temperature": 1},
            {"reasoning": "effort", "sampling_with_reasoning": False},
            "temperature",
        ),
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


def test_models_that_do_not_reason() -> None:
    """Only the models that take reasoning parameters are sent them, and only they lose the others."""
    quirks = ChatQuirks(
        reasoning="effort",
        reasoning_models=("o3*",),
        sampling_with_reasoning=False,
        stop_with_reasoning=False,
    )
    fields: JSON = {
        "thinking": {"type": "enabled", "budget_tokens": 5_000},
        "temperature": 0.5,
        "stop_sequences": ["a"],
    }
    body = body_of(quirks, **fields)
    assert ("reasoning_effort" in body, body["temperature"], body["stop"]) == (False, 0.5, ["a"])
    dialect = OpenAIChat(quirks)
    sent = dialect.outgoing(request(**fields), destination("o3-mini"))
    assert "temperature" in sent.dropped
    assert sent.stops == ("a",)
    assert not {"temperature", "stop"} & json.loads(sent.body).keys()


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=6), st.integers(0, 4))
def test_stop_sequences(stops: list[str], limit: int) -> None:
    """What the server is not told of, the gateway keeps: no sequence is lost, and none is doubled."""
    sent = outgoing(ChatQuirks(stop_limit=limit), stop_sequences=stops)
    told = json.loads(sent.body).get("stop", [])
    assert len(told) <= limit
    assert (*told, *sent.stops) == tuple(dict.fromkeys(stops))
    assert sent.dropped == ()


class TestService:
    """How fast, and for whom."""

    @pytest.mark.parametrize(
        ("fields", "quirks", "sent", "dropped"),
        [
            ({"service_tier": "auto"}, {"service_tier": True}, {"service_tier": "auto"}, ()),
            (
                {"service_tier": "standard_only"},
                {"service_tier": True},
                {"service_tier": "default"},
                (),
            ),
            ({"service_tier": "auto"}, {}, {}, ("service_tier",)),
            ({"service_tier": "odd"}, {"service_tier": True}, {}, ("service_tier",)),
            ({"speed": "fast"}, {"fast_tier": "priority"}, {"service_tier": "priority"}, ()),
            ({"speed": "fast"}, {}, {}, ("speed",)),
            ({"speed": "standard"}, {}, {}, ()),
        ],
        ids=str,
    )
    def test_tiers(self, fields: JSON, quirks: JSON, sent: JSON, dropped: tuple[str, ...]) -> None:
        """A tier is the server's own, or it is disclosed that there is none."""
        found = outgoing(ChatQuirks(**quirks), **fields)
        assert json.loads(found.body) == {**body_of(), **sent}
        assert found.dropped == dropped

    def test_digests(self) -> None:
        """Users and sessions are told apart by digests, never by what the client says of them."""
        account = json.dumps({"device_id": "d", "session_id": "s"})
        quirks = ChatQuirks(user_field="safety_identifier", session_field="prompt_cache_key")
        found = outgoing(quirks, metadata={"user_id": account})
        body = json.loads(found.body)
        assert found.dropped == ()
        assert len(body["safety_identifier"]) == len(body["prompt_cache_key"]) == 32
        assert body["safety_identifier"] != body["prompt_cache_key"]
        assert account not in found.body.decode()
        assert outgoing(quirks, metadata={"x": 1}).dropped == ("metadata",)

    def test_fields_of_the_servers_own(self) -> None:
        """Fields of the config are laid over the body; objects are put together."""
        extra = {"reasoning_split": True, "temperature": 1, "reasoning": {"exclude": False}}
        quirks = ChatQuirks(reasoning="object", extra=extra)
        body = body_of(quirks, temperature=0, output_config={"effort": "low"})
        assert (body["reasoning_split"], body["temperature"]) == (True, 1)
        assert body["reasoning"] == {"effort": "low", "exclude": False}

    def test_a_mark_on_the_whole(self) -> None:
        """The client's mark on the whole request goes where marks go."""
        mark = {"type": "ephemeral"}
        assert body_of(ChatQuirks(cache="parts"), cache_control=mark)["cache_control"] == mark
        assert body_of(cache_control=mark) == body_of()

    def test_continuing_on_vllm(self) -> None:
        """The server is told to continue only where there is something to continue."""
        quirks = ChatQuirks(prefill="continue_final_message")
        begun = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}]
        body = body_of(quirks, messages=begun)
        assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
        assert body_of(quirks) == body_of()


@given(request_bodies, st.booleans(), st.none() | st.integers(1, 10**6))
def test_the_clients_own_format(body: JSON, renamed: bool, limit: int | None) -> None:
    """For Anthropic servers only model and a cap that is too high change; all else keeps its bytes."""
    raw = json.dumps(body, indent=1).encode()
    before = MessagesRequest.parse(raw)
    model = "another" if renamed else body["model"]
    sent = DIALECTS["anthropic"].outgoing(before, destination(model, max_output=limit))
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
