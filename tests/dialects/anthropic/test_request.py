"""Requests for servers of the client's format: Anthropic's own bytes, and what others are spared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, destination, request, tool
from strategies import mutated, request_bodies

from gateway.dialects import DIALECTS, Outgoing
from gateway.dialects.anthropic import Anthropic, AnthropicQuirks
from gateway.errors import InvalidRequest
from gateway.messages import MessagesRequest

OWN = DIALECTS["anthropic"]
PLAIN = AnthropicQuirks(
    query=False,
    betas=False,
    client_headers=False,
    signatures="sealed",
    fields=("system", "tools", "tool_choice", "thinking", "output_config", "stop_sequences"),
    output_config=("effort",),
    tool_fields=("name", "description", "input_schema"),
    typed_tools=False,
    server_tools=(),
    blocks=("text", "image", "tool_use", "tool_result", "thinking"),
    sources=("base64",),
    cache_control=False,
    billing_block=False,
    mid_system="reminder",
    adaptive_thinking="enabled",
    tool_choice=False,
    default_max_tokens=4096,
)
"""A server that knows as little as there is."""

EPHEMERAL = {"type": "ephemeral"}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=1; cc_entrypoint=cli;"}


def outgoing(quirks: AnthropicQuirks, max_output: int | None = None, **fields: Any) -> Outgoing:
    """What is sent of a request with these fields."""
    target = destination("claude-test", max_output=max_output)
    return Anthropic(quirks).outgoing(request(**fields), target)


def body_of(quirks: AnthropicQuirks, max_output: int | None = None, **fields: Any) -> JSON:
    """The body of it."""
    body: JSON = json.loads(outgoing(quirks, max_output, **fields).body)
    return body


def blocks_of(value: Any) -> Iterator[JSON]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from blocks_of(inner)


class TestSameBytes:
    """What no quirk concerns is sent as it came."""

    @given(request_bodies, st.integers(0, 3))
    def test_anthropic_gets_the_clients_bytes(self, body: JSON, indent: int) -> None:
        """Whatever stands in a request, known or not, goes through byte for byte."""
        raw = json.dumps(body, indent=indent).encode()
        asked = MessagesRequest.parse(raw)
        out = OWN.outgoing(asked, destination(asked.model))
        assert out.body == raw
        assert out.dropped == ()

    @pytest.mark.parametrize("content", ["hi", [{"type": "text", "text": "hi"}]])
    def test_a_server_that_knows_everything_in_it(self, content: Any) -> None:
        """A quirk that finds nothing to change changes nothing."""
        messages = [{"role": "user", "content": content}]
        fields = {"messages": messages, "max_tokens": 9, "tools": [tool("f")], "system": "s"}
        asked = request(**fields, thinking={"type": "disabled"}, output_config={"effort": "low"})
        out = Anthropic(PLAIN).outgoing(asked, destination("claude-test"))
        assert out.body is asked.raw
        assert out.dropped == ()

    @given(mutated(request_bodies.map(lambda body: {**body, "model": "m"})))
    def test_requests_of_odd_shape(self, body: Any) -> None:
        """A shape that makes no sense is the server's to refuse; ours is at most an `InvalidRequest`."""
        try:
            asked = MessagesRequest.parse(json.dumps(body).encode())
        except InvalidRequest:
            return
        out = OWN.outgoing(asked, destination(asked.model))
        assert json.loads(out.body).keys() == body.keys()
        try:
            Anthropic(PLAIN).outgoing(asked, destination("other"))
        except InvalidRequest:
            return

    def test_half_of_a_surrogate_pair(self) -> None:
        """Text that UTF-8 cannot carry arrives as it was, in messages that change and in others."""
        marked = {"type": "text", "text": "\ud83d", "cache_control": EPHEMERAL}
        messages = [{"role": "user", "content": "\ud83d"}, {"role": "user", "content": [marked]}]
        sent = body_of(AnthropicQuirks(cache_control=False), messages=messages)["messages"]
        assert sent == [
            messages[0],
            {"role": "user", "content": [{"type": "text", "text": "\ud83d"}]},
        ]

    @given(request_bodies)
    def test_the_same_history_gives_the_same_bytes(self, body: JSON) -> None:
        """What was sent of earlier messages does not change when the conversation grows."""
        more = [*body["messages"], {"role": "user", "content": "and?"}]
        short = Anthropic(PLAIN).outgoing(request(messages=body["messages"]), destination())
        long = Anthropic(PLAIN).outgoing(request(messages=more), destination())
        before, after = json.loads(short.body)["messages"], json.loads(long.body)["messages"]
        assert [m for m in after if m != {"role": "user", "content": "and?"}] == before


class TestALittleServer:
    """A server that knows as little as there is."""

    @given(request_bodies)
    def test_it_gets_nothing_that_it_does_not_know(self, body: JSON) -> None:
        """No field, block, source, key or marker that is not in its lists reaches it."""
        out = Anthropic(PLAIN).outgoing(
            MessagesRequest.parse(json.dumps(body).encode()), destination("m")
        )
        sent = json.loads(out.body)
        assert sent.keys() <= {*PLAIN.fields, "model", "messages", "max_tokens", "stream"}
        assert {message["role"] for message in sent["messages"]} <= {"user", "assistant"}
        for message in sent["messages"]:
            blocks = message["content"] if isinstance(message["content"], list) else []
            assert {block["type"] for block in blocks} <= set(PLAIN.blocks)
        for block in blocks_of(sent["messages"]):
            assert "cache_control" not in block
            assert block.get("type") not in ("url", "file")
        for entry in sent.get("tools", []):
            assert entry.keys() <= set(PLAIN.tool_fields)

    @given(request_bodies)
    def test_lossless_or_disclosed(self, body: JSON) -> None:
        """A field that is missing in what is sent is named."""
        out = Anthropic(PLAIN).outgoing(
            MessagesRequest.parse(json.dumps(body).encode()), destination("m")
        )
        silent = {"cache_control", "system", "tools"}
        if body.get("tool_choice") == {"type": "auto"}:
            silent.add("tool_choice")
        assert body.keys() - json.loads(out.body).keys() <= {*out.dropped, *silent}

    def test_the_client_is_not_named(self) -> None:
        """Betas, the client's own headers and its query are Anthropic's alone."""
        assert OWN.forwarded_headers == (
            *("anthropic-version", "anthropic-beta", "user-agent", "x-app"),
            *("x-claude-code-*", "x-stainless-*"),
        )
        assert OWN.forwards_query
        other = Anthropic(PLAIN)
        assert other.forwarded_headers == ("anthropic-version",)
        assert not other.forwards_query

    def test_quirks_by_name(self) -> None:
        """The config names them, and lists come as lists."""
        other = Anthropic().with_quirks({"fields": ["system"], "signatures": "sealed"})
        assert other.quirks == AnthropicQuirks(fields=("system",), signatures="sealed")


class TestFields:
    """Fields of the request."""

    def test_limits(self) -> None:
        """The answer is capped at the target's limit, and at a default where one is needed."""
        needy = AnthropicQuirks(default_max_tokens=4096)
        assert "max_tokens" not in body_of(AnthropicQuirks())
        assert body_of(needy)["max_tokens"] == 4096
        assert body_of(needy, 1000)["max_tokens"] == 1000
        assert body_of(needy, 1000, max_tokens=500)["max_tokens"] == 500
        assert body_of(AnthropicQuirks(), 1000, max_tokens=5000)["max_tokens"] == 1000

    def test_the_model(self) -> None:
        """The target's name stands in place of the one that the client asked for."""
        sent = OWN.outgoing(request(x=1), destination("claude-other"))
        assert json.loads(sent.body) == {
            **json.loads(request(x=1).encode()),
            "model": "claude-other",
        }

    def test_unknown_fields(self) -> None:
        """They are left out by an allow-list, and named."""
        out = outgoing(AnthropicQuirks(fields=("system",)), system="s", metadata={}, x_new=1)
        assert json.loads(out.body).keys() == {"model", "messages", "system"}
        assert out.dropped == ("metadata", "x_new")

    def test_output_config(self) -> None:
        """Single keys of it too; the field goes when nothing is left."""
        config = {"effort": "high", "format": {"type": "json_schema", "schema": {}}}
        out = outgoing(AnthropicQuirks(output_config=("format",)), output_config=config)
        assert json.loads(out.body)["output_config"] == {"format": config["format"]}
        assert out.dropped == ("output_config.effort",)
        assert "output_config" not in body_of(
            AnthropicQuirks(output_config=()), output_config=config
        )

    @pytest.mark.parametrize(
        ("way", "asked", "expected"),
        [
            (
                "keep",
                {"type": "adaptive", "display": "updates"},
                {"type": "adaptive", "display": "updates"},
            ),
            ("enabled", {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 16384}),
            ("enabled", {"type": "between_tools"}, {"type": "enabled", "budget_tokens": 16384}),
            (
                "enabled",
                {"type": "enabled", "budget_tokens": 9},
                {"type": "enabled", "budget_tokens": 9},
            ),
            ("enabled", {"type": "disabled"}, {"type": "disabled"}),
            ("disabled", {"type": "adaptive"}, {"type": "disabled"}),
            ("drop", {"type": "adaptive"}, None),
            ("drop", None, None),
        ],
    )
    def test_adaptive_thinking(self, way: Any, asked: Any, expected: Any) -> None:
        """Where a server does not know it, it is what the server knows."""
        fields = {"thinking": asked} if asked else {}
        out = outgoing(AnthropicQuirks(adaptive_thinking=way), **fields)
        assert json.loads(out.body).get("thinking") == expected
        assert bool(out.dropped) == (way in ("disabled", "drop") and asked is not None)

    @pytest.mark.parametrize(
        ("effort", "max_tokens", "expected"),
        [
            *(("low", 64000, 1024), ("medium", 64000, 4096), ("max", 128000, 64000)),
            *(("unheard of", 64000, 16384), ("high", 4000, 2000), ("low", 100, None)),
        ],
    )
    def test_budgets(self, effort: str, max_tokens: int, expected: int | None) -> None:
        """The budget follows the effort and leaves half of the answer; a tiny answer has no thinking."""
        sent = body_of(
            AnthropicQuirks(adaptive_thinking="enabled"),
            thinking={"type": "adaptive"},
            output_config={"effort": effort},
            max_tokens=max_tokens,
        )["thinking"]
        none = {"type": "disabled"}
        assert sent == ({"type": "enabled", "budget_tokens": expected} if expected else none)

    def test_system(self) -> None:
        """Attribution and markers are taken out of the system prompt; one that is left empty goes."""
        prompt = {"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}
        out = outgoing(PLAIN, system=[BILLING, prompt], max_tokens=9)
        assert json.loads(out.body)["system"] == [{"type": "text", "text": "Be brief."}]
        assert out.dropped == ("system attribution block",)
        assert "system" not in body_of(PLAIN, system=[BILLING])
        assert body_of(PLAIN, system="Be brief.")["system"] == "Be brief."
        unmarked = AnthropicQuirks(cache_control=False)
        assert body_of(unmarked, system=[BILLING])["system"] == [BILLING]

    def test_markers(self) -> None:
        """Markers go wherever they stand: at the top, on blocks, inside results, on tools."""
        marked = {"type": "text", "text": "x", "cache_control": EPHEMERAL}
        result = {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [marked],
            "cache_control": EPHEMERAL,
        }
        sent = body_of(
            AnthropicQuirks(cache_control=False),
            cache_control=EPHEMERAL,
            messages=[{"role": "user", "content": [result, marked]}],
            tools=[tool("f", cache_control=EPHEMERAL)],
        )
        assert "cache_control" not in json.dumps(sent)
        assert sent["tools"] == [tool("f")]


SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


class TestTools:
    """Tools and the choice among them."""

    def test_deferred_tools(self) -> None:
        """A server that cannot search for tools has all of them loaded, and the placeholder never."""
        deferred = tool("f", defer_loading=True, eager_input_streaming=True, strict=True)
        placeholder = tool("DeferredToolPlaceholder", defer_loading=True)
        out = outgoing(PLAIN, tools=[deferred, placeholder], max_tokens=9)
        assert json.loads(out.body)["tools"] == [tool("f")]
        assert out.dropped == ("tools.strict",)
        kept = body_of(AnthropicQuirks(cache_control=False), tools=[deferred, placeholder])
        assert kept["tools"] == [deferred, placeholder]

    def test_typed_tools(self) -> None:
        """Tools that the client runs are functions to a server that does not know their types."""
        typed = {"type": "bash_20250124", "name": "bash", "cache_control": EPHEMERAL}
        (sent,) = body_of(AnthropicQuirks(typed_tools=False), tools=[typed])["tools"]
        assert sent.keys() == {"name", "description", "input_schema", "cache_control"}
        assert (sent["name"], sent["cache_control"]) == ("bash", EPHEMERAL)
        assert body_of(AnthropicQuirks(server_tools=()), tools=[typed])["tools"] == [typed]

    def test_server_tools(self) -> None:
        """A tool that the server lacks is dropped beside others, and refused where it is all there is."""
        lacking = AnthropicQuirks(server_tools=("web_fetch",))
        out = outgoing(lacking, tools=[SEARCH, tool("f")])
        assert json.loads(out.body)["tools"] == [tool("f")]
        assert out.dropped == ("tool web_search",)
        with pytest.raises(InvalidRequest, match="web_search"):
            outgoing(lacking, tools=[SEARCH])
        assert body_of(AnthropicQuirks(server_tools=("web_search",)), tools=[SEARCH])["tools"] == [
            SEARCH
        ]
        bare = AnthropicQuirks(server_tools=("web_search",), typed_tools=False)
        assert body_of(bare, tools=[SEARCH])["tools"] == [SEARCH]
        assert OWN.server_tools is None
        assert Anthropic(lacking).server_tools == frozenset({"web_fetch"})

    def test_the_policy_drops_the_last_tool(self) -> None:
        """Where the policy lets it go, nothing is left to choose from."""
        dialect = Anthropic(AnthropicQuirks(server_tools=()))
        asked = request(tools=[SEARCH], tool_choice={"type": "auto"})
        sent = json.loads(dialect.outgoing(asked, destination(server_tools="drop")).body)
        assert sent.keys() == {"model", "messages"}

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
    def test_tool_choice(self, choice: JSON, kept: bool, dropped: tuple[str, ...]) -> None:
        """A choice that cannot be told is disclosed; to call none, none is offered."""
        quirks = AnthropicQuirks(tool_choice=False)
        out = outgoing(quirks, tools=[tool("f")], tool_choice=choice)
        sent = json.loads(out.body)
        assert ("tools" in sent, "tool_choice" in sent, out.dropped) == (kept, False, dropped)
