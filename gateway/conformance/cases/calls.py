"""Tool calls, calls in parallel, and the choice of tools. No IO."""

from __future__ import annotations

from typing import Any

from gateway.conformance.asking import CLOCK, LOOKUP, STRING, ask, call_for, repeat, tool
from gateway.conformance.case import Case
from gateway.conformance.checks import (
    all_of,
    calls,
    calls_at_most,
    calls_one_of,
    says,
    stops_as,
)

OSLO, ROME, BERN = {"city": "Oslo"}, {"city": "Rome"}, {"city": "Bern"}
LONG = "mcp__a_server_with_a_rather_long_name__and_a_tool_that_is_named_still_longer_than_that"
LONG_TOOL = tool(LONG, "Looks up the code word of a city.", city=STRING)
OTHER_LONG = tool(f"{LONG}_2", "Looks up nothing.", city=STRING)
MANY = [tool(f"unused_{n}", f"Does nothing, {n} times over.", city=STRING) for n in range(40)]
NOTE = tool("note", "Writes a note.", text=STRING)
QUOTES = {"text": 'Käse "für" 世界 🧀\n\tC:\\temp'}
NO_TOOLS, NO_CHOICE = ("no-tools",), ("tool-choices", "no-tool-choice")
TWO = "Make these two calls at once, in one answer:"
THREE = "Make these three calls at once, in one answer:"


def lines(head: str, *arguments: dict[str, Any]) -> str:
    """The prompt for several calls."""
    return "\n".join([head, *(call_for("lookup", each) for each in arguments)])


TOOLS = (
    Case(
        "tool-call",
        "tools",
        "the model calls a tool",
        (ask(call_for("lookup", OSLO), tools=[LOOKUP]),),
        calls("lookup", OSLO),
        NO_TOOLS,
    ),
    Case(
        "tool-call-whole",
        "tools",
        "the model calls a tool in an answer that is not streamed",
        (ask(call_for("lookup", OSLO), tools=[LOOKUP], stream=False),),
        calls("lookup", OSLO),
        NO_TOOLS,
    ),
    Case(
        "tool-text-arguments",
        "tools",
        "line breaks, quotes, backslashes and emoji survive in arguments",
        (ask(call_for("note", QUOTES), tools=[NOTE]),),
        calls("note", QUOTES),
        NO_TOOLS,
    ),
    Case(
        "tool-long-name",
        "tools",
        "names of more than 64 characters come back whole, and stay apart",
        (ask(call_for(LONG, OSLO), tools=[LONG_TOOL, OTHER_LONG]),),
        calls(LONG, OSLO),
        NO_TOOLS,
    ),
    Case(
        "tool-among-many",
        "tools",
        "the right one of forty tools is called",
        (ask(call_for("lookup", OSLO), tools=[*MANY, LOOKUP]),),
        calls("lookup", OSLO),
        NO_TOOLS,
    ),
    Case(
        "tool-not-needed",
        "tools",
        "an answer without a call, although there are tools",
        (ask(repeat("alpha bravo"), tools=[LOOKUP]),),
        all_of(says("alpha bravo"), stops_as("end_turn")),
        NO_TOOLS,
    ),
)

PARALLEL = (
    Case(
        "parallel-two",
        "parallel",
        "two calls come in one answer",
        (ask(lines(TWO, OSLO, ROME), tools=[LOOKUP]),),
        calls("lookup", OSLO, ROME),
        NO_TOOLS,
    ),
    Case(
        "parallel-whole",
        "parallel",
        "three calls come in one answer that is not streamed",
        (ask(lines(THREE, OSLO, ROME, BERN), tools=[LOOKUP], stream=False),),
        calls("lookup", OSLO, ROME, BERN),
        NO_TOOLS,
    ),
    Case(
        "parallel-off",
        "parallel",
        "a client that takes one call at a time gets one",
        (
            ask(
                lines(TWO, OSLO, ROME),
                tools=[LOOKUP],
                tool_choice={"type": "auto", "disable_parallel_tool_use": True},
            ),
        ),
        calls_at_most(1),
        NO_TOOLS,
    ),
)

CHOICE = (
    Case(
        "choice-auto",
        "tool_choice",
        "auto lets the model call",
        (ask(call_for("lookup", OSLO), tools=[LOOKUP], tool_choice={"type": "auto"}),),
        calls("lookup", OSLO),
        NO_CHOICE,
    ),
    Case(
        "choice-any",
        "tool_choice",
        "any makes the model call some tool",
        (ask("I live in Oslo.", tools=[LOOKUP, CLOCK], tool_choice={"type": "any"}),),
        calls_one_of(("lookup", "clock")),
        NO_CHOICE,
    ),
    Case(
        "choice-named",
        "tool_choice",
        "a named tool is the one that is called",
        (
            ask(
                "I live in Oslo.",
                tools=[LOOKUP, CLOCK],
                tool_choice={"type": "tool", "name": "clock"},
            ),
        ),
        calls_one_of(("clock",)),
        NO_CHOICE,
    ),
    Case(
        "choice-none",
        "tool_choice",
        "none keeps the model from calling",
        (
            ask(
                f"{call_for('lookup', OSLO)}\nIf you cannot, reply with the word UNABLE alone.",
                tools=[LOOKUP],
                tool_choice={"type": "none"},
            ),
        ),
        calls_at_most(0),
        NO_CHOICE,
    ),
)

CASES = (*TOOLS, *PARALLEL, *CHOICE)
