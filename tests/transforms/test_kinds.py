"""Every kind of step: a request that it leaves alone, one that it changes, and the laws of all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language import JSON, check_transformed, check_unchanged, request, tool
from strategies import request_bodies

from gateway.messages import MessagesRequest
from gateway.transforms import TRANSFORMS, Transform, build

MARK = {"type": "ephemeral"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {
    "type": "document",
    "title": "report",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
}


def said(*content: Any, role: str = "user") -> JSON:
    """A message of these blocks; texts stand for text blocks."""
    blocks = [{"type": "text", "text": b} if isinstance(b, str) else b for b in content]
    return {"role": role, "content": blocks}


def call(id: str, name: str = "Bash", **input: Any) -> JSON:
    """A tool call."""
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def result(id: str, content: Any = "done", **fields: Any) -> JSON:
    """What a call gave."""
    return {"type": "tool_result", "tool_use_id": id, "content": content, **fields}


@dataclass(frozen=True)
class Pair:
    """A step, a request in which it finds nothing, and one that it changes."""

    kind: str
    options: Any
    unchanged: JSON
    before: JSON
    after: JSON
    idempotent: bool = True

    @property
    def transform(self) -> Transform:
        """Its transform; the options are those that a config may hold."""
        jsonschema.validate(self.options, TRANSFORMS[self.kind].schema)
        return build([{self.kind: self.options}])


TOOLS = [tool("Bash"), tool("Read"), tool("Edit")]

PAIRS: dict[str, Pair] = {
    "text removed": Pair(
        "system", {"remove": ["a+"]}, {"system": "b"}, {"system": "abc"}, {"system": "bc"}
    ),
    "text replaced": Pair(
        "system",
        {"replace": [{"find": "Claude Code", "with": "the assistant"}]},
        {"system": [{"type": "text", "text": "You."}]},
        {"system": [{"type": "text", "text": "You, Claude Code.", "x": 1}]},
        {"system": [{"type": "text", "text": "You, the assistant.", "x": 1}]},
    ),
    "a block by number": Pair(
        "system",
        {"block": -1, "append": "Be brief.", "remove": ["x"]},
        {"tools": TOOLS},
        {"system": [{"type": "text", "text": "xa"}, {"type": "text", "text": "xb"}]},
        {"system": [{"type": "text", "text": "xa"}, {"type": "text", "text": "b\n\nBe brief."}]},
        idempotent=False,
    ),
    "a block by its words": Pair(
        "system",
        {"block": "/^# Tone/", "remove": ["(?s).+"]},
        {"system": [{"type": "text", "text": "Tone"}]},
        {
            "system": [
                {"type": "text", "text": "a"},
                {"type": "text", "text": "# Tone\nx", "cache_control": MARK},
            ]
        },
        {"system": [{"type": "text", "text": "a", "cache_control": MARK}]},
    ),
    "a fact of the prompt": Pair(
        "system",
        {
            "append": "{% if cwd %}You work in {{ cwd }} with {{ tools|join(', ') }}.{% endif %}",
            "facts": {"cwd": r"Primary working directory: (\S+)"},
        },
        {"system": "x"},
        {"system": "Primary working directory: /a/b\n", "tools": TOOLS[:2]},
        {
            "system": "Primary working directory: /a/b\n\n\nYou work in /a/b with Bash, Read.",
            "tools": TOOLS[:2],
        },
        idempotent=False,
    ),
    "a tool dropped": Pair(
        "tools", {"drop": ["E*"]}, {"tools": TOOLS[:2]}, {"tools": TOOLS}, {"tools": TOOLS[:2]}
    ),
    "a tool kept": Pair(
        "tools", {"keep": ["B*"]}, {"tools": TOOLS[:1]}, {"tools": TOOLS}, {"tools": TOOLS[:1]}
    ),
    "a dropped tool in the conversation": Pair(
        "tools",
        {"drop": ["Edit"]},
        {"tools": TOOLS[:2], "messages": [said(call("1", "Edit"), role="assistant")]},
        {
            "tools": TOOLS,
            "messages": [
                said("a", call("1", "Edit", path="x"), call("2"), role="assistant"),
                said(result("1", [{"type": "text", "text": "ok"}, IMAGE]), result("2"), "b"),
                said("c", role="assistant"),
            ],
        },
        {
            "tools": TOOLS[:2],
            "messages": [
                said("a", '[Edit: {"path":"x"}]', call("2"), role="assistant"),
                said(result("2"), "[result of Edit]\nok", IMAGE, "b"),
                said("c", role="assistant"),
            ],
        },
    ),
    "too many tools": Pair(
        "tools",
        {"at_most": 2, "priority": ["Edit", "B*"]},
        {"tools": TOOLS[:2]},
        {"tools": TOOLS},
        {"tools": [TOOLS[0], TOOLS[2]]},
    ),
    "deferred tools loaded": Pair(
        "tools",
        {"deferred": "load"},
        {"tools": TOOLS},
        {"tools": [TOOLS[0], tool("Cron", defer_loading=True, x=1)]},
        {"tools": [TOOLS[0], tool("Cron", x=1)]},
    ),
    "deferred tools that were looked up": Pair(
        "tools",
        {"deferred": "referenced"},
        {"tools": TOOLS},
        {
            "tools": [tool("A", defer_loading=True), TOOLS[0], tool("B", defer_loading=True)],
            "messages": [said(result("1", [{"type": "tool_reference", "tool_name": "B"}]))],
        },
        {
            "tools": [TOOLS[0], tool("B")],
            "messages": [said(result("1", [{"type": "tool_reference", "tool_name": "B"}]))],
        },
    ),
    "a description replaced": Pair(
        "tools",
        {"describe": {"Bash": "Runs."}},
        {"tools": TOOLS[1:]},
        {"tools": TOOLS[:1]},
        {"tools": [tool("Bash", description="Runs.")]},
    ),
    "a description grown": Pair(
        "tools",
        {"describe": {"Bash": {"append": "Be quick."}}},
        {"tools": TOOLS[1:]},
        {"tools": TOOLS[:1]},
        {"tools": [tool("Bash", description="Does Bash.\n\nBe quick.")]},
    ),
    "a description from the old one": Pair(
        "tools",
        {"describe": {"Bash": "{{ name }}: {{ description|upper }}"}},
        {"tools": TOOLS[1:]},
        {"tools": TOOLS[:1]},
        {"tools": [tool("Bash", description="Bash: DOES BASH.")]},
        idempotent=False,
    ),
    "a long description": Pair(
        "tools",
        {"longest_description": 20},
        {"tools": TOOLS},
        {"tools": [tool("Bash", description="Runs commands. And then it does more.")]},
        {"tools": [tool("Bash", description="Runs commands.")]},
    ),
    "a parameter dropped": Pair(
        "tools",
        {"schemas": {"B*": {"drop": ["b", "c"], "default": {"a": 5}, "longest_description": 20}}},
        {"tools": TOOLS},
        {
            "tools": [
                {
                    "name": "Bash",
                    "input_schema": {
                        "properties": {"a": {"description": "w " * 20}, "b": {}, "c": {}},
                        "required": ["c"],
                        "x": 1,
                    },
                }
            ]
        },
        {
            "tools": [
                {
                    "name": "Bash",
                    "input_schema": {
                        "properties": {
                            "a": {"description": "w w w w w w w w w…", "default": 5},
                            "c": {},
                        },
                        "required": ["c"],
                        "x": 1,
                    },
                }
            ]
        },
    ),
    "a tool renamed": Pair(
        "tools",
        {"rename": {"Bash": "run_shell", "Edit": "Read"}},
        {"tools": TOOLS[1:]},
        {
            "tools": TOOLS,
            "tool_choice": {"type": "tool", "name": "Bash"},
            "messages": [
                said(call("1"), role="assistant"),
                said(result("1", [{"type": "tool_reference", "tool_name": "Bash"}])),
            ],
        },
        {
            "tools": [{**TOOLS[0], "name": "run_shell"}, *TOOLS[1:]],
            "tool_choice": {"type": "tool", "name": "run_shell"},
            "messages": [
                said(call("1", "run_shell"), role="assistant"),
                said(result("1", [{"type": "tool_reference", "tool_name": "run_shell"}])),
            ],
        },
    ),
    "fields": Pair(
        "params",
        {
            "set": {"temperature": 0},
            "default": {"top_k": 5, "output_config.effort": "low"},
            "cap": {"max_tokens": 100, "thinking.budget_tokens": 50},
            "drop": ["metadata", "output_config.format"],
        },
        {"temperature": 0, "top_k": 7, "output_config": {"effort": "max"}, "max_tokens": 9},
        {
            "max_tokens": 900,
            "thinking": {"type": "enabled", "budget_tokens": 60, "x": 1},
            "metadata": {"user_id": "u"},
            "output_config": {"format": {}, "y": 2},
        },
        {
            "max_tokens": 100,
            "thinking": {"type": "enabled", "budget_tokens": 50, "x": 1},
            "output_config": {"y": 2, "effort": "low"},
            "temperature": 0,
            "top_k": 5,
        },
    ),
    "effort": Pair(
        "params",
        {"effort": {"max": "high", "xhigh": "high"}},
        {"output_config": {"effort": "low"}},
        {"output_config": {"effort": "max", "x": 1}},
        {"output_config": {"effort": "high", "x": 1}},
    ),
    "budget": Pair(
        "params",
        {"budget": {"high": 9000, "low": 2000}},
        {
            "thinking": {"type": "enabled", "budget_tokens": 3000},
            "output_config": {"effort": "low"},
        },
        {
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "high"},
            "max_tokens": 8000,
        },
        {
            "thinking": {"type": "enabled", "budget_tokens": 7999},
            "output_config": {"effort": "high"},
            "max_tokens": 8000,
        },
    ),
    "media": Pair(
        "media",
        {"drop": ["images", "documents"]},
        {"messages": [said({"type": "document", "source": {"type": "text", "data": "a"}})]},
        {"messages": [said("a", {**IMAGE, "cache_control": MARK}, result("1", [PDF, IMAGE]))]},
        {
            "messages": [
                said(
                    "a",
                    {
                        "type": "text",
                        "text": "[image: not shown to this model]",
                        "cache_control": MARK,
                    },
                    result(
                        "1",
                        [
                            {"type": "text", "text": "[document report: not shown to this model]"},
                            {"type": "text", "text": "[image: not shown to this model]"},
                        ],
                    ),
                )
            ]
        },
    ),
    "a section dropped": Pair(
        "sections",
        {"tag": "system-reminder", "matching": "(?i)todo", "drop": True},
        {
            "system": "<system-reminder>Be kind.</system-reminder>",
            "messages": [said("<system-reminder>todo", role="user")],
        },
        {
            "system": "a<system-reminder>TODO</system-reminder>\nb",
            "messages": [
                said("<system-reminder>todo</system-reminder>", "c"),
                said("<system-reminder>todo</system-reminder>", role="assistant"),
                {"role": "user", "content": "<system-reminder>todo</system-reminder>"},
                said(result("1", "x<system-reminder>todo</system-reminder>")),
            ],
        },
        {
            "system": "ab",
            "messages": [
                said("c"),
                said("<system-reminder>todo</system-reminder>", role="assistant"),
                said(result("1", "x")),
            ],
        },
    ),
    "a section edited": Pair(
        "sections",
        {"tag": "env", "replace": [{"pattern": r"/home/\w+", "with": "~"}]},
        {"messages": [said("/home/me")]},
        {"messages": [said("/home/me <env>in /home/me/x</env> <env>b</env>")]},
        {"messages": [said("/home/me <env>in ~/x</env> <env>b</env>")]},
    ),
    "empty blocks": Pair(
        "tidy",
        ["empty"],
        {"messages": [said("a", IMAGE)]},
        {
            "messages": [
                said("a", {"type": "text", "text": " ", "cache_control": MARK}, IMAGE),
                said("", role="assistant"),
                {"role": "user", "content": ""},
            ]
        },
        {"messages": [said({"type": "text", "text": "a", "cache_control": MARK}, IMAGE)]},
    ),
    "pairs": Pair(
        "tidy",
        ["pairs"],
        {"messages": [said(call("1"), role="assistant"), said(result("1"), "a")]},
        {
            "messages": [
                said(result("0", "lost"), "a"),
                said(call("1"), call("2"), role="assistant"),
                said("b", result("2")),
                said(call("3"), role="assistant"),
                said("c", role="assistant"),
            ]
        },
        {
            "messages": [
                said("[result of tool call 0]\nlost", "a"),
                said(call("1"), call("2"), role="assistant"),
                said(
                    result("2"),
                    result("1", "[no result: the call was interrupted]"),
                    "b",
                ),
                said(call("3"), role="assistant"),
                said(result("3", "[no result: the call was interrupted]")),
                said("c", role="assistant"),
            ]
        },
    ),
    "cache marks": Pair(
        "cache",
        {"breakpoints": ["tools", "system", "messages"], "ttl": "1h"},
        {"system": [{"type": "text", "text": "a", "cache_control": MARK}]},
        {"tools": TOOLS[:2], "system": "s", "messages": [said("a"), said("b", "c")]},
        {
            "tools": [TOOLS[0], {**TOOLS[1], "cache_control": {**MARK, "ttl": "1h"}}],
            "system": [
                {"type": "text", "text": "s", "cache_control": {**MARK, "ttl": "1h"}},
            ],
            "messages": [
                said("a"),
                said("b", {"type": "text", "text": "c", "cache_control": {**MARK, "ttl": "1h"}}),
            ],
        },
    ),
    "the words of another proxy for the prompt": Pair(
        "systemMessageOverrides",
        {"removePatterns": ["b"], "replacements": [{"find": "c", "replace": r"\1"}]},
        {"system": "x"},
        {"system": "abc"},
        {"system": r"a\1"},
    ),
    "the words of another proxy for tools": Pair(
        "toolDescriptions",
        {"Bash": "Custom Bash description..."},
        {"tools": TOOLS[1:]},
        {"tools": TOOLS[:1]},
        {"tools": [tool("Bash", description="Custom Bash description...")]},
    ),
}


def test_every_kind_has_its_pair() -> None:
    """No kind of step goes without."""
    assert {pair.kind for pair in PAIRS.values()} == set(TRANSFORMS)


@pytest.mark.parametrize("name", PAIRS)
def test_checks_unchanged(name: str) -> None:
    """A request in which there is nothing to do comes back as the very same object."""
    pair = PAIRS[name]
    check_unchanged(pair.transform, request(**pair.unchanged))


@pytest.mark.parametrize("name", PAIRS)
def test_checks_transformed(name: str) -> None:
    """A request in which there is something to do becomes the one that is expected."""
    pair = PAIRS[name]
    check_transformed(pair.transform, before=request(**pair.before), after=request(**pair.after))


IDEMPOTENT = [name for name, pair in PAIRS.items() if pair.idempotent]


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_twice_is_once_on_the_example(name: str) -> None:
    """Done again, nothing is left to do."""
    transform = PAIRS[name].transform
    check_unchanged(transform, transform(request(**PAIRS[name].before)))


@settings(max_examples=150)
@given(st.sampled_from(IDEMPOTENT), request_bodies)
def test_twice_is_once(name: str, body: JSON) -> None:
    """The same on any request."""
    transform = PAIRS[name].transform
    check_unchanged(transform, transform(MessagesRequest.parse(json.dumps(body).encode())))


@settings(max_examples=150)
@given(
    st.sampled_from(list(PAIRS)),
    request_bodies,
    st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.integers()),
)
def test_what_is_not_meant_stays(name: str, body: JSON, extra: JSON) -> None:
    """Unknown fields keep their bytes, tools their order, and what is written is a request."""
    before = MessagesRequest.parse(json.dumps({**body, **extra}).encode())
    after = PAIRS[name].transform(before)
    for field in (*extra, "model", "x-new-field", "context_management"):
        assert after.raw_field(field) == before.raw_field(field)
    names = [str(item.get("name")) for item in before.tools]
    kept = [after.tool_names.get(str(item["name"]), str(item["name"])) for item in after.tools]
    assert kept == [name for name in names if name in kept]
    assert json.loads(after.encode())["model"] == body["model"]


@given(st.sampled_from(list(PAIRS)), request_bodies)
def test_the_same_request_gives_the_same_bytes(name: str, body: JSON) -> None:
    """Nothing but the request decides, so that a history is written alike in every turn."""
    raw = json.dumps(body).encode()
    transform = PAIRS[name].transform
    first, second = (transform(MessagesRequest.parse(raw)) for _ in range(2))
    assert first.encode() == second.encode()
