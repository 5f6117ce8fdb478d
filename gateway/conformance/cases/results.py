"""Tool results in every form, and conversations that lack one. No IO."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.conformance.asking import (
    LOOKUP,
    THOUGHTS,
    answered_by,
    ask,
    assistant,
    call,
    call_for,
    text,
    tool_result,
    user,
)
from gateway.conformance.case import Case
from gateway.conformance.checks import all_of, says, stops_as
from gateway.conformance.material import image

TELL = "Then reply with the code word that it gives, alone."
HISTORY = ("history",)
SHOWN = ("media-beside", "blind", "no-images")


def _asked(prompt: str, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    return [user(prompt), assistant([text("I look it up."), *calls])]


def _case(
    name: str, says_: str, results: Sequence[dict[str, Any]], word: str, prompt: str = TELL
) -> Case:
    """One call in the history, and what came back for it."""
    asked = _asked(f"Look up Oslo with the tool. {prompt}", call("toolu_01", "lookup", city="Oslo"))
    turn = ask([*asked, user(results)], tools=[LOOKUP])
    return Case(name, "results", says_, (turn,), says(word), SHOWN if word == "red" else HISTORY)


ONE = "toolu_01"
TWO = (call("toolu_a", "lookup", city="Oslo"), call("toolu_b", "lookup", city="Rome"))

CASES = (
    Case(
        "tool-loop",
        "results",
        "call, result, answer: a whole loop",
        (
            ask(f"{call_for('lookup', {'city': 'Oslo'})}\n{TELL}", tools=[LOOKUP]),
            answered_by("The code word is FALCON."),
        ),
        all_of(says("FALCON"), stops_as("end_turn")),
        HISTORY,
        may_drop=THOUGHTS,
    ),
    Case(
        "tool-loop-whole",
        "results",
        "the same loop without streams",
        (
            ask(f"{call_for('lookup', {'city': 'Oslo'})}\n{TELL}", tools=[LOOKUP], stream=False),
            answered_by([text("The code word is FALCON.")]),
        ),
        all_of(says("FALCON"), stops_as("end_turn")),
        HISTORY,
        may_drop=THOUGHTS,
    ),
    _case(
        "result-blocks",
        "a result is a list of text blocks",
        [tool_result(ONE, [text("Found one."), text("The code word is CEDAR.")])],
        "CEDAR",
    ),
    _case(
        "result-error",
        "a result is an error, and the model reads its words",
        [tool_result(ONE, "No entry. The code word is CORAL.", is_error=True)],
        "CORAL",
    ),
    _case(
        "result-empty",
        "a result is empty",
        [tool_result(ONE, None)],
        "NOTHING",
        "If it gives nothing, reply with the word NOTHING alone.",
    ),
    _case(
        "result-image",
        "a result is an image",
        [tool_result(ONE, [image("red")])],
        "red",
        "What colour is the image that it gives? Reply with one word.",
    ),
    _case(
        "result-and-text",
        "the user says something beside the result",
        [tool_result(ONE, "Found nothing."), text("I know it now: the code word is TEAK.")],
        "TEAK",
    ),
    Case(
        "results-reordered",
        "results",
        "results stand in another order than their calls",
        (
            ask(
                [
                    *_asked(
                        "Look up Oslo and Rome. Then tell me the code word of Oslo alone.", *TWO
                    ),
                    user(
                        [
                            tool_result("toolu_b", "This is Rome. The code word of Rome is LEMON."),
                            tool_result(
                                "toolu_a", "This is Oslo. The code word of Oslo is ANCHOR."
                            ),
                        ]
                    ),
                ],
                tools=[LOOKUP],
            ),
        ),
        says("ANCHOR"),
        HISTORY,
    ),
    Case(
        "result-missing",
        "results",
        "an interrupted call has no result",
        (
            ask(
                [
                    *_asked("Look up Oslo.", call(ONE, "lookup", city="Oslo")),
                    user("Never mind. Reply with the word STOPPED alone."),
                ],
                tools=[LOOKUP],
            ),
        ),
        says("STOPPED"),
        HISTORY,
        origin_refuses=True,
    ),
    Case(
        "results-without-tools",
        "results",
        "a history with calls is sent without the tools",
        (
            ask(
                [
                    *_asked("Look up Oslo.", call(ONE, "lookup", city="Oslo")),
                    user([tool_result(ONE, "The code word is EBONY.")]),
                    assistant("Done."),
                    user("What is the code word? Reply with the code word alone."),
                ]
            ),
        ),
        says("EBONY"),
        HISTORY,
        origin_refuses=True,
    ),
)
