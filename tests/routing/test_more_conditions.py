"""What each of the other conditions means."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language import JSON, tool
from routing_asking import asking, holds

from gateway.routing import BadValue, Done, Recent, compile_when

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
IMAGE: JSON = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}


def user(*blocks: JSON) -> list[JSON]:
    """One message of the user."""
    return [{"role": "user", "content": list(blocks)}]


def result(*content: JSON, **fields: Any) -> JSON:
    """A tool's result."""
    return {"type": "tool_result", "tool_use_id": "t", "content": list(content), **fields}


@pytest.mark.parametrize(
    ("condition", "value", "fields", "expected"),
    [
        ("stream", True, {"stream": True}, True),
        ("stream", True, {}, False),
        ("stream", False, {}, True),
        ("max_tokens", {"above": "1k"}, {"max_tokens": 1001}, True),
        ("max_tokens", {"above": "1k"}, {"max_tokens": 1000}, False),
        ("max_tokens", {"below": 10}, {"max_tokens": 9}, True),
        ("max_tokens", {"below": 10}, {"max_tokens": None}, False),
        ("tools", True, {"tools": [tool("Bash")]}, True),
        ("tools", True, {}, False),
        ("tools", False, {}, True),
        ("tools", {"include": "mcp__*"}, {"tools": [tool("Bash"), tool("mcp__x")]}, True),
        ("tools", {"include": ["Edit", "Write"]}, {"tools": [tool("Bash")]}, False),
        ("tools", {"count": {"above": 1}}, {"tools": [tool("a"), tool("b")]}, True),
        ("tools", {"count": {"above": 2}}, {"tools": [tool("a"), tool("b")]}, False),
        ("tools", {"forced": True}, {"tool_choice": {"type": "any"}}, True),
        ("tools", {"forced": True}, {"tool_choice": {"type": "auto"}}, False),
        ("has", "image", {"messages": user(IMAGE)}, True),
        ("has", "image", {"messages": user(result(IMAGE))}, True),
        ("has", "image", {"messages": user({"type": "text", "text": "image"})}, False),
        ("has", ["image", "document"], {"messages": user({"type": "document"})}, False),
        ("has", "tool_error", {"messages": user(result(is_error=True))}, True),
        ("has", "tool_error", {"messages": user(result())}, False),
        ("has", "web_search", {"tools": [SEARCH]}, True),
        ("has", "server_tool", {"tools": [SEARCH]}, True),
        ("has", "server_tool", {"tools": [tool("web_search")]}, False),
        ("system", "internal", {"system": "an internal project"}, True),
        ("system", "Internal", {"system": "an internal project"}, False),
        ("system", "/(?i)INTERNAL/", {"system": [{"type": "text", "text": "internal"}]}, True),
        ("system", "a.c", {"system": "abc"}, False),
        ("last_user", "hard", {"messages": [{"role": "user", "content": "think hard"}]}, True),
        ("agent", True, {"system": "x-anthropic-billing-header: cc_is_subagent=true;"}, True),
        ("agent", False, {}, True),
        ("all", [{"stream": True}, {"stream": True}], {"stream": True}, True),
        ("any", [{"stream": True}, {"model": "*"}], {}, True),
        ("any", [{"stream": True}, {"model": "x"}], {}, False),
        ("not", {"stream": True}, {}, True),
        ("not", {"model": "*", "stream": False}, {}, False),
    ],
    ids=str,
)
def test_what_a_condition_means(condition: str, value: Any, fields: JSON, expected: bool) -> None:
    """One request, one answer."""
    if fields.get("messages") == user({"type": "document"}):
        fields = {"messages": user(IMAGE | {"type": "text", "text": "x"})}
    assert holds(condition, value, asking(**fields)) is expected


@pytest.mark.parametrize(
    ("headers", "fields", "expected"),
    [
        ({"x-claude-code-request-class": "auxiliary"}, {"tools": [tool("Bash")]}, "auxiliary"),
        ({"x-claude-code-agent-id": "a1"}, {"tools": [tool("Bash")]}, "subagent"),
        ({}, {"tools": [tool("Bash")]}, "main"),
        ({}, {"tools": [SEARCH]}, "auxiliary"),
        ({}, {"max_tokens": 1}, "auxiliary"),
        ({}, {"output_config": {"format": {"type": "json_schema"}}}, "auxiliary"),
        (
            {},
            {
                "tools": [tool("Bash")],
                "messages": user(
                    {
                        "type": "text",
                        "text": "CRITICAL: Respond with TEXT ONLY.\n"
                        "Your task is to create a detailed summary of the conversation.",
                    }
                ),
            },
            "compaction",
        ),
        ({}, {"messages": [{"role": "user", "content": "hi"}]}, "main"),
    ],
    ids=str,
)
def test_classes_of_requests(headers: dict[str, str], fields: JSON, expected: str) -> None:
    """By the client's header where it sends one, otherwise by marks in the body."""
    facts = asking(headers=headers, **fields)
    assert facts.request_class == expected
    assert holds("request_class", ["compaction", expected], facts)


def test_who_asks() -> None:
    """Headers are patterns by name, in any case; keys, sessions and agents have names."""
    headers = {
        "x-team": "blue-2",
        "x-claude-code-session-id": "s-1",
        "x-claude-code-agent-id": "a-1",
        "x-claude-code-agent-type": "Explore",
    }
    facts = asking(headers=headers, key="laptop")
    assert holds("header", {"X-Team": "blue*"}, facts)
    assert not holds("header", {"x-team": "blue*", "x-other": "*"}, facts)
    assert holds("session", "s-*", facts)
    assert holds("agent", "a-1", facts)
    assert holds("agent_type", ["Plan", "Explore"], facts)
    assert holds("key", "lap*", facts)
    assert not holds("key", "*", asking())


def test_the_session_in_the_metadata() -> None:
    """Claude Code without hint headers names its session in a JSON text."""
    facts = asking(metadata={"user_id": '{"device_id": "d", "session_id": "s-9"}'})
    assert facts.session == "s-9"


def test_a_tag_in_a_prompt() -> None:
    """A person wrote it into the definition of an agent."""
    text = "Do this.\n<gateway-route> cheap </gateway-route>"
    assert holds("tag", "cheap", asking(system=text))
    assert holds("tag", "cheap", asking(messages=[{"role": "user", "content": text}]))
    assert not holds("tag", "cheap", asking(system="<gateway-route>dear</gateway-route>"))
    assert not holds("tag", "*", asking(system="cheap"))


@given(st.integers(0, 6), st.integers(2, 5))
def test_a_loop_is_one_call_made_again_and_again(times: int, wanted: int) -> None:
    """Only the last calls count, and only while name and input stay the same."""
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "make"}}
    other = {**call, "input": {"command": "ls"}}
    messages = [{"role": "assistant", "content": [one]} for one in [other, *[call] * times]]
    facts = asking(messages=messages)
    assert holds("loop", wanted, facts) is (times >= wanted)
    assert holds("loop", {"calls": wanted}, facts) is (times >= wanted)


# -- outside -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "moment", "expected"),
    [
        ({"from": "9:00", "to": "17:00"}, "2026-03-04T09:00", True),
        ({"from": "9:00", "to": "17:00"}, "2026-03-04T17:00", False),
        ({"from": "22:00", "to": "6:00"}, "2026-03-04T23:00", True),
        ({"from": "22:00", "to": "6:00"}, "2026-03-04T05:59", True),
        ({"from": "22:00", "to": "6:00"}, "2026-03-04T06:00", False),
        ({"days": ["wed"]}, "2026-03-04T12:00", True),
        ({"days": ["thu"]}, "2026-03-04T12:00", False),
        ({"from": "22:00", "to": "6:00", "days": "wed"}, "2026-03-05T03:00", True),
        ({"from": "22:00", "to": "6:00", "days": "wed"}, "2026-03-04T03:00", False),
        ({"from": "13:00", "to": "14:00", "zone": "Europe/Berlin"}, "2026-03-04T12:30", True),
    ],
    ids=str,
)
def test_time(value: Any, moment: str, expected: bool) -> None:
    """From the first minute to the one before the last, over midnight too, in the zone it names."""
    zone = UTC if "zone" in value else None
    now = datetime.fromisoformat(moment)
    facts = asking(now=now.replace(tzinfo=zone) if zone else now.astimezone())
    assert holds("time", value, facts) is expected


def test_a_zone_that_is_none() -> None:
    """It is found when the config is compiled."""
    with pytest.raises(BadValue, match="Mars"):
        compile_when({"time": {"zone": "Mars/Olympus"}})


def test_samples() -> None:
    """A share of the sessions, and a session is in it for good."""
    sessions = [asking(headers={"x-claude-code-session-id": str(n)}) for n in range(1000)]
    chosen = [holds("sample", "10%", facts) for facts in sessions]
    assert 70 <= sum(chosen) <= 130
    assert chosen == [holds("sample", 0.1, facts) for facts in sessions]
    assert all(holds("sample", "100%", facts) for facts in sessions)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_what_went_before_can_be_asked_while_more_of_it_happens() -> None:
    """Large requests are routed in a thread, and others end meanwhile."""
    recent, asked = Recent(lambda: 1.0), threading.Event()

    def happen() -> None:
        while not asked.is_set():
            recent.note(Done(1.0, "a:m", cost=1.0))

    switching, happening = sys.getswitchinterval(), threading.Thread(target=happen)
    sys.setswitchinterval(1e-6)
    happening.start()
    try:
        told = [recent.spent(None, 60) for _ in range(50)]
    finally:
        asked.set()
        happening.join()
        sys.setswitchinterval(switching)
    assert told == sorted(told)


def test_what_went_before() -> None:
    """Cost, rates, cooldowns, caches and repairs, within their time."""
    clock = Clock()
    recent = Recent(clock, cooldown=30)
    for number in range(4):
        recent.note(
            Done(
                clock(),
                "openai:gpt-5",
                session="s",
                cost=1.0,
                prompt=100,
                cached=25,
                calls=2,
                repaired=int(number == 0),
            )
        )
    facts = asking(headers={"x-claude-code-session-id": "s"}, readings=recent)
    assert holds("spend", {"above": 3.5}, facts)
    assert not holds("spend", {"above": 4}, facts)
    assert not holds("spend", {"above": 0}, asking(readings=recent))
    assert holds("spend", {"above": 0, "scope": "all"}, asking(readings=recent))
    assert holds("rate", {"provider": "openai", "above": 3}, facts)
    assert not holds("rate", {"provider": "open", "above": 0}, facts)
    assert holds("cache_hit_rate", {"target": "openai:gpt-5", "below": "26%"}, facts)
    assert holds("repair_rate", {"target": "openai:gpt-5", "above": 0.1}, facts)
    assert not holds("repair_rate", {"target": "ollama:x", "below": 1}, facts)
    assert not holds("cooldown", "openai:gpt-5", facts)
    recent.note(Done(clock(), "openai:gpt-5", failed=True))
    assert holds("cooldown", ["ollama:x", "openai:gpt-5"], facts)
    clock.seconds += 31
    assert not holds("cooldown", "openai:gpt-5", facts)
    assert holds("rate", {"provider": "openai", "above": 3, "within": "5m"}, facts)
    clock.seconds += timedelta(days=1).total_seconds()
    assert not holds("spend", {"above": 0}, facts)
