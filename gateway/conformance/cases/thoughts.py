"""Thinking: asked for, held back, and carried from turn to turn. No IO."""

from __future__ import annotations

from gateway.conformance.asking import (
    CODE_WORD,
    LOOKUP,
    THOUGHTS,
    answered_by,
    ask,
    assistant,
    call_for,
    repeat,
    text,
    user,
)
from gateway.conformance.case import Case
from gateway.conformance.checks import (
    all_of,
    answers_something,
    legal,
    says,
    signed,
    thinks,
    thinks_apart,
    thinks_not,
)

SUM = "How much is 17 times 23, plus 9? Think it through, then reply with the number alone."
ADAPTIVE = {"type": "adaptive"}
BUDGET = {"type": "enabled", "budget_tokens": 1_024}
ROOM = 4_096
FOREIGN = "gw1.c3RhdGUgb2YgYW5vdGhlciB0YXJnZXQsIG9yIG9mIG5vYm9keSBhdCBhbGw"
NONE = ("no-reasoning", "other-model-thinks")

CASES = (
    Case(
        "thinking-adaptive",
        "thinking",
        "the model thinks as much as it likes, and shows it",
        (ask(SUM, thinking=ADAPTIVE, max_tokens=ROOM),),
        all_of(says("400"), thinks),
        NONE,
    ),
    Case(
        "thinking-budget",
        "thinking",
        "the model thinks within a budget, and shows it",
        (ask(SUM, thinking=BUDGET, max_tokens=ROOM),),
        all_of(says("400"), thinks),
        NONE,
    ),
    Case(
        "thinking-off",
        "thinking",
        "the model answers without thinking",
        (ask(repeat("alpha bravo"), thinking={"type": "disabled"}),),
        all_of(says("alpha bravo"), thinks_not),
        NONE,
    ),
    *(
        Case(
            f"effort-{effort}",
            "thinking",
            f"effort {effort} is understood",
            (
                ask(
                    repeat("alpha bravo"),
                    thinking=ADAPTIVE,
                    output_config={"effort": effort},
                    max_tokens=ROOM,
                ),
            ),
            says("alpha bravo"),
            NONE,
        )
        for effort in ("low", "high", "max")
    ),
    Case(
        "thinking-apart",
        "thinking",
        "thinking does not stand in the text",
        (ask(SUM, thinking=ADAPTIVE, max_tokens=ROOM),),
        all_of(thinks_apart, says("400")),
        NONE,
    ),
    Case(
        "thinking-stream",
        "thinking",
        "the events of thinking stand in a legal order",
        (ask(SUM, thinking=ADAPTIVE, max_tokens=ROOM),),
        all_of(legal, answers_something),
        NONE,
    ),
    Case(
        "thinking-round-trip",
        "thinking",
        "thinking before a call goes back with the result, signature and all",
        (
            ask(
                f"{call_for('lookup', {'city': 'Oslo'})}\n"
                "Then reply with the code word that it gives, alone.",
                tools=[LOOKUP],
                thinking=ADAPTIVE,
                max_tokens=ROOM,
            ),
            answered_by("The code word is FALCON."),
        ),
        all_of(says("FALCON"), signed),
        ("echo", "echo-all"),
    ),
    Case(
        "thinking-foreign",
        "thinking",
        "thinking that another model signed is in the history",
        (
            ask(
                [
                    user("The code word is HAZEL."),
                    assistant(
                        [
                            {"type": "thinking", "thinking": "I note it.", "signature": FOREIGN},
                            text("Noted."),
                        ]
                    ),
                    user(CODE_WORD),
                ],
                thinking=ADAPTIVE,
                max_tokens=ROOM,
            ),
        ),
        says("HAZEL"),
        NONE,
        may_drop=THOUGHTS,
    ),
)
