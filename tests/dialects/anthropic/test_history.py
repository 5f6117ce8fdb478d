"""The conversation as a little server takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from language import JSON, destination, request
from strategies import json_values

from gateway.dialects import Outgoing
from gateway.dialects.anthropic import Anthropic, AnthropicQuirks
from gateway.errors import InvalidRequest

PLAIN = AnthropicQuirks(
    blocks=("text", "image", "tool_use", "tool_result", "thinking"),
    sources=("base64",),
    cache_control=False,
    mid_system="reminder",
)
EPHEMERAL = {"type": "ephemeral"}


def outgoing(quirks: AnthropicQuirks, messages: list[JSON]) -> Outgoing:
    """What is sent of a request with these messages."""
    return Anthropic(quirks).outgoing(request(messages=messages), destination("claude-test"))


def sent_of(quirks: AnthropicQuirks, messages: list[JSON]) -> list[Any]:
    """The messages of it."""
    sent: list[Any] = json.loads(outgoing(quirks, messages).body)["messages"]
    return sent


def test_system_messages_become_reminders() -> None:
    """They stay where they are, as something the user says, with their marker."""
    text = {"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}
    messages: list[JSON] = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": [text], "output_config": {"effort": "low"}},
        {"role": "system", "content": " "},
    ]
    out = outgoing(AnthropicQuirks(mid_system="reminder"), messages)
    said = "<system-reminder>\nBe brief.\n</system-reminder>"
    assert json.loads(out.body)["messages"] == [
        messages[0],
        {"role": "user", "content": [{**text, "text": said}]},
    ]
    assert out.dropped == ("messages.output_config",)
    assert sent_of(AnthropicQuirks(cache_control=False), messages)[1]["role"] == "system"


def test_a_reminder_does_not_part_a_call_from_its_result() -> None:
    """One that stands between them comes after the result."""
    call: JSON = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}
    messages: list[JSON] = [
        {"role": "assistant", "content": [call]},
        {"role": "system", "content": "Be brief."},
        result,
        {"role": "user", "content": "go"},
    ]
    sent = sent_of(AnthropicQuirks(mid_system="reminder"), messages)
    assert sent[1] == result
    assert "Be brief." in sent[2]["content"][0]["text"]
    assert sent[3] == messages[3]
    last = sent_of(AnthropicQuirks(mid_system="reminder"), messages[:2])
    assert len(last) == 2


PDF = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
AT = {"type": "url", "url": "https://example.com/a"}


@pytest.mark.parametrize(
    ("block", "expected", "dropped"),
    [
        ({"type": "document", "source": PDF}, "document", "document of type base64"),
        ({"type": "document", "source": AT}, "https://example.com/a", "document of type url"),
        ({"type": "image", "source": AT}, "https://example.com/a", "image of type url"),
        ({"type": "document", "source": {"type": "text", "data": "Hello."}}, "Hello.", None),
        ({"type": "tool_reference", "tool_name": "WebSearch"}, "Tool loaded: WebSearch", None),
        ({"type": "hologram"}, "", "block hologram"),
    ],
)
def test_blocks_that_are_told(block: JSON, expected: str, dropped: str | None) -> None:
    """What a server cannot be shown it is told of, in messages and in results of tools."""
    kept = {"type": "text", "text": "kept"}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    out = outgoing(PLAIN, messages=[{"role": "user", "content": [block, result, kept]}])
    *told, answered, last = json.loads(out.body)["messages"][0]["content"]
    assert last == kept
    assert all(part["type"] == "text" and expected in part["text"] for part in told)
    assert bool(told) == bool(expected)
    inner = answered["content"]
    assert inner == told if expected else inner == "(no output)"
    assert out.dropped == ((dropped,) if dropped else ())


def test_images_inside_documents() -> None:
    """A document of blocks gives its text, and those of its images that the server can be shown."""
    images = [{"type": "image", "source": source} for source in (PNG, AT)]
    inner = {"type": "content", "content": [{"type": "text", "text": "See:"}, *images]}
    document = {"type": "document", "title": "T", "source": inner, "cache_control": EPHEMERAL}
    messages = [{"role": "user", "content": [document]}]
    quirks = AnthropicQuirks(blocks=("image",))
    sent = sent_of(quirks, messages)[0]["content"]
    assert sent[0] == {"type": "text", "text": "[T]", "cache_control": EPHEMERAL}
    assert sent[1:] == [{"type": "text", "text": "See:"}, *images]
    blind = AnthropicQuirks(blocks=())
    told = sent_of(blind, messages)[0]["content"]
    assert {block["type"] for block in told} == {"text"}


@given(json_values())
def test_sources_of_odd_shape(source: Any) -> None:
    """A source that is none is refused or told, never a crash."""
    messages: list[JSON] = [
        {
            "role": "user",
            "content": [{"type": "image", "source": source}, {"type": "text", "text": "x"}],
        }
    ]
    try:
        sent = sent_of(PLAIN, messages)[0]["content"]
    except InvalidRequest:
        return
    assert sent[-1] == {"type": "text", "text": "x"}


def searched(encrypted: str) -> list[JSON]:
    """A turn in which the model searched, and found one page."""
    page = {
        "type": "web_search_result",
        "url": "https://example.org/tides",
        "title": "Tides",
        "encrypted_content": encrypted,
        "page_age": None,
    }
    search = {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "t"},
    }
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [page]}
    said = {"type": "text", "text": "High water at noon."}
    return [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": [search, result, said]},
        {"role": "user", "content": "Thanks."},
    ]


def test_a_search_of_another_provider_goes_to_anthropic_as_text() -> None:
    """Its pages lack what Anthropic encrypts, so the API would refuse the conversation."""
    sent = sent_of(AnthropicQuirks(), searched(""))
    assert [block["type"] for block in sent[1]["content"]] == ["text"] * 3
    assert "https://example.org/tides" in sent[1]["content"][1]["text"]
    assert sent[2] == {"role": "user", "content": "Thanks."}


def test_a_search_of_anthropic_s_own_stays_as_it_is() -> None:
    """Byte for byte."""
    asked = request(messages=searched("EqwB"))
    assert Anthropic().outgoing(asked, destination(asked.model)).body == asked.encode()
