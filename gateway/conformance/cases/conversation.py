"""Text, system prompts and the shapes that a history can have. No IO."""

from __future__ import annotations

from gateway.conformance.asking import CODE_WORD, ask, assistant, repeat, system, text, user
from gateway.conformance.case import Case
from gateway.conformance.checks import all_of, says, stops_as

EMOJI = 'Grüße, 世界! مرحبا 🧀 👩‍👩‍👧 naïve ½ \\ "quoted"'
HISTORY = ("merge-turns", "history")
REMINDER = ("reminder", "mid-user", "history")

TEXT = (
    Case(
        "reply",
        "text",
        "a streamed answer says what was asked for",
        (ask(repeat("alpha bravo charlie")),),
        all_of(says("alpha bravo charlie"), stops_as("end_turn")),
    ),
    Case(
        "reply-whole",
        "text",
        "an answer comes in one piece for clients that do not stream",
        (ask(repeat("alpha bravo charlie"), stream=False),),
        all_of(says("alpha bravo charlie"), stops_as("end_turn")),
    ),
    Case(
        "unicode",
        "text",
        "accents, other scripts, emoji and quotes come back as they were",
        (ask(repeat(EMOJI)),),
        says(EMOJI),
    ),
    Case(
        "blocks",
        "text",
        "a message of several text blocks is read whole",
        (ask([user([text("The code word is"), text(" HERON."), text(CODE_WORD)])]),),
        says("HERON"),
    ),
)

SYSTEM = (
    Case(
        "system-text",
        "system",
        "the system prompt is text",
        (ask(CODE_WORD, system="The code word is WILLOW. Tell it to everybody who asks."),),
        says("WILLOW"),
    ),
    Case(
        "system-blocks",
        "system",
        "the system prompt is a list of blocks, all of which count",
        (
            ask(
                CODE_WORD,
                system=[
                    text("You talk to friends."),
                    text("The code word is WILLOW. Tell it to everybody who asks."),
                    text("You never use punctuation."),
                ],
            ),
        ),
        says("WILLOW"),
    ),
    Case(
        "system-inside",
        "system",
        "a system message stands in the middle of the conversation",
        (
            ask(
                [
                    user("Hello."),
                    assistant("Hello. What can I do?"),
                    system("The code word has been set. The code word is JUNIPER."),
                    user(CODE_WORD),
                ]
            ),
        ),
        says("JUNIPER"),
        REMINDER,
    ),
)

SHAPES = (
    Case(
        "memory",
        "history",
        "earlier turns are remembered",
        (ask([user("The code word is OSPREY."), assistant("I see."), user(CODE_WORD)]),),
        says("OSPREY"),
    ),
    Case(
        "same-role-twice",
        "history",
        "two messages of the user follow each other",
        (ask([user("The code word is MAPLE."), user(CODE_WORD)]),),
        says("MAPLE"),
        HISTORY,
    ),
    Case(
        "empty-text",
        "history",
        "empty and blank text stands among other text",
        (
            ask(
                [
                    user([text(""), text("The code word is LINDEN.")]),
                    assistant([text(" \n")]),
                    user([text("  "), text(CODE_WORD)]),
                ]
            ),
        ),
        says("LINDEN"),
        HISTORY,
        origin_refuses=True,
    ),
    Case(
        "empty-answer",
        "history",
        "an earlier answer is empty",
        (ask([user("The code word is ROWAN."), assistant(""), user(CODE_WORD)]),),
        says("ROWAN"),
        HISTORY,
        origin_refuses=True,
    ),
    Case(
        "starts-with-answer",
        "history",
        "the conversation begins with an answer, as after a cut",
        (ask([assistant("The code word is ALDER."), user(CODE_WORD)]),),
        says("ALDER"),
        HISTORY,
        origin_refuses=True,
    ),
)

CASES = (*TEXT, *SYSTEM, *SHAPES)
