"""Where an answer has to stop, and what a prompt may not exceed. No IO."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.conformance.asking import OUTPUT, ask, body, repeat
from gateway.conformance.case import Answer, Body, Case, Subject, Verdict
from gateway.conformance.checks import OK, says, stopped_before, stops_as
from gateway.dialects.failures import UNDERSTOOD

WORDS = "alpha bravo charlie delta echo foxtrot"
COUNT = "Write the numbers from 1 to 400, separated by spaces, and nothing else."
NEVER = ("[[one]]", "[[two]]", "[[three]]", "[[four]]")
STOPS = ("keep-stops",)


def too_long(subject: Subject, _before: Sequence[Answer]) -> Body | None:
    """A prompt of a third more than the window; None while nobody says how large it is."""
    if subject.context is None:
        return None
    return body(f"{'a ' * (subject.context * 4 // 3)}\n{repeat('alpha')}", max_tokens=OUTPUT)


def overflows(answers: Sequence[Answer]) -> Verdict:
    """The refusal is a 400 in words on which clients compact the conversation."""
    last = answers[-1]
    if last.status == 200:
        detail = "a prompt that does not fit is answered: the server has cut it"
        return Verdict("failed", detail, ("context",))
    if last.status != 400:
        return Verdict("failed", f"HTTP {last.status}, where clients wait for 400")
    return (
        OK if UNDERSTOOD.search(last.error) else Verdict("failed", f"unknown words: {last.error}")
    )


CASES = (
    Case(
        "stop-sequence",
        "limits",
        "the answer ends at a stop sequence, which it does not hold",
        (ask(repeat(WORDS), stop_sequences=["delta"]),),
        stopped_before("delta", "charlie"),
        STOPS,
    ),
    Case(
        "stop-sequence-whole",
        "limits",
        "the same in an answer that is not streamed",
        (ask(repeat(WORDS), stop_sequences=["delta"], stream=False),),
        stopped_before("delta", "charlie"),
        STOPS,
    ),
    Case(
        "stop-sequences",
        "limits",
        "the fifth of five stop sequences counts too",
        (ask(repeat(WORDS), stop_sequences=[*NEVER, "echo"]),),
        stopped_before("echo", "delta"),
        STOPS,
    ),
    Case(
        "max-tokens",
        "limits",
        "an answer that is cut says so",
        (ask(COUNT, max_tokens=24),),
        stops_as("max_tokens"),
        ("max-output",),
    ),
    Case(
        "max-tokens-whole",
        "limits",
        "the same in an answer that is not streamed",
        (ask(COUNT, max_tokens=24, stream=False),),
        stops_as("max_tokens"),
        ("max-output",),
    ),
    Case(
        "max-tokens-high",
        "limits",
        "clients ask for more than the model can write: Claude Code for 64,000 tokens",
        (ask(repeat("alpha bravo"), max_tokens=64_000),),
        says("alpha bravo"),
        ("max-output",),
    ),
    Case(
        "overflow",
        "limits",
        "a prompt that does not fit is refused so that clients compact",
        (too_long,),
        overflows,
        ("context",),
        expects_error=True,
        large=True,
    ),
)
