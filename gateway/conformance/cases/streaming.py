"""Event streams, and that they say what whole answers say. No IO."""

from __future__ import annotations

from gateway.conformance.asking import LOOKUP, ask, call_for, repeat
from gateway.conformance.case import Case
from gateway.conformance.checks import all_of, calls, in_pieces, legal, same_shape, says

OSLO = {"city": "Oslo"}
LINE = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"

CASES = (
    Case(
        "stream-order",
        "streaming",
        "the events of a text stand in a legal order",
        (ask(repeat(LINE)),),
        legal,
    ),
    Case(
        "stream-order-tools",
        "streaming",
        "the events of a tool call stand in a legal order",
        (ask(call_for("lookup", OSLO), tools=[LOOKUP]),),
        all_of(legal, calls("lookup", OSLO)),
        ("no-tools",),
    ),
    Case(
        "stream-in-pieces",
        "streaming",
        "text comes while the model writes it",
        (ask(repeat(LINE)),),
        all_of(in_pieces, says("fifteen")),
    ),
    Case(
        "stream-as-whole",
        "streaming",
        "a streamed text is the text that a whole answer is",
        (ask(repeat(LINE)), ask(repeat(LINE), stream=False)),
        all_of(same_shape, says("fifteen")),
    ),
    Case(
        "stream-as-whole-tools",
        "streaming",
        "a streamed call is the call that a whole answer holds",
        (
            ask(call_for("lookup", OSLO), tools=[LOOKUP]),
            ask(call_for("lookup", OSLO), tools=[LOOKUP], stream=False),
        ),
        all_of(same_shape, calls("lookup", OSLO)),
        ("no-tools",),
    ),
)
